//! Export: the account side of pull through for HealthOmics as code, for teams that own their account that way.
//!
//! Owns which resources belong to it and what they depend on, and their forms in Terraform and CloudFormation. What they
//! contain is decided elsewhere: by [`cache`](crate::cache) for rules and templates, by [`role`](crate::role) for a run's
//! role. Secrets are named, never read.

mod cloudformation;
mod hcl;
mod identifier;
mod planned;
mod present;
mod saved;
mod terraform;

use aws::ecr::Template;
use image::{AccountId, EcrRepositoryPrefix, Region};
use serde_json::Value;

use crate::finding::Finding;
use crate::role::{RolePolicies, RoleScope, policies};

pub use self::planned::of_requests;
pub use self::present::{ExportScope, of_account};
pub use self::saved::of_plan;

/// The account side of pull through in one Region, ready to be written as code.
#[derive(Debug, Clone)]
pub struct Export {
    account: AccountId,
    region: Region,
    rules: Vec<Exported<RuleResource>>,
    templates: Vec<Exported<Template>>,
    registry_policy: Option<Exported<Value>>,
    grants: Vec<Exported<Grant>>,
    role: Option<RoleResource>,
    /// Observations.
    pub findings: Vec<Finding>,
}

/// Something that is there already, or will be made.
#[derive(Debug, Clone)]
struct Exported<T> {
    what: T,
    exists: bool,
}

/// A pull through cache rule.
#[derive(Debug, Clone)]
struct RuleResource {
    prefix: String,
    upstream_url: String,
    /// What ECR calls the kind of the upstream registry.
    upstream_kind: Option<String>,
    upstream_prefix: String,
    credential_arn: Option<String>,
    role_arn: Option<String>,
}

/// The policy of one repository.
#[derive(Debug, Clone)]
struct Grant {
    repository: String,
    policy: Value,
}

/// The role that runs take on.
#[derive(Debug, Clone)]
struct RoleResource {
    name: String,
    policies: RolePolicies,
}

impl RuleResource {
    /// Returns the upstream prefix, where it is not all of the upstream registry.
    fn narrowed_to(&self) -> Option<&str> {
        Some(self.upstream_prefix.as_str()).filter(|prefix| *prefix != "ROOT")
    }
}

impl Export {
    /// Adds the role that runs take on, for the repositories of the exported rules.
    #[must_use]
    pub fn with_role(mut self, name: &str) -> Self {
        let prefixes = self.rules.iter().filter_map(|rule| rule.what.prefix.parse().ok());
        // A run also reads images that were cloned, whose repositories may be called anything.
        let prefixes: Vec<EcrRepositoryPrefix> =
            if self.grants.is_empty() { prefixes.collect() } else { Vec::new() };
        let scope = RoleScope { account: self.account.clone(), region: self.region.clone(), prefixes };
        self.role = Some(RoleResource { name: name.to_owned(), policies: policies(&scope) });
        self
    }

    /// Returns whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
            && self.templates.is_empty()
            && self.registry_policy.is_none()
            && self.grants.is_empty()
            && self.role.is_none()
    }

    /// Returns it as a Terraform configuration, formatted as `terraform fmt` does.
    ///
    /// What exists has an `import` block, so that the first apply takes it over instead of making it.
    pub fn terraform(&self) -> String {
        terraform::write(self)
    }

    /// Returns it as a CloudFormation template.
    ///
    /// What exists is retained when the stack goes, which is what importing resources into a stack asks for.
    pub fn cloudformation(&self) -> Value {
        cloudformation::write(self)
    }
}

/// Returns a policy as a document; a text that is none as it is.
fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
