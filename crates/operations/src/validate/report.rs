//! What a validation answers.

use std::collections::BTreeMap;

use image::EcrRepositoryPrefix;
use schemars::JsonSchema;
use serde::Serialize;

use super::credentials;
use super::observe::{View, is_taken};
use crate::finding::{Code, Finding, Severity};
use crate::healthomics::PrefixAccess;

/// What all findings come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing stands in the way of a run.
    Ok,
    /// There are findings of severity error.
    Problems,
    /// Not everything could be looked at, so the answer is not complete; there may be problems besides.
    CouldNotLook,
}

impl Verdict {
    /// Returns the verdict in a few words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Problems => "problems",
            Self::CouldNotLook => "could not look at everything",
        }
    }
}

/// Whether a rule can sign in upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum CredentialState {
    /// It has no credential and needs none.
    NotNeeded,
    /// ECR signed in with it.
    Works,
    /// It has none and needs one.
    Missing,
    /// It cannot.
    Broken {
        /// Why not.
        reason: String,
    },
    /// It could not be looked at.
    Unknown {
        /// Why not.
        reason: String,
    },
}

impl CredentialState {
    /// Returns the state in a few words, as tables show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::NotNeeded => "none needed",
            Self::Works => "works",
            Self::Missing => "missing",
            Self::Broken { .. } => "broken",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// How many repositories there are below a prefix, by what HealthOmics may do with them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RepositoryCount {
    /// All of them.
    pub total: usize,
    /// Those it may read.
    pub open: usize,
    /// Those it may not read.
    pub closed: usize,
    /// Those of which only a run can tell.
    pub depends: usize,
    /// Those that could not be judged.
    pub unknown: usize,
}

/// What a validation found of one prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PrefixSummary {
    /// The ECR repository prefix.
    pub prefix: String,
    /// The upstream registry as ECR stores it.
    pub upstream: String,
    /// The part of the upstream registry; none for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub upstream_prefix: Option<String>,
    /// Whether HealthOmics takes images through rules for this upstream registry.
    pub taken_by_healthomics: bool,
    /// Whether the rule can sign in upstream.
    pub credential: CredentialState,
    /// What HealthOmics may do below the prefix.
    pub healthomics: PrefixAccess,
    /// The repositories that are there; none where they could not be listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RepositoryCount")]
    pub repositories: Option<RepositoryCount>,
}

/// What a validation found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ValidateReport {
    /// Version of this shape.
    pub schema_version: u32,
    /// What all findings come to.
    pub verdict: Verdict,
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The ARN of whoever asked.
    pub caller: String,
    /// Each prefix that was looked at.
    pub prefixes: Vec<PrefixSummary>,
    /// What was observed: errors first.
    pub findings: Vec<Finding>,
}

impl ValidateReport {
    /// Returns how many findings have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Puts the report together.
pub(super) fn conclude(
    view: &View<'_>,
    mut findings: Vec<Finding>,
    counts: &BTreeMap<EcrRepositoryPrefix, RepositoryCount>,
) -> ValidateReport {
    findings.sort_by(|a, b| {
        (a.severity, a.code, &a.subject, &a.message).cmp(&(b.severity, b.code, &b.subject, &b.message))
    });
    findings.dedup();
    let verdict = if findings.iter().any(|finding| finding.code == Code::CouldNotLook) {
        Verdict::CouldNotLook
    } else if findings.iter().any(|finding| finding.severity == Severity::Error) {
        Verdict::Problems
    } else {
        Verdict::Ok
    };
    let listed = view.observed.repositories.seen().is_some();
    let summary = |rule: &&aws::ecr::Rule| {
        let prefix = &rule.names.ecr_repository_prefix;
        let upstream_prefix = &rule.names.upstream_repository_prefix;
        PrefixSummary {
            prefix: prefix.to_string(),
            upstream: rule.upstream_registry_url.clone(),
            upstream_prefix: (!upstream_prefix.is_root()).then(|| upstream_prefix.to_string()),
            taken_by_healthomics: is_taken(rule),
            credential: credentials::state(view, rule),
            healthomics: PrefixAccess::of(view.account, &view.observed.state, prefix),
            repositories: (listed && is_taken(rule)).then(|| counts.get(prefix).copied().unwrap_or_default()),
        }
    };
    ValidateReport {
        schema_version: 1,
        verdict,
        account: view.account.id().to_string(),
        region: view.account.region().to_string(),
        caller: view.account.caller().to_string(),
        prefixes: view.rules.iter().map(summary).collect(),
        findings,
    }
}
