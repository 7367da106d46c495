//! UntagResource

use serde::{Deserialize, Serialize};

use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;
use crate::storage::REPOSITORIES;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Response {}

impl Operation for UntagResource {
    const REQUIRED: &'static [&'static str] = &["resourceArn", "tagKeys"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        ecr.storage.metadata.change(|change| {
        let (name, mut row) = ecr.repository_of_arn(change, &self.resource_arn)?;
        row.tags.retain(|tag| !self.tag_keys.contains(&tag.key));
        change.put(&REPOSITORIES, &name, &row)?;
Ok::<_, Fault>(())
        })?;
        Ok(Response {})
    }
}
