//! AWS Secrets Manager: one file for each of its operations. Values are never shown.

mod create;
mod describe;
mod get;
mod list;
mod put;
mod update;

pub use create::NewSecret;
pub use describe::SecretDescription;
pub use get::{NoJsonObject, SecretValue};
pub use list::SecretEntry;
pub use update::SecretUpdate;

use crate::call::{Call, Service};
use crate::session::Session;

/// The secrets of the account in the session's Region. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    session: Session,
}

impl SecretsManager {
    pub(crate) fn new(session: Session) -> Self {
        Self { session }
    }

    fn client(&self) -> &aws_sdk_secretsmanager::Client {
        self.session.secrets_manager_client()
    }

    fn call(&self, operation: &'static str, tried: String) -> Call<'_> {
        Call { session: &self.session, service: Service::SecretsManager, operation, tried }
    }
}
