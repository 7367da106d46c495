//! DescribeRegistry

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::Fault;

/// The request.
#[derive(Debug, Deserialize)]
pub(crate) struct DescribeRegistry {}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    replication_configuration: Value,
}

impl Operation for DescribeRegistry {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            replication_configuration: setting::replication(&view)?,
        })
    }
}
