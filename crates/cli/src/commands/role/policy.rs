//! `omics-ecr role policy`

use std::process::ExitCode;

use operations::role;

use crate::arguments::{Output, RolePolicyArguments};
use crate::commands::interrupt;
use crate::failure::print_json;

/// Prints the policy.
pub(super) fn run(arguments: &RolePolicyArguments) -> operations::Result<ExitCode> {
    interrupt::reading(|| async move {
        let scope = super::scope(&arguments.prefixes, &arguments.account).await?;
        let policies = role::policies(&scope);
        match (arguments.output, arguments.trust) {
            (Output::Json, _) => print_json(&policies)?,
            (Output::Table, true) => print_json(&policies.trust)?,
            (Output::Table, false) => print_json(&policies.permissions)?,
        }
        Ok(ExitCode::SUCCESS)
    })
}
