//! `omics-ecr role`

mod check;
mod policy;

use std::process::ExitCode;

use image::EcrRepositoryPrefix;
use operations::role::RoleScope;

use super::account;
use crate::arguments::{AccountArguments, Output, RoleArguments, RoleCommand};

/// Runs what was asked for.
pub(crate) fn run(arguments: &RoleArguments) -> operations::Result<ExitCode> {
    match &arguments.command {
        RoleCommand::Policy(arguments) => policy::run(arguments),
        RoleCommand::Check(arguments) => check::run(arguments),
    }
}

/// Returns the shape of the output.
pub(crate) fn output(arguments: &RoleArguments) -> Output {
    match &arguments.command {
        RoleCommand::Policy(arguments) => arguments.output.shape,
        RoleCommand::Check(arguments) => arguments.output.shape,
    }
}

/// Returns for which repositories a role is; AWS is asked only for what neither flags nor environment name.
async fn scope(
    prefixes: &[EcrRepositoryPrefix],
    arguments: &AccountArguments,
) -> operations::Result<RoleScope> {
    let target = super::target(&arguments.target)?;
    let (account, region) = match (target.account, target.region) {
        (Some(account), Some(region)) => (account, region),
        (account, region) => {
            let own = account::open(arguments).await?;
            (account.unwrap_or_else(|| own.id().clone()), region.unwrap_or_else(|| own.region().clone()))
        }
    };
    Ok(RoleScope { account, region, prefixes: prefixes.to_vec() })
}
