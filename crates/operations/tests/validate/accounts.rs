//! An account to validate, and short ways to bring it into a state.

use aws::ecr::{AppliedFor, NewRepository, NewRule, Template};
use aws::secrets_manager::NewSecret;
use aws::{Options, Session, StaticCredentials};
use local_ecr::{Config, Handle, LocalEcr};
use operations::cache::SourceAccount;
use operations::validate::{FixPlan, ValidateReport, ValidateRequest, validate};
use operations::{Code, Finding, Severity};
use serde_json::{Value, json};

use crate::proxy::{Behaviour, Proxy};

pub(crate) const ACCOUNT: &str = "123456789012";

/// An account in a Region.
pub(crate) struct Account {
    handle: Handle,
    upstream: Option<Handle>,
    pub(crate) session: Session,
}

impl Account {
    pub(crate) async fn start() -> Self {
        Self::in_region("us-east-1").await
    }

    pub(crate) async fn in_region(region: &str) -> Self {
        Self::with(Config::new(ACCOUNT.parse().unwrap(), region.parse().unwrap()), None).await
    }

    /// Starts an account whose rules for Docker Hub and GHCR lead to a registry of this process.
    pub(crate) async fn with_upstream() -> Self {
        let config = Config::new("222222222222".parse().unwrap(), "eu-west-1".parse().unwrap());
        let upstream = LocalEcr::start(config).await.unwrap();
        let mut config = Config::new(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
        for host in ["docker.io", "ghcr.io"] {
            config.pull_through.upstreams.insert(host.parse().unwrap(), upstream.endpoint());
        }
        Self::with(config, Some(upstream)).await
    }

    async fn with(config: Config, upstream: Option<Handle>) -> Self {
        let handle = LocalEcr::start(config).await.unwrap();
        let session = session(handle.endpoint(), handle.region().clone()).await;
        Self { handle, upstream, session }
    }

    /// Returns whether rules lead to a registry of this process.
    pub(crate) fn has_upstream(&self) -> bool {
        self.upstream.is_some()
    }

    /// Starts a server before the account.
    pub(crate) async fn behind(&self, behaviour: Behaviour) -> (Proxy, Session) {
        let proxy = Proxy::start(self.handle.endpoint(), behaviour).await;
        let session = session(proxy.endpoint.clone(), self.handle.region().clone()).await;
        (proxy, session)
    }

    pub(crate) async fn rule(&self, prefix: &str, url: &str) {
        self.rule_with(prefix, url, None).await;
    }

    pub(crate) async fn rule_with(&self, prefix: &str, url: &str, credential: Option<String>) {
        let rule = NewRule {
            ecr_repository_prefix: prefix.parse().unwrap(),
            upstream_registry_url: url.to_owned(),
            upstream_registry: None,
            upstream_repository_prefix: None,
            credential_arn: credential,
            custom_role_arn: None,
        };
        self.session.ecr().create_rule(&rule).await.unwrap();
    }

    /// Makes a secret; returns its ARN.
    pub(crate) async fn secret(&self, name: &str, value: &Value) -> String {
        let secret = NewSecret {
            name: name.to_owned(),
            value: value.to_string().into(),
            description: None,
            tags: std::collections::BTreeMap::new(),
        };
        self.session.secrets_manager().create(&secret).await.unwrap()
    }

    /// Makes a rule for GHCR with a right secret; returns the secret's ARN.
    pub(crate) async fn ghcr(&self) -> String {
        let value = json!({ "username": "me", "accessToken": "token" });
        let arn = self.secret("ecr-pullthroughcache/ghcr", &value).await;
        self.rule_with("ghcr", "ghcr.io", Some(arn.clone())).await;
        arn
    }

    pub(crate) async fn registry_policy(&self, statements: Value) {
        self.session.ecr().put_registry_policy(&document(statements)).await.unwrap();
    }

    /// Makes a template applied for pull through.
    pub(crate) async fn template(&self, prefix: &str, statements: Option<Value>) {
        let mut template = Template::new(prefix, vec![AppliedFor::PullThroughCache]);
        template.repository_policy = statements.map(document);
        self.template_like(&template).await;
    }

    pub(crate) async fn template_like(&self, template: &Template) {
        self.session.ecr().create_template(template).await.unwrap();
    }

    pub(crate) async fn repository(&self, name: &str, statements: Option<Value>) {
        let name: image::RepositoryName = name.parse().unwrap();
        self.session.ecr().create_repository(&NewRepository::new(name.clone())).await.unwrap();
        if let Some(statements) = statements {
            self.session.ecr().set_repository_policy(&name, &document(statements)).await.unwrap();
        }
    }

    /// Makes all that HealthOmics needs below a prefix.
    pub(crate) async fn ready(&self, prefix: &str, url: &str) {
        self.rule(prefix, url).await;
        self.registry_policy(json!([import_below(prefix)])).await;
        self.template(prefix, Some(json!([read()]))).await;
    }

    pub(crate) async fn validate(&self) -> ValidateReport {
        report(&self.session, &[]).await
    }

    pub(crate) async fn plan(&self) -> FixPlan {
        self.plan_for(None).await
    }

    /// Plans repairs that are bound to runs of an account.
    pub(crate) async fn plan_for(&self, source: Option<&SourceAccount>) -> FixPlan {
        let account = operations::Account::open(&self.session).await.unwrap();
        let request = ValidateRequest::default();
        let observed = operations::validate::observe(&account, &request).await;
        operations::validate::plan(&account, &request, &observed, source)
    }

    /// Sends a request that the SDK's wrapper has none for.
    pub(crate) async fn post(&self, target: &str, body: Value) {
        let post = reqwest::Client::new().post(self.handle.endpoint()).header("x-amz-target", target);
        let post = post.header("content-type", "application/x-amz-json-1.1").body(body.to_string());
        let answer = post.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
}

async fn session(endpoint: String, region: image::Region) -> Session {
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
    let credentials = StaticCredentials {
        access_key_id: "local".to_owned(),
        secret_access_key: "local".to_owned().into(),
        session_token: None,
    };
    Session::open(Options {
        region: Some(region),
        endpoint_url: Some(endpoint),
        credentials: Some(credentials),
        ..Options::default()
    })
    .await
    .unwrap()
}

/// Validates what a session sees.
pub(crate) async fn report(session: &Session, prefixes: &[&str]) -> ValidateReport {
    let account = operations::Account::open(session).await.unwrap();
    let prefixes = prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect();
    validate(&account, &ValidateRequest { prefixes }).await
}

/// Returns a policy of these statements.
pub(crate) fn document(statements: Value) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// Returns the ARN of what is below a prefix.
pub(crate) fn below(prefix: &str) -> String {
    format!("arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{prefix}/*")
}

/// Returns a statement by which HealthOmics may import below a prefix, for runs of this account.
pub(crate) fn import_below(prefix: &str) -> Value {
    json!({
        "Sid": "import", "Effect": "Allow", "Principal": { "Service": "omics.amazonaws.com" },
        "Action": ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"], "Resource": below(prefix),
        "Condition": { "StringEquals": { "aws:SourceAccount": ACCOUNT } },
    })
}

/// Returns a statement by which HealthOmics may read, for runs of this account.
pub(crate) fn read() -> Value {
    json!({
        "Effect": "Allow", "Principal": { "Service": "omics.amazonaws.com" },
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
        "Condition": { "StringEquals": { "aws:SourceAccount": ACCOUNT } },
    })
}

/// Returns the findings of a kind.
pub(crate) fn of(report: &ValidateReport, code: Code) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.code == code).collect()
}

/// Returns the one finding of a kind.
pub(crate) fn one(report: &ValidateReport, code: Code) -> &Finding {
    match of(report, code)[..] {
        [finding] => finding,
        _ => panic!("not one finding {}: {:#?}", code.id(), report.findings),
    }
}

/// Asserts that there is one finding of a kind, of this severity, about this, and with these words in it.
pub(crate) fn assert_one(
    report: &ValidateReport,
    code: Code,
    severity: Severity,
    subject: &str,
    words: &[&str],
) {
    let finding = one(report, code);
    assert_eq!(finding.severity, severity, "{finding:#?}");
    assert_eq!(finding.subject, subject, "{finding:#?}");
    assert!(finding.hint.is_some(), "{finding:#?}");
    for words in words {
        assert!(finding.message.contains(words), "{words}: {finding:#?}");
    }
}

/// Returns the ids of all findings that are errors or warnings, in their order.
pub(crate) fn serious(report: &ValidateReport) -> Vec<&'static str> {
    let serious = report.findings.iter().filter(|finding| finding.severity != Severity::Note);
    serious.map(|finding| finding.code.id()).collect()
}
