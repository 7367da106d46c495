//! `omics-ecr drift`

use std::process::ExitCode;
use std::time::Duration;

use comfy_table::{Cell, Color};
use operations::drift::{self, CachedTag, DriftPlan, DriftRequest, DriftState, RefreshReport, Renewal};
use operations::{OperationError, PrivateRegistry, check};
use tokio_util::sync::CancellationToken;

use crate::arguments::{DriftArguments, Output};
use crate::commands::{account, interrupt, question, remarks, source_registries};
use crate::document;
use crate::failure::{self, print, remark};
use crate::screen::{self, Screen, count};

/// How long an import may take.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// Compares, and renews where that is asked for.
pub(crate) fn run(arguments: &DriftArguments) -> operations::Result<ExitCode> {
    if arguments.refresh && !arguments.plan.dry_run && !arguments.plan.yes && !question::can_ask() {
        return Err(OperationError::new("cannot ask whether tags may be deleted")
            .refused("standard input and standard error are no terminal")
            .hint("pass --yes to refresh without being asked"));
    }
    interrupt::run(|cancel| work(arguments, cancel))
}

async fn work(arguments: &DriftArguments, cancel: CancellationToken) -> operations::Result<ExitCode> {
    let look = async {
        let account = account::open(&arguments.account).await?;
        let options = check::client_options(source_registries::client(
            &arguments.sources.plain_http,
            &arguments.account.upstreams,
        ));
        let registry = PrivateRegistry::open(account.session(), None, options).await?;
        let request = DriftRequest {
            prefixes: arguments.prefixes.clone(),
            repositories: arguments.repositories.clone(),
        };
        let plan = drift::plan(&account, &registry, &request).await?;
        operations::Result::Ok((registry, plan))
    };
    let Some(looked) = cancel.run_until_cancelled(look).await else {
        return Ok(ExitCode::from(failure::INTERRUPTED));
    };
    let (registry, plan) = looked?;
    if !arguments.refresh || arguments.plan.dry_run {
        show_plan(&plan, arguments.output.shape)?;
        return Ok(verdict(&plan));
    }
    let replaced = plan.replacements().count();
    if replaced == 0 {
        show_plan(&plan, arguments.output.shape)?;
        remark("there is nothing to refresh");
        return Ok(verdict(&plan));
    }
    if !arguments.plan.yes {
        failure::say(table(&plan, Screen::of_stderr()).trim_end());
        let tags = count(replaced, "tag", "tags");
        if !question::ask(&format!("delete {tags} and bring them anew?"), &cancel).await {
            return Ok(question::declined(&cancel));
        }
    }
    let report = drift::refresh(&registry, &plan, PATIENCE, &cancel).await;
    show_report(&report, arguments.output.shape)?;
    if report.cancelled {
        return Ok(ExitCode::from(failure::INTERRUPTED));
    }
    // What was not to be replaced stays as it was found.
    let others = plan.tags.iter().filter(|tag| tag.renewal != Renewal::Replace);
    let drifted = others.clone().any(|tag| matches!(tag.state, DriftState::Moved { .. } | DriftState::Gone));
    let unknown = others.clone().any(|tag| matches!(tag.state, DriftState::Unknown { .. }));
    Ok(match (report.is_done() && !drifted, unknown) {
        (false, _) => ExitCode::from(failure::NO),
        (true, true) => ExitCode::from(failure::NO_ANSWER),
        (true, false) => ExitCode::SUCCESS,
    })
}

fn verdict(plan: &DriftPlan) -> ExitCode {
    match plan.verdict() {
        Some(true) => ExitCode::SUCCESS,
        Some(false) => ExitCode::from(failure::NO),
        None => ExitCode::from(failure::NO_ANSWER),
    }
}

fn show_plan(plan: &DriftPlan, output: Output) -> operations::Result<()> {
    if let Some(notation) = output.notation() {
        return document::print(plan, notation);
    }
    print(&format!("{}\n{}\n", table(plan, Screen::of_stdout()), summary(plan)))?;
    for tag in &plan.tags {
        if let DriftState::Unknown { error } = &tag.state {
            remarks::errors([error]);
        }
    }
    remarks::findings(&plan.findings);
    Ok(())
}

fn table(plan: &DriftPlan, screen: Screen) -> String {
    let mut table = screen.table(&["CACHED", "STATE", "AGE", "DIGEST", "PLATFORMS", "REFRESH"]);
    for tag in &plan.tags {
        table.add_row(row(tag, screen));
    }
    screen::render(&table)
}

fn row(tag: &CachedTag, screen: Screen) -> Vec<Cell> {
    let (colour, digests, platforms) = match &tag.state {
        DriftState::Current => (Color::Green, short(&tag.digest), String::new()),
        DriftState::Moved { upstream_digest, platforms, upstream_platforms } => {
            let change = match (platforms == upstream_platforms, upstream_platforms.is_empty()) {
                (true, _) | (false, true) => platforms.join("\n"),
                (false, false) => format!("{}\nthen {}", platforms.join("\n"), upstream_platforms.join("\n")),
            };
            (Color::Red, format!("{}\nthen {}", short(&tag.digest), short(upstream_digest)), change)
        }
        DriftState::Gone => (Color::Red, short(&tag.digest), String::new()),
        DriftState::Unknown { .. } => (Color::Yellow, short(&tag.digest), String::new()),
    };
    let refresh = match &tag.renewal {
        Renewal::Nothing => "",
        Renewal::Replace => "replace",
        Renewal::Blocked { .. } => "blocked",
    };
    vec![
        Cell::new(format!("{}:{}", tag.repository, tag.tag)),
        screen.cell(tag.state.label(), colour),
        Cell::new(tag.age_seconds.map(age).unwrap_or_default()),
        Cell::new(digests),
        Cell::new(platforms),
        Cell::new(refresh),
    ]
}

fn summary(plan: &DriftPlan) -> String {
    let of = |label: &str| plan.tags.iter().filter(|tag| tag.state.label() == label).count();
    let mut words = vec![format!("{} compared", count(plan.tags.len(), "cached tag", "cached tags"))];
    for label in ["moved", "gone upstream", "unknown"] {
        if of(label) > 0 {
            words.push(format!("{} {label}", of(label)));
        }
    }
    format!("{} in {}", words.join(", "), plan.registry)
}

fn show_report(report: &RefreshReport, output: Output) -> operations::Result<()> {
    if let Some(notation) = output.notation() {
        return document::print(report, notation);
    }
    let screen = Screen::of_stdout();
    let mut table = screen.table(&["CACHED", "OUTCOME", "BEFORE", "NOW"]);
    for tag in &report.tags {
        let (now, colour) = match &tag.outcome {
            drift::RefreshOutcome::Refreshed { digest } => (short(digest), Color::Green),
            drift::RefreshOutcome::Lost { .. } => (String::new(), Color::Red),
            _ => (short(&tag.before), Color::Yellow),
        };
        table.add_row([
            Cell::new(format!("{}:{}", tag.repository, tag.tag)),
            screen.cell(tag.outcome.label(), colour),
            Cell::new(short(&tag.before)),
            Cell::new(now),
        ]);
    }
    print(&screen::render(&table))?;
    for tag in &report.tags {
        for error in tag.outcome.error().into_iter().chain(&tag.left_over) {
            remarks::errors([error]);
        }
    }
    Ok(())
}

/// Returns a digest cut to what tells it apart.
fn short(digest: &str) -> String {
    digest.chars().take("sha256:".len() + 12).collect()
}

/// Returns an age in its largest unit: `3 d`.
fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
