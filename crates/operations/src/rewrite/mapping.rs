//! The map that a rewrite goes by, in either of its shapes.
//!
//! Owns what a map says of a name. Must not know workflows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use image::{AccountId, EcrHost, ImageReference, PullThroughCacheRule, PullThroughCacheRules, RegistryHost};
use serde_json::Value;
use workflow::Destination;

use super::placeholder;
use crate::error::{OperationError, Result};
use crate::finding::Finding;
use crate::map::{ContainerRegistryMap, RegistryMapping, read_document};
use crate::target::EcrTarget;

/// What a map says.
pub(super) struct Mapping {
    /// The entries as they are written.
    written: BTreeMap<String, String>,
    /// The same by what they name; nothing where two of them disagree.
    named: HashMap<ImageReference, Option<String>>,
    /// The names that entries lead to.
    reached: HashSet<ImageReference>,
    /// The private registries that any part of the map leads to.
    hosts: HashSet<RegistryHost>,
    rules: PullThroughCacheRules,
    /// The registry of each rule.
    registries: HashMap<PullThroughCacheRule, String>,
    /// The registries from which HealthOmics copies.
    copied: HashSet<RegistryHost>,
    /// Observations about the map.
    pub(super) findings: Vec<Finding>,
}

impl Mapping {
    /// Reads the map in a file; registry mappings lead to the target, or to the registry of the map's images.
    ///
    /// # Errors
    /// When the file is no map, an entry is none, or registry mappings lead to nobody knows where.
    pub(super) fn read(path: &Path, target: &EcrTarget) -> Result<Self> {
        let document = read_document(path)?;
        let refused = |words: &str| {
            OperationError::new(format!("cannot rewrite by the map `{}`", path.display()))
                .refused(words)
                .hint("name a file that `omics-ecr map` wrote, in either format")
        };
        let Value::Object(members) = &document else { return Err(refused("it is no JSON object")) };
        let is_registry_map = !members.is_empty()
            && members.iter().all(|(key, value)| {
                matches!(key.as_str(), "registryMappings" | "imageMappings") && value.is_array()
            });
        let mut map = ContainerRegistryMap::default();
        let mut written = BTreeMap::new();
        if is_registry_map {
            map = serde_json::from_value(document).map_err(|error| refused(&error.to_string()))?;
            for mapping in &map.image_mappings {
                written.insert(mapping.source_image.clone(), mapping.destination_image.clone());
            }
        } else {
            for (image, name) in members {
                let Value::String(name) = name else {
                    return Err(refused(&format!("the entry `{image}` is no text")));
                };
                written.insert(image.clone(), name.clone());
            }
        }
        if written.is_empty() && map.registry_mappings.is_empty() {
            return Err(refused("it has no entry"));
        }
        Self::new(written, &map.registry_mappings, target).map_err(|words| refused(&words))
    }

    fn new(
        written: BTreeMap<String, String>,
        mappings: &[RegistryMapping],
        target: &EcrTarget,
    ) -> std::result::Result<Self, String> {
        let mut mapping = Self {
            written: BTreeMap::new(),
            named: HashMap::new(),
            reached: HashSet::new(),
            hosts: HashSet::new(),
            rules: PullThroughCacheRules::default(),
            registries: HashMap::new(),
            copied: HashSet::new(),
            findings: Vec::new(),
        };
        for (image, name) in &written {
            let reached: ImageReference =
                name.parse().map_err(|error| format!("the entry `{image}` leads to `{name}`: {error}"))?;
            if EcrHost::of(reached.host()).is_some() {
                mapping.hosts.insert(reached.host().clone());
            }
            mapping.reached.insert(spelled_out(reached));
            // A key that is no name may still be what a workflow says.
            if let Ok(image) = image.parse::<ImageReference>() {
                let entry = mapping.named.entry(spelled_out(image)).or_insert_with(|| Some(name.clone()));
                if entry.as_ref() != Some(name) {
                    *entry = None;
                }
            }
        }
        let target = complete(target, &mapping.reached);
        let mut rules = Vec::new();
        for registry in mappings {
            let url = registry.upstream_registry_url.as_str();
            let upstream = url.split_once("://").map_or(url, |(_, host)| host).trim_end_matches('/');
            let upstream: RegistryHost =
                upstream.parse().map_err(|error| format!("the registry mapping of `{url}`: {error}"))?;
            if registry.credential_arn.is_some() && image::CopiedRegistry::of(&upstream).is_some() {
                mapping.copied.insert(upstream);
                continue;
            }
            let rule = rule(registry, upstream)
                .map_err(|error| format!("the registry mapping of `{url}`: {error}"))?;
            let host = host(registry, &target)
                .map_err(|error| format!("the registry mapping of `{url}`: {error}"))?;
            mapping.hosts.extend(host.parse::<RegistryHost>());
            mapping.registries.insert(rule.clone(), host);
            rules.push(rule);
        }
        mapping.rules = PullThroughCacheRules::new(rules);
        mapping.written = written;
        mapping.findings.extend(mapping.registry().as_deref().and_then(placeholder));
        Ok(mapping)
    }

    /// Returns what the map says of a name that an engine asks for. An entry for the very text goes before one
    /// for what it names, and any entry before a registry mapping.
    pub(super) fn destination(&self, name: &str) -> Destination {
        if let Some(to) = self.written.get(name) {
            return Destination::Name(to.clone());
        }
        let Ok(image) = name.parse::<ImageReference>() else { return Destination::Unmapped };
        let image = spelled_out(image);
        match self.named.get(&image) {
            Some(Some(to)) => return Destination::Name(to.clone()),
            Some(None) => {
                return Destination::Refused(
                    "two entries of the map name it, with different names".to_owned(),
                );
            }
            None => {}
        }
        let host = image.host();
        if self.reached.contains(&image) || self.hosts.contains(host) {
            return Destination::Reached;
        }
        if self.copied.contains(host) {
            let message = "HealthOmics copies it when a run begins, and gives it a name of its own";
            return Destination::Refused(message.to_owned());
        }
        let Some(mapped) = self.rules.map(&image) else { return Destination::Unmapped };
        let Some(registry) = self.registries.get(mapped.rule) else { return Destination::Unmapped };
        Destination::Name(format!("{registry}/{}{}", mapped.repository, image.suffix()))
    }

    /// Returns the registry that most of the map leads to, the first by name among equals.
    pub(super) fn registry(&self) -> Option<String> {
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        let images = self.written.values().filter_map(|name| name.split_once('/')).map(|(host, _)| host);
        // A registry mapping stands for many images.
        let mapped = self.registries.values().map(|registry| (registry.as_str(), self.written.len() + 1));
        for (registry, weight) in images.map(|host| (host, 1)).chain(mapped) {
            *uses.entry(registry).or_default() += weight;
        }
        let most = uses.values().copied().max()?;
        uses.into_iter().find(|&(_, count)| count == most).map(|(registry, _)| registry.to_owned())
    }
}

/// Returns an image with the tag that is meant where none is written.
fn spelled_out(image: ImageReference) -> ImageReference {
    match (image.tag(), image.digest()) {
        (None, None) => {
            let tag = image.tag_or_latest().and_then(|tag| tag.parse().ok());
            ImageReference::new(image.host().clone(), image.repository().clone(), tag, None)
        }
        _ => image,
    }
}

/// Returns the target, with what it lacks from the private registry of an image of the map.
fn complete(target: &EcrTarget, reached: &HashSet<ImageReference>) -> EcrTarget {
    let mut hosts: Vec<EcrHost> = reached.iter().filter_map(|image| EcrHost::of(image.host())).collect();
    hosts.sort_by_key(|host| host.host());
    let known = hosts.first();
    EcrTarget {
        account: target.account.clone().or_else(|| known.map(|host| host.account().clone())),
        region: target.region.clone().or_else(|| known.map(|host| host.region().clone())),
    }
}

fn rule(
    mapping: &RegistryMapping,
    upstream: RegistryHost,
) -> std::result::Result<PullThroughCacheRule, String> {
    let prefix =
        mapping.ecr_repository_prefix.parse().map_err(|error: image::ImageError| error.to_string())?;
    let mut rule = PullThroughCacheRule::new(prefix, upstream);
    if let Some(prefix) = &mapping.upstream_repository_prefix {
        rule.upstream_repository_prefix =
            prefix.parse().map_err(|error: image::ImageError| error.to_string())?;
    }
    Ok(rule)
}

/// Returns the host of the private registry that a mapping leads to.
fn host(mapping: &RegistryMapping, target: &EcrTarget) -> std::result::Result<String, String> {
    let mut target = target.clone();
    if let Some(account) = &mapping.ecr_account_id {
        target.account = Some(account.parse::<AccountId>().map_err(|error| error.to_string())?);
    }
    match target.placeholders().as_slice() {
        [] => Ok(target.host()),
        missing => {
            Err(format!("it names no {}: pass --account and --region", missing.join(" and ").to_lowercase()))
        }
    }
}
