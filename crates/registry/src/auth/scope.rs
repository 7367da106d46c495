//! What a request needs to be allowed to do, in the words of token services.

use std::collections::BTreeMap;

use image::RepositoryName;

/// What is done in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Access {
    Pull,
    PullPush,
}

/// The scopes of one request, in a fixed order, so that equal needs share a token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct Scopes(BTreeMap<String, Access>);

impl Scopes {
    /// Returns the scope of reading a repository.
    pub(crate) fn pull(repository: &RepositoryName) -> Self {
        Self(BTreeMap::from([(repository.to_string(), Access::Pull)]))
    }

    /// Returns the scope of reading and writing a repository.
    pub(crate) fn push(repository: &RepositoryName) -> Self {
        Self(BTreeMap::from([(repository.to_string(), Access::PullPush)]))
    }

    /// Returns these scopes and reading of another repository, as a mount needs.
    pub(crate) fn and_pull(mut self, repository: &RepositoryName) -> Self {
        self.0.entry(repository.to_string()).or_insert(Access::Pull);
        self
    }

    /// Returns each scope as token services write it.
    pub(crate) fn words(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(repository, access)| match access {
            Access::Pull => format!("repository:{repository}:pull"),
            Access::PullPush => format!("repository:{repository}:pull,push"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_written_in_one_order() {
        let [a, b] = ["a/x", "b"].map(|name| name.parse::<RepositoryName>().unwrap());
        let words: Vec<String> = Scopes::push(&b).and_pull(&a).words().collect();
        assert_eq!(words, ["repository:a/x:pull", "repository:b:pull,push"]);
        assert_eq!(Scopes::push(&b).and_pull(&b), Scopes::push(&b));
    }
}
