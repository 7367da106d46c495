//! Map: where each image of a workflow will be in the private ECR, in the two shapes people need.
//!
//! Reads and writes files only; no network, no AWS account.

pub(crate) mod destination;
mod file;
mod healthomics;
mod names;

use std::collections::{BTreeMap, BTreeSet};

use image::{ImageReference, PullThroughCacheRule, PullThroughCacheRules, RegistryHost, RepositoryName};
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use self::file::read_document;
pub use self::file::{Format, Written, write};
pub use self::healthomics::{ContainerRegistryMap, ImageMapping, RegistryMapping};
pub use self::names::read_names;
use crate::finding::{Code, Finding, Severity};
use crate::route::{CredentialNeed, Route};
use crate::scan::ScanReport;
use crate::target::EcrTarget;

/// Where images come to, and by which rules.
#[derive(Debug, Clone, Default)]
pub struct MapOptions {
    /// The private registry.
    pub target: EcrTarget,
    /// Rules in place of the default ones; a host named here has no default rule.
    pub rules: Vec<PullThroughCacheRule>,
    /// Credential secrets of registries that HealthOmics copies from, by host; without one the images of
    /// such a registry are cloned.
    pub credentials: BTreeMap<RegistryHost, String>,
    /// What comes before the names of cloned repositories.
    pub clone_prefix: Option<RepositoryName>,
}

/// One image and where it will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MapEntry {
    /// The name that the engine asks for.
    pub image: String,
    /// The name in the private registry; absent where HealthOmics makes the copy and its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub destination: Option<String>,
    /// How it comes there.
    pub route: Route,
}

/// One image that has to be cloned before a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CloneEntry {
    /// The image to clone.
    pub source: String,
    /// The repository and tag or digest that it gets in the private registry.
    pub target: String,
}

/// The map of a workflow, as `--output json` and the MCP tool give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegistryMap {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The host of the private registry; parts that are not known are the words ACCOUNT and REGION.
    pub registry: String,
    /// Each image that has a place in the private registry, in the order of the names.
    pub entries: Vec<MapEntry>,
    /// The images that no rule serves and that have to be cloned.
    pub clones: Vec<CloneEntry>,
    /// How many container attributes have no known value and so are not in the map.
    pub unresolved: usize,
    /// Observations: what is missing, needs a credential, or cannot come into ECR.
    pub findings: Vec<Finding>,
    /// HealthOmics' own shape of the map.
    #[serde(skip)]
    healthomics: ContainerRegistryMap,
}

impl RegistryMap {
    /// Returns the flat image map: the name that the engine asks for to the name in the private registry.
    ///
    /// Images that HealthOmics copies by itself have no entry: their names in ECR are HealthOmics' own.
    pub fn flat(&self) -> serde_json::Map<String, serde_json::Value> {
        let pair = |entry: &MapEntry| Some((entry.image.clone(), entry.destination.clone()?.into()));
        self.entries.iter().filter_map(pair).collect()
    }

    /// Returns the container registry map that HealthOmics takes.
    ///
    /// Source: HealthOmics API, `ContainerRegistryMap` of CreateWorkflow.
    pub fn healthomics(&self) -> &ContainerRegistryMap {
        &self.healthomics
    }
}

/// Returns the map of a scanned workflow.
pub fn of_scan(report: &ScanReport, options: &MapOptions) -> RegistryMap {
    let names = report.images.iter().map(|summary| summary.image.as_str());
    let mut map = of_names(names, options);
    map.unresolved = report.unresolved();
    // What the scan says of malformed names, the map says again with its own subject.
    let said = report.findings.iter().filter(|finding| finding.code != Code::Malformed);
    map.findings.extend(said.cloned());
    map
}

/// Returns the map of a list of image names.
pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>, options: &MapOptions) -> RegistryMap {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let mut findings = Vec::new();
    let mut images = Vec::new();
    for name in names {
        match name.parse::<ImageReference>() {
            Ok(image) => images.push((name, image)),
            Err(error) => {
                let hint = "write the image as HOST/REPOSITORY:TAG";
                findings
                    .push(Finding::new(Severity::Error, Code::Malformed, name, error.to_string()).hint(hint));
            }
        }
    }
    let rules = destination::rules(images.iter().map(|(_, image)| image), &options.rules);
    let mut placed = Vec::new();
    for (name, image) in images {
        let route = Route::of(&image, &options.target);
        match destination::place(&image, route, &rules, options) {
            Ok(Some((route, repository))) => {
                placed.push(Placed { name: name.to_owned(), image, route, repository })
            }
            Ok(None) => {}
            Err(reason) => findings.push(Finding::new(Severity::Error, Code::NoRoute, name, reason)),
        }
    }
    findings.extend(placed.iter().filter_map(digest_through_rule));
    findings.extend(credentials_needed(&placed));
    findings.extend(placeholders(&options.target, &placed));
    of_placed(&placed, options.target.host(), &rules, options, findings)
}

/// Returns the map of images whose places are known already, in the registry of this host.
pub(crate) fn of_placed(
    placed: &[Placed],
    registry: String,
    rules: &PullThroughCacheRules,
    options: &MapOptions,
    mut findings: Vec<Finding>,
) -> RegistryMap {
    let healthomics = healthomics::build(placed, rules, options, &registry, &mut findings);
    let clones = placed.iter().filter(|placed| matches!(placed.route, Route::Clone { .. }));
    let clones =
        clones.map(|placed| CloneEntry { source: placed.name.clone(), target: placed.target() }).collect();
    let entry = |placed: &Placed| MapEntry {
        image: placed.name.clone(),
        destination: (!placed.is_copied()).then(|| format!("{registry}/{}", placed.target())),
        route: placed.route.clone(),
    };
    let entries = placed.iter().map(entry).collect();
    RegistryMap { schema_version: 1, registry, entries, clones, unresolved: 0, findings, healthomics }
}

/// An image with its place in the private registry.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    /// The name that the engine asks for.
    pub(crate) name: String,
    /// The image.
    pub(crate) image: ImageReference,
    /// How it comes there.
    pub(crate) route: Route,
    /// Its repository in the private registry.
    pub(crate) repository: RepositoryName,
}

impl Placed {
    /// Returns repository, tag and digest as they are in the private registry; a missing tag is said.
    fn target(&self) -> String {
        let tag = match (self.image.tag(), self.image.digest()) {
            (None, None) => ":latest".to_owned(),
            _ => self.image.suffix(),
        };
        format!("{}{tag}", self.repository)
    }

    /// Returns whether HealthOmics makes the copy during the run.
    fn is_copied(&self) -> bool {
        matches!(self.route, Route::HealthomicsCopies { .. })
    }
}

fn digest_through_rule(placed: &Placed) -> Option<Finding> {
    if !matches!(placed.route, Route::Rule { .. }) {
        return None;
    }
    placed.image.digest()?;
    let message = "ECR does not find a digest through a rule until a tag of that image was pulled";
    let hint = match placed.image.tag() {
        Some(tag) => format!("pull the tag `{tag}` through the rule once before the run"),
        None => {
            "clone the image, or pull a tag that has this digest through the rule once before the run".into()
        }
    };
    Some(Finding::new(Severity::Warning, Code::DigestThroughRule, &placed.name, message).hint(hint))
}

fn credentials_needed(placed: &[Placed]) -> Vec<Finding> {
    let needing: BTreeSet<&str> = placed
        .iter()
        .filter_map(|placed| match &placed.route {
            Route::Rule { upstream, credential: CredentialNeed::Required } => Some(upstream.as_str()),
            _ => None,
        })
        .collect();
    let finding = |upstream: &str| {
        let message = format!("ECR refuses a rule for {upstream} without a credential secret");
        let hint = "make a Secrets Manager secret named `ecr-pullthroughcache/...` with the keys `username` and \
                    `accessToken`";
        Finding::new(Severity::Note, Code::CredentialNeeded, upstream, message).hint(hint)
    };
    needing.into_iter().map(finding).collect()
}

fn placeholders(target: &EcrTarget, placed: &[Placed]) -> Option<Finding> {
    let names = target.placeholders();
    if names.is_empty() || placed.is_empty() {
        return None;
    }
    let names = names.join(" and ");
    let message = format!("{names} in the map stand for values that were not given");
    let hint = "name the account and the Region, or replace the words before use";
    Some(Finding::new(Severity::Warning, Code::Placeholder, target.host(), message).hint(hint))
}
