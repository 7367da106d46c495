//! Compares: the tags of each cached repository in one listing, each tag with one HEAD upstream.

use std::collections::BTreeSet;
use std::time::SystemTime;

use aws::ecr::{Ecr, ImageId, Repository};
use futures_util::{StreamExt as _, stream};
use image::{ImageReference, PullThroughCacheRule, PullThroughCacheRules, RepositoryName};

use super::plan::{CachedTag, DriftPlan, DriftRequest, DriftState, Renewal};
use super::refresh::KEEPER;
use crate::account::{Account, RegistryState};
use crate::check::UpstreamAnswer;
use crate::check::stored::{Looker, Stored};
use crate::check::upstream;
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::moment::rfc3339;
use crate::mutability::may_move;
use crate::private_registry::PrivateRegistry;

/// Tags that are compared at once; how many requests one registry gets at once, the client holds down.
const AT_ONCE: usize = 16;

/// A tag, before upstream is asked.
struct Open {
    repository: Repository,
    rule: PullThroughCacheRule,
    tag: String,
    upstream: ImageReference,
    digest: image::Digest,
    pushed: Option<SystemTime>,
}

/// Compares what was asked for.
pub(super) async fn run(
    account: &Account,
    registry: &PrivateRegistry,
    request: &DriftRequest,
) -> Result<DriftPlan> {
    let state = RegistryState::read(account).await;
    let rules = state.rules.into_result()?;
    let rules = PullThroughCacheRules::new(rules.into_iter().map(|rule| rule.names));
    known(&rules, request)?;
    let ecr = account.ecr();
    let all = ecr.repositories().await?;
    let cached: Vec<(Repository, PullThroughCacheRule)> = all
        .into_iter()
        .filter_map(|repository| {
            let rule = rules.governing(&repository.name)?.clone();
            wanted(&repository.name, &rule, request).then_some((repository, rule))
        })
        .collect();
    missing(&cached, request)?;
    let mut findings = Vec::new();
    let list = async |(repository, rule): (Repository, PullThroughCacheRule)| {
        let images = ecr.images(&repository.name).await;
        (repository, rule, images)
    };
    let mut open = Vec::new();
    for (repository, rule, images) in account.session().each(cached, list).await {
        for image in images? {
            for tag in &image.tags {
                if tag.starts_with(KEEPER) {
                    findings.push(left_over(&repository.name, tag));
                    continue;
                }
                let Some(upstream) = upstream_of(&rule, &repository.name, tag) else { continue };
                open.push(Open {
                    repository: repository.clone(),
                    rule: rule.clone(),
                    tag: tag.clone(),
                    upstream,
                    digest: image.digest.clone(),
                    pushed: image.pushed,
                });
            }
        }
    }
    let now = SystemTime::now();
    let ecr = &ecr;
    let mut tags: Vec<CachedTag> = stream::iter(open)
        .map(|open| compare(registry, ecr, open, now))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    tags.sort_by(|a, b| (&a.repository, &a.tag).cmp(&(&b.repository, &b.tag)));
    findings.extend(tags.iter().filter_map(finding));
    Ok(DriftPlan { schema_version: 1, registry: registry.host().to_string(), tags, findings })
}

/// Refuses prefixes that no rule has and repositories that no rule fills.
fn known(rules: &PullThroughCacheRules, request: &DriftRequest) -> Result<()> {
    let prefixes: BTreeSet<&str> = rules.iter().map(|rule| rule.ecr_repository_prefix.as_str()).collect();
    let refused = |what: String| {
        let known = prefixes.iter().copied().collect::<Vec<_>>().join(", ");
        let hint = if known.is_empty() {
            "the registry has no rules".to_owned()
        } else {
            format!("the rules' prefixes are: {known}")
        };
        OperationError::new("cannot compare caches with upstream").refused(what).hint(hint)
    };
    if let Some(prefix) = request.prefixes.iter().find(|prefix| !prefixes.contains(prefix.as_str())) {
        return Err(refused(format!("no rule has the prefix `{prefix}`")));
    }
    match request.repositories.iter().find(|name| rules.governing(name).is_none()) {
        Some(name) => Err(refused(format!("no rule fills the repository `{name}`"))),
        None => Ok(()),
    }
}

fn wanted(name: &RepositoryName, rule: &PullThroughCacheRule, request: &DriftRequest) -> bool {
    let all = request.prefixes.is_empty() && request.repositories.is_empty();
    all || request.prefixes.contains(&rule.ecr_repository_prefix) || request.repositories.contains(name)
}

/// Refuses repositories that are not there: a wrong name must not read as "no drift".
fn missing(cached: &[(Repository, PullThroughCacheRule)], request: &DriftRequest) -> Result<()> {
    let there: BTreeSet<&RepositoryName> = cached.iter().map(|(repository, _)| &repository.name).collect();
    match request.repositories.iter().find(|name| !there.contains(name)) {
        Some(name) => Err(OperationError::new("cannot compare caches with upstream")
            .refused(format!("there is no repository `{name}`"))
            .hint("see which there are: `aws ecr describe-repositories`")),
        None => Ok(()),
    }
}

fn upstream_of(
    rule: &PullThroughCacheRule,
    repository: &RepositoryName,
    tag: &str,
) -> Option<ImageReference> {
    let name = rule.upstream_repository(repository)?;
    Some(ImageReference::new(rule.upstream.clone(), name, Some(tag.parse().ok()?), None))
}

async fn compare(registry: &PrivateRegistry, ecr: &Ecr, open: Open, now: SystemTime) -> CachedTag {
    let (look, _) = upstream::look(registry.client(), &open.upstream, Some(&open.digest)).await;
    let unknown = |words: String| DriftState::Unknown {
        error: OperationError::new(format!("cannot ask upstream for `{}`", open.upstream)).refused(words),
    };
    let state = match look.answer {
        UpstreamAnswer::There { digest: Some(digest), .. } if digest == open.digest.to_string() => {
            DriftState::Current
        }
        UpstreamAnswer::There { digest: Some(upstream_digest), platforms, .. } => DriftState::Moved {
            upstream_digest,
            platforms: platforms_of(registry, ecr, &open).await,
            upstream_platforms: platforms,
        },
        UpstreamAnswer::There { digest: None, .. } => unknown("the registry tells no digest".to_owned()),
        UpstreamAnswer::NotFound { .. } => DriftState::Gone,
        UpstreamAnswer::Denied { words }
        | UpstreamAnswer::RateLimited { words }
        | UpstreamAnswer::Unreachable { words } => unknown(words),
    };
    let renewal = match &state {
        DriftState::Moved { upstream_platforms, .. } => renewal(&open, upstream_platforms),
        _ => Renewal::Nothing,
    };
    let age = open.pushed.and_then(|pushed| now.duration_since(pushed).ok());
    CachedTag {
        repository: open.repository.name.to_string(),
        tag: open.tag,
        rule: open.rule.ecr_repository_prefix.to_string(),
        upstream: open.upstream.to_string(),
        digest: open.digest.to_string(),
        pushed_at: open.pushed.and_then(rfc3339),
        age_seconds: age.map(|age| age.as_secs()),
        state,
        renewal,
    }
}

fn renewal(open: &Open, upstream_platforms: &[String]) -> Renewal {
    if !may_move(&open.repository.tag_mutability, &open.tag) {
        let reason = "its repository lets no tag move; ECR does not renew it either".to_owned();
        return Renewal::Blocked { reason };
    }
    let platforms: Vec<registry::Platform> =
        upstream_platforms.iter().filter_map(|platform| platform.parse().ok()).collect();
    match crate::platform::runs(&platforms) {
        true => Renewal::Replace,
        false => Renewal::Blocked {
            reason: "upstream has it without linux/amd64 by now: it would not run".to_owned(),
        },
    }
}

async fn platforms_of(registry: &PrivateRegistry, ecr: &Ecr, open: &Open) -> Vec<String> {
    let looker = Looker { registry, ecr, repository: &open.repository.name, contents: true };
    let id = ImageId::digest(open.digest.clone());
    match looker.look(std::slice::from_ref(&id)).await.images.remove(&id) {
        Some(Stored::There(found)) => match found.contents {
            Some(Ok(contents)) => contents.platforms.iter().map(ToString::to_string).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn left_over(repository: &RepositoryName, tag: &str) -> Finding {
    let words = format!("the tag `{tag}` was left by a refresh that did not end");
    let hint = format!(
        "remove it when its image is not needed: `aws ecr batch-delete-image --repository-name {repository} --image-ids \
         imageTag={tag}`"
    );
    Finding::new(Severity::Note, Code::TagElsewhere, repository.as_str(), words).hint(hint)
}

fn finding(tag: &CachedTag) -> Option<Finding> {
    let subject = format!("{}:{}", tag.repository, tag.tag);
    match (&tag.state, &tag.renewal) {
        (DriftState::Gone, _) => {
            let words =
                format!("{} is not there any more; what ECR has stays until it is deleted", tag.upstream);
            let hint = "clone it to a repository that no rule fills, so that nothing depends on upstream";
            Some(Finding::new(Severity::Warning, Code::TagGone, subject, words).hint(hint))
        }
        (DriftState::Moved { .. }, Renewal::Blocked { reason }) => {
            let words = format!("upstream has another image, and a refresh leaves it: {reason}");
            Some(Finding::new(Severity::Warning, Code::TagMoved, subject, words))
        }
        _ => None,
    }
}
