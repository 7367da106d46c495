//! ListTagsForResource

use serde::{Deserialize, Serialize};

use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;
use crate::storage::ResourceTag;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListTagsForResource {
    resource_arn: String,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Response {
    tags: Vec<ResourceTag>,
}

impl Operation for ListTagsForResource {
    const REQUIRED: &'static [&'static str] = &["resourceArn"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        let (_, row) = ecr.repository_of_arn(&view, &self.resource_arn)?;
        Ok(Response { tags: row.tags })
    }
}
