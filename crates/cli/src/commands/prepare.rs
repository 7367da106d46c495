//! `omics-ecr prepare` and `omics-ecr apply`

mod deliver;
mod show;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use image::RegistryHost;
use operations::cache::SourceAccount;
use operations::prepare::{
    self, Lock, Prefer, PrepareOptions, PreparePlan, PrepareReport, PrepareRequest, SavedPlan,
};
use operations::{OperationError, PrivateRegistry};
use tokio_util::sync::CancellationToken;

use crate::arguments::{AccountArguments, ApplyArguments, DeliveryArguments, Preference, PrepareArguments};
use crate::commands::account::{self, Opened, Reach};
use crate::commands::progress::Progress;
use crate::commands::{interrupt, question, source_registries, text_file};
use crate::document;
use crate::failure::{self, remark};
use crate::screen::Screen;

/// Most differences that are told one by one.
const MOST_TOLD: usize = 20;

/// Makes the images of a workflow ready, or says what would be done.
pub(crate) fn run(arguments: &PrepareArguments) -> operations::Result<ExitCode> {
    interrupt::run(|cancel| work(arguments, cancel))
}

/// Carries out a plan of a file.
pub(crate) fn run_saved(arguments: &ApplyArguments) -> operations::Result<ExitCode> {
    let saved = SavedPlan::read(&text_file::read(&arguments.file)?)?;
    interrupt::run(|cancel| work_saved(arguments, saved, cancel))
}

async fn work(arguments: &PrepareArguments, cancel: CancellationToken) -> operations::Result<ExitCode> {
    let place = Place::open(&arguments.account, &arguments.sources.plain_http);
    let Some(place) = cancel.run_until_cancelled(place).await else {
        return Ok(question::declined(&cancel));
    };
    let place = place?;
    place.refuse_passing_maps(&arguments.delivery)?;
    let lock = arguments.lock.as_deref().map(Lock::read).transpose()?;
    let mut request = PrepareRequest::of_workflow(&arguments.path, &place.account, options(arguments))?;
    if let Some(lock) = lock.as_ref().filter(|_| !arguments.update_lock) {
        request.locked = lock.images.clone();
    }
    let plan = place.plan(&request, &cancel).await?;
    if plan.is_cancelled() || cancel.is_cancelled() {
        remark("interrupted: nothing was changed");
        return Ok(ExitCode::from(failure::INTERRUPTED));
    }
    if arguments.plan.dry_run || arguments.plan_out.is_some() {
        show::plan(&plan, arguments.delivery.output.shape)?;
        if let Some(path) = &arguments.plan_out {
            SavedPlan::of(&plan).write(path)?;
            remark(&format!("wrote the plan into {}: carry it out with `omics-ecr apply`", path.display()));
        }
        return Ok(ExitCode::from(if plan.refused() == 0 { 0 } else { failure::NO }));
    }
    let Some(report) = place.carry_out(plan, arguments.plan.yes, &cancel).await else {
        return Ok(question::declined(&cancel));
    };
    if let (Some(mut lock), Some(path)) = (lock, &arguments.lock) {
        let change = lock.take(&report, arguments.update_lock);
        if change.added + change.renewed > 0 {
            lock.write(path)?;
            remark(&format!(
                "locked {} new and {} renewed in {}",
                change.added,
                change.renewed,
                path.display()
            ));
        }
    }
    finish(&report, &arguments.delivery, place.account.reach())
}

async fn work_saved(
    arguments: &ApplyArguments,
    saved: SavedPlan,
    cancel: CancellationToken,
) -> operations::Result<ExitCode> {
    let place = Place::open(&arguments.account, &arguments.sources.plain_http);
    let Some(place) = cancel.run_until_cancelled(place).await else {
        return Ok(question::declined(&cancel));
    };
    let place = place?;
    place.refuse_passing_maps(&arguments.delivery)?;
    let plan = place.plan(&saved.request, &cancel).await?;
    if plan.is_cancelled() || cancel.is_cancelled() {
        remark("interrupted: nothing was changed");
        return Ok(ExitCode::from(failure::INTERRUPTED));
    }
    refuse_changed(&saved, &plan, &arguments.file)?;
    if arguments.plan.dry_run {
        show::plan(&plan, arguments.delivery.output.shape)?;
        return Ok(ExitCode::from(if plan.refused() == 0 { 0 } else { failure::NO }));
    }
    match place.carry_out(plan, arguments.plan.yes, &cancel).await {
        Some(report) => finish(&report, &arguments.delivery, place.account.reach()),
        None => Ok(question::declined(&cancel)),
    }
}

/// Refuses a plan of a file that would come out otherwise now.
fn refuse_changed(saved: &SavedPlan, plan: &PreparePlan, path: &Path) -> operations::Result<()> {
    let differences = saved.differences(plan);
    if differences.is_empty() {
        return Ok(());
    }
    let mut words: Vec<String> =
        differences.iter().take(MOST_TOLD).map(operations::prepare::Difference::words).collect();
    if differences.len() > MOST_TOLD {
        words.push(format!("and {} more", differences.len() - MOST_TOLD));
    }
    let refused =
        format!("the account or the images have changed since it was made:\n    {}", words.join("\n    "));
    Err(OperationError::new(format!("cannot carry out the plan `{}`", path.display()))
        .refused(refused)
        .hint("look at the plan of now: `omics-ecr prepare ... --plan-out FILE`"))
}

fn finish(
    report: &PrepareReport,
    delivery: &DeliveryArguments,
    reach: &Reach,
) -> operations::Result<ExitCode> {
    let written = deliver::write(report, delivery);
    if let (Reach::While(command), true) = (reach, delivery.has_map()) {
        remark(&format!("the names in the maps lead somewhere while the local ECR runs: `{command}`"));
    }
    match delivery.output.shape.notation() {
        Some(notation) => document::print(report, notation)?,
        None => show::report(report)?,
    }
    written?;
    Ok(if report.cancelled {
        remark("interrupted: run the same command again, and only what is missing is done");
        ExitCode::from(failure::INTERRUPTED)
    } else if report.is_done() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(failure::NO)
    })
}

/// Where images are made ready.
struct Place {
    account: Opened,
    registry: PrivateRegistry,
}

impl Place {
    async fn open(account: &AccountArguments, plain_http: &[RegistryHost]) -> operations::Result<Self> {
        let options = source_registries::client(plain_http, &account.upstreams);
        let account = account::open(account).await?;
        let registry = PrivateRegistry::open(account.session(), None, options).await?;
        Ok(Self { account, registry })
    }

    /// Refuses to write maps whose names lead nowhere as soon as this command ends.
    fn refuse_passing_maps(&self, delivery: &DeliveryArguments) -> operations::Result<()> {
        match self.account.reach() {
            Reach::Passing if delivery.has_map() => {
                Err(OperationError::new("cannot write a map of a registry in memory")
                    .refused("the registry is gone when this command ends, and its names lead nowhere then")
                    .hint("name a folder with --local-data, or leave it away"))
            }
            _ => Ok(()),
        }
    }

    async fn plan(
        &self,
        request: &PrepareRequest,
        cancel: &CancellationToken,
    ) -> operations::Result<PreparePlan> {
        let progress = Arc::new(Progress::of_planning(request.images.len()));
        let plan = prepare::plan(&self.account, &self.registry, request, progress.clone(), cancel).await;
        progress.end();
        plan
    }

    /// Carries a plan out; `None` when somebody was asked and said no.
    ///
    /// Elsewhere than on a terminal nobody is there to ask, and nothing is taken away.
    async fn carry_out(
        &self,
        plan: PreparePlan,
        yes: bool,
        cancel: &CancellationToken,
    ) -> Option<PrepareReport> {
        remark(&show::summary(&plan));
        if plan.has_changes() && !yes && question::can_ask() {
            failure::say(show::table(&plan, Screen::of_stderr()).trim_end());
            if !question::ask("carry it out?", cancel).await {
                return None;
            }
        }
        let progress = Arc::new(Progress::of_applying(plan.clones.as_ref()));
        let report = prepare::apply(&self.account, &self.registry, plan, progress.clone(), cancel).await;
        self.account.completed(cancel).await;
        progress.end();
        Some(report)
    }
}

fn options(arguments: &PrepareArguments) -> PrepareOptions {
    let prefixes = arguments.prefixes.iter().map(|(host, prefix)| (host.clone(), prefix.to_string()));
    PrepareOptions {
        prefer: match arguments.prefer {
            Preference::Rules => Prefer::Rules,
            Preference::Clone => Prefer::Clone,
            Preference::Healthomics => Prefer::Healthomics,
        },
        credentials: arguments
            .credentials
            .iter()
            .map(|(host, secret)| (host.to_string(), secret.clone()))
            .collect(),
        prefixes: prefixes.collect(),
        clone_prefix: arguments.clone_prefix.as_ref().map(ToString::to_string),
        only_amd64: arguments.only_amd64,
        overwrite: arguments.overwrite,
        enable_mounting: arguments.enable_mounting,
        source_account: arguments.source_account.as_ref().map(|account| match account {
            SourceAccount::Own => "own".to_owned(),
            SourceAccount::Of(account) => account.to_string(),
        }),
    }
}
