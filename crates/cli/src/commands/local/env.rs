//! `omics-ecr local env`

use std::process::ExitCode;

use operations::OperationError;

use crate::arguments::{ADDRESS, EnvArguments, Shell};
use crate::commands::account::LOCAL_KEY;
use crate::commands::running::{Running, data_folder, noted};
use crate::document;
use crate::environment::{self, variable};
use crate::failure::{print, remark};

/// What would lead AWS's tools elsewhere, or make them sign otherwise.
const UNSET: [&str; 6] = [
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL_ECR",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_STS",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
];

/// Prints the settings of the server that runs.
pub(super) fn run(arguments: &EnvArguments) -> operations::Result<ExitCode> {
    let url = place(arguments)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| OperationError::new("cannot start").refused(error))?;
    let running = runtime.block_on(Running::ask(&url)).map_err(|words| {
        OperationError::new(format!("no local ECR answers at {url}"))
            .refused(words)
            .hint("start one with `omics-ecr local`, or say with --address or --data where it is")
    })?;
    let settings = settings(&running);
    match arguments.output.shape.notation() {
        Some(notation) => {
            let object: serde_json::Map<_, _> =
                settings.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
            print(&document::line(&object, notation)?)?;
        }
        None => print(&text(arguments.shell.unwrap_or_else(own_shell), &settings))?,
    }
    if running.signed {
        remark(
            "it takes signed requests only: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key of its own",
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns where the server is asked.
fn place(arguments: &EnvArguments) -> operations::Result<String> {
    if let Some(address) = &arguments.address {
        let url = if address.contains("://") { address.clone() } else { format!("http://{address}") };
        return Ok(url);
    }
    if let Some(folder) = &arguments.data {
        return noted(folder).ok_or_else(|| {
            OperationError::new(format!("no local ECR runs on `{}`", folder.display()))
                .hint(format!("start one with `omics-ecr local --data {}`", folder.display()))
        });
    }
    let usual = data_folder().ok().and_then(|folder| noted(&folder));
    Ok(usual.unwrap_or_else(|| format!("http://{ADDRESS}")))
}

fn settings(running: &Running) -> Vec<(&'static str, String)> {
    let mut settings = vec![
        ("AWS_ENDPOINT_URL", running.endpoint.clone()),
        (environment::AWS_REGION, running.region.to_string()),
        (environment::AWS_DEFAULT_REGION, running.region.to_string()),
        (environment::ACCOUNT, running.account.to_string()),
    ];
    if !running.signed {
        settings.push(("AWS_ACCESS_KEY_ID", LOCAL_KEY.to_owned()));
        settings.push(("AWS_SECRET_ACCESS_KEY", LOCAL_KEY.to_owned()));
    }
    settings
}

/// Returns the shell that the environment tells.
fn own_shell() -> Shell {
    match variable(environment::SHELL) {
        Some(shell) if shell.ends_with("fish") => Shell::Fish,
        Some(shell) if shell.ends_with("pwsh") => Shell::Powershell,
        None if cfg!(windows) => Shell::Powershell,
        _ => Shell::Bash,
    }
}

/// Returns settings as a shell reads them.
fn text(shell: Shell, settings: &[(&str, String)]) -> String {
    let mut text = match shell {
        Shell::Bash => format!("unset {}\n", UNSET.join(" ")),
        Shell::Fish => format!("set -e {}\n", UNSET.join(" ")),
        Shell::Powershell => UNSET
            .iter()
            .map(|name| format!("Remove-Item Env:{name} -ErrorAction SilentlyContinue\n"))
            .collect(),
    };
    for (name, value) in settings {
        let value = quoted(shell, value);
        text += &match shell {
            Shell::Bash => format!("export {name}={value}\n"),
            Shell::Fish => format!("set -gx {name} {value}\n"),
            Shell::Powershell => format!("$env:{name} = {value}\n"),
        };
    }
    text
}

/// Returns a value that a shell takes as it is: the server chose it.
fn quoted(shell: Shell, value: &str) -> String {
    let inner = match shell {
        Shell::Bash => value.replace('\'', r"'\''"),
        Shell::Fish => value.replace('\\', r"\\").replace('\'', r"\'"),
        Shell::Powershell => value.replace('\'', "''"),
    };
    format!("'{inner}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_values_in_every_shell() {
        let settings = [("AWS_ENDPOINT_URL", r"http://x/'; rm \".to_owned())];
        let last = |shell| text(shell, &settings).lines().last().map(str::to_owned);
        assert_eq!(last(Shell::Bash).as_deref(), Some(r"export AWS_ENDPOINT_URL='http://x/'\''; rm \'"));
        assert_eq!(last(Shell::Fish).as_deref(), Some(r"set -gx AWS_ENDPOINT_URL 'http://x/\'; rm \\'"));
        assert_eq!(last(Shell::Powershell).as_deref(), Some(r"$env:AWS_ENDPOINT_URL = 'http://x/''; rm \'"));
    }
}
