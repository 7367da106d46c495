//! `omics-ecr clone`

mod emit;
mod outcome;
mod shard;
mod sources;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use operations::clone::{self, CloneItem, CloneOptions, ClonePlan, CloneRequest, RepositorySettings};
use operations::{OperationError, PrivateRegistry};
use registry::PlatformChoice;
use tokio_util::sync::CancellationToken;

use crate::arguments::CloneArguments;
use crate::commands::account::Connection;
use crate::commands::{interrupt, progress, question, text_file};
use crate::failure::{self, remark};

/// Clones, or says what would be done.
pub(crate) fn run(arguments: &CloneArguments) -> operations::Result<ExitCode> {
    let all = read_items(arguments)?;
    if let Some(engine) = arguments.emit {
        return emit::run(arguments, engine, &all);
    }
    let items = shard::take(arguments, all)?;
    if items.is_empty() {
        remark("there is no image to clone");
        return Ok(ExitCode::SUCCESS);
    }
    interrupt::run(|cancel| {
        work(arguments, CloneRequest { images: items, options: options(arguments) }, cancel)
    })
}

async fn work(
    arguments: &CloneArguments,
    request: CloneRequest,
    cancel: CancellationToken,
) -> operations::Result<ExitCode> {
    let open = async {
        let connection = Connection::open(&arguments.account).await?;
        let client = sources::client(arguments, &request.images)?;
        let registry = PrivateRegistry::open(connection.session(), connection.id(), client).await?;
        operations::Result::Ok((connection, registry))
    };
    let Some(opened) = cancel.run_until_cancelled(open).await else {
        return Ok(question::declined(&cancel));
    };
    let (connection, registry) = opened?;
    let planning = Arc::new(progress::Progress::of_planning(request.images.len()));
    let plan = clone::plan(&registry, &request, planning.clone(), &cancel).await;
    planning.end();
    let plan = plan?;
    if plan.is_cancelled() || cancel.is_cancelled() {
        remark("interrupted: nothing was changed");
        return Ok(ExitCode::from(failure::INTERRUPTED));
    }
    if arguments.plan.dry_run {
        outcome::show_plan(&plan, arguments.output.shape)?;
        return Ok(ExitCode::from(if plan.refused() == 0 { 0 } else { failure::NO }));
    }
    remark(&outcome::summary(&plan));
    if plan.has_changes() && !arguments.plan.yes && !agreed(arguments, &plan, &cancel).await {
        return Ok(question::declined(&cancel));
    }
    let progress = Arc::new(progress::Progress::of_applying(Some(&plan)));
    let report = clone::apply(&registry, plan, progress.clone(), &cancel).await;
    connection.completed(&cancel).await;
    progress.end();
    outcome::show_report(&report, arguments.output.shape)?;
    Ok(if report.cancelled {
        remark("interrupted: run the same command again, and only what is missing is sent");
        ExitCode::from(failure::INTERRUPTED)
    } else if report.is_done() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(failure::NO)
    })
}

fn options(arguments: &CloneArguments) -> CloneOptions {
    let platforms = match (&arguments.platform, arguments.all_platforms) {
        // A platform of the settings stands aside for what was typed.
        (_, true) => Some(PlatformChoice::All),
        (Some(platform), _) => Some(PlatformChoice::One(platform.clone())),
        (None, false) => None,
    };
    CloneOptions {
        platforms,
        referrers: arguments.referrers,
        overwrite: arguments.overwrite,
        repository: RepositorySettings {
            kms_key: arguments.kms_key.clone(),
            immutable: arguments.immutable,
            tags: arguments.resource_tags.iter().cloned().collect(),
        },
        clone_prefix: arguments.clone_prefix.clone(),
        grant: !arguments.no_grant,
        enable_mounting: arguments.enable_mounting,
        transfers: usize::from(arguments.transfers),
        ..CloneOptions::default()
    }
}

/// Returns every image that was asked for, of all parts.
fn read_items(arguments: &CloneArguments) -> operations::Result<Vec<CloneItem>> {
    if arguments.to.is_some() && arguments.sources.len() > 1 {
        return Err(OperationError::new("cannot clone several images to one place")
            .refused(format!("--to names one target for {} sources", arguments.sources.len()))
            .hint("put `SOURCE TARGET` lines into a file and pass it with --from-file"));
    }
    let item = |source: &String| CloneItem { source: source.clone(), target: arguments.to.clone() };
    let mut items: Vec<CloneItem> = arguments.sources.iter().map(item).collect();
    if let Some(path) = &arguments.from_file {
        if path == Path::new("-") && arguments.source_password_stdin {
            return Err(OperationError::new("cannot read both a list and a password from standard input")
                .hint("put the list into a file"));
        }
        items.extend(clone::read_list(&text_file::read(path)?)?);
    }
    Ok(items)
}

/// Asks on a terminal whether to go on; elsewhere nobody is there to ask, and a clone takes nothing away.
async fn agreed(arguments: &CloneArguments, plan: &ClonePlan, cancel: &CancellationToken) -> bool {
    let reads_stdin =
        arguments.source_password_stdin || arguments.from_file.as_deref() == Some(Path::new("-"));
    if reads_stdin || !question::can_ask() {
        return true;
    }
    failure::say(outcome::plan_table(plan, crate::screen::Screen::of_stderr()).trim_end());
    question::ask("carry it out?", cancel).await
}
