//! The server: starts, listens, routes, and stops when its requests are done.

mod config;
mod guard;
mod health;
mod listen;
mod tls;
mod turn;
mod upkeep;

use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::routing::{any, get, post};
use axum::{Router, middleware};
use image::{AccountId, Region};
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};

pub use config::{Config, Limits, StartError};
pub use tls::{Tls, TlsError};
pub(crate) use turn::RequestId;
use upkeep::Upkeep;

use crate::access::Authentication;
use crate::ecr::Ecr;
use crate::ecr::token::Tokens;
use crate::fault::{Code, Fault};
use crate::metrics::Metrics;
use crate::pull_through::PullThrough;
use crate::storage::{Rows, SETTINGS, Storage};
use crate::{control, distribution, download};

/// What answers requests.
#[derive(Debug)]
pub(crate) struct App {
    /// The state of the registry.
    pub(crate) ecr: Arc<Ecr>,
    /// What asks upstream registries.
    pub(crate) pull_through: Arc<PullThrough>,
    /// Whether requests must carry credentials.
    pub(crate) authentication: Authentication,
    /// How much is taken.
    pub(crate) limits: Limits,
    requests: Arc<Semaphore>,
    bodies: Semaphore,
}

/// Bytes for which one permit of the memory of bodies stands.
const GRAIN: usize = 1024;

impl App {
    /// Returns the server's figures.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.ecr.metrics
    }

    /// Waits until a request may be worked on; `None` when that takes too long.
    async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        let turn = Arc::clone(&self.requests).acquire_owned();
        match tokio::time::timeout(self.limits.wait, turn).await {
            Ok(turn) => turn.ok(),
            Err(_) => {
                self.metrics().refused();
                None
            }
        }
    }

    /// Waits until there is memory for a body of so many bytes, as long as the permit is kept.
    pub(crate) async fn room(&self, bytes: usize) -> Option<SemaphorePermit<'_>> {
        let most = (self.limits.memory / GRAIN).max(1);
        let permits = u32::try_from((bytes / GRAIN + 1).min(most)).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        self.bodies.acquire_many(permits).await.ok()
    }

    /// Runs code that blocks on the registry's state.
    ///
    /// # Errors
    /// What the code answers, or `ServerException` when it ended without an answer.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ecr) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let ecr = Arc::clone(&self.ecr);
        spawn_blocking(move || work(&ecr))
            .await
            .unwrap_or_else(|_| Err(Fault::new(Code::Server, "the work ended without an answer")))
    }
}

/// An ECR of one's own.
#[derive(Debug)]
pub struct LocalEcr;

/// A running server; dropping it stops the server without waiting.
#[derive(Debug)]
pub struct Handle {
    address: SocketAddr,
    account: AccountId,
    region: Region,
    endpoint: String,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
    upkeep: Option<Upkeep>,
    /// Weak, so that the data closes with the server.
    pull_through: Weak<PullThrough>,
    drain: Duration,
}

impl LocalEcr {
    /// Starts a server and returns when it takes requests.
    ///
    /// # Errors
    /// [`StartError`] when the address is taken or would let in who should not be, or the data cannot be opened.
    pub async fn start(config: Config) -> Result<Handle, StartError> {
        config.check_reach()?;
        let listen = |source| StartError::Listen { address: config.address, source };
        let listener = TcpListener::bind(config.address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let data = config.data.clone();
        let opened = spawn_blocking(move || {
            let storage = Storage::open(&data)?;
            let key = token_key(&storage)?;
            Ok::<_, StartError>((storage, key))
        });
        let (storage, key) = opened.await.map_err(|_| StartError::Random)??;
        let endpoint = config.endpoint(address);
        let ecr = Arc::new(Ecr {
            account: config.account.clone(),
            region: config.region.clone(),
            endpoint: endpoint.clone(),
            metrics: Metrics::new(storage.bucket_requests()),
            storage,
            clock: config.clock,
            tokens: Tokens::new(key),
        });
        let app = Arc::new(App {
            ecr: Arc::clone(&ecr),
            pull_through: PullThrough::new(Arc::clone(&ecr), config.pull_through),
            authentication: config.authentication,
            limits: config.limits,
            requests: Arc::new(Semaphore::new(config.limits.concurrency)),
            bodies: Semaphore::new((config.limits.memory / GRAIN).max(1)),
        });
        let pull_through = Arc::downgrade(&app.pull_through);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, config.tls, app, stopped));
        let upkeep = Upkeep::begin(ecr, config.limits.sweep);
        tracing::info!(%address, account = %config.account, region = %config.region, "the registry is ready");
        Ok(Handle {
            address,
            account: config.account,
            region: config.region,
            endpoint,
            stop: Some(stop),
            task: Some(task),
            upkeep: Some(upkeep),
            pull_through,
            drain: config.limits.drain,
        })
    }
}

impl Handle {
    /// Returns the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns where clients reach it: `http://127.0.0.1:5327`, for the control plane and the registry alike.
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// Returns the account whose registry it is.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Returns the Region of the registry.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Waits until what came through rules is whole: layers of an image that nobody has asked for yet come in beside the
    /// pull of its manifest.
    pub async fn completed(&self) {
        if let Some(pull_through) = self.pull_through.upgrade() {
            pull_through.completed().await;
        }
    }

    /// Stops the server: no new connections, and requests under way may end in the configured time. Its data can be
    /// opened again then, unless a pull from upstream still goes on.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // A server that has ended already needs no telling.
            stop.send(()).unwrap_or_default();
        }
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(self.drain, &mut task).await.is_err()
        {
            task.abort();
            task.await.unwrap_or_default();
        }
        if let Some(upkeep) = self.upkeep.take() {
            upkeep.end(self.drain).await;
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Returns the key of tokens, which a data folder keeps so that tokens outlive a restart.
fn token_key(storage: &Storage) -> Result<[u8; 64], StartError> {
    const KEY: &str = "token-key";
    let read = |stored: serde_json::Value| {
        let bytes = stored.as_array()?.iter().map(|byte| u8::try_from(byte.as_u64()?).ok());
        <[u8; 64]>::try_from(bytes.collect::<Option<Vec<u8>>>()?).ok()
    };
    if let Some(key) = storage.metadata.read()?.get(&SETTINGS, KEY)?.and_then(read) {
        return Ok(key);
    }
    let mut new = [0; 64];
    getrandom::fill(&mut new).map_err(|_| StartError::Random)?;
    storage.metadata.change(|change| {
        // Another replica may have been faster.
        if let Some(key) = change.get(&SETTINGS, KEY)?.and_then(read) {
            return Ok(key);
        }
        change.put(&SETTINGS, KEY, &serde_json::Value::from(new.to_vec()))?;
        Ok(new)
    })
}

async fn serve(listener: TcpListener, tls: Option<Tls>, app: Arc<App>, stopped: oneshot::Receiver<()>) {
    // Imports nobody waits for end with the server.
    let _imports = app.pull_through.guard();
    let limits = app.limits;
    let router = Router::new()
        .route("/", post(control::handle))
        .route("/v2", any(distribution::handle))
        .route("/v2/", any(distribution::handle))
        .route("/v2/{*path}", any(distribution::handle))
        .route("/layers/{digest}", get(download::handle))
        .route("/health", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/metrics", get(health::metrics))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), guard::same_machine))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), turn::around))
        .with_state(app);
    let stop = async move {
        if stopped.await.is_err() {
            // The handle was dropped; its task is aborted beside.
            std::future::pending::<()>().await;
        }
    };
    listen::serve(listener, tls, router, limits, stop).await;
}
