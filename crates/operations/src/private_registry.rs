//! A private ECR from both of its sides: its control plane through the AWS SDK, and its registry.
//!
//! Owns where the registry answers (what ECR says, never a name put together), how it is logged in to, and how
//! much it may be asked in a second.

mod credentials;
mod layer_parts;

use std::collections::HashMap;
use std::sync::Arc;

use aws::Session;
use aws::ecr::Ecr;
use image::{AccountId, EcrHost, Region, RegistryHost};
use registry::{Client, ClientOptions, CredentialSource, FirstOf, HostLimits, LayerPartUpload, Operation};

use self::credentials::EcrLogins;
use self::layer_parts::EcrParts;
use crate::error::{OperationError, Result};

/// What ECR takes in a second from one account in one Region, by its default quotas.
///
/// Source: Amazon ECR service quotas: PutImage, InitiateLayerUpload, CompleteLayerUpload.
const QUOTAS: [(Operation, f64); 3] =
    [(Operation::WriteManifest, 10.0), (Operation::StartUpload, 100.0), (Operation::WriteBlob, 100.0)];

/// Returns how much a registry may be asked where it is an ECR of AWS, whose quotas are known.
fn limits(host: &RegistryHost) -> Option<HostLimits> {
    EcrHost::of(host).map(|_| HostLimits { per_second: HashMap::from(QUOTAS), ..HostLimits::default() })
}

/// A private ECR registry, with everything needed to write to it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PrivateRegistry {
    ecr: Ecr,
    client: Client,
    host: RegistryHost,
    account: AccountId,
}

impl PrivateRegistry {
    /// Opens the registry of an account, of the session's own when none is named; asks who the caller is and for
    /// an authorization token.
    ///
    /// `options` say how source registries are reached; the logins of ECR registries are added to their
    /// credentials, and come first.
    ///
    /// # Errors
    /// When AWS does not know the caller, gives no token, or an option cannot be used.
    pub async fn open(
        session: &Session,
        account: Option<&AccountId>,
        mut options: ClientOptions,
    ) -> Result<Self> {
        let identity = session.identity().await?;
        let ecr = match account {
            Some(account) if *account != identity.account => session.ecr_of(account.clone()),
            _ => session.ecr(),
        };
        let token = ecr.authorization_token().await?;
        let host: RegistryHost = token.proxy_endpoint.parse().map_err(|error: image::ImageError| {
            OperationError::new("cannot tell where the registry answers").refused(error)
        })?;
        options.endpoints.insert(host.clone(), token.proxy_endpoint.clone());
        if let Some(limits) = limits(&host) {
            options.host_limits.entry(host.clone()).or_insert(limits);
        }
        let logins: Arc<dyn CredentialSource> = Arc::new(EcrLogins::new(ecr.clone(), host.clone(), token));
        options.credentials = Arc::new(FirstOf::new(vec![logins, options.credentials]));
        let account = account.unwrap_or(&identity.account).clone();
        Ok(Self { client: Client::new(options)?, ecr, host, account })
    }

    /// Returns the host of the registry as it stands in the names of its images.
    pub fn host(&self) -> &RegistryHost {
        &self.host
    }

    /// Returns whether a host is this registry, in any of the forms its name has.
    pub(crate) fn answers_for(&self, host: &RegistryHost) -> bool {
        *host == self.host
            || EcrHost::of(host)
                .is_some_and(|other| *other.account() == self.account && other.region() == self.region())
    }

    /// Returns the account whose registry it is.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Returns the Region of the registry.
    pub fn region(&self) -> &Region {
        self.ecr.session().region()
    }

    /// Returns the control plane.
    pub(crate) fn ecr(&self) -> &Ecr {
        &self.ecr
    }

    /// Returns the client of this registry and of all sources.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Returns ECR's own way of taking very large layers, by the registry's host.
    pub(crate) fn layer_parts(&self) -> HashMap<RegistryHost, Arc<dyn LayerPartUpload>> {
        let parts: Arc<dyn LayerPartUpload> = Arc::new(EcrParts::new(self.ecr.clone(), self.host.clone()));
        HashMap::from([(self.host.clone(), parts)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_go_to_aws_at_ten_a_second_and_elsewhere_unpaced() {
        let of = |host: &str| limits(&host.parse().unwrap());
        for host in [
            "123456789012.dkr.ecr.us-east-1.amazonaws.com",
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
        ] {
            let per_second = of(host).unwrap().per_second;
            assert_eq!(per_second.get(&Operation::WriteManifest), Some(&10.0), "{host}");
            assert_eq!(per_second.get(&Operation::StartUpload), Some(&100.0), "{host}");
            assert_eq!(per_second.get(&Operation::WriteBlob), Some(&100.0), "{host}");
        }
        assert_eq!(of("127.0.0.1:4577"), None);
    }
}
