//! What is asked for: the images of a workflow, and how they are to come into ECR.

use std::collections::BTreeMap;
use std::path::Path;

use image::{
    AccountId, ImageError, ImageReference, PullThroughCacheRule, RegistryHost, RepositoryName,
    UpstreamRegistry, UpstreamRepositoryPrefix,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use workflow::Limits;

use crate::account::Account;
use crate::cache::SourceAccount;
use crate::error::{OperationError, Result};
use crate::finding::Finding;
use crate::scan::{Place, ScanReport, ScanRequest, scan};
use crate::target::EcrTarget;

/// Which way an image takes where several are open to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Prefer {
    /// Through a pull through cache rule where ECR has rules for its registry, else a clone.
    #[default]
    Rules,
    /// A clone, whatever rules there are.
    Clone,
    /// As with rules; from registries that HealthOmics copies from by itself, and for which a credential was named,
    /// HealthOmics copies.
    Healthomics,
}

/// How images are made ready.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PrepareOptions {
    /// Which way an image takes where several are open to it.
    pub prefer: Prefer,
    /// Secrets, by ARN or name, by the host of the registry that they are for.
    pub credentials: BTreeMap<String, String>,
    /// ECR repository prefixes in place of the usual ones, by the host of the upstream registry, with the part of it where
    /// they are for a part alone: `quay.io/biocontainers`.
    pub prefixes: BTreeMap<String, String>,
    /// What comes before the names of cloned repositories.
    pub clone_prefix: Option<String>,
    /// Whether of an image index only linux/amd64 is copied; its digest is then another one than upstream's.
    pub only_amd64: bool,
    /// Whether tags may move to other images.
    pub overwrite: bool,
    /// Whether the account's setting for mounting layers is switched on.
    pub enable_mounting: bool,
    /// The account to whose runs HealthOmics' grants are bound, `own` for the registry's; to nobody's where none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_account: Option<String>,
}

/// An image that a workflow names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowImage {
    /// The name that the engine asks a registry for.
    pub image: String,
    /// The places where it is written.
    #[serde(default)]
    pub places: Vec<Place>,
    /// The tasks, processes and tools that use it.
    #[serde(default)]
    pub used_by: Vec<String>,
}

/// What is to be made ready.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrepareRequest {
    /// The workflow, as it was given.
    pub workflow: String,
    /// Its images, in the order of their names.
    pub images: Vec<WorkflowImage>,
    /// How many container attributes have no known value; their images are not among those above.
    pub unresolved: usize,
    /// How they are made ready.
    #[serde(default)]
    pub options: PrepareOptions,
    /// The digest that each name has to stand for, by name; other names may stand for anything.
    #[serde(default)]
    pub locked: BTreeMap<String, String>,
    /// What was observed in the workflow.
    #[serde(skip)]
    pub findings: Vec<Finding>,
}

impl PrepareRequest {
    /// Scans a folder, an archive or a file for images that are to be made ready in an account.
    ///
    /// # Errors
    /// When it cannot be read at all.
    pub fn of_workflow(path: &Path, account: &Account, options: PrepareOptions) -> Result<Self> {
        let target =
            EcrTarget { account: Some(account.id().clone()), region: Some(account.region().clone()) };
        let request = ScanRequest { path: path.to_owned(), target, limits: Limits::default() };
        Ok(Self::of_scan(&scan(&request)?, options))
    }

    /// Returns the request for the images that a scan found.
    pub fn of_scan(report: &ScanReport, options: PrepareOptions) -> Self {
        let image = |summary: &crate::scan::ImageSummary| WorkflowImage {
            image: summary.image.clone(),
            places: summary.places.clone(),
            used_by: summary.used_by.clone(),
        };
        Self {
            workflow: report.path.clone(),
            images: report.images.iter().map(image).collect(),
            unresolved: report.unresolved(),
            options,
            locked: BTreeMap::new(),
            findings: report.findings.clone(),
        }
    }
}

/// The options with their names read.
#[derive(Debug, Clone)]
pub(super) struct Wishes {
    pub(super) prefer: Prefer,
    pub(super) credentials: BTreeMap<RegistryHost, String>,
    /// The rules that are wished for, in place of the usual ones.
    pub(super) rules: Vec<PullThroughCacheRule>,
    pub(super) clone_prefix: Option<RepositoryName>,
    pub(super) source_account: Option<SourceAccount>,
}

impl Wishes {
    /// Reads the names in options.
    ///
    /// # Errors
    /// When a host, a prefix, a repository or an account is none.
    pub(super) fn read(options: &PrepareOptions) -> Result<Self> {
        let mut credentials = BTreeMap::new();
        for (text, secret) in &options.credentials {
            credentials.insert(host(text)?, secret.clone());
        }
        let mut rules = Vec::new();
        for (text, prefix) in &options.prefixes {
            let (registry, part) = match text.split_once('/') {
                Some((registry, part)) => {
                    (registry, part.parse().map_err(refused("part of a registry", text))?)
                }
                None => (text.as_str(), UpstreamRepositoryPrefix::root()),
            };
            rules.push(PullThroughCacheRule {
                ecr_repository_prefix: prefix.parse().map_err(refused("ECR repository prefix", prefix))?,
                upstream: host(registry)?,
                upstream_repository_prefix: part,
            });
        }
        let clone_prefix = options.clone_prefix.as_deref();
        let clone_prefix =
            clone_prefix.map(|text| text.parse().map_err(refused("prefix of clones", text))).transpose()?;
        let source_account = match options.source_account.as_deref() {
            None => None,
            Some("own") => Some(SourceAccount::Own),
            Some(text) => Some(SourceAccount::Of(text.parse().map_err(refused("source account", text))?)),
        };
        Ok(Self { prefer: options.prefer, credentials, rules, clone_prefix, source_account })
    }

    /// Returns the rule that is wished for an image: of several the one for the narrowest part.
    pub(super) fn rule(&self, image: &ImageReference) -> Option<&PullThroughCacheRule> {
        let reaches =
            |rule: &&PullThroughCacheRule| rule.ecr_repository(image.host(), image.repository()).is_some();
        let part = |rule: &&PullThroughCacheRule| match rule.upstream_repository_prefix.is_root() {
            true => 0,
            false => rule.upstream_repository_prefix.as_str().len(),
        };
        self.rules.iter().filter(reaches).max_by_key(part)
    }

    /// Returns the account whose runs are to use the images, where it may be another one than the registry's.
    pub(super) fn runs_in(&self) -> Option<AccountId> {
        match &self.source_account {
            Some(SourceAccount::Of(account)) => Some(account.clone()),
            Some(SourceAccount::Own) | None => None,
        }
    }
}

/// Reads the host of a registry; of an upstream registry with several, the one that names of images have.
fn host(text: &str) -> Result<RegistryHost> {
    let host: RegistryHost = text.parse().map_err(refused("registry", text))?;
    Ok(UpstreamRegistry::of(&host).map_or(host, |registry| registry.host().clone()))
}

fn refused<'t>(what: &'static str, text: &'t str) -> impl FnOnce(ImageError) -> OperationError + use<'t> {
    move |error| OperationError::new(format!("cannot use `{text}` as the {what}")).refused(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_known_by_any_of_their_hosts() {
        let mut options = PrepareOptions::default();
        options.credentials.insert("registry-1.docker.io".to_owned(), "hub".to_owned());
        options.prefixes.insert("index.docker.io".to_owned(), "dh".to_owned());
        let wishes = Wishes::read(&options).unwrap();
        let hub = RegistryHost::docker_hub();
        assert_eq!(wishes.credentials.get(&hub).map(String::as_str), Some("hub"));
        let prefix = |wishes: &Wishes, image: &str| {
            Some(wishes.rule(&image.parse().unwrap())?.ecr_repository_prefix.to_string())
        };
        assert_eq!(prefix(&wishes, "python:3").as_deref(), Some("dh"));
        assert_eq!(prefix(&wishes, "quay.io/lab/tool:1"), None);
        for (part, prefix) in [("quay.io/biocontainers", "bio"), ("quay.io", "qu")] {
            options.prefixes.insert(part.to_owned(), prefix.to_owned());
        }
        let wishes = Wishes::read(&options).unwrap();
        assert_eq!(prefix(&wishes, "quay.io/biocontainers/bwa:1").as_deref(), Some("bio"));
        assert_eq!(prefix(&wishes, "quay.io/biocontainersx/bwa:1").as_deref(), Some("qu"));
        assert_eq!(wishes.source_account, None);
        options.source_account = Some("own".to_owned());
        assert_eq!(Wishes::read(&options).unwrap().source_account, Some(SourceAccount::Own));
        options.source_account = Some("mine".to_owned());
        assert!(Wishes::read(&options).unwrap_err().tried.contains("`mine`"));
        options.source_account = None;
        options.prefixes.insert("quay.io".to_owned(), "Q".to_owned());
        assert!(Wishes::read(&options).unwrap_err().tried.contains("`Q`"));
    }
}
