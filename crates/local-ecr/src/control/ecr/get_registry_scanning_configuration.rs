//! GetRegistryScanningConfiguration

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::Fault;

/// The request.
#[derive(Debug, Deserialize)]
pub(crate) struct GetRegistryScanningConfiguration {}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    scanning_configuration: Value,
}

impl Operation for GetRegistryScanningConfiguration {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            scanning_configuration: setting::scanning(&view)?,
        })
    }
}
