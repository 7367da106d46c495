//! The pull through cache rules: which there are, and how they stand to each other.

use std::collections::BTreeMap;

use aws::ecr::Rule;
use image::{UpstreamRegistry, UpstreamRepositoryPrefix};

use super::observe::View;
use super::{ValidateRequest, remedy};
use crate::finding::{Code, Finding, Severity};

/// Looks at the rules.
pub(super) fn check(view: &View<'_>, request: &ValidateRequest, findings: &mut Vec<Finding>) {
    if view.observed.state.rules.seen().is_none() {
        return;
    }
    if view.all_rules.is_empty() {
        findings.push(
            Finding::new(
                Severity::Error,
                Code::NoRules,
                "pull through cache rules",
                "the registry has none, so HealthOmics can pull nothing through it",
            )
            .fix(remedy::create_cache("quay.io", "quay", None)),
        );
    }
    for prefix in &request.prefixes {
        if !view.rules.iter().any(|rule| rule.names.ecr_repository_prefix == *prefix) {
            findings.push(
                Finding::new(
                    Severity::Error,
                    Code::NoSuchRule,
                    prefix.as_str(),
                    "the registry has no pull through cache rule with this prefix",
                )
                .fix(remedy::create_cache("REGISTRY", prefix.as_str(), None)),
            );
        }
    }
    for rule in &view.rules {
        upstream(rule, findings);
        nesting(view, rule, findings);
    }
    several(view, findings);
}

/// Looks at where a rule leads.
fn upstream(rule: &Rule, findings: &mut Vec<Finding>) {
    let (prefix, url) = (&rule.names.ecr_repository_prefix, &rule.upstream_registry_url);
    match UpstreamRegistry::of(&rule.names.upstream) {
        Some(registry) if registry.upstream().healthomics => {}
        Some(registry) => findings.push(
            Finding::new(
                Severity::Warning,
                Code::UpstreamNotTaken,
                prefix.as_str(),
                format!(
                    "HealthOmics takes no images through a rule for {} ({url})",
                    registry.upstream().title
                ),
            )
            .fix(remedy::clone_instead(url)),
        ),
        None => findings.push(
            Finding::new(
                Severity::Warning,
                Code::UpstreamUnknown,
                prefix.as_str(),
                format!("`{url}` is none of the upstream registries that are known of ECR and HealthOmics"),
            )
            .fix(remedy::clone_instead(url)),
        ),
    }
}

/// Looks for rules whose prefixes stand above a rule's.
fn nesting(view: &View<'_>, inner: &Rule, findings: &mut Vec<Finding>) {
    let name = inner.names.ecr_repository_prefix.as_str();
    for outer in view.all_rules {
        let above = &outer.names.ecr_repository_prefix;
        // `ROOT` is for what no other rule covers: that is no nesting.
        let Some(rest) =
            above.strip(name).filter(|_| !above.is_root() && !inner.names.ecr_repository_prefix.is_root())
        else {
            continue;
        };
        let hidden = match outer.names.upstream_repository_prefix.is_root() {
            true => format!("{rest}/*"),
            false => format!("{}/{rest}/*", outer.names.upstream_repository_prefix),
        };
        findings.push(
            Finding::new(
                Severity::Warning,
                Code::NestedRules,
                name,
                format!(
                    "it lies below the prefix `{above}`: names below `{name}` lead to {}, and `{hidden}` of {} cannot \
                     be pulled through `{above}`",
                    inner.upstream_registry_url, outer.upstream_registry_url
                ),
            )
            .hint(format!("give one of the rules a prefix beside the other, such as `{}`", name.replace('/', "-"))),
        );
    }
}

/// Looks for upstream registries with several rules: a registry map can name one of them.
fn several(view: &View<'_>, findings: &mut Vec<Finding>) {
    let mut by_upstream: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in view.all_rules {
        by_upstream.entry(rule.names.upstream.as_str()).or_default().push(rule);
    }
    let is_asked = |rules: &[&Rule]| rules.iter().any(|rule| view.rules.contains(rule));
    for rules in by_upstream.into_values().filter(|rules| rules.len() > 1 && is_asked(rules)) {
        let Some(url) = rules.first().map(|rule| rule.upstream_registry_url.as_str()) else { continue };
        let prefix = |rule: &&Rule| match rule.names.upstream_repository_prefix.is_root() {
            true => format!("`{}`", rule.names.ecr_repository_prefix),
            false => format!(
                "`{}` (for {url}/{})",
                rule.names.ecr_repository_prefix, rule.names.upstream_repository_prefix
            ),
        };
        let prefixes: Vec<String> = rules.iter().map(prefix).collect();
        let severity = if overlap(&rules) { Severity::Warning } else { Severity::Note };
        findings.push(
            Finding::new(
                severity,
                Code::SameUpstream,
                url,
                format!(
                    "{} rules lead to it: {}; a registry map names one prefix for a registry, so the same image may \
                     come to be cached twice",
                    rules.len(),
                    prefixes.join(", ")
                ),
            )
            .hint("keep one rule, or say in the map which one is meant: `omics-ecr map --prefix UPSTREAM=PREFIX`"),
        );
    }
}

/// Returns whether two of the rules reach the same upstream repositories.
fn overlap(rules: &[&Rule]) -> bool {
    let reaches = |outer: &UpstreamRepositoryPrefix, inner: &UpstreamRepositoryPrefix| {
        outer.is_root() || outer == inner || outer.strip(inner.as_str()).is_some()
    };
    rules.iter().enumerate().any(|(place, one)| {
        rules.iter().skip(place + 1).any(|other| {
            let (one, other) =
                (&one.names.upstream_repository_prefix, &other.names.upstream_repository_prefix);
            reaches(one, other) || reaches(other, one)
        })
    })
}
