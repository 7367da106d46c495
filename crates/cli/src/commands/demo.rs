//! `omics-ecr demo`: the main job from end to end, on an account and registries of this machine's own.

mod examples;
mod images;
mod pull;
mod show;
mod stand_in;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use aws::secrets_manager::NewSecret;
use aws::{Options, Session, StaticCredentials};
use image::{Credential, UpstreamRegistry};
use local_ecr::{Authentication, Config};
use operations::clone::Silent;
use operations::map::{self, Format};
use operations::prepare::{self, PrepareOptions, PrepareReport, PrepareRequest};
use operations::{Account, EcrTarget, OperationError, PrivateRegistry, ScanReport, ScanRequest};
use registry::ClientOptions;
use serde::Serialize;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use workflow::Limits;

use self::pull::{Pulled, Puller};
use self::show::Narrator;
use self::stand_in::{Pinned, StandIn, StandIns};
use crate::arguments::{DemoArguments, Output};
use crate::commands::account::{LOCAL_KEY, Server};
use crate::commands::interrupt;
use crate::{document, failure};

/// The account that is made up for the demo.
const ACCOUNT: &str = "123456789012";
/// Its Region.
const REGION: &str = "us-east-1";

/// What a demo did, as `--output json` prints it.
#[derive(Debug, Serialize)]
struct DemoReport {
    /// The version of this shape: `1`.
    schema_version: u32,
    /// What stood in for which registry.
    registries: Vec<StandIn>,
    /// What making the images ready came to.
    prepared: PrepareReport,
    /// What was pulled as `omics.amazonaws.com`.
    pulled: Vec<Pulled>,
    /// Why an image that is ready could not be pulled; empty when all is well.
    refused: Vec<OperationError>,
    /// Whether a second run would change anything.
    second_run_has_changes: bool,
    /// The files that were kept.
    kept: Vec<PathBuf>,
    /// The time it took, in seconds.
    seconds: f64,
}

impl DemoReport {
    /// Returns whether every image is ready and was pulled, and nothing is left to do.
    fn is_done(&self) -> bool {
        self.prepared.is_done() && self.refused.is_empty() && !self.second_run_has_changes
    }
}

/// Runs the demo; everything that it starts ends with it.
pub(crate) fn run(arguments: &DemoArguments) -> operations::Result<ExitCode> {
    interrupt::run(|cancel| work(arguments, cancel))
}

async fn work(arguments: &DemoArguments, cancel: CancellationToken) -> operations::Result<ExitCode> {
    let began = Instant::now();
    let narrator = Narrator::new(arguments.output.shape.notation().is_none());
    let workflow = Workflow::read(arguments.path.as_deref())?;
    let names: Vec<&str> = workflow.scan.images.iter().map(|summary| summary.image.as_str()).collect();

    if arguments.registries_only {
        return keep_registries(&names, arguments.output.shape, &cancel).await;
    }
    narrator.images(&workflow.scan)?;
    let stand_ins = StandIns::start(&names, Pinned::Absent).await?;
    let world = World::start(&stand_ins).await?;
    narrator.registries(&stand_ins.registries, world.server.handle.endpoint().as_str())?;

    let options =
        PrepareOptions { credentials: world.secrets(&stand_ins).await?, ..PrepareOptions::default() };
    let mut request = PrepareRequest::of_scan(&workflow.scan, options);
    request.workflow = workflow.name.clone();
    let plan = world.plan(&request, &cancel).await?;
    narrator.plan(&plan)?;
    let prepared = prepare::apply(&world.account, &world.registry, plan, Arc::new(Silent), &cancel).await;
    narrator.prepared(&prepared)?;

    let (pulled, refused) = world.pull(&prepared).await?;
    narrator.pulled(&pulled, &refused)?;
    let again = world.plan(&request, &cancel).await?;
    let kept = match &arguments.keep {
        Some(folder) => keep(folder, &prepared)?,
        None => Vec::new(),
    };
    let report = DemoReport {
        schema_version: 1,
        registries: stand_ins.registries.clone(),
        prepared,
        pulled,
        refused,
        second_run_has_changes: again.has_changes(),
        kept,
        seconds: began.elapsed().as_secs_f64(),
    };
    drop(stand_ins);
    world.server.stop().await;
    narrator.end(&report)?;
    if let Some(notation) = arguments.output.shape.notation() {
        document::print(&report, notation)?;
    }
    Ok(if cancel.is_cancelled() {
        ExitCode::from(failure::INTERRUPTED)
    } else {
        ExitCode::from(if report.is_done() { 0 } else { failure::NO })
    })
}

/// Starts the stand-ins alone, says where they answer, and waits for an interruption.
async fn keep_registries(
    names: &[&str],
    output: Output,
    cancel: &CancellationToken,
) -> operations::Result<ExitCode> {
    let stand_ins = StandIns::start(names, Pinned::UnderDigestsOfTheirOwn).await?;
    match output.notation() {
        Some(notation) => {
            let document = serde_json::json!({
                "schema_version": 1,
                "registries": stand_ins.registries,
                "images": stand_ins.images,
            });
            document::print(&document, notation)?;
        }
        None => show::registries_alone(&stand_ins.registries)?,
    }
    cancel.cancelled().await;
    drop(stand_ins);
    Ok(ExitCode::SUCCESS)
}

/// A workflow that was scanned.
struct Workflow {
    name: String,
    scan: ScanReport,
    /// Where the examples are written to, until this is dropped.
    _folder: Option<TempDir>,
}

impl Workflow {
    /// Scans a workflow; the examples where none is named.
    fn read(path: Option<&Path>) -> operations::Result<Self> {
        let (folder, path) = match path {
            Some(path) => (None, path.to_owned()),
            None => {
                let folder = TempDir::with_prefix("omics-ecr-demo-").map_err(|error| {
                    OperationError::new("cannot make a folder for the examples").refused(error)
                })?;
                examples::write(folder.path())?;
                let path = folder.path().to_owned();
                (Some(folder), path)
            }
        };
        let name = if folder.is_some() { "examples".to_owned() } else { path.display().to_string() };
        let request = ScanRequest { path, target: EcrTarget::default(), limits: Limits::default() };
        let mut scan = operations::scan(&request)?;
        scan.path.clone_from(&name);
        Ok(Self { name, scan, _folder: folder })
    }
}

/// An account of this machine's own, that finds the stand-ins in the place of public registries.
struct World {
    server: Server,
    session: Session,
    account: Account,
    registry: PrivateRegistry,
}

impl World {
    async fn start(stand_ins: &StandIns) -> operations::Result<Self> {
        let fixed =
            |error: image::ImageError| OperationError::new("cannot name the local registry").refused(error);
        let mut config = Config::new(ACCOUNT.parse().map_err(fixed)?, REGION.parse().map_err(fixed)?);
        // As with AWS, nobody reads anything without a login.
        config.authentication = Authentication::Required;
        config.pull_through.upstreams = stand_ins.endpoints();
        let server = Server::start(config).await?;
        let session = Session::open(Options {
            region: Some(server.handle.region().clone()),
            endpoint_url: Some(server.handle.endpoint()),
            credentials: Some(StaticCredentials {
                access_key_id: LOCAL_KEY.to_owned(),
                secret_access_key: LOCAL_KEY.to_owned().into(),
                session_token: None,
            }),
            ..Options::default()
        })
        .await?;
        let account = Account::open(&session).await?;
        let options = ClientOptions { endpoints: stand_ins.endpoints(), ..ClientOptions::default() };
        let registry = PrivateRegistry::open(&session, None, options).await?;
        Ok(Self { server, session, account, registry })
    }

    /// Makes a secret for each upstream registry that ECR wants one for; returns their names by host.
    async fn secrets(&self, stand_ins: &StandIns) -> operations::Result<BTreeMap<String, String>> {
        let mut names = BTreeMap::new();
        let upstreams = stand_ins.registries.iter().filter_map(|one| UpstreamRegistry::of(&one.host));
        for upstream in upstreams.filter(|one| one.upstream().credential == Credential::Required) {
            let name = format!("ecr-pullthroughcache/{}", upstream.default_prefix());
            let secret = NewSecret {
                name: name.clone(),
                value: serde_json::json!({ "username": "demo", "accessToken": "demo" }).to_string().into(),
                description: None,
                tags: BTreeMap::new(),
            };
            self.session.secrets_manager().create(&secret).await?;
            names.insert(upstream.host().to_string(), name);
        }
        Ok(names)
    }

    async fn plan(
        &self,
        request: &PrepareRequest,
        cancel: &CancellationToken,
    ) -> operations::Result<prepare::PreparePlan> {
        prepare::plan(&self.account, &self.registry, request, Arc::new(Silent), cancel).await
    }

    /// Pulls every image that is ready as HealthOmics would.
    async fn pull(&self, prepared: &PrepareReport) -> operations::Result<(Vec<Pulled>, Vec<OperationError>)> {
        let puller = Puller::open(&self.server.handle.endpoint(), self.server.handle.region()).await?;
        let (mut pulled, mut refused) = (Vec::new(), Vec::new());
        let ready = prepared.images.iter().filter(|image| image.outcome.is_ready());
        for name in ready.filter_map(|image| image.named.destination.as_deref()) {
            match puller.pull(name).await {
                Ok(own) => pulled.push(own),
                Err(error) => refused.push(error),
            }
        }
        Ok((pulled, refused))
    }
}

/// Writes the maps and the report into a folder; returns the files.
fn keep(folder: &Path, prepared: &PrepareReport) -> operations::Result<Vec<PathBuf>> {
    let unwritable = |path: &Path, error: &dyn std::fmt::Display| {
        OperationError::new(format!("cannot write `{}`", path.display())).refused(error)
    };
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let [flat, healthomics, report, page] =
        ["registry_map.json", "container_registry_map.json", "report.json", "report.html"]
            .map(|name| folder.join(name));
    // What an earlier demo left there is of another account, whose registry had another port.
    map::write(prepared.map(), Format::Flat, &flat, true)?;
    map::write(prepared.map(), Format::Healthomics, &healthomics, true)?;
    let text = serde_json::to_string_pretty(prepared).map_err(|error| unwritable(&report, &error))?;
    std::fs::write(&report, text + "\n").map_err(|error| unwritable(&report, &error))?;
    std::fs::write(&page, prepare::html(prepared)).map_err(|error| unwritable(&page, &error))?;
    Ok(vec![flat, healthomics, report, page])
}
