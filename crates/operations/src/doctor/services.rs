//! Whether the services of AWS, and the private registry, can be reached.

use aws::{AwsError, ErrorKind};
use image::RegistryHost;
use registry::{ClientOptions, Reached};

use super::report::{Aspect, Check, words};
use super::{open, upstreams};
use crate::error::OperationError;
use crate::finding::Code;

/// A secret that nobody has: asking for it tells whether Secrets Manager answers.
pub(super) const NO_SECRET: &str = "ecr-pullthroughcache/omics-ecr-doctor";

/// What the line of the private registry is called while its host is not known.
pub(super) const REGISTRY: &str = "private registry";

/// Looks at what a service answered: none for what was asked for.
///
/// A refusal is an answer too.
pub(super) fn answers(service: &str, error: Option<&AwsError>) -> Check {
    let aspect = Aspect::Service;
    let Some(error) = error else { return Check::ok(aspect, service, "it answers") };
    let told = OperationError::from(error.clone());
    let next = |otherwise: &str| told.hint.clone().unwrap_or_else(|| otherwise.to_owned());
    match (error.kind(), error.status()) {
        (ErrorKind::Unreachable, _) => {
            Check::warning(aspect, service, Code::Unreachable, words(&told), next(upstreams::SEE_NETWORK))
        }
        // Without a login nothing can be pushed or read, so this one is needed in any case.
        (ErrorKind::AccessDenied, Some(_)) if service == "ECR" => Check::warning(
            aspect,
            service,
            Code::PermissionMissing,
            words(&told),
            next("allow `ecr:GetAuthorizationToken` to the caller"),
        ),
        (ErrorKind::Throttled | ErrorKind::Other, Some(status)) if status == 429 || status >= 500 => {
            Check::warning(
                aspect,
                service,
                Code::Unreachable,
                words(&told),
                next("wait a minute, and run it again"),
            )
        }
        (ErrorKind::Other, _) | (_, None) => Check::cannot_tell(aspect, service, &told),
        (_, Some(status)) => Check::ok(aspect, service, format!("it answers, with HTTP {status}")),
    }
}

/// Looks at whether the private registry answers at the address that ECR named.
pub(super) async fn registry(options: &ClientOptions, address: Option<&str>) -> Check {
    let aspect = Aspect::Registry;
    let unknown = |why: OperationError| Check::cannot_tell(aspect, REGISTRY, &why);
    let Some(address) = address else {
        return unknown(
            OperationError::new("cannot tell where the registry answers")
                .refused("ECR gave no authorization token, which has its address")
                .hint("see to ECR first, and run it again"),
        );
    };
    let host: RegistryHost = match address.parse() {
        Ok(host) => host,
        Err(error) => {
            let error: image::ImageError = error;
            return unknown(OperationError::new("cannot tell where the registry answers").refused(error));
        }
    };
    let mut options = options.clone();
    options.endpoints.insert(host.clone(), address.to_owned());
    let reached = match open(&options) {
        Ok(client) => client.reach(&host).await,
        Err(error) => return Check::cannot_tell(aspect, host.as_str(), &error),
    };
    match reached {
        Ok(Reached::Registry) => Check::ok(aspect, host.as_str(), "it answers"),
        Ok(Reached::Other(status)) => upstreams::other(aspect, &host, status),
        Err(error) => Check::warning(
            aspect,
            host.as_str(),
            Code::Unreachable,
            words(&OperationError::from(&error)),
            "see that this machine reaches it, through HTTPS_PROXY where there is a proxy; a VPC needs the endpoint \
             `ecr.dkr` beside `ecr.api`",
        ),
    }
}
