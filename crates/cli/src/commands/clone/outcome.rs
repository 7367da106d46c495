//! Plans and reports of clones, as tables for people and as documents for programs.

use comfy_table::Cell;
use indicatif::HumanBytes;
use operations::OperationError;
use operations::clone::{ClonePlan, CloneReport, CloneRoute, PlannedClone, PolicyPlan, Step};

use crate::arguments::Output;
use crate::commands::remarks;
use crate::document;
use crate::failure::print;
use crate::screen::{self, Screen, count, short_name as short};

/// Prints a plan.
pub(super) fn show_plan(plan: &ClonePlan, output: Output) -> operations::Result<()> {
    if let Some(notation) = output.notation() {
        return document::print(plan, notation);
    }
    print(&format!("{}\n{}\n", plan_table(plan, Screen::of_stdout()), summary(plan)))?;
    let refused = plan.images.iter().filter_map(|image| match &image.step {
        Step::Refused { error } => Some(error),
        _ => None,
    });
    tell(refused, plan.images.iter().filter(|image| matches!(image.step, Step::Conflict { .. })));
    remarks::findings(&plan.findings);
    Ok(())
}

fn tell<'a>(
    errors: impl Iterator<Item = &'a OperationError>,
    conflicts: impl Iterator<Item = &'a PlannedClone>,
) {
    remarks::errors(errors);
    for image in conflicts {
        if let Step::Conflict { existing } = &image.step {
            let error = OperationError::new(format!("cannot clone to `{}`", image.destination))
                .refused(format!("the tag stands for {existing}, another image"))
                .hint("name another tag, or let this one move with --overwrite");
            remarks::errors([&error]);
        }
    }
}

/// Returns a plan as a table.
pub(super) fn plan_table(plan: &ClonePlan, screen: Screen) -> String {
    let mut table = screen.table(&["IMAGE", "TO", "STEP", "PLATFORMS", "SIZE"]);
    for image in &plan.images {
        let size =
            if image.size_bytes > 0 { HumanBytes(image.size_bytes).to_string() } else { String::new() };
        let destination = image.destination.strip_prefix(&format!("{}/", plan.registry));
        table.add_row([
            Cell::new(&image.source),
            Cell::new(short(destination.unwrap_or(&image.destination))),
            Cell::new(step(image)),
            Cell::new(image.platforms.join("\n")),
            Cell::new(size),
        ]);
    }
    let mut text = screen::render(&table);
    let mut changes = screen.table(&["REPOSITORY", "CHANGE"]);
    for repository in &plan.repositories {
        let mut words = Vec::new();
        if repository.create.is_some() {
            words.push("created".to_owned());
        }
        match &repository.policy {
            PolicyPlan::Unchanged => {}
            PolicyPlan::Grant { before, .. } if before.is_some() => {
                words.push("HealthOmics may read, beside what its policy says".to_owned());
            }
            PolicyPlan::Grant { .. } => words.push("HealthOmics may read".to_owned()),
            PolicyPlan::AfterPrime => {
                words.push("made by its rule; then HealthOmics may read".to_owned());
            }
            PolicyPlan::Refused { .. } => words.push("HealthOmics may not read: see below".to_owned()),
        }
        if !words.is_empty() {
            changes.add_row([repository.name.clone(), words.join(", ")]);
        }
    }
    if changes.row_count() > 0 {
        text += &format!("\n{}", screen::render(&changes));
    }
    for allowance in &plan.pull_allowances {
        let images = count(usize::try_from(allowance.wanted).unwrap_or(usize::MAX), "image", "images");
        let verb = if allowance.wanted == 1 { "fits" } else { "fit" };
        text += &format!("\n{}: {} of your {images} {verb} now\n", allowance.registry, allowance.fit);
    }
    if plan.mounting.is_switched_on() {
        text += "\nthe account's setting BLOB_MOUNTING is switched on\n";
    }
    text
}

fn step(image: &PlannedClone) -> String {
    match (&image.step, &image.route) {
        (Step::UpToDate, _) => "up to date".to_owned(),
        (Step::Copy { replaces: Some(_) }, _) => "copy, the tag moves".to_owned(),
        (Step::Copy { .. }, CloneRoute::Copy { reason: Some(_) }) => "copy, not by the rule".to_owned(),
        (Step::Copy { .. }, _) => "copy".to_owned(),
        (Step::AddReferrers { missing }, _) => format!("add {}", count(*missing, "referrer", "referrers")),
        (Step::Prime, CloneRoute::Prime { rule }) => format!("through rule {rule}"),
        (Step::Prime, _) => "through a rule".to_owned(),
        (Step::Conflict { .. }, _) => "conflict".to_owned(),
        (Step::Refused { .. }, _) => "cannot".to_owned(),
        (Step::SameAs { .. }, _) => "see above".to_owned(),
        (Step::Cancelled, _) => "called off".to_owned(),
    }
}

/// Returns a plan in one line.
pub(super) fn summary(plan: &ClonePlan) -> String {
    let by = |wanted: fn(&Step) -> bool| plan.images.iter().filter(|image| wanted(&image.step)).count();
    let copies = by(|step| matches!(step, Step::Copy { .. }));
    let mut parts = Vec::new();
    if copies > 0 {
        parts.push(format!("{copies} to copy ({} at most)", HumanBytes(plan.bytes)));
    }
    for (number, words) in [
        (by(|step| matches!(step, Step::Prime)), "through a rule"),
        (by(|step| matches!(step, Step::AddReferrers { .. })), "to add referrers to"),
        (by(|step| matches!(step, Step::UpToDate)), "up to date"),
        (by(|step| matches!(step, Step::SameAs { .. })), "named twice"),
        (by(|step| matches!(step, Step::Conflict { .. })), "in conflict"),
        (by(|step| matches!(step, Step::Refused { .. })), "that cannot be cloned"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {words}"));
        }
    }
    let created = plan.repositories.iter().filter(|repository| repository.create.is_some()).count();
    if created > 0 {
        parts.push(format!("{} to create", count(created, "repository", "repositories")));
    }
    format!("{} for {}: {}", count(plan.images.len(), "image", "images"), plan.registry, parts.join(", "))
}

/// Prints a report: one table, and what failed below it.
pub(super) fn show_report(report: &CloneReport, output: Output) -> operations::Result<()> {
    if let Some(notation) = output.notation() {
        return document::print(report, notation);
    }
    let screen = Screen::of_stdout();
    let mut table = screen.table(&["IMAGE", "IN ECR", "OUTCOME", "PLATFORMS", "SIZE", "SENT", "HEALTHOMICS"]);
    for image in &report.images {
        let there = image.outcome.is_there();
        let place = if there { short(&image.destination) } else { String::new() };
        let bytes = |bytes: u64| if bytes > 0 { HumanBytes(bytes).to_string() } else { String::new() };
        table.add_row([
            image.source.clone(),
            place,
            image.outcome.label().to_owned(),
            image.platforms.join("\n"),
            bytes(image.size_bytes.unwrap_or_default()),
            bytes(image.sent_bytes),
            if there { image.healthomics_access.label().to_owned() } else { String::new() },
        ]);
    }
    let there = report.images.iter().filter(|image| image.outcome.is_there()).count();
    let mut text = screen::render(&table);
    text += &format!(
        "\n{} of {} in {}; {} sent",
        there,
        count(report.images.len(), "image", "images"),
        report.registry,
        HumanBytes(report.sent_bytes)
    );
    if report.mounted_bytes > 0 {
        text += &format!(", {} mounted", HumanBytes(report.mounted_bytes));
    }
    let changed = report.images.iter().filter(|image| image.digest_changed).count();
    if changed > 0 {
        text += &format!(
            "\n{} taken out of an index: its digest is not the source's",
            count(changed, "image was", "images were")
        );
    }
    print(&(text + "\n"))?;
    remarks::errors(report.images.iter().filter_map(|image| image.error.as_ref()));
    remarks::findings(&report.findings);
    Ok(())
}
