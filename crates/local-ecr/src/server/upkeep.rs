//! What a server does beside its requests: the sweep at its start, and one a day from then on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::ecr::Ecr;

/// The sweeps of a server; they end when this is dropped, but for one that is under way.
#[derive(Debug)]
pub(super) struct Upkeep {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Upkeep {
    /// Begins with a sweep at once, and sweeps again each time so much time has gone by.
    pub(super) fn begin(ecr: Arc<Ecr>, every: Duration) -> Self {
        let (stop, mut stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            loop {
                let swept = Arc::clone(&ecr);
                let sweep = spawn_blocking(move || swept.storage.sweep(swept.clock.now()));
                match sweep.await {
                    Ok(Ok(())) => ecr.metrics.swept(true),
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "the sweep of unused blobs failed");
                        ecr.metrics.swept(false);
                    }
                    Err(_) => ecr.metrics.swept(false),
                }
                tokio::select! {
                    _ = &mut stopped => return,
                    () = tokio::time::sleep(every) => {}
                }
            }
        });
        Self { stop, task }
    }

    /// Ends the sweeps, and waits for one that is under way as long as `patience`.
    pub(super) async fn end(self, patience: Duration) {
        drop(self.stop);
        tokio::time::timeout(patience, self.task).await.unwrap_or(Ok(())).unwrap_or_default();
    }
}
