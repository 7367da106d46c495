//! Work on a thread of its own, so that no call waits for what another one computes.

use operations::OperationError;
use tokio::runtime::Handle;

/// Carries work out on a thread of its own; what it waits for is driven by the runtime of all calls.
///
/// # Errors
/// What the work fails with, or that it broke.
pub(crate) async fn on_its_own<T, E>(
    work: impl AsyncFnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<OperationError> + Send + 'static,
{
    let runtime = Handle::current();
    match tokio::task::spawn_blocking(move || runtime.block_on(work())).await {
        Ok(outcome) => outcome,
        Err(error) => Err(OperationError::new("cannot finish the operation").refused(error).into()),
    }
}
