//! The account's setting for mounting layers from other repositories: whether it is on, and what it saves.

use std::collections::HashSet;

use aws::ecr::AccountSetting;
use image::{Digest, RepositoryName};
use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::{Code, Finding, Severity};
use crate::private_registry::PrivateRegistry;

/// The value by which the setting is on.
const ENABLED: &str = "ENABLED";

/// Whether ECR takes layers from other repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MountingState {
    /// It does.
    On,
    /// It does not.
    Off,
    /// It does not yet; the plan switches it on.
    SwitchedOn,
    /// Not asked, because nothing hangs on it, or not known.
    Unknown,
}

/// Whether layers are mounted, and what that saves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Mounting {
    /// The account's setting.
    pub state: MountingState,
    /// Bytes that mounting saves here, by layers that go into more than one repository.
    pub saves_bytes: u64,
}

impl Mounting {
    /// Returns whether the plan switches the setting on.
    pub fn is_switched_on(&self) -> bool {
        self.state == MountingState::SwitchedOn
    }

    /// Returns whether layers are mounted once the plan is carried out.
    pub(super) fn will_be(&self) -> bool {
        matches!(self.state, MountingState::On | MountingState::SwitchedOn)
    }
}

/// Blobs to be sent: into which repository, which, how large.
pub(super) type Sent<'a> = (&'a RepositoryName, &'a Digest, u64);

/// Returns the bytes of distinct blobs, first as each repository needs them, then as the registry does.
pub(super) fn bytes<'a>(blobs: impl Iterator<Item = Sent<'a>>) -> (u64, u64) {
    let mut places = HashSet::new();
    let mut digests = HashSet::new();
    let (mut apart, mut shared) = (0u64, 0u64);
    for (repository, digest, size) in blobs {
        if places.insert((repository, digest)) {
            apart = apart.saturating_add(size);
        }
        if digests.insert(digest) {
            shared = shared.saturating_add(size);
        }
    }
    (apart, shared)
}

/// Returns what there is to know of mounting, asked only where something hangs on it.
pub(super) async fn look(
    registry: &PrivateRegistry,
    saves_bytes: u64,
    enable: bool,
    findings: &mut Vec<Finding>,
) -> Mounting {
    if saves_bytes == 0 && !enable {
        return Mounting { state: MountingState::Unknown, saves_bytes };
    }
    let name = AccountSetting::BlobMounting.name();
    let state = match registry.ecr().account_setting(AccountSetting::BlobMounting).await {
        Ok(value) if value == ENABLED => MountingState::On,
        Ok(_) if enable => MountingState::SwitchedOn,
        Ok(_) => {
            let message = format!(
                "the account does not let ECR take layers from other repositories; with it {} less are sent",
                mebibytes(saves_bytes)
            );
            let hint = "pass --enable-mounting to switch the account's setting on";
            findings.push(Finding::new(Severity::Note, Code::MountingOff, name, message).hint(hint));
            MountingState::Off
        }
        Err(error) => {
            let message = format!("{}: {}", error.tried(), error.answer());
            let severity = if enable { Severity::Warning } else { Severity::Note };
            findings.push(Finding::new(severity, Code::MountingOff, name, message));
            MountingState::Unknown
        }
    };
    Mounting { state, saves_bytes }
}

/// Switches the setting on.
///
/// # Errors
/// What ECR refuses.
pub(super) async fn switch_on(registry: &PrivateRegistry) -> crate::Result<()> {
    Ok(registry.ecr().put_account_setting(AccountSetting::BlobMounting, ENABLED).await?)
}

/// Returns a size as people read it.
fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
