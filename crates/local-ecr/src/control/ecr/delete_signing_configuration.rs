//! DeleteSigningConfiguration

use serde::Deserialize;

use super::get_signing_configuration::Response;
use super::put_signing_configuration::{kept, none_kept};
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::Fault;
use crate::storage::SETTINGS;

/// The request.
#[derive(Debug, Deserialize)]
pub(crate) struct DeleteSigningConfiguration {}

impl Operation for DeleteSigningConfiguration {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let kept = ecr.storage.metadata.change(|change| {
            let kept = kept(change)?.ok_or_else(|| none_kept(ecr))?;
            change.remove(&SETTINGS, setting::SIGNING)?;
            Ok::<_, Fault>(kept)
        })?;
        Ok(Response { registry_id: ecr.registry_id().to_owned(), signing_configuration: kept.configuration })
    }
}
