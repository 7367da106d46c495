//! Pull through cache rules, and the mapping of upstream names to ECR names and back.

use std::fmt;
use std::str::FromStr;

use crate::error::{ImageError, Problem};
use crate::grammar::{Cursor, check_path};
use crate::host::RegistryHost;
use crate::reference::{ImageReference, RepositoryName};

/// The word that stands for "no prefix".
const ROOT: &str = "ROOT";

/// An ECR repository prefix: 2 to 30 characters of a repository path, or `ROOT`. A final slash is implied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EcrRepositoryPrefix(String);

/// An upstream repository prefix: 2 to 30 characters of a repository path, or `ROOT`, which is the default.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamRepositoryPrefix(String);

macro_rules! prefix {
    ($name:ident, $what:literal) => {
        impl $name {
            /// Returns the prefix that stands for every repository.
            pub fn root() -> Self {
                Self(ROOT.to_owned())
            }

            /// Returns whether it is `ROOT`.
            pub fn is_root(&self) -> bool {
                self.0 == ROOT
            }

            /// Returns the prefix as ECR writes it, without a final slash.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Returns what is left of a repository's name behind the prefix; `None` when the name is not
            /// below it.
            pub fn strip<'a>(&self, repository: &'a str) -> Option<&'a str> {
                if self.is_root() {
                    return Some(repository);
                }
                repository.strip_prefix(&self.0)?.strip_prefix('/').filter(|rest| !rest.is_empty())
            }

            /// Returns the name below the prefix.
            fn join(&self, rest: &str) -> String {
                if self.is_root() { rest.to_owned() } else { format!("{}/{rest}", self.0) }
            }
        }

        impl FromStr for $name {
            type Err = ImageError;

            fn from_str(text: &str) -> Result<Self, ImageError> {
                read_prefix($what, text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

prefix!(EcrRepositoryPrefix, "an ECR repository prefix");
prefix!(UpstreamRepositoryPrefix, "an upstream repository prefix");

impl EcrRepositoryPrefix {
    /// Returns the prefix that a text is, where its maker knows that it is one.
    pub(crate) fn from_checked(prefix: String) -> Self {
        Self(prefix)
    }
}

fn read_prefix(what: &'static str, text: &str) -> Result<String, ImageError> {
    if text == ROOT {
        return Ok(text.to_owned());
    }
    let whole = Cursor::new(what, text);
    if !(2..=30).contains(&text.len()) {
        let rule = format!("2 to 30 characters, not {}", text.chars().count());
        return Err(whole.error(Problem::Length("prefix", rule)));
    }
    let path = whole.part(0..text.len() - usize::from(text.ends_with('/')));
    check_path(path, "prefix")?;
    Ok(path.text().to_owned())
}

/// A pull through cache rule, as far as names go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PullThroughCacheRule {
    /// The prefix of the ECR repositories it fills; the rule's key.
    pub ecr_repository_prefix: EcrRepositoryPrefix,
    /// The host of the upstream registry.
    pub upstream: RegistryHost,
    /// The part of the upstream registry it reaches.
    pub upstream_repository_prefix: UpstreamRepositoryPrefix,
}

impl PullThroughCacheRule {
    /// Returns the rule that reaches all of an upstream registry.
    pub fn new(ecr_repository_prefix: EcrRepositoryPrefix, upstream: RegistryHost) -> Self {
        let upstream_repository_prefix = UpstreamRepositoryPrefix::root();
        Self { ecr_repository_prefix, upstream, upstream_repository_prefix }
    }

    /// Returns the repository through which ECR serves an upstream repository by this rule; `None` when the
    /// rule does not reach it, or the name would be longer than ECR allows.
    pub fn ecr_repository(&self, host: &RegistryHost, repository: &RepositoryName) -> Option<RepositoryName> {
        if *host != self.upstream {
            return None;
        }
        let rest = self.upstream_repository_prefix.strip(repository.as_str())?;
        self.ecr_repository_prefix.join(rest).parse().ok()
    }

    /// Returns the upstream repository behind an ECR repository; `None` when it is not below the prefix.
    pub fn upstream_repository(&self, repository: &RepositoryName) -> Option<RepositoryName> {
        let rest = self.ecr_repository_prefix.strip(repository.as_str())?;
        self.upstream_repository_prefix.join(rest).parse().ok()
    }
}

/// The pull through cache rules of one registry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullThroughCacheRules(Vec<PullThroughCacheRule>);

/// An upstream image and where a rule puts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedImage<'a> {
    /// The rule that serves it.
    pub rule: &'a PullThroughCacheRule,
    /// The repository in ECR.
    pub repository: RepositoryName,
}

impl PullThroughCacheRules {
    /// Returns the rules of a registry, in any order.
    pub fn new(rules: impl IntoIterator<Item = PullThroughCacheRule>) -> Self {
        Self(rules.into_iter().collect())
    }

    /// Returns the rules.
    pub fn iter(&self) -> impl Iterator<Item = &PullThroughCacheRule> {
        self.0.iter()
    }

    /// Returns the rule that governs an ECR repository: the longest prefix above it, `ROOT` last.
    pub fn governing(&self, repository: &RepositoryName) -> Option<&PullThroughCacheRule> {
        self.0
            .iter()
            .filter(|rule| rule.ecr_repository_prefix.strip(repository.as_str()).is_some())
            .max_by_key(|rule| match rule.ecr_repository_prefix.is_root() {
                true => 0,
                false => rule.ecr_repository_prefix.as_str().len(),
            })
    }

    /// Returns where the rules put an upstream image, or `None` when none reaches it.
    ///
    /// Of several rules the one with the longest upstream prefix wins. A name that a rule would make, but
    /// that a longer ECR prefix takes for another rule, is passed over.
    pub fn map(&self, image: &ImageReference) -> Option<MappedImage<'_>> {
        let reaches = |rule: &'_ PullThroughCacheRule| {
            let repository = rule.ecr_repository(image.host(), image.repository())?;
            (self.governing(&repository)?.ecr_repository_prefix == rule.ecr_repository_prefix)
                .then_some(repository)
        };
        self.0
            .iter()
            .filter_map(|rule| reaches(rule).map(|repository| MappedImage { rule, repository }))
            .min_by_key(|mapped| {
                let upstream = &mapped.rule.upstream_repository_prefix;
                let reach = if upstream.is_root() { 0 } else { upstream.as_str().len() };
                (std::cmp::Reverse(reach), mapped.rule.ecr_repository_prefix.clone())
            })
    }
}
