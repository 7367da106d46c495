//! Connections: taking them, greeting with TLS, and cutting those that stand still.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{Limits, Tls};

/// How long to wait when the system gives no connection, as when it has no file left.
const PAUSE: Duration = Duration::from_millis(100);

/// Takes connections until it is told to stop, and then lets requests under way end. Dropping it cuts them all.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let service = TowerToHyperService::new(router);
    let tls = tls.as_ref().map(Tls::acceptor);
    let slots = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let stopping = CancellationToken::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, slot) = tokio::select! {
            () = &mut stop => break,
            _ = connections.join_next(), if !connections.is_empty() => continue,
            taken = take(&listener, &slots) => taken,
        };
        let (service, tls, watcher) = (service.clone(), tls.clone(), graceful.watcher());
        let stopping = stopping.clone();
        connections.spawn(async move {
            let _slot = slot;
            let greeted = stopping.run_until_cancelled(greet(stream, tls, limits)).await;
            let Some(stream) = greeted.flatten() else { return };
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(limits.head)
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!(%error, "a connection was cut");
            }
        });
    }
    drop(listener);
    stopping.cancel();
    graceful.shutdown().await;
    // What they hold of the server goes with them.
    while connections.join_next().await.is_some() {}
}

/// Returns the next connection, once fewer than the limit are open.
async fn take(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        // The semaphore is never closed.
        let Ok(slot) = Arc::clone(slots).acquire_owned().await else { std::future::pending().await };
        match listener.accept().await {
            Ok((stream, _)) => return (stream, slot),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// The bytes of a connection, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Send {}

impl<T: AsyncRead + AsyncWrite + Send> Stream for T {}

/// Makes a connection ready for requests; `None` when its client does not speak TLS as it must.
async fn greet(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    limits: Limits,
) -> Option<std::pin::Pin<Box<dyn Stream>>> {
    // Answers are written whole: waiting for more only delays them.
    stream.set_nodelay(true).unwrap_or_default();
    let mut stream = TimeoutStream::new(stream);
    // Heads and bodies that do not come have limits of their own; this one is for answers that are not taken.
    stream.set_write_timeout(Some(limits.idle));
    let stream = Box::pin(stream);
    let Some(tls) = tls else { return Some(stream) };
    match tokio::time::timeout(limits.head, tls.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::pin(stream)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a client did not speak TLS as it must");
            None
        }
        Err(_) => None,
    }
}
