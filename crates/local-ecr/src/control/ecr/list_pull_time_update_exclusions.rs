//! ListPullTimeUpdateExclusions

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::constraint;
use crate::control::Operation;
use crate::control::page::page;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::Fault;
use crate::storage::SETTINGS;

/// Most principals of a page, whatever is asked for.
const LARGEST_PAGE: usize = 100;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListPullTimeUpdateExclusions {
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    pull_time_update_exclusions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListPullTimeUpdateExclusions {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let limit = constraint::max_results(self.max_results, LARGEST_PAGE, 1000)?.min(LARGEST_PAGE);
        let view = ecr.storage.metadata.read()?;
        let (list, token) = (setting::PULL_TIME_EXCLUSIONS, self.next_token.as_ref());
        let page = page(&view, &SETTINGS, list, token, limit, |arn, _: Value| Some(arn.to_owned()))?;
        Ok(Response { pull_time_update_exclusions: page.items, next_token: page.next_token })
    }
}
