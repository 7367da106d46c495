//! DescribeRepositories

use serde::{Deserialize, Serialize};

use super::wire::Repository;
use crate::constraint;
use crate::control::Operation;
use crate::control::page::page;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;
use crate::storage::REPOSITORIES;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeRepositories {
    registry_id: Option<String>,
    repository_names: Option<Vec<String>>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    repositories: Vec<Repository>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for DescribeRepositories {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let limit = constraint::max_results(self.max_results, 100, 1000)?;
        let view = ecr.storage.metadata.read()?;
        if let Some(names) = self.repository_names {
            constraint::count("repositoryNames", names.len(), 1, 100)?;
            let found = names.into_iter().map(|name| {
                let row = ecr.repository(&view, &name, self.registry_id.as_ref())?;
                Ok(Repository::new(ecr, &name, row))
            });
            return Ok(Response { repositories: found.collect::<Result<_, Fault>>()?, next_token: None });
        }
        ecr.own_registry(self.registry_id.as_ref())?;
        let page = page(&view, &REPOSITORIES, "", self.next_token.as_ref(), limit, |name, row| {
            Some(Repository::new(ecr, name, row))
        })?;
        Ok(Response { repositories: page.items, next_token: page.next_token })
    }
}
