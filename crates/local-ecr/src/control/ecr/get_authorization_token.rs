//! GetAuthorizationToken

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetAuthorizationToken {
    registry_ids: Option<Vec<String>>,
}

/// `AuthorizationData`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuthorizationData {
    authorization_token: String,
    expires_at: f64,
    proxy_endpoint: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    authorization_data: Vec<AuthorizationData>,
}

impl Operation for GetAuthorizationToken {
    type Response = Response;

    fn run(self, ecr: &Ecr, caller: &Caller) -> Result<Response, Fault> {
        let count = match &self.registry_ids {
            None => 1,
            Some(ids) => {
                constraint::count("registryIds", ids.len(), 1, 10)?;
                for id in ids {
                    constraint::REGISTRY_ID.check("registryIds", id)?;
                }
                ids.len()
            }
        };
        // One token serves every registry; there is one endpoint here.
        let token = ecr.tokens.issue(caller, ecr.clock.now());
        let data = (0..count).map(|_| AuthorizationData {
            authorization_token: token.encoded.clone(),
            expires_at: token.expires_at.seconds(),
            proxy_endpoint: ecr.endpoint.clone(),
        });
        Ok(Response { authorization_data: data.collect() })
    }
}
