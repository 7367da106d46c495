//! `GetAuthorizationToken`: the login for the registry's OCI side.

use std::time::SystemTime;

use aws_smithy_types::base64;

use super::Ecr;
use crate::call::time;
use crate::error::AwsError;
use crate::secret::Secret;

/// A login for the OCI side of every registry that the caller may use in the Region.
#[derive(Debug, Clone)]
pub struct AuthorizationToken {
    /// The token as it stands behind `Basic` in an `Authorization` header.
    pub basic: Secret,
    /// The user's name in the token: `AWS`.
    pub user: String,
    /// The password in the token.
    pub password: Secret,
    /// The address of the registry: `https://123456789012.dkr.ecr.us-east-1.amazonaws.com`.
    pub proxy_endpoint: String,
    /// When it ends; AWS gives 12 hours.
    pub expires: Option<SystemTime>,
}

impl Ecr {
    /// Returns a login for the OCI side of the registry.
    ///
    /// Spec: ECR `GetAuthorizationToken`.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses, or answers a token that is none.
    pub async fn authorization_token(&self) -> Result<AuthorizationToken, AwsError> {
        let call = self.call("GetAuthorizationToken", "get an authorization token");
        let answer = call
            .run(|attempts| {
                #[expect(deprecated, reason = "the answer's address is that of the registry asked for")]
                let request = self
                    .client()
                    .get_authorization_token()
                    .set_registry_ids(self.registry_id().map(|id| vec![id]));
                request.customize().interceptor(attempts).send()
            })
            .await?;
        let data = answer.authorization_data.unwrap_or_default().into_iter().next();
        let data = call.need(data, "authorizationData")?;
        let basic = call.need(data.authorization_token, "authorizationToken")?;
        let decoded = base64::decode(basic.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let (user, password) = decoded
            .as_deref()
            .and_then(|text| text.split_once(':'))
            .map(|(user, password)| (user.to_owned(), Secret::new(password)))
            .ok_or_else(|| call.unreadable("`authorizationToken` is not base64 of a user and a password"))?;
        Ok(AuthorizationToken {
            basic: Secret::new(basic),
            user,
            password,
            proxy_endpoint: call.need(data.proxy_endpoint, "proxyEndpoint")?,
            expires: time(data.expires_at.as_ref()),
        })
    }
}
