//! ValidatePullThroughCacheRule

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::control::{Context, operation};
use crate::ecr::rule::rule_key;
use crate::fault::{Code, Fault};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    ecr_repository_prefix: String,
    registry_id: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    ecr_repository_prefix: String,
    registry_id: String,
    upstream_registry_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_role_arn: Option<String>,
    upstream_repository_prefix: String,
    is_valid: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

/// Carries out a request: reads the rule's secret and asks the upstream registry with it.
pub(crate) async fn call(context: Context, body: &[u8]) -> Result<Value, Fault> {
    let request: Request = operation::read(&["ecrRepositoryPrefix"], body)?;
    let asked = request.ecr_repository_prefix.clone();
    let rule = context.app.blocking(move |ecr| {
        ecr.own_registry(request.registry_id.as_ref())?;
        ecr.rule(&ecr.storage.metadata.read()?, &asked)
    });
    let rule = rule.await?;
    let prefix = rule_key(&request.ecr_repository_prefix).to_owned();
    let failure = context.app.pull_through.validate(prefix.clone(), rule.clone()).await?;
    let response = Response {
        ecr_repository_prefix: prefix,
        registry_id: context.app.ecr.registry_id().to_owned(),
        upstream_registry_url: rule.upstream_registry_url,
        credential_arn: rule.credential_arn,
        custom_role_arn: rule.custom_role_arn,
        upstream_repository_prefix: rule.upstream_repository_prefix,
        is_valid: failure.is_none(),
        failure,
    };
    serde_json::to_value(response).map_err(|error| Fault::new(Code::Server, error.to_string()))
}
