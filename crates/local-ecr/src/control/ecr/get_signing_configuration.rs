//! GetSigningConfiguration

use serde::{Deserialize, Serialize};

use super::put_signing_configuration::{Configuration, kept, none_kept};
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;

/// The request.
#[derive(Debug, Deserialize)]
pub(crate) struct GetSigningConfiguration {}

/// The answer, also to the configuration's deletion.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    /// The registry.
    pub(super) registry_id: String,
    /// The configuration.
    pub(super) signing_configuration: Configuration,
}

impl Operation for GetSigningConfiguration {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let kept = kept(&ecr.storage.metadata.read()?)?.ok_or_else(|| none_kept(ecr))?;
        Ok(Response { registry_id: ecr.registry_id().to_owned(), signing_configuration: kept.configuration })
    }
}
