//! `omics-ecr clone`

mod emit;
mod outcome;
mod progress;
mod shard;
mod sources;

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use operations::clone::{self, CloneItem, CloneOptions, ClonePlan, CloneRequest, RepositorySettings};
use operations::{OperationError, PrivateRegistry};
use registry::PlatformChoice;
use tokio_util::sync::CancellationToken;

use crate::arguments::{CloneArguments, Output};
use crate::commands::account::Account;
use crate::commands::{image_list, interrupt};
use crate::failure::{self, print, remark};

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
    let account = Account::open(&arguments.account).await?;
    let client = sources::client(arguments, &request.images)?;
    let registry = PrivateRegistry::open(account.session(), account.id(), client).await?;
    let planning = Arc::new(progress::Progress::of_planning(request.images.len()));
    let plan = clone::plan(&registry, &request, planning.clone(), &cancel).await;
    planning.end();
    let plan = plan?;
    if plan.is_cancelled() || cancel.is_cancelled() {
        remark("interrupted: nothing was changed");
        return Ok(ExitCode::from(failure::INTERRUPTED));
    }
    if arguments.dry_run {
        outcome::show_plan(&plan, arguments.output)?;
        return Ok(ExitCode::from(if plan.refused() == 0 { 0 } else { failure::NO }));
    }
    remark(&outcome::summary(&plan));
    if plan.has_changes() && !arguments.yes && !agreed(arguments, &plan, &cancel).await? {
        remark("nothing was changed");
        return Ok(ExitCode::from(if cancel.is_cancelled() { failure::INTERRUPTED } else { failure::NO }));
    }
    let progress = Arc::new(progress::Progress::of_applying(&plan));
    let report = clone::apply(&registry, plan, progress.clone(), &cancel).await;
    progress.end();
    outcome::show_report(&report, arguments.output)?;
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
        (Some(platform), _) => Some(PlatformChoice::One(platform.clone())),
        (None, true) => Some(PlatformChoice::All),
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
        items.extend(clone::read_list(&image_list::read(path)?)?);
    }
    Ok(items)
}

/// Asks on a terminal whether to go on; elsewhere nobody is there to ask, and a clone takes nothing away.
async fn agreed(
    arguments: &CloneArguments,
    plan: &ClonePlan,
    cancel: &CancellationToken,
) -> operations::Result<bool> {
    let reads_stdin =
        arguments.source_password_stdin || arguments.from_file.as_deref() == Some(Path::new("-"));
    if reads_stdin || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(true);
    }
    remark(outcome::plan_table(plan, crate::screen::Screen::of_stderr()).trim_end());
    let mut screen = std::io::stderr().lock();
    // A terminal that takes no question gives no answer either.
    let _ = write!(screen, "carry it out? [y/N] ").and_then(|()| screen.flush());
    drop(screen);
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    match cancel.run_until_cancelled(answer).await {
        Some(Ok(Ok(line))) => Ok(matches!(line.trim(), "y" | "Y" | "yes")),
        _ => Ok(false),
    }
}

/// Prints a document as JSON.
fn print_json(document: &impl serde::Serialize) -> operations::Result<()> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| OperationError::new("cannot print the report").refused(error))?;
    print(&(text + "\n"))
}

/// Returns whether the output is for programs.
fn is_json(output: Output) -> bool {
    output == Output::Json
}
