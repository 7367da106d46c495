//! The registry as a whole: its policy, its settings, what it replicates. Always the caller's own registry.

mod delete_policy;
mod describe;
mod get_policy;
mod get_setting;
mod put_policy;
mod put_setting;

pub use describe::{RegistryDescription, ReplicationDestination, ReplicationRule};

/// A setting of the account's registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccountSetting {
    /// Whether a push may take layers from other repositories: `ENABLED` or `DISABLED`.
    BlobMounting,
    /// Which actions the registry policy decides: `V1` or `V2`.
    RegistryPolicyScope,
    /// The scanner of basic scanning: `AWS_NATIVE` or `CLAIR`.
    BasicScanTypeVersion,
}

impl AccountSetting {
    /// Returns ECR's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::BlobMounting => "BLOB_MOUNTING",
            Self::RegistryPolicyScope => "REGISTRY_POLICY_SCOPE",
            Self::BasicScanTypeVersion => "BASIC_SCAN_TYPE_VERSION",
        }
    }
}
