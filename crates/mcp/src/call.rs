//! One call of a tool: the account it works on, what the client was asked already, and when it is called off.

use std::sync::Arc;

use operations::{Account, OperationError, PrivateRegistry};
use rmcp::RoleServer;
use rmcp::model::{ClientCapabilities, ElicitationCapability, InputResponses, ProtocolVersion};
use rmcp::service::RequestContext;
use tokio_util::sync::CancellationToken;

use crate::answer::Stop;
use crate::config::{AccountChoice, Purpose};
use crate::progress::Progress;
use crate::server::State;
use crate::state::{RequestState, Told};

/// One call.
pub(crate) struct Call {
    pub(crate) server: Arc<State>,
    pub(crate) context: RequestContext<RoleServer>,
    /// What the client was asked in rounds before this one.
    pub(crate) told: Told,
    /// What it answered to the last one.
    pub(crate) responses: Option<InputResponses>,
    /// The tool with what it was called with: what an answer is good for.
    pub(crate) subject: String,
    /// What tells the client how far the call is.
    pub(crate) progress: Progress,
}

impl Call {
    /// Returns the account of a call.
    ///
    /// # Errors
    /// When a name is none, or the account cannot be opened.
    pub(crate) async fn account(&self, profile: Option<&str>, region: Option<&str>) -> Result<Account, Stop> {
        let choice = choice(profile, region)?;
        self.until_cancelled(self.server.accounts.account(&choice)).await
    }

    /// Returns the account of a call with its registry.
    ///
    /// # Errors
    /// When a name is none, or the account or the registry cannot be opened.
    pub(crate) async fn registry(
        &self,
        profile: Option<&str>,
        region: Option<&str>,
        purpose: Purpose,
    ) -> Result<(Account, PrivateRegistry), Stop> {
        let choice = choice(profile, region)?;
        self.until_cancelled(self.server.accounts.registry(&choice, purpose)).await
    }

    /// Returns what is cancelled when the client calls off.
    pub(crate) fn cancellation(&self) -> &CancellationToken {
        &self.context.ct
    }

    /// Waits for work that may be dropped at any moment, and says every few seconds that it goes on.
    ///
    /// # Errors
    /// What the work fails with, or that the client called off.
    pub(crate) async fn reading<T>(
        &self,
        what: &str,
        work: impl Future<Output = operations::Result<T>>,
    ) -> Result<T, Stop> {
        // The first message is on its way before there can be an answer.
        self.progress.now(what.to_owned()).await;
        tokio::select! {
            outcome = self.until_cancelled(work) => outcome,
            never = self.progress.beat(what) => match never {},
        }
    }

    /// Waits for work that changes something: it goes on to its end, so that nothing is left half done.
    pub(crate) async fn writing<T>(&self, what: &str, work: impl Future<Output = T>) -> T {
        self.progress.now(what.to_owned()).await;
        tokio::select! {
            outcome = work => outcome,
            never = self.progress.beat(what) => match never {},
        }
    }

    /// Waits for work that may be dropped at any moment.
    pub(crate) async fn until_cancelled<T>(
        &self,
        work: impl Future<Output = operations::Result<T>>,
    ) -> Result<T, Stop> {
        match self.context.ct.run_until_cancelled(work).await {
            Some(outcome) => outcome.map_err(Stop::Failed),
            None => Err(Stop::Cancelled),
        }
    }

    /// Runs work on files where it blocks no other call.
    ///
    /// # Errors
    /// What the work fails with, or that the client called off; the work itself then goes on to its end unseen.
    pub(crate) async fn in_background<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce() -> operations::Result<T> + Send + 'static,
    ) -> Result<T, Stop> {
        let joined = async {
            let broken = |error| OperationError::new("cannot finish the operation").refused(error);
            tokio::task::spawn_blocking(work).await.map_err(broken)?
        };
        self.reading(what, joined).await
    }

    /// Returns whether requests and answers go by the protocol that keeps no session.
    pub(crate) fn is_stateless(&self) -> bool {
        is_stateless(&self.context)
    }

    /// Returns what the client can do.
    pub(crate) fn client(&self) -> ClientCapabilities {
        self.context.client_capabilities().unwrap_or_default()
    }

    /// Returns whether the client can put a question to a person.
    pub(crate) fn can_elicit(&self) -> bool {
        let asks = |can: &ElicitationCapability| can.form.is_some() || can.url.is_none();
        self.client().elicitation.as_ref().is_some_and(asks)
    }

    /// Returns the state that goes with a question, sealed for this call.
    pub(crate) fn seal(&self, told: &Told) -> String {
        self.server.request_state.seal(told, &self.subject)
    }
}

/// Returns whether a request and its answer go by the protocol that keeps no session.
pub(crate) fn is_stateless(context: &RequestContext<RoleServer>) -> bool {
    let version = context.protocol_version();
    version.is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str())
}

/// Returns the account that a call names.
fn choice(profile: Option<&str>, region: Option<&str>) -> Result<AccountChoice, OperationError> {
    let region = region.map(|text| parsed(text, "region", "give a name like us-east-1")).transpose()?;
    Ok(AccountChoice { profile: profile.map(str::to_owned), region })
}

/// Returns what a parameter says.
///
/// # Errors
/// When the text has another form.
pub(crate) fn parsed<T>(text: &str, parameter: &str, hint: &str) -> Result<T, OperationError>
where
    T: std::str::FromStr<Err = image::ImageError>,
{
    text.parse().map_err(|error| {
        OperationError::new(format!("cannot use the parameter {parameter}")).refused(error).hint(hint)
    })
}

/// Returns the parts of a list that a parameter says.
///
/// # Errors
/// When one of them has another form.
pub(crate) fn parsed_all<T>(texts: &[String], parameter: &str, hint: &str) -> Result<Vec<T>, OperationError>
where
    T: std::str::FromStr<Err = image::ImageError>,
{
    texts.iter().map(|text| parsed(text, parameter, hint)).collect()
}

/// Opens the state that came back with a call; what is not of this server, of this call, or too old counts as nothing.
pub(crate) fn open_state(state: &RequestState, sealed: Option<&str>, subject: &str) -> Told {
    sealed.and_then(|sealed| state.open(sealed, subject)).unwrap_or_default()
}
