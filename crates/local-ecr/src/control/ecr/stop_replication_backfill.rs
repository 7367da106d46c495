//! StopReplicationBackfill

use serde::Deserialize;

use super::describe_replication_backfill_results::{Response, no_backfill};
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StopReplicationBackfill {
    registry_id: Option<String>,
    replication_backfill_id: String,
}

impl Operation for StopReplicationBackfill {
    const REQUIRED: &'static [&'static str] = &["replicationBackfillId"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        Err(no_backfill(ecr, self.registry_id.as_ref(), &self.replication_backfill_id)?)
    }
}
