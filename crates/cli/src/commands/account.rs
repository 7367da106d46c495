//! The account that a command works on: one of AWS, or a local ECR that is started for it.

use std::ops::Deref;

use aws::{Session, StaticCredentials};
use image::{AccountId, Region};
use local_ecr::{Config, Data, Handle, LocalEcr, StartError};
use operations::{Account, OperationError};
use tokio_util::sync::CancellationToken;

use super::running::{NoteFile, Running, data_folder};
use crate::arguments::{ADDRESS, AccountArguments, TargetArguments};
use crate::failure::remark;

/// The account of a local ECR for which none was named.
const LOCAL_ACCOUNT: &str = "000000000000";
/// The Region of a local ECR for which none was named.
const LOCAL_REGION: &str = "us-east-1";
/// Access key and secret for a local ECR that asks for none.
pub(crate) const LOCAL_KEY: &str = "local";

/// The way to an account; a local ECR that was started for it runs until this is dropped.
pub(crate) struct Connection {
    session: Session,
    id: Option<AccountId>,
    server: Option<Server>,
    reach: Reach,
}

/// How long the names of a registry lead somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Whether or not this command runs.
    Lasting,
    /// While this command runs, and while the local ECR runs that this command of a shell starts.
    While(String),
    /// Until this command ends.
    Passing,
}

impl Connection {
    /// Opens the account that was typed.
    ///
    /// # Errors
    /// When AWS's configuration is not usable, or the local ECR does not start.
    pub(crate) async fn open(arguments: &AccountArguments) -> operations::Result<Self> {
        if arguments.local {
            return Self::open_local(arguments).await;
        }
        let session = Session::open(aws::Options {
            profile: arguments.profile.clone(),
            region: arguments.target.region.clone(),
            endpoint_url: arguments.endpoint_url.clone(),
            ..aws::Options::default()
        });
        let id = arguments.target.account.clone();
        Ok(Self { session: session.await?, id, server: None, reach: Reach::Lasting })
    }

    async fn open_local(arguments: &AccountArguments) -> operations::Result<Self> {
        let data = match &arguments.local_data {
            Some(data) => data.clone(),
            None => Data::Folder(data_folder()?),
        };
        let (endpoint, region, id, server, reach) = match running_on(&data).await {
            Some(running) => {
                let running = usable(running, arguments)?;
                (running.endpoint, running.region, running.account, None, Reach::Lasting)
            }
            None => {
                let mut config = local_config(&arguments.target)?;
                config.data = data;
                config.pull_through.upstreams.extend(arguments.upstreams.iter().cloned());
                let server = Server::start_usually(config).await?;
                let handle = &server.handle;
                let reach = reach(arguments, handle);
                (handle.endpoint(), handle.region().clone(), handle.account().clone(), Some(server), reach)
            }
        };
        let session = Session::open(aws::Options {
            region: Some(region),
            endpoint_url: Some(endpoint),
            credentials: Some(StaticCredentials {
                access_key_id: LOCAL_KEY.to_owned(),
                secret_access_key: LOCAL_KEY.to_owned().into(),
                session_token: None,
            }),
            ..aws::Options::default()
        });
        Ok(Self { session: session.await?, id: Some(id), server, reach })
    }

    /// Returns the session with which its services are asked.
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Waits until what came through rules is whole where the local ECR ends with this command, unless interrupted:
    /// Amazon ECR, and a local one that runs on, complete images by themselves.
    pub(crate) async fn completed(&self, cancel: &CancellationToken) {
        if let Some(server) = &self.server {
            cancel.run_until_cancelled(server.handle.completed()).await;
        }
    }

    /// Returns the account that was named; `None` for the one of the credentials.
    pub(crate) fn id(&self) -> Option<&AccountId> {
        self.id.as_ref()
    }
}

/// An account that is open for a command, with the way to it.
pub(crate) struct Opened {
    account: Account,
    connection: Connection,
}

impl Opened {
    /// Returns how long the names of its registry lead somewhere.
    pub(crate) fn reach(&self) -> &Reach {
        &self.connection.reach
    }

    /// As [`Connection::completed`].
    pub(crate) async fn completed(&self, cancel: &CancellationToken) {
        self.connection.completed(cancel).await;
    }
}

impl Deref for Opened {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.account
    }
}

/// Opens the account that flags and environment name; AWS is asked who the caller is.
///
/// # Errors
/// When there is no Region, no credentials, AWS does not know the caller, or the caller is of another account than the
/// one that was named.
pub(crate) async fn open(arguments: &AccountArguments) -> operations::Result<Opened> {
    let connection = Connection::open(arguments).await?;
    let account = Account::open(connection.session()).await?;
    match connection.id() {
        Some(named) if named != account.id() => {
            Err(OperationError::new(format!("cannot work on account {named}"))
                .refused(format!("the credentials are of account {}", account.id()))
                .hint("use credentials of that account, or leave --account away"))
        }
        _ => Ok(Opened { account, connection }),
    }
}

/// Returns how long the names lead somewhere that a local ECR has which ends with its command.
fn reach(arguments: &AccountArguments, handle: &Handle) -> Reach {
    let mut command = "omics-ecr local".to_owned();
    match &arguments.local_data {
        Some(Data::Memory) => return Reach::Passing,
        Some(data) => command += &format!(" --data {}", data_place(data)),
        None => {}
    }
    if handle.address() != ADDRESS {
        command += &format!(" --address {}", handle.address());
    }
    if handle.account().as_str() != LOCAL_ACCOUNT {
        command += &format!(" --account {}", handle.account());
    }
    if handle.region().as_str() != LOCAL_REGION {
        command += &format!(" --region {}", handle.region());
    }
    Reach::While(command)
}

/// Returns a local ECR that runs already, where a command would start one.
fn usable(running: Running, arguments: &AccountArguments) -> operations::Result<Running> {
    let tried = || OperationError::new(format!("cannot use the local ECR that runs at {}", running.endpoint));
    if running.signed {
        return Err(tried().refused("it takes signed requests only").hint(format!(
            "pass --endpoint-url {} in the place of --local, with a key of its own in the environment",
            running.endpoint
        )));
    }
    let other_account = arguments.target.account.as_ref().is_some_and(|account| *account != running.account);
    let other_region = arguments.target.region.as_ref().is_some_and(|region| *region != running.region);
    if other_account || other_region {
        return Err(tried()
            .refused(format!("it is the registry of account {} in {}", running.account, running.region))
            .hint("leave --account and --region away, stop it, or name another folder with --local-data"));
    }
    if !arguments.upstreams.is_empty() {
        remark("--upstream is left aside: the local ECR that runs already has its own");
    }
    Ok(running)
}

/// Returns the server that has a data folder open, if one has.
pub(crate) async fn running_on(data: &Data) -> Option<Running> {
    match data {
        Data::Folder(folder) => Running::of_folder(folder).await,
        _ => None,
    }
}

/// Returns the configuration of a local ECR, for the account and the Region that flags and environment name.
pub(crate) fn local_config(target: &TargetArguments) -> operations::Result<Config> {
    let own = super::target(target)?;
    let fixed = |error| OperationError::new("cannot name the local registry").refused(error);
    let account = own.account.map_or_else(|| LOCAL_ACCOUNT.parse::<AccountId>().map_err(fixed), Ok)?;
    let region = own.region.map_or_else(|| LOCAL_REGION.parse::<Region>().map_err(fixed), Ok)?;
    Ok(Config::new(account, region))
}

/// A local ECR in this process, and the note of it in its data folder.
pub(crate) struct Server {
    /// The server.
    pub(crate) handle: Handle,
    note: Option<NoteFile>,
}

impl Server {
    /// Starts a local ECR.
    ///
    /// # Errors
    /// With what helps, when it does not start.
    pub(crate) async fn start(config: Config) -> operations::Result<Self> {
        let data = config.data.clone();
        let handle = LocalEcr::start(config).await.map_err(|error| not_started(&error, &data))?;
        Self::noted(handle, &data)
    }

    fn noted(handle: Handle, data: &Data) -> operations::Result<Self> {
        let note = match data {
            Data::Folder(folder) => Some(NoteFile::write(folder, &handle.endpoint())?),
            _ => None,
        };
        Ok(Self { handle, note })
    }

    /// Starts a local ECR where `omics-ecr local` would, so that its images keep their names; elsewhere when that place
    /// is taken.
    ///
    /// # Errors
    /// With what helps, when it does not start.
    async fn start_usually(mut config: Config) -> operations::Result<Self> {
        let elsewhere = config.address;
        config.address = ADDRESS;
        match LocalEcr::start(config.clone()).await {
            Ok(handle) => Self::noted(handle, &config.data),
            Err(StartError::Listen { .. }) => Self::start(Config { address: elsewhere, ..config }).await,
            Err(error) => Err(not_started(&error, &config.data)),
        }
    }

    /// Stops it, when its requests are done.
    pub(crate) async fn stop(self) {
        self.handle.stop().await;
        drop(self.note);
    }
}

/// Returns the place of data as it is typed.
pub(crate) fn data_place(data: &Data) -> String {
    match data {
        Data::Folder(folder) => folder.display().to_string(),
        Data::Memory => ":memory:".to_owned(),
        Data::S3(place) if place.prefix().is_empty() => format!("s3://{}", place.bucket()),
        Data::S3(place) => format!("s3://{}/{}", place.bucket(), place.prefix()),
    }
}

/// Returns the words for a server that does not start.
fn not_started(error: &StartError, data: &Data) -> OperationError {
    let mut refused = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        refused = format!("{refused}: {inner}");
        cause = inner.source();
    }
    let tried = OperationError::new("cannot start the local ECR").refused(refused);
    match error {
        StartError::Unguarded(_) => tried.hint(
            "name a file of access keys with --credentials, and a certificate with --tls-cert and --tls-key; or listen \
             on 127.0.0.1",
        ),
        StartError::PlainHttp(_) => tried.hint(
            "name a certificate with --tls-cert and --tls-key, or pass --insecure-plain-http where a proxy in front \
             speaks TLS",
        ),
        StartError::NoUrl(_) => tried.hint("pass --url https://name:port, with the name that clients use"),
        StartError::Url(_) => tried.hint("pass --url https://name:port, without a path"),
        StartError::Listen { .. } => tried.hint(
            "if it runs already, use it: `omics-ecr local env`; else pass another --address, such as 127.0.0.1:0",
        ),
        StartError::Storage(_) if matches!(data, Data::S3(_)) => tried.hint(format!(
            "see that the bucket of `{}` is there and may be used, and that AWS_REGION, the credentials and, for \
             another service than Amazon S3, AWS_ENDPOINT_URL_S3 are set",
            data_place(data)
        )),
        StartError::Storage(_) => tried.hint(format!(
            "one server at a time has a folder open: see what uses `{}`, or name another folder",
            data_place(data)
        )),
        _ => tried,
    }
}
