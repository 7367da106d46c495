//! The container registry map of HealthOmics.
//!
//! Source: HealthOmics API, types `ContainerRegistryMap`, `RegistryMapping` and `ImageMapping`. An image
//! mapping wins over a registry mapping. A registry mapping covers a name that begins with its very host; what
//! it does with short names and Docker Hub's other hosts is not documented, so these get image mappings.

use std::collections::{BTreeMap, BTreeSet};

use image::{CopiedRegistry, PullThroughCacheRule, PullThroughCacheRules, UpstreamRegistry};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{MapOptions, Placed};
use crate::finding::{Code, Finding, Severity};
use crate::route::Route;

/// The document that CreateWorkflow takes as `containerRegistryMap`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContainerRegistryMap {
    /// One entry for each upstream registry.
    #[serde(default)]
    pub registry_mappings: Vec<RegistryMapping>,
    /// One entry for each image that no registry mapping covers.
    #[serde(default)]
    pub image_mappings: Vec<ImageMapping>,
}

/// An upstream registry and the prefix of its images in ECR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistryMapping {
    /// The host; 1 to 750 characters.
    pub upstream_registry_url: String,
    /// The prefix; 1 to 256 characters.
    pub ecr_repository_prefix: String,
    /// The part of the upstream registry; 2 to 30 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_repository_prefix: Option<String>,
    /// The account that owns the ECR registry, where it is another one; 12 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ecr_account_id: Option<String>,
    /// The secret with which HealthOmics copies from the registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_arn: Option<String>,
}

/// An image and where it is in ECR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageMapping {
    /// The name as the workflow gives it; 1 to 750 characters.
    pub source_image: String,
    /// The name in the private registry; 1 to 750 characters.
    pub destination_image: String,
}

/// Longest image name that an image mapping takes, in characters.
const LONGEST: usize = 750;

/// Returns the map for the placed images; entries past HealthOmics' limits become findings.
pub(super) fn build(
    placed: &[Placed],
    rules: &PullThroughCacheRules,
    options: &MapOptions,
    registry: &str,
    findings: &mut Vec<Finding>,
) -> ContainerRegistryMap {
    let mut map = ContainerRegistryMap::default();
    let chosen = choose_rules(placed, rules);
    for rule in chosen.values() {
        map.registry_mappings.push(RegistryMapping {
            upstream_registry_url: upstream_url(rule),
            ecr_repository_prefix: rule.ecr_repository_prefix.to_string(),
            upstream_repository_prefix: (!rule.upstream_repository_prefix.is_root())
                .then(|| rule.upstream_repository_prefix.to_string()),
            ecr_account_id: None,
            credential_arn: None,
        });
    }
    map.registry_mappings.extend(copied(placed, options));
    for image in placed {
        if is_covered(image, &chosen) {
            continue;
        }
        let destination_image = format!("{registry}/{}", image.target());
        if image.name.chars().count().max(destination_image.chars().count()) > LONGEST {
            let message = format!("HealthOmics takes names of at most {LONGEST} characters");
            findings.push(Finding::new(Severity::Error, Code::TooLong, &image.name, message));
            continue;
        }
        map.image_mappings.push(ImageMapping { source_image: image.name.clone(), destination_image });
    }
    map
}

/// Returns one rule for each upstream host: the one that serves most images. A host may have one mapping
/// only, so images of its other rules get image mappings.
fn choose_rules<'a>(
    placed: &[Placed],
    rules: &'a PullThroughCacheRules,
) -> BTreeMap<String, &'a PullThroughCacheRule> {
    let mut uses: BTreeMap<(String, &PullThroughCacheRule), usize> = BTreeMap::new();
    for image in placed.iter().filter(|image| matches!(image.route, Route::Rule { .. })) {
        if let Some(mapped) = rules.map(&image.image) {
            *uses.entry((upstream_url(mapped.rule), mapped.rule)).or_default() += 1;
        }
    }
    let mut chosen: BTreeMap<String, (&PullThroughCacheRule, usize)> = BTreeMap::new();
    for ((url, rule), count) in uses {
        let best = chosen.entry(url).or_insert((rule, count));
        if count > best.1 {
            *best = (rule, count);
        }
    }
    chosen.into_iter().map(|(url, (rule, _))| (url, rule)).collect()
}

fn upstream_url(rule: &PullThroughCacheRule) -> String {
    UpstreamRegistry::of(&rule.upstream)
        .map_or_else(|| rule.upstream.to_string(), |registry| registry.url().to_owned())
}

/// Returns the mappings of registries that HealthOmics copies from with the credentials given.
fn copied(placed: &[Placed], options: &MapOptions) -> Vec<RegistryMapping> {
    let hosts: BTreeSet<_> =
        placed.iter().filter(|image| image.is_copied()).map(|image| image.image.host()).collect();
    let mapping = |host| {
        let registry = CopiedRegistry::of(host)?;
        Some(RegistryMapping {
            upstream_registry_url: registry.host.to_string(),
            ecr_repository_prefix: registry.default_prefix,
            upstream_repository_prefix: None,
            ecr_account_id: None,
            credential_arn: Some(options.credentials.get(host)?.clone()),
        })
    };
    hosts.into_iter().filter_map(mapping).collect()
}

/// Returns whether a registry mapping leads the name, as it is written, to the image's very place.
fn is_covered(image: &Placed, chosen: &BTreeMap<String, &PullThroughCacheRule>) -> bool {
    let begins_with = |host: &str| image.name.strip_prefix(host).is_some_and(|rest| rest.starts_with('/'));
    match &image.route {
        // HealthOmics makes the copy and its name, so an image mapping could only mislead it.
        Route::HealthomicsCopies { .. } => true,
        Route::Rule { upstream, .. } => {
            let serves = |rule: &&PullThroughCacheRule| {
                rule.ecr_repository(image.image.host(), image.image.repository()).as_ref()
                    == Some(&image.repository)
            };
            let is_written_so = image.image.digest().is_none() && begins_with(upstream);
            is_written_so && chosen.get(upstream).is_some_and(serves)
        }
        _ => false,
    }
}
