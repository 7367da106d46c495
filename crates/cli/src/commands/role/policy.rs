//! `omics-ecr role policy`

use std::process::ExitCode;

use operations::role;

use crate::arguments::RolePolicyArguments;
use crate::commands::interrupt;
use crate::document::{self, Notation};

/// Prints the policy.
pub(super) fn run(arguments: &RolePolicyArguments) -> operations::Result<ExitCode> {
    interrupt::reading(|| async move {
        let scope = super::scope(&arguments.prefixes, &arguments.account).await?;
        let policies = role::policies(&scope);
        match (arguments.output.shape.notation(), arguments.trust) {
            (Some(notation), _) => document::print(&policies, notation)?,
            (None, true) => document::print(&policies.trust, Notation::Json)?,
            (None, false) => document::print(&policies.permissions, Notation::Json)?,
        }
        Ok(ExitCode::SUCCESS)
    })
}
