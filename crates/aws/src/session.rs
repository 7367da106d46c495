//! One account in one Region: credentials, clients, and the bound on how much is asked at once.

mod clock;
mod environment;
mod global;
mod identity;
mod options;
mod pace;
mod profile;
mod region;
mod retry;
mod transport;

use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::identity::IdentityCache;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures_util::StreamExt;
use futures_util::stream::{self, FuturesUnordered};
use image::Region;
use tokio::sync::OnceCell;

pub use clock::ClockReading;
pub use identity::Identity;
pub use options::{Options, StaticCredentials};
pub use region::RegionSource;

use crate::ecr::Ecr;
use crate::error::{AwsError, Place};
use crate::iam::Iam;
use crate::secrets_manager::SecretsManager;
use environment::Environment;
use pace::Pace;
use profile::Profiles;
use retry::Retries;

/// An account in a Region, as one set of credentials sees it. Cheap to clone; clones share everything.
///
/// Credentials are found with the first request and renewed before they end. Open a new session after
/// [`ErrorKind::CredentialsExpired`](crate::ErrorKind::CredentialsExpired): files that changed since are read then.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    region: Region,
    region_source: RegionSource,
    profile: Option<String>,
    signs_in: bool,
    endpoint_url: Option<String>,
    config: SdkConfig,
    pace: Arc<Pace>,
    requests_at_once: usize,
    identity: OnceCell<Identity>,
    ecr: OnceLock<aws_sdk_ecr::Client>,
    secrets_manager: OnceLock<aws_sdk_secretsmanager::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
}

/// How long finding credentials may take: a `credential_process` may ask for a second factor.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(60);

impl Session {
    /// Opens a session: reads the AWS configuration files and environment variables, makes no request.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when there is no Region, the profile does
    /// not exist, a file cannot be read, or a setting has a value that is none.
    pub async fn open(options: Options) -> Result<Self, AwsError> {
        if let Some(url) = &options.endpoint_url {
            transport::check_endpoint(url)?;
        }
        let environment = Environment::of_process();
        let profiles = match &options.credentials {
            Some(_) if options.region.is_some() && options.profile.is_none() => Profiles::none(),
            _ => Profiles::load(options.profile.as_deref(), &environment).await?,
        };
        let (region, region_source) = region::choose(options.region.as_ref(), &environment, &profiles)?;
        let retries = retry::config(options.attempts, &environment, &profiles)?;
        let plain = options.credentials.is_some()
            && options.endpoint_url.as_ref().is_some_and(|url| url.starts_with("http://"));
        let http = transport::client(&environment, plain)?;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.read_timeout)
            .build();
        let sdk_region = aws_config::Region::new(region.to_string());

        let credentials = match (&options.credentials, &options.profile) {
            (Some(fixed), _) => Some(SharedCredentialsProvider::new(Credentials::new(
                &fixed.access_key_id,
                fixed.secret_access_key.expose(),
                fixed.session_token.as_ref().map(|token| token.expose().to_owned()),
                None,
                "fixed",
            ))),
            (None, Some(profile)) => {
                let config = ProviderConfig::without_region()
                    .with_region(Some(sdk_region.clone()))
                    .with_http_client(http.clone())
                    .with_retry_config(retries.clone())
                    .with_timeout_config(timeouts.clone());
                let first = ProfileFileCredentialsProvider::builder()
                    .configure(&config)
                    .profile_name(profile)
                    .build();
                let rest = DefaultCredentialsChain::builder()
                    .configure(config)
                    .profile_name(profile)
                    .region(sdk_region.clone())
                    .build()
                    .await;
                let chain = CredentialsProviderChain::first_try("Profile", first).or_else("Default", rest);
                Some(SharedCredentialsProvider::new(chain))
            }
            (None, None) => None,
        };

        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(sdk_region)
            .http_client(http)
            .retry_config(retries)
            .timeout_config(timeouts)
            .identity_cache(IdentityCache::lazy().load_timeout(CREDENTIALS_TIMEOUT).build());
        if let Ok(name) = AppName::new("omics-ecr") {
            loader = loader.app_name(name);
        }
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if let Some(credentials) = credentials {
            loader = loader.credentials_provider(credentials);
        }
        let requests_at_once = options.requests_at_once.clamp(1, 1000);
        Ok(Self(Arc::new(Inner {
            region,
            region_source,
            profile: options.profile.or_else(|| environment.get(environment::PROFILE)),
            signs_in: profiles.signs_in(),
            endpoint_url: options.endpoint_url,
            config: loader.load().await,
            pace: Arc::new(Pace::new(requests_at_once)),
            requests_at_once,
            identity: OnceCell::new(),
            ecr: OnceLock::new(),
            secrets_manager: OnceLock::new(),
            sts: OnceLock::new(),
        })))
    }

    /// Returns the Region.
    pub fn region(&self) -> &Region {
        &self.0.region
    }

    /// Returns the session of the same caller in another Region; makes no request.
    #[must_use]
    pub fn in_region(&self, region: Region) -> Self {
        let own = &*self.0;
        let config = own.config.to_builder().region(aws_config::Region::new(region.to_string())).build();
        Self(Arc::new(Inner {
            region,
            region_source: RegionSource::Option,
            profile: own.profile.clone(),
            signs_in: own.signs_in,
            endpoint_url: own.endpoint_url.clone(),
            config,
            pace: own.pace.clone(),
            requests_at_once: own.requests_at_once,
            identity: OnceCell::new_with(own.identity.get().cloned()),
            ecr: OnceLock::new(),
            secrets_manager: OnceLock::new(),
            sts: OnceLock::new(),
        }))
    }

    /// Returns the session of the same caller with less patience: each request is sent so often at most, and a connection
    /// or an answer may take so long. Makes no request, and knows nothing that this session was told.
    #[must_use]
    pub fn with_patience(&self, attempts: u32, time: Duration) -> Self {
        let own = &*self.0;
        let retries = own.config.retry_config().cloned().unwrap_or_else(RetryConfig::standard);
        let timeouts = TimeoutConfig::builder().connect_timeout(time).read_timeout(time).build();
        let config = own.config.to_builder();
        let config =
            config.retry_config(retries.with_max_attempts(attempts)).timeout_config(timeouts).build();
        Self(Arc::new(Inner {
            region: own.region.clone(),
            region_source: own.region_source.clone(),
            profile: own.profile.clone(),
            signs_in: own.signs_in,
            endpoint_url: own.endpoint_url.clone(),
            config,
            pace: own.pace.clone(),
            requests_at_once: own.requests_at_once,
            identity: OnceCell::new(),
            ecr: OnceLock::new(),
            secrets_manager: OnceLock::new(),
            sts: OnceLock::new(),
        }))
    }

    /// Returns where the Region was found.
    pub fn region_source(&self) -> &RegionSource {
        &self.0.region_source
    }

    /// Returns the profile that was asked for, by option or `AWS_PROFILE`.
    pub fn profile(&self) -> Option<&str> {
        self.0.profile.as_deref()
    }

    /// Returns the address that was given for every service, if any.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.0.endpoint_url.as_deref()
    }

    /// Returns the private registry of the account.
    pub fn ecr(&self) -> Ecr {
        Ecr::new(self.clone(), None)
    }

    /// Returns the private registry of another account in the same Region.
    pub fn ecr_of(&self, account: image::AccountId) -> Ecr {
        Ecr::new(self.clone(), Some(account))
    }

    /// Returns the secrets of the account.
    pub fn secrets_manager(&self) -> SecretsManager {
        SecretsManager::new(self.clone())
    }

    /// Returns the roles and policies of the account.
    pub fn iam(&self) -> Iam {
        Iam::new(self.clone())
    }

    /// Runs `act` for each item and returns the outcomes in the order of the items; as many at once as the
    /// session allows requests.
    pub async fn each<T, F, Fut>(&self, items: impl IntoIterator<Item = T>, mut act: F) -> Vec<Fut::Output>
    where
        F: FnMut(T) -> Fut,
        Fut: Future,
    {
        let numbered = items.into_iter().enumerate().map(|(number, item)| {
            let outcome = act(item);
            async move { (number, outcome.await) }
        });
        let mut outcomes: Vec<(usize, Fut::Output)> =
            stream::iter(numbered).buffer_unordered(self.0.requests_at_once).collect().await;
        outcomes.sort_unstable_by_key(|(number, _)| *number);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Runs `act` for each item and returns the outcomes in the order of the items, or the first failure; what
    /// still runs then is dropped.
    ///
    /// # Errors
    /// The first failure.
    pub async fn try_each<T, O, F, Fut>(
        &self,
        items: impl IntoIterator<Item = T>,
        mut act: F,
    ) -> Result<Vec<O>, AwsError>
    where
        F: FnMut(T) -> Fut,
        Fut: Future<Output = Result<O, AwsError>>,
    {
        let mut items = items.into_iter().enumerate();
        let mut running = FuturesUnordered::new();
        let mut outcomes: Vec<(usize, O)> = Vec::new();
        loop {
            while running.len() < self.0.requests_at_once {
                let Some((number, item)) = items.next() else { break };
                let outcome = act(item);
                running.push(async move { outcome.await.map(|outcome| (number, outcome)) });
            }
            match running.next().await {
                Some(outcome) => outcomes.push(outcome?),
                None => break,
            }
        }
        outcomes.sort_unstable_by_key(|(number, _)| *number);
        Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }

    /// Returns the place that errors name.
    pub(crate) fn place(&self) -> Place {
        let account = self.0.identity.get().map(|identity| identity.account.clone());
        Place { account, region: self.0.region.clone() }
    }

    /// Returns whether the credentials come from a sign-in that ends.
    pub(crate) fn signs_in(&self) -> bool {
        self.0.signs_in
    }

    /// Returns the bound on what runs at once.
    pub(crate) fn pace(&self) -> &Pace {
        &self.0.pace
    }

    /// Returns what decides which requests are sent again.
    pub(crate) fn retries(&self) -> Retries {
        Retries::new(self.0.pace.clone())
    }

    /// Returns the configuration of all services.
    pub(crate) fn config(&self) -> &SdkConfig {
        &self.0.config
    }

    /// Returns the client of ECR.
    pub(crate) fn ecr_client(&self) -> &aws_sdk_ecr::Client {
        self.0.ecr.get_or_init(|| {
            let config = aws_sdk_ecr::config::Builder::from(&self.0.config)
                .retry_partition(retry::partition("ecr"))
                .retry_classifier(self.retries());
            aws_sdk_ecr::Client::from_conf(config.build())
        })
    }

    /// Returns the client of Secrets Manager.
    pub(crate) fn secrets_manager_client(&self) -> &aws_sdk_secretsmanager::Client {
        self.0.secrets_manager.get_or_init(|| {
            let config = aws_sdk_secretsmanager::config::Builder::from(&self.0.config)
                .retry_partition(retry::partition("secretsmanager"))
                .retry_classifier(self.retries());
            aws_sdk_secretsmanager::Client::from_conf(config.build())
        })
    }

    /// Returns the client of STS.
    pub(crate) fn sts_client(&self) -> &aws_sdk_sts::Client {
        self.0.sts.get_or_init(|| {
            let config = aws_sdk_sts::config::Builder::from(&self.0.config)
                .retry_partition(retry::partition("sts"))
                .retry_classifier(self.retries());
            aws_sdk_sts::Client::from_conf(config.build())
        })
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("region", &self.0.region)
            .field("profile", &self.0.profile)
            .field("endpoint_url", &self.0.endpoint_url)
            .finish_non_exhaustive()
    }
}
