//! TagResource

use serde::{Deserialize, Serialize};

use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, tag};
use crate::fault::Fault;
use crate::storage::{REPOSITORIES, ResourceTag};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TagResource {
    resource_arn: String,
    tags: Vec<ResourceTag>,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Response {}

impl Operation for TagResource {
    const REQUIRED: &'static [&'static str] = &["resourceArn", "tags"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        ecr.storage.metadata.change(|change| {
        let (name, mut row) = ecr.repository_of_arn(change, &self.resource_arn)?;
        tag::set(&mut row.tags, self.tags.clone())?;
        change.put(&REPOSITORIES, &name, &row)?;
Ok::<_, Fault>(())
        })?;
        Ok(Response {})
    }
}
