//! `DescribeRepositories`.

use std::collections::HashSet;

use aws_sdk_ecr::types;
use image::RepositoryName;

use super::Repository;
use crate::call::Call;
use crate::ecr::{Ecr, LARGEST_PAGE, MOST_NAMES};
use crate::error::AwsError;
use crate::paging::Pages;

/// Objects that were asked for by name: those that exist, and the names of those that do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup<T, N> {
    /// What exists.
    pub found: Vec<T>,
    /// What does not.
    pub missing: Vec<N>,
}

impl Ecr {
    /// Returns every repository of the registry.
    ///
    /// Spec: ECR `DescribeRepositories`, all pages.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn repositories(&self) -> Result<Vec<Repository>, AwsError> {
        let call = self.call("DescribeRepositories", "list the repositories");
        let mut all = Vec::new();
        let mut pages = Pages::default();
        while let Some(token) = pages.turn(&call)? {
            let answer = call
                .run(|attempts| {
                    let request = self
                        .client()
                        .describe_repositories()
                        .set_registry_id(self.registry_id())
                        .max_results(LARGEST_PAGE)
                        .set_next_token(token);
                    request.customize().interceptor(attempts).send()
                })
                .await?;
            pages.read(answer.next_token);
            all.append(&mut read(&call, answer.repositories)?);
        }
        Ok(all)
    }

    /// Returns a repository; `None` when there is none of this name.
    ///
    /// Spec: ECR `DescribeRepositories`.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn repository(&self, name: &RepositoryName) -> Result<Option<Repository>, AwsError> {
        let names = std::slice::from_ref(name);
        Ok(self.describe_repositories(names).await?.and_then(|found| found.into_iter().next()))
    }

    /// Returns the repositories of these names, and the names of which there is none.
    ///
    /// One unknown name fails a whole request of ECR, so a request that fails is halved until the unknown names
    /// stand alone.
    ///
    /// Spec: ECR `DescribeRepositories`.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn repositories_named(
        &self,
        names: &[RepositoryName],
    ) -> Result<Lookup<Repository, RepositoryName>, AwsError> {
        let mut seen = HashSet::new();
        let names: Vec<RepositoryName> = names.iter().filter(|name| seen.insert(*name)).cloned().collect();
        let mut lookup = Lookup { found: Vec::new(), missing: Vec::new() };
        let mut open: Vec<Vec<RepositoryName>> = names.chunks(MOST_NAMES).map(<[_]>::to_vec).collect();
        while !open.is_empty() {
            let answers = self
                .session()
                .try_each(open, async |names: Vec<RepositoryName>| {
                    Ok((self.describe_repositories(&names).await?, names))
                })
                .await?;
            open = Vec::new();
            for (answer, mut names) in answers {
                match answer {
                    Some(mut found) => lookup.found.append(&mut found),
                    None if names.len() == 1 => lookup.missing.append(&mut names),
                    None => {
                        let rest = names.split_off(names.len() / 2);
                        open.extend([names, rest]);
                    }
                }
            }
        }
        Ok(lookup)
    }

    /// Returns the repositories of at most 100 names; `None` when one of them does not exist.
    async fn describe_repositories(
        &self,
        names: &[RepositoryName],
    ) -> Result<Option<Vec<Repository>>, AwsError> {
        let tried = match names {
            [name] => format!("describe repository `{name}`"),
            names => format!("describe {} repositories", names.len()),
        };
        let call = self.call("DescribeRepositories", tried);
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .describe_repositories()
                    .set_registry_id(self.registry_id())
                    .set_repository_names(Some(names.iter().map(RepositoryName::to_string).collect()));
                request.customize().interceptor(attempts).send()
            })
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(answer) => read(&call, answer.repositories).map(Some),
            Err(error) if error.is("RepositoryNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Returns the repositories that an answer has.
fn read(call: &Call<'_>, answer: Option<Vec<types::Repository>>) -> Result<Vec<Repository>, AwsError> {
    answer.unwrap_or_default().into_iter().map(|repository| Repository::read(call, repository)).collect()
}
