//! `omics-ecr mcp`

use std::process::ExitCode;

use operations::OperationError;

use crate::arguments::McpArguments;

/// Serves until the client closes standard input.
pub(crate) fn run(arguments: &McpArguments) -> operations::Result<ExitCode> {
    let target = super::target(&arguments.target)?;
    let cannot =
        || OperationError::new("cannot serve the Model Context Protocol on standard input and output");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| cannot().refused(error))?;
    runtime.block_on(mcp::serve_stdio(target)).map_err(|error| {
        cannot().refused(error).hint("start it from a client of the protocol: it is not for typing into")
    })?;
    Ok(ExitCode::SUCCESS)
}
