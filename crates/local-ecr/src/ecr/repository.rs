//! Repositories: finding, creating and deleting them, and whether their tags may move.

use super::{Ecr, wildcard};
use crate::constraint;
use crate::fault::{Code, Fault};
use crate::storage::{
    BLOB_REPOSITORIES, Change, IMAGE_TAGS, IMAGES, LAYER_USERS, LAYERS, PARENTS, REFERRERS, REPOSITORIES,
    RepositoryRow, Rows, TAGS, TagMutability, below, key,
};

/// Most repositories of a registry.
const MOST: usize = 100_000;

impl Ecr {
    /// Returns ECR's answer to a repository that is not there.
    pub(crate) fn no_repository(&self, name: &str, registry_id: Option<&str>) -> Fault {
        let registry = registry_id.unwrap_or_else(|| self.registry_id());
        Fault::new(
            Code::RepositoryNotFound,
            format!("The repository with name '{name}' does not exist in the registry with id '{registry}'"),
        )
    }

    /// Checks that a registry, if one is named, is this one.
    ///
    /// # Errors
    /// `InvalidParameterException` for what is no registry or another one.
    pub(crate) fn own_registry(&self, registry_id: Option<&String>) -> Result<(), Fault> {
        constraint::REGISTRY_ID.check_given("registryId", registry_id)?;
        match registry_id {
            Some(id) if id != self.registry_id() => {
                Err(Fault::parameter("registryId", format!("the registry with id '{id}' is not served here")))
            }
            _ => Ok(()),
        }
    }

    /// Returns the repository that an ARN names, with its name.
    ///
    /// # Errors
    /// `InvalidParameterException` for what is no ARN of a repository, `RepositoryNotFoundException`.
    pub(crate) fn repository_of_arn(
        &self,
        rows: &impl Rows,
        arn: &str,
    ) -> Result<(String, RepositoryRow), Fault> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let (place, name) = match parts.as_slice() {
            ["arn", partition, "ecr", region, account, resource] => {
                ((*partition, *region, *account), resource.strip_prefix("repository/"))
            }
            _ => (("", "", ""), None),
        };
        let name = name.ok_or_else(|| Fault::parameter("resourceArn", "Invalid ARN"))?;
        if place != (self.region.partition(), self.region.as_str(), self.registry_id()) {
            return Err(self.no_repository(name, Some(place.2)));
        }
        Ok((name.to_owned(), self.repository(rows, name, None)?))
    }

    /// Returns a repository of the registry that the caller names, or of the caller's own.
    ///
    /// # Errors
    /// `InvalidParameterException` for names that cannot be, `RepositoryNotFoundException` where there is none.
    pub(crate) fn repository(
        &self,
        rows: &impl Rows,
        name: &str,
        registry_id: Option<&String>,
    ) -> Result<RepositoryRow, Fault> {
        constraint::REPOSITORY_NAME.check("repositoryName", name)?;
        constraint::REGISTRY_ID.check_given("registryId", registry_id)?;
        if registry_id.is_some_and(|id| id != self.registry_id()) {
            return Err(self.no_repository(name, registry_id.map(String::as_str)));
        }
        rows.get(&REPOSITORIES, name)?.ok_or_else(|| self.no_repository(name, None))
    }

    /// Creates a repository, whose name the caller has checked.
    pub(crate) fn create_repository(
        &self,
        change: &Change,
        name: &str,
        row: &RepositoryRow,
    ) -> Result<(), Fault> {
        if change.has(&REPOSITORIES, name)? {
            return Err(Fault::new(
                Code::RepositoryAlreadyExists,
                format!(
                    "The repository with name '{name}' already exists in the registry with id '{}'",
                    self.registry_id()
                ),
            ));
        }
        if change.count(&REPOSITORIES)? >= MOST {
            let text = format!("The maximum limit of {MOST} repositories has been reached");
            return Err(Fault::new(Code::LimitExceeded, text));
        }
        change.put(&REPOSITORIES, name, row)?;
        Ok(())
    }

    /// Deletes a repository, and its images too when `force` says so. Blobs that this leaves in no
    /// repository are removed by the next sweep.
    pub(crate) fn delete_repository(&self, change: &Change, name: &str, force: bool) -> Result<(), Fault> {
        let own = below(&[name]);
        if !force && change.any(&IMAGES, &own)? {
            return Err(Fault::new(
                Code::RepositoryNotEmpty,
                format!(
                    "The repository with name '{name}' in registry with id '{}' cannot be deleted because it \
                     still contains images",
                    self.registry_id()
                ),
            ));
        }
        for (digest, _) in change.all(&IMAGES, &own)? {
            change.remove_manifest(&key(&[name, &digest]))?;
        }
        for (digest, _) in change.all(&LAYERS, &own)? {
            change.remove(&BLOB_REPOSITORIES, &key(&[&digest, name]))?;
        }
        change.remove_all(&IMAGES, &own)?;
        change.remove_all(&TAGS, &own)?;
        change.remove_all(&IMAGE_TAGS, &own)?;
        change.remove_all(&PARENTS, &own)?;
        change.remove_all(&REFERRERS, &own)?;
        change.remove_all(&LAYERS, &own)?;
        change.remove_all(&LAYER_USERS, &own)?;
        change.remove(&REPOSITORIES, name)?;
        Ok(())
    }
}

impl RepositoryRow {
    /// Returns whether a tag, once set, must stay where it is.
    pub(crate) fn keeps_tag(&self, tag: &str) -> bool {
        let excluded = || self.exclusion_filters.iter().any(|filter| wildcard::matches(&filter.filter, tag));
        match self.mutability {
            TagMutability::Mutable => false,
            TagMutability::Immutable => true,
            TagMutability::ImmutableWithExclusion => !excluded(),
            TagMutability::MutableWithExclusion => excluded(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ExclusionFilter;

    fn filter(pattern: &str) -> ExclusionFilter {
        ExclusionFilter { filter_type: "WILDCARD".to_owned(), filter: pattern.to_owned() }
    }

    #[test]
    fn an_exclusion_turns_mutability_around() {
        let row = |mutability| RepositoryRow {
            mutability,
            exclusion_filters: vec![filter("dev-*")],
            ..RepositoryRow::default()
        };
        assert!(!row(TagMutability::Mutable).keeps_tag("dev-1"));
        assert!(row(TagMutability::Immutable).keeps_tag("dev-1"));
        assert!(!row(TagMutability::ImmutableWithExclusion).keeps_tag("dev-1"));
        assert!(row(TagMutability::ImmutableWithExclusion).keeps_tag("1.0"));
        assert!(row(TagMutability::MutableWithExclusion).keeps_tag("dev-1"));
        assert!(!row(TagMutability::MutableWithExclusion).keeps_tag("1.0"));
    }
}
