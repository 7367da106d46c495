//! What is read of an account before anything is judged.

use std::collections::{BTreeMap, BTreeSet};

use aws::ecr::{Rule, RuleVerdict};
use aws::secrets_manager::{NoJsonObject, SecretDescription};
use image::{EcrRepositoryPrefix, PullThroughCacheRules, UpstreamRegistry};

use super::{ValidateRequest, credentials};
use crate::account::{Account, Looked, RegistryState, RepositoryState};
use crate::cache::stranger;
use crate::healthomics::{self, Judge};

/// The keys of the JSON object that a secret holds, or why it is none.
pub(super) type SecretContent = Result<Vec<String>, NoJsonObject>;

/// What is known of a secret.
#[derive(Debug, Clone)]
pub(super) struct SecretReading {
    /// Its description; `Seen(None)` where there is no such secret.
    pub(super) description: Looked<Option<SecretDescription>>,
    /// Its content; read only where ECR does not say that it can use it.
    pub(super) content: Option<Looked<Option<SecretContent>>>,
}

/// Everything that a validation judges, read once.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Rules, templates, and the registry's policy.
    pub(super) state: RegistryState,
    /// What ECR says of each rule that has a credential, by the rule's stored prefix.
    pub(super) validations: BTreeMap<String, Looked<RuleVerdict>>,
    /// The secrets in this account and Region that rules name, by ARN.
    pub(super) secrets: BTreeMap<String, SecretReading>,
    /// The repositories below the prefixes, with their policies.
    pub(super) repositories: Looked<Vec<RepositoryState>>,
}

impl Observed {
    /// Reads everything.
    pub(super) async fn read(account: &Account, request: &ValidateRequest) -> Self {
        let state = RegistryState::read(account).await;
        let rules = in_scope(&state, request);
        let below: Vec<&EcrRepositoryPrefix> = rules
            .iter()
            .filter(|rule| is_taken(rule))
            .map(|rule| &rule.names.ecr_repository_prefix)
            .collect();
        let repositories = async {
            if below.is_empty() {
                return Looked::Seen(Vec::new());
            }
            let wanted = |name: &image::RepositoryName| {
                below.iter().any(|prefix| prefix.strip(name.as_str()).is_some())
            };
            match account.repositories(wanted).await {
                Ok(all) => Looked::Seen(all),
                Err(error) => Looked::Unseen(error),
            }
        };
        let (repositories, (validations, secrets)) =
            tokio::join!(repositories, read_credentials(account, &rules));
        Self { validations, secrets, repositories, state }
    }
}

/// Asks ECR for each rule with a credential whether it works, and reads what tells why it would not.
async fn read_credentials(
    account: &Account,
    rules: &[&Rule],
) -> (BTreeMap<String, Looked<RuleVerdict>>, BTreeMap<String, SecretReading>) {
    let (ecr, secrets) = (&account.ecr(), &account.secrets());
    let with_credential: Vec<&Rule> =
        rules.iter().copied().filter(|rule| rule.credential_arn.is_some()).collect();
    let validate = async |rule: &Rule| {
        let prefix = rule.stored_prefix.clone();
        let verdict = ecr.validate_rule(&prefix).await;
        (prefix, Looked::from(verdict))
    };
    let arns: BTreeSet<&str> = with_credential
        .iter()
        .filter_map(|rule| rule.credential_arn.as_deref())
        .filter(|arn| credentials::shape(account, arn).is_ok())
        .collect();
    let describe = async |arn: &str| (arn.to_owned(), Looked::from(secrets.describe(arn).await));
    let session = account.session();
    let (validations, descriptions) = tokio::join!(
        session.each(with_credential.clone(), validate),
        session.each(arns.into_iter().collect::<Vec<_>>(), describe)
    );
    let validations: BTreeMap<_, _> = validations.into_iter().collect();
    let works: BTreeSet<&str> = with_credential
        .iter()
        .filter(|rule| matches!(validations.get(&rule.stored_prefix), Some(Looked::Seen(RuleVerdict::Valid))))
        .filter_map(|rule| rule.credential_arn.as_deref())
        .collect();
    // A value is a secret: it is read only where it may tell why something does not work.
    let read = async |(arn, description): (String, Looked<Option<SecretDescription>>)| {
        let is_there = matches!(&description, Looked::Seen(Some(secret)) if secret.deleted.is_none());
        let content = match is_there && !works.contains(arn.as_str()) {
            true => {
                let value = secrets.value(&arn).await;
                Some(Looked::from(value.map(|value| value.map(|value| value.keys()))))
            }
            false => None,
        };
        (arn, SecretReading { description, content })
    };
    let secrets = session.each(descriptions, read).await.into_iter().collect();
    (validations, secrets)
}

/// Returns the rules of a state that are asked about.
fn in_scope<'a>(state: &'a RegistryState, request: &ValidateRequest) -> Vec<&'a Rule> {
    let rules = state.rules.seen().map_or(&[][..], Vec::as_slice);
    let is_asked = |rule: &&Rule| {
        request.prefixes.is_empty() || request.prefixes.contains(&rule.names.ecr_repository_prefix)
    };
    rules.iter().filter(is_asked).collect()
}

/// Returns whether HealthOmics takes images through a rule, as far as its upstream registry is known.
pub(crate) fn is_taken(rule: &Rule) -> bool {
    UpstreamRegistry::of(&rule.names.upstream).is_none_or(|registry| registry.upstream().healthomics)
}

/// What was read, as the checks look at it.
pub(super) struct View<'a> {
    /// The account.
    pub(super) account: &'a Account,
    /// What was read.
    pub(super) observed: &'a Observed,
    /// What decides about policies for runs of this account.
    pub(super) judge: Judge,
    /// What decides about policies for runs of another account.
    pub(super) stranger: Judge,
    /// Every rule of the registry.
    pub(super) all_rules: &'a [Rule],
    /// The rules that are asked about.
    pub(super) rules: Vec<&'a Rule>,
    /// How all the rules map names.
    pub(super) names: PullThroughCacheRules,
}

impl<'a> View<'a> {
    /// Returns the view of what was read.
    pub(super) fn new(account: &'a Account, request: &ValidateRequest, observed: &'a Observed) -> Self {
        let own = account.id().as_str();
        Self {
            account,
            observed,
            judge: Judge::new(own, &observed.state.policy),
            stranger: Judge::new(stranger(own), &observed.state.policy),
            all_rules: observed.state.rules.seen().map_or(&[][..], Vec::as_slice),
            rules: in_scope(&observed.state, request),
            names: observed.state.names().unwrap_or_default(),
        }
    }

    /// Returns the rules that are asked about and that HealthOmics takes images through.
    pub(super) fn taken(&self) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().copied().filter(|rule| is_taken(rule))
    }

    /// Returns the ARN that stands for every repository below a prefix.
    pub(super) fn below(&self, prefix: &EcrRepositoryPrefix) -> String {
        healthomics::below(self.account, prefix)
    }
}
