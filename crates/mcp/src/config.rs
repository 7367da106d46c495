//! What a server is started with.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use image::Region;
use operations::{Account, EcrTarget, PrivateRegistry, Result};

/// Which account a call works on, as far as the call says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct AccountChoice {
    /// The profile of the AWS configuration; the server's own where none is named.
    pub profile: Option<String>,
    /// The Region; the server's own where none is named.
    pub region: Option<Region>,
}

/// What a registry is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Images are looked at: a registry that does not answer is given up within seconds.
    Looking,
    /// Images are copied.
    Copying,
}

/// The way to accounts; whoever starts the server knows profiles, endpoints and logins.
pub trait Connect: Send + Sync {
    /// Opens an account.
    ///
    /// # Errors
    /// When AWS does not know the caller, or the configuration is not usable.
    fn account<'a>(&'a self, choice: &'a AccountChoice) -> LocalBoxFuture<'a, Result<Account>>;

    /// Opens the registry of an account that is open.
    ///
    /// # Errors
    /// When ECR gives no authorization token.
    fn registry<'a>(
        &'a self,
        account: &'a Account,
        purpose: Purpose,
    ) -> LocalBoxFuture<'a, Result<PrivateRegistry>>;
}

/// What a server is started with.
#[derive(Clone)]
pub struct Config {
    /// The way to accounts.
    pub connect: Arc<dyn Connect>,
    /// The private registry that names lead to where a call names none.
    pub target: EcrTarget,
    /// Whether tools may change accounts and workflows.
    pub allow_write: bool,
    /// Folders that tools may use beside those of the client.
    pub allowed_paths: Vec<PathBuf>,
}
