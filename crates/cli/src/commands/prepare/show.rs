//! Plans and reports of prepared workflows, as tables for people and as documents for programs.

use comfy_table::{Cell, Color};
use indicatif::HumanBytes;
use operations::cache::{Action, CachePlan};
use operations::prepare::{PlannedAction, PrepareOutcome, PreparePlan, PrepareReport, PrepareRoute};

use crate::arguments::Output;
use crate::commands::remarks;
use crate::document;
use crate::failure::{print, remark};
use crate::screen::{self, Screen, count, short_name as short};

/// Prints a plan.
pub(super) fn plan(plan: &PreparePlan, output: Output) -> operations::Result<()> {
    if let Some(notation) = output.notation() {
        return document::print(plan, notation);
    }
    print(&format!("{}\n{}\n", table(plan, Screen::of_stdout()), summary(plan)))?;
    for image in &plan.images {
        match (&image.problem, image.named.route.reason()) {
            (Some(problem), _) => remarks::errors([problem]),
            (None, Some(reason)) => remark(&format!("{} is cloned: {reason}", short(&image.named.name))),
            (None, None) => {}
        }
    }
    remarks::findings(&plan.findings);
    Ok(())
}

/// Returns a plan as a table, and what changes in the account below it.
pub(super) fn table(plan: &PreparePlan, screen: Screen) -> String {
    let mut table = screen.table(&["IMAGE", "ROUTE", "TO", "STEP", "SIZE"]);
    for image in &plan.images {
        let colour = match image.action {
            PlannedAction::Refused | PlannedAction::Cancelled => Color::Red,
            PlannedAction::Nothing | PlannedAction::SameAsAnother => Color::Green,
            _ => Color::Yellow,
        };
        let size =
            if image.size_bytes > 0 { HumanBytes(image.size_bytes).to_string() } else { String::new() };
        table.add_row([
            Cell::new(short(&image.named.name)),
            Cell::new(route(&image.named.route)),
            Cell::new(within(&plan.registry, image.named.destination.as_deref())),
            screen.cell(image.action.label(), colour),
            Cell::new(size),
        ]);
    }
    let mut text = screen::render(&table);
    let mut changes = screen.table(&["RULE", "CHANGE", "OF"]);
    for (cache, step) in
        plan.caches.iter().flat_map(|cache: &CachePlan| cache.steps.iter().map(move |step| (cache, step)))
    {
        if step.action.is_change() || matches!(step.action, Action::Refused { .. }) {
            changes.add_row([cache.prefix.as_str(), step.action.label(), step.kind.label()]);
        }
    }
    if changes.row_count() > 0 {
        text += &format!("\n{}", screen::render(&changes));
    }
    text
}

/// Returns a name in the private registry without its host.
fn within(registry: &str, destination: Option<&str>) -> String {
    let Some(name) = destination else { return String::new() };
    short(name.strip_prefix(registry).map_or(name, |rest| rest.trim_start_matches('/')))
}

fn route(route: &PrepareRoute) -> String {
    match route.rule() {
        Some(prefix) => format!("{} {prefix}", route.label()),
        None => route.label().to_owned(),
    }
}

/// Returns a plan in one line.
pub(super) fn summary(plan: &PreparePlan) -> String {
    let by = |wanted: PlannedAction| plan.images.iter().filter(|image| image.action == wanted).count();
    let mut parts = Vec::new();
    let copies = by(PlannedAction::Copy);
    if copies > 0 {
        parts.push(format!("{copies} to copy ({} at most)", HumanBytes(plan.bytes)));
    }
    for (number, words) in [
        (by(PlannedAction::PullThrough), "to pull through"),
        (by(PlannedAction::LeaveToHealthomics), "left to HealthOmics"),
        (by(PlannedAction::Nothing), "there"),
        (by(PlannedAction::SameAsAnother), "named in two ways"),
        (plan.refused(), "that cannot be made ready"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {words}"));
        }
    }
    let new = plan.rules.iter().filter(|rule| rule.is_new).count();
    let mut text = match parts.is_empty() {
        true => "no image was found that needs a place in the private registry".to_owned(),
        false => format!("{}: {}", count(plan.images.len(), "image", "images"), parts.join(", ")),
    };
    if new > 0 {
        text += &format!("; {} to make", count(new, "rule", "rules"));
    }
    text + &unresolved(plan.unresolved)
}

fn unresolved(number: usize) -> String {
    match number {
        0 => String::new(),
        number => format!("; {} without a known value", count(number, "attribute", "attributes")),
    }
}

/// Prints a report.
pub(super) fn report(report: &PrepareReport) -> operations::Result<()> {
    let screen = Screen::of_stdout();
    let mut table = screen.table(&["IMAGE", "ROUTE", "IN ECR", "RESULT", "HEALTHOMICS", "SIZE"]);
    for image in &report.images {
        let colour = match image.outcome {
            outcome if outcome.is_ready() => Color::Green,
            PrepareOutcome::LeftToHealthomics => Color::Yellow,
            _ => Color::Red,
        };
        let verdict = match image.outcome.is_ready() {
            true => image.healthomics_access.label(),
            false => "",
        };
        table.add_row([
            Cell::new(short(&image.named.name)),
            Cell::new(route(&image.named.route)),
            Cell::new(within(&report.registry, image.named.destination.as_deref())),
            screen.cell(image.outcome.label(), colour),
            Cell::new(verdict),
            Cell::new(image.size_bytes.map(|size| HumanBytes(size).to_string()).unwrap_or_default()),
        ]);
    }
    print(&screen::render(&table))?;
    let steps = report.caches.iter().flat_map(|cache| &cache.steps);
    remarks::errors(steps.filter_map(|step| step.error.as_ref()));
    remarks::errors(report.images.iter().filter_map(|image| image.error.as_ref()));
    remarks::findings(&report.findings);
    let ready = report.images.iter().filter(|image| image.outcome.is_ready()).count();
    remark(&format!(
        "{ready} of {} ready, {} failed; sent {} in {:.1} s{}",
        count(report.images.len(), "image", "images"),
        report.failed(),
        HumanBytes(report.sent_bytes),
        report.seconds,
        unresolved(report.unresolved)
    ));
    Ok(())
}
