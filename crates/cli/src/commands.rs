//! The commands, one file each.

mod account;
mod cache;
mod check;
mod clone;
mod completions;
mod config;
mod demo;
mod doctor;
mod drift;
mod explain;
mod export;
mod grant;
mod interrupt;
mod local;
mod man;
mod map;
mod mcp;
mod password;
mod policy;
mod prepare;
mod progress;
mod proxies;
mod question;
mod remarks;
mod rewrite;
mod role;
mod running;
mod scan;
mod secret;
mod source_registries;
mod text_file;
mod validate;
mod version;

use std::process::ExitCode;

use operations::EcrTarget;

use crate::arguments::{Arguments, Command, Output, TargetArguments, ValidateOutput};
use crate::manner::{self, Manner};
use crate::settings::Settings;
use crate::{environment, failure, logging};

/// Runs what was typed and returns the exit code; settings that cannot be used stop what would go by them.
pub(crate) fn run(arguments: Arguments, settings: operations::Result<Settings>) -> ExitCode {
    manner::set(Manner::from(&arguments.global));
    // The local ECR has a flag of its own for what it logs.
    if !matches!(&arguments.command, Command::Local(local) if local.command.is_none())
        && let Err(error) = logging::begin(arguments.global.verbose)
    {
        return failure::report(&error, Output::Table);
    }
    let settings = match (&arguments.command, settings) {
        (
            Command::Config(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Version(_)
            | Command::Explain(_),
            settings,
        )
        | (_, settings @ Ok(_)) => settings,
        (_, Err(error)) => return failure::report(&error, Output::Table),
    };
    let (outcome, output) = match &arguments.command {
        Command::Prepare(arguments) => (prepare::run(arguments), arguments.delivery.output.shape),
        Command::Apply(arguments) => (prepare::run_saved(arguments), arguments.delivery.output.shape),
        Command::Scan(arguments) => (scan::run(arguments), arguments.output.shape),
        Command::Map(arguments) => (map::run(arguments), Output::Table),
        Command::Rewrite(arguments) => (rewrite::run(arguments), arguments.output.shape),
        Command::Clone(arguments) => (clone::run(arguments), arguments.output.shape),
        Command::Grant(arguments) => (grant::run(arguments), arguments.output.shape),
        Command::Role(arguments) => (role::run(arguments), role::output(arguments)),
        Command::Policy(arguments) => (policy::run(arguments), policy::output(arguments)),
        Command::Local(arguments) => (local::run(arguments), local::output(arguments)),
        Command::Cache(arguments) => (cache::run(&arguments.command), cache::output(&arguments.command)),
        Command::Secret(arguments) => (secret::run(&arguments.command), secret::output(&arguments.command)),
        Command::Check(arguments) => (check::run(arguments), arguments.output.shape),
        Command::Drift(arguments) => (drift::run(arguments), arguments.output.shape),
        Command::Validate(arguments) => {
            let output = match arguments.output {
                ValidateOutput::Table => Output::Table,
                ValidateOutput::Json | ValidateOutput::Sarif => Output::Json,
                ValidateOutput::Yaml => Output::Yaml,
            };
            (validate::run(arguments), output)
        }
        Command::Doctor(arguments) => (doctor::run(arguments), arguments.output.shape),
        Command::Explain(arguments) => (explain::run(arguments), arguments.output.shape),
        Command::Export(arguments) => (export::run(arguments), Output::Table),
        Command::Demo(arguments) => (demo::run(arguments), arguments.output.shape),
        Command::Mcp(arguments) => (mcp::run(arguments), Output::Table),
        Command::Config(arguments) => (config::run(arguments, settings), config::output(arguments)),
        Command::Completions(arguments) => (completions::run(arguments), Output::Table),
        Command::Man(arguments) => (man::run(arguments), Output::Table),
        Command::Version(arguments) => (version::run(arguments), arguments.output.shape),
    };
    outcome.unwrap_or_else(|error| failure::report(&error, output))
}

/// Returns the private registry as flags and environment name it, flags first.
fn target(arguments: &TargetArguments) -> operations::Result<EcrTarget> {
    let region = match &arguments.region {
        Some(region) => Some(region.clone()),
        None => [environment::AWS_REGION, environment::AWS_DEFAULT_REGION]
            .into_iter()
            .find_map(|name| Some((name, environment::variable(name)?)))
            .map(|(name, text)| text.parse().map_err(refused(name)))
            .transpose()?,
    };
    Ok(EcrTarget { account: arguments.account.clone(), region })
}

/// Returns the error of an environment variable with a value that is none.
fn refused(name: &'static str) -> impl FnOnce(image::ImageError) -> operations::OperationError {
    move |error| {
        operations::OperationError::new(format!("cannot use the environment variable {name}"))
            .refused(error)
            .hint(format!("set {name} to a right value, or unset it"))
    }
}
