//! Whether this machine, these credentials and this account are fit for work: one line for each thing that all else
//! hangs on, each with a verdict and what to do next.
//!
//! Owns no judgement of its own where another operation has one: HealthOmics' access is judged as everywhere. Asks
//! each thing once, with little patience, and changes nothing.

mod caller;
mod logins;
mod private;
mod report;
mod services;
mod upstreams;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use aws::Session;
use image::{AccountId, RegistryHost};
use registry::{Client, ClientOptions, RetryOptions};

pub use report::{Aspect, Check, DoctorReport, Verdict};

use crate::account::{Account, RegistryState};
use crate::error::{OperationError, Result};
use crate::finding::Code;

/// How often AWS is asked one thing at most; once more than once, since the first answer may set the clock right.
const ATTEMPTS: u32 = 2;

/// How long a connection, and an answer, may take.
const TIME: Duration = Duration::from_secs(10);

/// What is to be looked at.
#[derive(Debug, Clone)]
pub struct DoctorRequest {
    /// The session, or why there is none.
    pub session: Result<Session>,
    /// The account that was named; none for the one of the credentials.
    pub account: Option<AccountId>,
    /// How registries are reached.
    pub client: ClientOptions,
    /// The files of logins to registries, in the order in which they are asked.
    pub login_files: Vec<PathBuf>,
}

/// Looks at everything; changes nothing. Takes some seconds, and about a minute where credentials do not come.
pub async fn doctor(request: &DoctorRequest) -> DoctorReport {
    let client = impatient(&request.client);
    let known = upstreams::known();
    let (own, upstreams, logins) = tokio::join!(
        of_account(request, &client),
        upstreams::look(&client, known.iter()),
        logins::look(&request.login_files)
    );
    let further: Vec<&RegistryHost> = own.upstreams.iter().filter(|host| !known.contains(host)).collect();
    let further = upstreams::look(&client, further).await;
    let mut report = own.report;
    report.checks.extend(upstreams.into_iter().chain(further).chain(logins));
    report.conclude()
}

/// Returns a client that tries everything once.
fn impatient(options: &ClientOptions) -> ClientOptions {
    ClientOptions {
        connect_timeout: TIME,
        idle_timeout: TIME,
        retry: RetryOptions { attempts: 1, ..RetryOptions::default() },
        ..options.clone()
    }
}

/// What is found of the account.
struct OfAccount {
    report: DoctorReport,
    /// The hosts that its rules name.
    upstreams: BTreeSet<RegistryHost>,
}

async fn of_account(request: &DoctorRequest, client: &ClientOptions) -> OfAccount {
    let session = match &request.session {
        Ok(session) => session.with_patience(ATTEMPTS, TIME),
        Err(error) => return OfAccount { report: without_session(error), upstreams: BTreeSet::new() },
    };
    let (ecr, secrets) = (session.ecr(), session.secrets_manager());
    let ((identity, clock), token, secret) = tokio::join!(
        session.identity_and_clock(),
        ecr.authorization_token(),
        secrets.describe(services::NO_SECRET)
    );
    let mut report = DoctorReport {
        account: identity.as_ref().ok().map(|identity| identity.account.to_string()),
        region: Some(session.region().to_string()),
        caller: identity.as_ref().ok().map(|identity| identity.arn.to_string()),
        ..DoctorReport::empty()
    };
    report.checks = vec![
        caller::credentials(&session, &identity, request.account.as_ref()),
        caller::region(&session),
        caller::clock(clock),
        services::answers("STS", identity.as_ref().err()),
        services::answers("ECR", token.as_ref().err()),
        services::answers("Secrets Manager", secret.as_ref().err()),
    ];
    // Whoever is asked for rules knows no more than whoever was asked who the caller is.
    let account = match &identity {
        Ok(_) => Account::open(&session).await,
        Err(_) => Err(OperationError::new("cannot tell which account it is")
            .hint("see to the credentials first, and run it again")),
    };
    let address = token.ok().map(|token| token.proxy_endpoint);
    let registry = services::registry(client, address.as_deref());
    let mut upstreams = BTreeSet::new();
    match account {
        Ok(account) => {
            let (registry, state, mounting) =
                tokio::join!(registry, RegistryState::read(&account), private::mounting(&session));
            upstreams
                .extend(state.rules.seen().into_iter().flatten().map(|rule| rule.names.upstream.clone()));
            report.checks.push(registry);
            report.checks.extend(private::look(&account, &state));
            report.checks.push(mounting);
        }
        Err(error) => {
            report.checks.push(registry.await);
            report.checks.extend(private::unknown(&error));
        }
    }
    OfAccount { report, upstreams }
}

/// Returns the report where settings give no session: nothing of the account can be told.
fn without_session(error: &OperationError) -> DoctorReport {
    let mut report = DoctorReport::empty();
    let next = error.hint.clone().unwrap_or_else(|| "correct the settings, and run it again".to_owned());
    report.checks.push(Check::warning(
        Aspect::Settings,
        "AWS",
        Code::SettingsUnusable,
        report::words(error),
        next,
    ));
    let first = OperationError::new("there is no way to AWS to ask it on")
        .hint("see to the settings first, and run it again");
    let all = [
        (Aspect::Credentials, "caller"),
        (Aspect::Region, "HealthOmics"),
        (Aspect::Clock, "this machine"),
        (Aspect::Service, "STS"),
        (Aspect::Service, "ECR"),
        (Aspect::Service, "Secrets Manager"),
        (Aspect::Registry, services::REGISTRY),
    ];
    report.checks.extend(all.map(|(aspect, subject)| Check::cannot_tell(aspect, subject, &first)));
    report.checks.extend(private::unknown(&first));
    report
}

/// Returns a client with these options.
fn open(options: &ClientOptions) -> Result<Client> {
    Ok(Client::new(options.clone())?)
}
