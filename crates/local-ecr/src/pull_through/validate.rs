//! Validation of a rule: is its secret right, and does the upstream registry take it?

use std::sync::Arc;
use std::time::Duration;

use ::image::RepositoryName;
use registry::client::manifests::Presence;
use tokio::task::spawn_blocking;

use super::PullThrough;
use super::upstream::{Failure, FailureKind};
use crate::fault::Fault;
use crate::storage::RuleRow;

/// How long the upstream registry may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A public image of an upstream registry that a good credential may read.
fn probe(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "docker-hub" => ("library/hello-world", "latest"),
        "ecr-public" => ("docker/library/hello-world", "latest"),
        "k8s" => ("pause", "3.9"),
        "chainguard" => ("chainguard/static", "latest"),
        // These answer with the same refusal to a wrong login and to a repository that is not there, so the
        // one asked for is public, where only a wrong login is refused.
        "quay" => ("biocontainers/samtools", "latest"),
        "github-container-registry" => ("actions/actions-runner", "latest"),
        "gitlab-container-registry" => ("gitlab-org/gitlab-runner", "latest"),
        // That there is no such image is as good an answer: it takes a login that is taken.
        _ => ("ecr-pull-through-cache/validation", "latest"),
    }
}

impl PullThrough {
    /// Returns why a rule does not work; `None` when it does.
    ///
    /// # Errors
    /// When this server fails.
    pub(crate) async fn validate(
        self: &Arc<Self>,
        prefix: String,
        rule: RuleRow,
    ) -> Result<Option<String>, Fault> {
        let own = Arc::clone(self);
        let read = spawn_blocking(move || {
            let view = own.ecr.storage.metadata.read()?;
            own.upstream(&view, prefix, rule)
        });
        let upstream = match read.await.map_err(|_| Failure::lost())? {
            Ok(upstream) => upstream,
            Err(fault) => {
                let failure = Failure::from(fault);
                return match failure.kind {
                    FailureKind::Secret => Ok(Some(failure.reason)),
                    _ => Err(failure.into()),
                };
            }
        };
        let (name, tag) = probe(&upstream.rule.upstream_registry);
        let Ok(name) = name.parse::<RepositoryName>() else { return Ok(None) };
        let remote = match self.remote_named(&upstream, &name) {
            Ok(remote) => remote,
            Err(failure) => return Ok(Some(failure.reason)),
        };
        Ok(match tokio::time::timeout(PATIENCE, remote.check_manifest(tag)).await {
            Err(_) => Some(format!("{name}: the upstream registry did not answer in time")),
            Ok(Ok(Presence::Present(_) | Presence::Absent | Presence::Unknown)) => None,
            Ok(Err(error)) => {
                let failure = Failure::from(&error);
                (failure.kind != FailureKind::NotFound).then_some(failure.reason)
            }
        })
    }
}
