//! `omics-ecr mcp`

mod connect;
mod entry;
mod install;

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use mcp::{Config, HttpOptions, ServeError, Server};
use operations::OperationError;
use tokio_util::sync::CancellationToken;

use self::connect::Connector;
use super::interrupt;
use crate::arguments::{McpArguments, McpCommand, McpServeArguments};
use crate::environment::{self, variable};
use crate::failure::remark;

/// Longest token that is read, in bytes.
const LONGEST_TOKEN: u64 = 4096;

/// Serves, or installs.
pub(crate) fn run(arguments: &McpArguments) -> operations::Result<ExitCode> {
    match &arguments.command {
        Some(McpCommand::Install(arguments)) => install::run(arguments),
        None => interrupt::run(|cancel| serve(&arguments.serve, cancel)),
    }
}

async fn serve(arguments: &McpServeArguments, cancel: CancellationToken) -> operations::Result<ExitCode> {
    let config = Config {
        connect: Arc::new(Connector::new(arguments.account.clone())),
        target: super::target(&arguments.account.target)?,
        allow_write: arguments.allow_write,
        allowed_paths: folders(&arguments.allow_paths)?,
    };
    match arguments.http {
        None => {
            let session = async { mcp::serve_stdio(Server::new(config, true)?).await };
            let cannot = "cannot serve the Model Context Protocol on standard input and output";
            let hint = "start it from a client of the protocol: it is not for typing into";
            let served = cancel.run_until_cancelled(session).await.unwrap_or(Ok(()));
            served.map_err(|error| OperationError::new(cannot).refused(error).hint(hint))?;
        }
        Some(address) => {
            let options = HttpOptions {
                address,
                token: token(arguments)?,
                hosts: arguments.allow_hosts.clone(),
                origins: arguments.allow_origins.clone(),
            };
            let ready = |address| remark(&format!("serving on http://{address}/mcp"));
            let served = async {
                let server = Server::new(config, false)?;
                mcp::serve_http(move || server.session(), options, ready, cancel).await
            };
            served.await.map_err(refused)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn refused(error: ServeError) -> OperationError {
    let tried = OperationError::new("cannot serve the Model Context Protocol over HTTP").refused(&error);
    match error {
        ServeError::Listen { .. } => tried.hint(
            "listen on 127.0.0.1 and a free port, or set OMICS_ECR_MCP_TOKEN or pass --token-file to serve other machines",
        ),
        _ => tried,
    }
}

/// Returns folders that tools may use, which have to be there.
fn folders(paths: &[std::path::PathBuf]) -> operations::Result<Vec<std::path::PathBuf>> {
    let own = |path: &std::path::PathBuf| {
        let tried = || OperationError::new(format!("cannot let tools use `{}`", path.display()));
        let hint = "pass folders that exist with --allow-path";
        let folder = path.canonicalize().map_err(|error| tried().refused(error).hint(hint))?;
        if folder.is_dir() { Ok(folder) } else { Err(tried().refused("it is no folder").hint(hint)) }
    };
    paths.iter().map(own).collect()
}

/// Returns the token that clients have to show.
fn token(arguments: &McpServeArguments) -> operations::Result<Option<String>> {
    match &arguments.token_file {
        Some(path) => read_token(path).map(Some),
        None => Ok(variable(environment::MCP_TOKEN)),
    }
}

fn read_token(path: &Path) -> operations::Result<String> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(LONGEST_TOKEN).read_to_string(&mut text));
    read.map_err(|error| {
        OperationError::new(format!("cannot read the token in `{}`", path.display())).refused(error)
    })?;
    Ok(text.trim().to_owned())
}
