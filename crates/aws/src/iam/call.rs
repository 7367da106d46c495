//! One request to IAM in its query protocol: form in, XML out, signed for the one Region IAM is in.

use std::fmt;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_smithy_types::retry::RetryConfig;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Iam;
use super::answer;
use crate::call::{Call, Failure, Service};
use crate::error::AwsError;

/// The version of IAM's interface.
const VERSION: &str = "2010-05-08";

/// An error as IAM answers it.
#[derive(Debug)]
pub(super) struct QueryError(ErrorMetadata);

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for QueryError {}

impl ProvideErrorMetadata for QueryError {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

impl Iam {
    /// Returns a call; `tried` says in words what is tried, as it stands behind "cannot".
    pub(super) fn call(&self, operation: &'static str, tried: impl Into<String>) -> Call<'_> {
        Call { session: &self.session, service: Service::Iam, operation, tried: tried.into() }
    }

    /// Sends a request and returns the XML of the answer.
    pub(super) async fn send(
        &self,
        call: &Call<'_>,
        fields: &[(&str, &str)],
    ) -> Result<String, Failure<QueryError>> {
        let credentials = match self.session.config().credentials_provider() {
            Some(provider) => provider.provide_credentials().await.map_err(SdkError::construction_failure),
            None => Err(SdkError::construction_failure("there are no credentials")),
        };
        let body = form(call.operation, fields);
        call.run(|attempts| async move {
            let credentials = credentials?;
            let place = self.session.iam_place();
            let config = self.session.config();
            let retries = config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
            let mut builder = Operation::builder()
                .service_name("IAM")
                .operation_name(call.operation)
                .endpoint_url(&place.endpoint)
                .no_auth()
                .standard_retry(&retries)
                .retry_classifier(self.session.retries())
                .interceptor(attempts)
                .interceptor(Sign { credentials, region: place.region });
            if let Some(client) = config.http_client() {
                builder = builder.http_client(client);
            }
            if let Some(sleep) = config.sleep_impl() {
                builder = builder.sleep_impl(sleep);
            }
            if let Some(timeouts) = config.timeout_config() {
                builder = builder.timeout_config(timeouts.clone());
            }
            builder.serializer(request).deserializer(read).build().invoke(body).await
        })
        .await
    }

    /// Returns the error of an answer that makes no sense.
    pub(super) fn unreadable(call: &Call<'_>, why: &str) -> AwsError {
        call.unreadable(why)
    }
}

/// Returns the form of a request.
fn form(operation: &str, fields: &[(&str, &str)]) -> String {
    let mut form = format!("Action={operation}&Version={VERSION}");
    for (name, value) in fields {
        form.push('&');
        form.push_str(name);
        form.push('=');
        form.push_str(&utf8_percent_encode(value, NON_ALPHANUMERIC).to_string());
    }
    form
}

fn request(body: String) -> Result<HttpRequest, BoxError> {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    request.headers_mut().insert("content-type", "application/x-www-form-urlencoded");
    Ok(request)
}

fn read(response: &HttpResponse) -> Result<String, OrchestratorError<QueryError>> {
    let bytes = response.body().bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(bytes).into_owned();
    if response.status().is_success() {
        return Ok(text);
    }
    let mut meta = ErrorMetadata::builder();
    if let Ok(found) = answer::read(&text) {
        if let Some(code) = found.one("Code") {
            meta = meta.code(code);
        }
        if let Some(message) = found.one("Message") {
            meta = meta.message(message);
        }
    }
    Err(OrchestratorError::operation(QueryError(meta.build())))
}

/// Signs each attempt anew.
#[derive(Debug)]
struct Sign {
    credentials: Credentials,
    region: String,
}

#[dyn_dispatch_hint]
impl Intercept for Sign {
    fn name(&self) -> &'static str {
        "sign"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("iam")
            .time(std::time::SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let request = context.request_mut();
        let signed = {
            let headers = request.headers().iter();
            let body = SignableBody::Bytes(request.body().bytes().unwrap_or_default());
            sign(SignableRequest::new(request.method(), request.uri(), headers, body)?, &parameters)?
        };
        for header in signed.into_parts().0.into_parts().0 {
            request.headers_mut().insert(header.name(), header.value().to_owned());
        }
        Ok(())
    }
}
