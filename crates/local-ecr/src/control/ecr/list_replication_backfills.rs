//! ListReplicationBackfills

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::control::page::read_token;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListReplicationBackfills {
    registry_id: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// A backfill, of which there is none: none can be started here.
#[derive(Debug, Serialize)]
pub(crate) enum Backfill {}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    backfills: [Backfill; 0],
}

impl Operation for ListReplicationBackfills {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        ecr.own_registry(self.registry_id.as_ref())?;
        constraint::max_results(self.max_results, 50, 50)?;
        read_token(self.next_token.as_ref())?;
        Ok(Response { registry_id: ecr.registry_id().to_owned(), backfills: [] })
    }
}
