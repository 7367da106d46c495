//! What a document is attached to, which decides what it can grant or withhold.

use schemars::JsonSchema;
use serde::Serialize;

use crate::document::Document;

/// Characters a registry policy or repository policy may have, counted as the text is sent.
const ECR_MAX_CHARACTERS: usize = 10_240;

/// How much of Amazon ECR a registry policy speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub enum RegistryScope {
    /// Only the three actions that replicate or import images and create repositories.
    V1,
    /// Every action of the registry.
    V2,
}

impl RegistryScope {
    /// Returns whether a registry policy of this scope is looked at for the action; case is ignored.
    pub(crate) fn speaks_for(self, action: &str) -> bool {
        const V1: [&str; 3] = ["ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"];
        self == RegistryScope::V2 || V1.iter().any(|known| known.eq_ignore_ascii_case(action))
    }
}

/// What a policy document is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One ECR repository; statements need no `Resource`.
    Repository,
    /// A whole ECR registry; statements name the repositories they are for.
    Registry(RegistryScope),
    /// Any other resource, a role's trust policy included.
    Resource,
    /// A user, group or role: what that identity may do.
    Identity,
    /// A permissions boundary: the most an identity may do.
    Boundary,
    /// A policy given for one session: the most that session may do.
    Session,
    /// A service control policy. Policies of one level add up; each level must allow.
    ServiceControl {
        /// Place in the organization, the root being 0.
        level: u8,
    },
    /// A resource control policy. Policies of one level add up; each level must allow.
    ResourceControl {
        /// Place in the organization, the root being 0.
        level: u8,
    },
}

impl Kind {
    /// Returns whether documents of this kind are attached to a resource and can grant to principals.
    pub fn grants_from_resource(self) -> bool {
        matches!(self, Kind::Repository | Kind::Registry(_) | Kind::Resource)
    }

    /// Returns whether statements of this kind name their principals.
    pub(crate) fn names_principals(self) -> bool {
        self.grants_from_resource() || matches!(self, Kind::ResourceControl { .. })
    }

    /// Returns whether a statement without `Resource` is meant for the resource the document is on.
    pub(crate) fn implies_resource(self) -> bool {
        matches!(self, Kind::Repository | Kind::Resource)
    }

    /// Returns the characters a document of this kind may have, where the limit is known to be one number.
    ///
    /// ECR counts the text as it is sent, so white space counts too.
    pub fn max_characters(self) -> Option<usize> {
        matches!(self, Kind::Repository | Kind::Registry(_)).then_some(ECR_MAX_CHARACTERS)
    }

    /// Returns the words for this kind of document.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Repository => "repository policy",
            Kind::Registry(_) => "registry policy",
            Kind::Resource => "resource policy",
            Kind::Identity => "identity policy",
            Kind::Boundary => "permissions boundary",
            Kind::Session => "session policy",
            Kind::ServiceControl { .. } => "service control policy",
            Kind::ResourceControl { .. } => "resource control policy",
        }
    }
}

/// One document of a decision, or the certainty that there is none.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// What the document is attached to.
    pub kind: Kind,
    /// The caller's name for it, repeated in the decision.
    pub name: &'a str,
    /// The document; `None` says that this place is known to hold no policy.
    pub document: Option<&'a Document>,
}

impl<'a> Source<'a> {
    /// Returns a source that holds a document.
    pub fn new(kind: Kind, name: &'a str, document: &'a Document) -> Source<'a> {
        Source { kind, name, document: Some(document) }
    }

    /// Returns a source that is known to hold no policy.
    pub fn none(kind: Kind, name: &'a str) -> Source<'a> {
        Source { kind, name, document: None }
    }
}
