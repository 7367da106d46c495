//! `omics-ecr local`

mod access;
mod env;

use std::process::ExitCode;

use local_ecr::Data;
use operations::OperationError;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use super::account::{Server, data_place, local_config, running_on};
use super::{interrupt, running};
use crate::arguments::{ADDRESS, LocalArguments, LocalCommand, Output, ServeArguments};
use crate::failure::print;
use crate::{document, logging, manner};

/// Runs a local ECR, or says how to use the one that runs.
pub(crate) fn run(arguments: &LocalArguments) -> operations::Result<ExitCode> {
    match &arguments.command {
        Some(LocalCommand::Env(arguments)) => env::run(arguments),
        None => interrupt::run(|cancel| serve(&arguments.serve, cancel)),
    }
}

/// Returns the shape of the output.
pub(crate) fn output(arguments: &LocalArguments) -> Output {
    match &arguments.command {
        Some(LocalCommand::Env(arguments)) => arguments.output.shape,
        None => arguments.serve.output.shape,
    }
}

async fn serve(arguments: &ServeArguments, cancel: CancellationToken) -> operations::Result<ExitCode> {
    log(arguments)?;
    let (data, usual) = match &arguments.data {
        Some(data) => (data.clone(), false),
        None => (Data::Folder(running::data_folder()?), true),
    };
    if let Some(other) = running_on(&data).await {
        return Err(OperationError::new("cannot start the local ECR")
            .refused(format!("one runs on the same folder at {}", other.endpoint))
            .hint("use that one: `omics-ecr local env`; or name another folder with --data"));
    }
    let mut config = local_config(&arguments.target)?;
    config.address = arguments.address;
    config.data = data.clone();
    config.url.clone_from(&arguments.url);
    config.plain_http = arguments.insecure_plain_http;
    config.tls = access::tls(arguments)?;
    config.authentication = access::authentication(arguments)?;
    config.pull_through.upstreams.extend(arguments.upstreams.iter().cloned());
    config.pull_through.recheck = arguments.check_after;
    config.pull_through.strict = arguments.strict;
    let server = Server::start(config).await?;
    print(&ready(&server, arguments.output.shape, &data, usual)?)?;
    cancel.cancelled().await;
    server.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Sends what is logged to standard error: as --log says, or less with --quiet, or more with --verbose.
fn log(arguments: &ServeArguments) -> operations::Result<()> {
    let manner = manner::get();
    let targets = match manner.verbosity {
        0 if manner.quiet => Targets::new().with_default(LevelFilter::ERROR),
        0 => arguments.log.clone(),
        1 => Targets::new().with_default(LevelFilter::DEBUG),
        _ => Targets::new().with_default(LevelFilter::TRACE),
    };
    logging::begin_with(targets)
}

/// Returns what is said when the server takes requests.
fn ready(server: &Server, output: Output, data: &Data, usual: bool) -> operations::Result<String> {
    let handle = &server.handle;
    let (endpoint, account, region) = (handle.endpoint(), handle.account(), handle.region());
    let (folder, place) = match data {
        Data::Folder(folder) => {
            let folder = folder.display().to_string();
            let place = if usual { String::new() } else { format!(" --data {folder}") };
            (folder, place)
        }
        other if handle.address() == ADDRESS && endpoint == format!("http://{ADDRESS}") => {
            (data_place(other), String::new())
        }
        other => (data_place(other), format!(" --address {endpoint}")),
    };
    let command = format!("omics-ecr local env{place}");
    Ok(match output.notation() {
        Some(notation) => {
            let line = serde_json::json!({
                "schema_version": 1,
                "endpoint": endpoint,
                "address": handle.address().to_string(),
                "account": account.as_str(),
                "region": region.as_str(),
                "data": folder,
                "process": std::process::id(),
            });
            document::line(&line, notation)?
        }
        None => format!(
            "the local ECR is ready at {endpoint}\n  account  {account}\n  region   {region}\n  data     {folder}\n  \
             use it   eval \"$({command})\"\n  stop it  Ctrl-C\n"
        ),
    })
}
