//! Repositories with their policies.

use aws::ecr::Repository;
use image::RepositoryName;

use super::{Account, Looked};
use crate::error::Result;

/// A repository and its policy.
#[derive(Debug, Clone)]
pub struct RepositoryState {
    /// The repository.
    pub repository: Repository,
    /// Its policy as it is stored; `Seen(None)` where it has none.
    pub policy: Looked<Option<String>>,
}

impl Account {
    /// Returns every repository that `wanted` takes, with its policy: one request a page of 1,000 repositories,
    /// and one a repository, in parallel.
    ///
    /// Source: ECR `DescribeRepositories`, `GetRepositoryPolicy`.
    ///
    /// # Errors
    /// When the repositories cannot be listed.
    pub async fn repositories(
        &self,
        wanted: impl Fn(&RepositoryName) -> bool,
    ) -> Result<Vec<RepositoryState>> {
        let mut all = self.ecr().repositories().await?;
        all.retain(|repository| wanted(&repository.name));
        Ok(self.with_policies(all).await)
    }

    /// Returns the name of every repository: one request a page of 1,000 of them.
    ///
    /// Source: ECR `DescribeRepositories`.
    ///
    /// # Errors
    /// When the repositories cannot be listed.
    pub async fn repository_names(&self) -> Result<Vec<RepositoryName>> {
        Ok(self.ecr().repositories().await?.into_iter().map(|repository| repository.name).collect())
    }

    /// Returns the repositories of these names that are there, with their policies, and the names of those that are
    /// not.
    ///
    /// # Errors
    /// When the repositories cannot be looked up.
    pub async fn repositories_named(
        &self,
        names: &[RepositoryName],
    ) -> Result<(Vec<RepositoryState>, Vec<RepositoryName>)> {
        let lookup = self.ecr().repositories_named(names).await?;
        Ok((self.with_policies(lookup.found).await, lookup.missing))
    }

    async fn with_policies(&self, repositories: Vec<Repository>) -> Vec<RepositoryState> {
        let ecr = &self.ecr();
        let read = async |repository: Repository| {
            let policy = ecr.repository_policy(&repository.name).await.into();
            RepositoryState { repository, policy }
        };
        self.session.each(repositories, read).await
    }
}
