//! The role that runs take on: the policies it should have, and whether a role has them.
//!
//! Owns what HealthOmics asks of a run's role as far as images go. Reads IAM, and changes nothing there.

mod check;
mod document;

pub use check::{Permission, RoleCheck, RoleDocuments, RoleSource, check, read};
pub use document::{RolePolicies, RoleScope, policies};

/// What a run's role must be allowed on repositories.
///
/// Source: HealthOmics user guide, service roles.
const REPOSITORY_ACTIONS: [&str; 3] =
    ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability"];

/// What a role must be allowed on no repository in particular; runs ask for it only where HealthOmics copies images
/// by itself.
const TOKEN_ACTION: &str = "ecr:GetAuthorizationToken";

/// What the service does with a role.
const ASSUME_ROLE: &str = "sts:AssumeRole";
