//! The server: starts, listens, routes, and stops when its requests are done.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use image::{AccountId, Region};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::access::Authentication;
use crate::clock::Clock;
use crate::ecr::Ecr;
use crate::ecr::token::Tokens;
use crate::fault::{Code, Fault};
use crate::pull_through::{PullThrough, PullThroughOptions};
use crate::storage::{Data, Rows, SETTINGS, Storage, StorageError};
use crate::{control, distribution, download};

/// What a server is made of.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens; port 0 takes any free one. Only loopback addresses are taken.
    pub address: SocketAddr,
    /// Where it keeps its data.
    pub data: Data,
    /// The account whose registry it is.
    pub account: AccountId,
    /// The Region of the registry.
    pub region: Region,
    /// Whether the registry takes requests without credentials.
    pub authentication: Authentication,
    /// Its clock.
    pub clock: Clock,
    /// How much it takes.
    pub limits: Limits,
    /// How it pulls through.
    pub pull_through: PullThroughOptions,
}

/// How much a server takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a body may stand still.
    pub idle: Duration,
    /// How many requests are worked on at a time; more wait.
    pub concurrency: usize,
    /// How long a stop waits for requests that are under way.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { idle: Duration::from_secs(60), concurrency: 512, drain: Duration::from_secs(10) }
    }
}

impl Config {
    /// Returns the configuration of a registry of an account in a Region: data in memory, any free port.
    pub fn new(account: AccountId, region: Region) -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            data: Data::Memory,
            account,
            region,
            authentication: Authentication::default(),
            clock: Clock::system(),
            limits: Limits::default(),
            pull_through: PullThroughOptions::default(),
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address can be reached from elsewhere.
    #[error("cannot listen on {0}: only loopback addresses are taken")]
    NotLoopback(SocketAddr),
    /// The address cannot be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system answered.
        source: std::io::Error,
    },
    /// The data cannot be used.
    #[error("cannot open the data")]
    Storage(#[from] StorageError),
    /// The system gave no random bytes.
    #[error("cannot make a secret key")]
    Random,
}

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
    requests: Semaphore,
    served: AtomicU64,
}

impl App {
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
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
    drain: Duration,
}

impl LocalEcr {
    /// Starts a server and returns when it takes requests.
    ///
    /// # Errors
    /// [`StartError`] when the address is not a loopback one or taken, or the data cannot be opened.
    pub async fn start(config: Config) -> Result<Handle, StartError> {
        if !config.address.ip().is_loopback() {
            return Err(StartError::NotLoopback(config.address));
        }
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
        let ecr = Arc::new(Ecr {
            account: config.account.clone(),
            region: config.region.clone(),
            endpoint: format!("http://{address}"),
            storage,
            clock: config.clock,
            tokens: Tokens::new(key),
        });
        let app = Arc::new(App {
            ecr: Arc::clone(&ecr),
            pull_through: PullThrough::new(Arc::clone(&ecr), config.pull_through),
            authentication: config.authentication,
            limits: config.limits,
            requests: Semaphore::new(config.limits.concurrency),
            served: AtomicU64::new(0),
        });
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, app, stopped));
        spawn_blocking(move || {
            if let Err(error) = ecr.storage.sweep(ecr.clock.now()) {
                tracing::warn!(%error, "the sweep of unused blobs failed");
            }
        });
        tracing::info!(%address, account = %config.account, region = %config.region, "the registry is ready");
        Ok(Handle {
            address,
            account: config.account,
            region: config.region,
            stop: Some(stop),
            task: Some(task),
            drain: config.limits.drain,
        })
    }
}

impl Handle {
    /// Returns the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns where clients reach it: `http://127.0.0.1:4566`, for the control plane and the registry alike.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the account whose registry it is.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Returns the Region of the registry.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Stops the server: no new connections, and requests under way may end in the configured time.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // A server that has ended already needs no telling.
            stop.send(()).unwrap_or_default();
        }
        if let Some(mut task) = self.task.take()
            && tokio::time::timeout(self.drain, &mut task).await.is_err()
        {
            task.abort();
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

async fn serve(listener: TcpListener, app: Arc<App>, stopped: oneshot::Receiver<()>) {
    let router = Router::new()
        .route("/", post(control::handle))
        .route("/v2", any(distribution::handle))
        .route("/v2/", any(distribution::handle))
        .route("/v2/{*path}", any(distribution::handle))
        .route("/layers/{digest}", get(download::handle))
        .route("/health", get(|| async { "ok\n" }))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), around))
        .with_state(app);
    let stop = async move {
        if stopped.await.is_err() {
            // The handle was dropped; its task is aborted beside.
            std::future::pending::<()>().await;
        }
    };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(stop).await {
        tracing::error!(%error, "the server ended");
    }
}

/// The header with the id of a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Gives every request an id, a line in the log and its turn.
async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = uuid::Uuid::new_v4().to_string();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let started = std::time::Instant::now();
    let Ok(_turn) = app.requests.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let mut response = next.run(request).await;
    app.served.fetch_add(1, Ordering::Relaxed);
    tracing::debug!(
        id,
        %method,
        path,
        status = response.status().as_u16(),
        millis = started.elapsed().as_millis() as u64,
        "answered"
    );
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
