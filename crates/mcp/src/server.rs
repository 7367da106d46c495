//! The server: what it says of itself, and its transport.

use operations::{EcrTarget, OperationError};
use rmcp::ServiceExt as _;
use rmcp::handler::server::wrapper::{Json, Parameters};
use rmcp::model::{CallToolResult, ContentBlock, Implementation, ServerCapabilities, ServerConfig};
use rmcp::{ServerHandler, tool, tool_handler, tool_router};

use crate::generate_container_registry_map::{self as map, MapParameters, MapResult};

/// What the server tells an assistant about itself.
const INSTRUCTIONS: &str = "Makes the container images of genomics workflows (WDL, Nextflow, CWL) ready in a \
    private Amazon ECR for AWS HealthOmics. Start with GenerateContainerRegistryMap on the workflow's folder: it \
    needs no AWS account and no network.";

/// Serving ended with a failure of the transport.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The client's first messages were not of the protocol.
    #[error("cannot begin a session of the Model Context Protocol: {0}")]
    Begin(String),
    /// The session was cut.
    #[error("the session of the Model Context Protocol broke off: {0}")]
    Session(String),
}

/// The server's state.
#[derive(Clone)]
struct Server {
    target: EcrTarget,
}

#[tool_router]
impl Server {
    /// Finds every container image of a workflow folder and writes the registry map that sends each image to
    /// its place in a private Amazon ECR.
    #[tool(
        name = "GenerateContainerRegistryMap",
        description = "Scan a workflow folder (WDL, Nextflow, CWL) for container images and write a JSON map from each \
            image to its URI in a private Amazon ECR. Returns every image with its URI and route, the images to clone, and \
            findings to look at before a run. Use it first for a new or migrated workflow, and again after images changed; it \
            needs no AWS account and no network. Do not use it to copy images or to create rules: it only writes the map \
            file, and keeps entries that the file already has.",
        annotations(
            title = "Generate a container registry map",
            read_only_hint = false,
            destructive_hint = false,
            idempotent_hint = true,
            open_world_hint = false
        )
    )]
    async fn generate_container_registry_map(
        &self,
        Parameters(parameters): Parameters<MapParameters>,
    ) -> Result<Json<MapResult>, CallToolResult> {
        let target = self.target.clone();
        in_background(move || map::run(parameters, target)).await
    }
}

#[tool_handler]
impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let implementation = Implementation::new("omics-ecr", env!("CARGO_PKG_VERSION"))
            .with_title("omics-ecr")
            .with_description("Container images of genomics workflows in a private Amazon ECR");
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(implementation)
            .with_instructions(INSTRUCTIONS)
    }
}

/// Runs an operation that reads and writes files where it does not block the session.
async fn in_background<T: Send + 'static>(
    operation: impl FnOnce() -> operations::Result<T> + Send + 'static,
) -> Result<Json<T>, CallToolResult> {
    match tokio::task::spawn_blocking(operation).await {
        Ok(Ok(result)) => Ok(Json(result)),
        Ok(Err(error)) => Err(tool_error(&error)),
        Err(join) => Err(tool_error(&OperationError::new("cannot finish the operation").refused(join))),
    }
}

/// Returns a failure as an assistant should read it: what was tried, who refused, and what helps.
fn tool_error(error: &OperationError) -> CallToolResult {
    let refused = error.refused.as_ref().map(|words| format!("\ncaused by: {words}")).unwrap_or_default();
    let hint = error.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    CallToolResult::error(vec![ContentBlock::text(format!("error: {error}{refused}{hint}"))])
}

/// Serves one session over standard input and output until the client closes it.
///
/// `target` is the registry that tools use when a call names none.
///
/// # Errors
/// When the client does not speak the protocol, or the session breaks off.
pub async fn serve_stdio(target: EcrTarget) -> Result<(), ServeError> {
    let session = Server { target }.serve(rmcp::transport::stdio()).await;
    let session = session.map_err(|error| ServeError::Begin(error.to_string()))?;
    session.waiting().await.map_err(|error| ServeError::Session(error.to_string()))?;
    Ok(())
}
