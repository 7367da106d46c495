//! Repository creation templates: which one governs a name, and the repository it makes.

use super::Ecr;
use super::rule::rule_key;
use crate::clock::Timestamp;
use crate::constraint;
use crate::fault::{Code, Fault};
use crate::storage::{RepositoryRow, Rows, TEMPLATES, TemplateRow};

/// Why ECR itself creates a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A rule pulls an image through.
    PullThroughCache,
    /// A client pushes to a name that is not there.
    CreateOnPush,
}

impl Purpose {
    /// Returns the value that `appliedFor` has for it.
    fn name(self) -> &'static str {
        match self {
            Self::PullThroughCache => "PULL_THROUGH_CACHE",
            Self::CreateOnPush => "CREATE_ON_PUSH",
        }
    }
}

/// Returns whether a prefix of a rule or a template governs a repository, and how long it is; `ROOT` governs
/// all and is the shortest.
pub(crate) fn governs(prefix: &str, repository: &str) -> Option<usize> {
    if prefix == "ROOT" {
        return Some(0);
    }
    let prefix = prefix.trim_end_matches('/');
    let rest = repository.strip_prefix(prefix)?.strip_prefix('/')?;
    (!rest.is_empty()).then_some(prefix.len())
}

/// Returns the template with the longest prefix that governs a repository for a purpose.
pub(crate) fn governing(
    rows: &impl Rows,
    repository: &str,
    purpose: Purpose,
) -> Result<Option<TemplateRow>, Fault> {
    let mut best: Option<(usize, TemplateRow)> = None;
    rows.scan(&TEMPLATES, "", None, |prefix, template| {
        let applies = template.applied_for.iter().any(|applied| applied == purpose.name());
        if let Some(length) = governs(prefix, repository).filter(|_| applies)
            && best.as_ref().is_none_or(|(longest, _)| length > *longest)
        {
            best = Some((length, template));
        }
        true
    })?;
    Ok(best.map(|(_, template)| template))
}

impl Ecr {
    /// Returns a template by its prefix.
    ///
    /// # Errors
    /// `InvalidParameterException` and `TemplateNotFoundException`.
    pub(crate) fn template(&self, rows: &impl Rows, prefix: &str) -> Result<TemplateRow, Fault> {
        constraint::TEMPLATE_PREFIX.check("prefix", prefix)?;
        rows.get(&TEMPLATES, rule_key(prefix))?.ok_or_else(|| {
            let text = format!(
                "The repository creation template with prefix '{prefix}' does not exist in the registry with id \
                 '{}'",
                self.registry_id()
            );
            Fault::new(Code::TemplateNotFound, text)
        })
    }
}

impl TemplateRow {
    /// Returns the repository that the template makes.
    pub(crate) fn repository(&self, now: Timestamp) -> RepositoryRow {
        RepositoryRow {
            created_at: now,
            mutability: self.mutability,
            exclusion_filters: self.exclusion_filters.clone(),
            scan_on_push: false,
            encryption: self.encryption.clone(),
            policy: self.repository_policy.clone().filter(|text| !text.is_empty()),
            lifecycle_policy: self.lifecycle_policy.clone().filter(|text| !text.is_empty()),
            lifecycle_preview: None,
            tags: self.resource_tags.clone(),
            pulled_through: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::governs;

    #[test]
    fn a_prefix_acts_as_if_it_ended_in_a_slash() {
        assert_eq!(governs("quay", "quay/a/b"), Some(4));
        assert_eq!(governs("quay/", "quay/a"), Some(4));
        assert_eq!(governs("quay", "quayside/a"), None);
        assert_eq!(governs("quay", "quay"), None);
        assert_eq!(governs("ROOT", "anything"), Some(0));
    }
}
