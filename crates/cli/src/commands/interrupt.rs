//! Work that stops cleanly when it is interrupted.

use std::process::ExitCode;
use std::time::Duration;

use operations::OperationError;
use tokio_util::sync::CancellationToken;

use crate::failure::{self, remark};

/// Runs work that changes nothing until it ends or is interrupted.
pub(crate) fn reading<F>(work: impl FnOnce() -> F) -> operations::Result<ExitCode>
where
    F: Future<Output = operations::Result<ExitCode>>,
{
    run(|cancel| {
        let work = work();
        async move {
            let outcome = cancel.run_until_cancelled(work).await;
            outcome.unwrap_or(Ok(ExitCode::from(failure::INTERRUPTED)))
        }
    })
}

/// Runs work until it ends. The first interruption cancels its token; a second one does not wait for it any more.
pub(crate) fn run<F>(work: impl FnOnce(CancellationToken) -> F) -> operations::Result<ExitCode>
where
    F: Future<Output = operations::Result<ExitCode>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| OperationError::new("cannot start").refused(error))?;
    let cancel = CancellationToken::new();
    let outcome = runtime.block_on(async {
        let work = work(cancel.clone());
        let interrupted = async {
            signal().await;
            cancel.cancel();
            remark("interrupted: stopping, once more to stop at once");
            signal().await;
        };
        // Signals are listened for before the work begins.
        tokio::select! {
            biased;
            () = interrupted => Ok(ExitCode::from(failure::INTERRUPTED)),
            outcome = work => outcome,
        }
    });
    // A question on the terminal may still wait for its answer.
    runtime.shutdown_timeout(Duration::from_millis(100));
    outcome
}

/// Waits for an interruption from the terminal, or for the end that an engine asks for.
async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                ended = tokio::signal::ctrl_c() => if ended.is_ok() { return },
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without signals there is nothing to wait for.
        std::future::pending::<()>().await;
    }
}
