//! Serving over standard input and output.

use rmcp::{ServerHandler, ServiceExt as _};

use crate::server::ServeError;

/// Serves one session over standard input and output until the client closes it.
///
/// # Errors
/// When the client does not speak the protocol, or the session breaks off.
pub async fn serve_stdio(handler: impl ServerHandler) -> Result<(), ServeError> {
    let session = handler.serve(rmcp::transport::stdio()).await;
    let session = session.map_err(|error| ServeError::Begin(error.to_string()))?;
    session.waiting().await.map_err(|error| ServeError::Session(error.to_string()))?;
    Ok(())
}
