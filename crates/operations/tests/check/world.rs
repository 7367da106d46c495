//! An account with an ECR of its own, and registries that it pulls through from.

use std::collections::BTreeMap;

use aws::ecr::{AppliedFor, Encryption, ImageDetail, NewRule, Repository, Rule, TagMutability, Template};
use aws::secrets_manager::NewSecret;
use aws::{Options, Session, StaticCredentials};
use local_ecr::{Clock, Config, Handle, LocalEcr};
use operations::check::{self, CheckReport, CheckRequest, CheckedImage};
use operations::{Account, PrivateRegistry};
use registry::ClientOptions;
use serde_json::{Value, json};

/// An account that checks are made in.
pub(crate) struct World {
    pub(crate) handle: Handle,
    pub(crate) clock: Clock,
    pub(crate) session: Session,
    pub(crate) account: Account,
    pub(crate) registry: PrivateRegistry,
    options: ClientOptions,
}

/// Opens a session with an ECR of our own.
pub(crate) async fn session(region: &str, endpoint: &str) -> Session {
    Session::open(Options {
        region: Some(region.parse().unwrap()),
        endpoint_url: Some(endpoint.to_owned()),
        credentials: Some(StaticCredentials {
            access_key_id: "local".to_owned(),
            secret_access_key: "local".to_owned().into(),
            session_token: None,
        }),
        ..Options::default()
    })
    .await
    .unwrap()
}

/// Starts a registry that stands in for public ones.
pub(crate) async fn source() -> Handle {
    let config = Config::new("222222222222".parse().unwrap(), "eu-west-1".parse().unwrap());
    LocalEcr::start(config).await.unwrap()
}

impl World {
    /// Starts an account to which these registries answer at these endpoints.
    pub(crate) async fn new(upstreams: &[(&str, String)]) -> Self {
        let mut config = Config::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let clock = config.clock.clone();
        let upstreams = upstreams.iter().map(|(host, endpoint)| (host.parse().unwrap(), endpoint.clone()));
        config.pull_through.upstreams = upstreams.collect();
        config.pull_through.strict = true;
        let mut options = check::client_options(ClientOptions::default());
        options.endpoints = config.pull_through.upstreams.clone();
        let handle = LocalEcr::start(config).await.unwrap();
        let session = session("us-east-1", &handle.endpoint()).await;
        let account = Account::open(&session).await.unwrap();
        let registry = PrivateRegistry::open(&session, None, options.clone()).await.unwrap();
        Self { handle, clock, session, account, registry, options }
    }

    /// Returns the same account behind another endpoint.
    pub(crate) async fn behind(&self, endpoint: &str) -> (Account, PrivateRegistry) {
        let session = session("us-east-1", endpoint).await;
        let registry = PrivateRegistry::open(&session, None, self.options.clone()).await.unwrap();
        (Account::open(&session).await.unwrap(), registry)
    }

    /// Makes a rule and nothing else.
    pub(crate) async fn rule(&self, prefix: &str, upstream: &str) {
        let credential_arn = match upstream {
            "quay.io" | "public.ecr.aws" | "registry.k8s.io" => None,
            _ => Some(self.secret(prefix).await),
        };
        let rule = NewRule {
            ecr_repository_prefix: prefix.parse().unwrap(),
            upstream_registry_url: upstream.to_owned(),
            upstream_registry: None,
            upstream_repository_prefix: None,
            credential_arn,
            custom_role_arn: None,
        };
        self.session.ecr().create_rule(&rule).await.unwrap();
    }

    async fn secret(&self, name: &str) -> String {
        let new = NewSecret {
            name: format!("ecr-pullthroughcache/{name}"),
            value: r#"{"username":"me","accessToken":"token"}"#.to_owned().into(),
            description: None,
            tags: BTreeMap::new(),
        };
        self.session.secrets_manager().create(&new).await.unwrap()
    }

    /// Makes a rule with all that HealthOmics needs to pull through it.
    pub(crate) async fn cache(&self, prefix: &str, upstream: &str) {
        self.rule(prefix, upstream).await;
        self.open_registry().await;
        self.template(prefix, true).await;
    }

    /// Lets HealthOmics make repositories and fill them.
    pub(crate) async fn open_registry(&self) {
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "import", "Effect": "Allow", "Principal": { "Service": "omics.amazonaws.com" },
            "Action": ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"],
            "Resource": "arn:aws:ecr:us-east-1:123456789012:repository/*",
        }, {
            "Sid": "everybody", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" },
            "Action": ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"],
            "Resource": "arn:aws:ecr:us-east-1:123456789012:repository/*",
        }] });
        self.session.ecr().put_registry_policy(&policy.to_string()).await.unwrap();
    }

    /// Makes a template, which lets HealthOmics read or not.
    pub(crate) async fn template(&self, prefix: &str, open: bool) {
        let template = Template {
            prefix: prefix.to_owned(),
            description: None,
            applied_for: vec![AppliedFor::PullThroughCache],
            repository_policy: Some(if open { open_policy() } else { closed_policy() }.to_string()),
            lifecycle_policy: None,
            tag_mutability: TagMutability::Mutable,
            encryption: Encryption::Aes256,
            resource_tags: BTreeMap::new(),
            custom_role_arn: None,
            created: None,
            updated: None,
        };
        self.session.ecr().create_template(&template).await.unwrap();
    }

    /// Gives a repository a policy.
    pub(crate) async fn policy(&self, repository: &str, policy: &Value) {
        let name = repository.parse().unwrap();
        self.session.ecr().set_repository_policy(&name, &policy.to_string()).await.unwrap();
    }

    pub(crate) async fn check(&self, images: &[&str]) -> CheckReport {
        check::check(&self.account, &self.registry, &request(images)).await.unwrap()
    }

    /// Checks one image.
    pub(crate) async fn one(&self, image: &str) -> CheckedImage {
        self.check(&[image]).await.images.remove(0)
    }

    /// Imports through rules, and checks.
    pub(crate) async fn prime(&self, images: &[&str]) -> CheckReport {
        check::prime(&self.account, &self.registry, &request(images)).await.unwrap()
    }

    /// Returns everything that the account has, save when images were last pulled.
    pub(crate) async fn snapshot(&self) -> Snapshot {
        let ecr = self.session.ecr();
        let repositories = ecr.repositories().await.unwrap();
        let mut images = BTreeMap::new();
        for repository in &repositories {
            let mut all = ecr.images(&repository.name).await.unwrap();
            all.iter_mut().for_each(|image| image.last_pulled = None);
            let policy = ecr.repository_policy(&repository.name).await.unwrap();
            images.insert(repository.name.to_string(), (all, policy));
        }
        Snapshot {
            repositories,
            images,
            rules: ecr.rules().await.unwrap(),
            templates: ecr.templates().await.unwrap(),
            policy: ecr.registry_policy().await.unwrap(),
        }
    }
}

/// Everything that an account has.
#[derive(Debug, PartialEq)]
pub(crate) struct Snapshot {
    pub(crate) repositories: Vec<Repository>,
    images: BTreeMap<String, (Vec<ImageDetail>, Option<String>)>,
    rules: Vec<Rule>,
    templates: Vec<Template>,
    policy: Option<String>,
}

fn request(images: &[&str]) -> CheckRequest {
    let mut request = CheckRequest::new(images.iter().map(|image| (*image).to_owned()).collect());
    request.prime_patience = std::time::Duration::from_secs(60);
    request
}

/// Returns a policy by which HealthOmics may read.
pub(crate) fn open_policy() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "read", "Effect": "Allow", "Principal": { "Service": "omics.amazonaws.com" },
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
    }] })
}

/// Returns a policy that says nothing of HealthOmics.
pub(crate) fn closed_policy() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "read", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" },
        "Action": ["ecr:BatchGetImage"],
    }] })
}
