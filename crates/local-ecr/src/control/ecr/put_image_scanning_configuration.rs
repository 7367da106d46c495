//! PutImageScanningConfiguration

use serde::{Deserialize, Serialize};

use super::wire::Scanning;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;
use crate::storage::REPOSITORIES;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutImageScanningConfiguration {
    registry_id: Option<String>,
    repository_name: String,
    image_scanning_configuration: Scanning,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    repository_name: String,
    image_scanning_configuration: Scanning,
}

impl Operation for PutImageScanningConfiguration {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "imageScanningConfiguration"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        ecr.storage.metadata.change(|change| {
        let mut row = ecr.repository(change, &self.repository_name, self.registry_id.as_ref())?;
        row.scan_on_push = self.image_scanning_configuration.scan_on_push;
        change.put(&REPOSITORIES, &self.repository_name, &row)?;
Ok::<_, Fault>(())
        })?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name,
            image_scanning_configuration: self.image_scanning_configuration,
        })
    }
}
