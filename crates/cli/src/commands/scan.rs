//! `omics-ecr scan`

use std::process::ExitCode;

use operations::{Code, Finding, Route, ScanReport, ScanRequest};
use workflow::{Engine, Resolution};

use crate::arguments::ScanArguments;
use crate::commands::remarks;
use crate::document;
use crate::failure::{self, print};
use crate::screen::{self, Screen, count};

/// How many names a cell shows before it counts the rest.
const SHOWN: usize = 3;

/// Prints what a workflow needs.
pub(crate) fn run(arguments: &ScanArguments) -> operations::Result<ExitCode> {
    let target = super::target(&arguments.target)?;
    let request = ScanRequest { path: arguments.path.clone(), target, ..ScanRequest::default() };
    let report = operations::scan(&request)?;
    match arguments.output.shape.notation() {
        Some(notation) => document::print(&report, notation)?,
        None => show(&report)?,
    }
    if arguments.strict && report.unresolved() > 0 {
        return Ok(ExitCode::from(failure::NO));
    }
    Ok(ExitCode::SUCCESS)
}

fn show(report: &ScanReport) -> operations::Result<()> {
    let screen = Screen::of_stdout();
    let mut text = String::new();
    if !report.images.is_empty() {
        text += &screen::render(&images(report, screen));
        text.push('\n');
    }
    if report.unresolved() > 0 {
        text += &screen::render(&unresolved(report, screen));
        text.push('\n');
    }
    text += &summary(report);
    print(&text)?;
    // The unresolved stand in a table of their own.
    let rest: Vec<Finding> =
        report.findings.iter().filter(|finding| finding.code != Code::Unresolved).cloned().collect();
    remarks::findings(&rest);
    Ok(())
}

fn images(report: &ScanReport, screen: Screen) -> comfy_table::Table {
    let mut table = screen.table(&["IMAGE", "ROUTE", "USED BY", "WRITTEN AT"]);
    for image in &report.images {
        let places: Vec<_> =
            image.places.iter().map(|place| format!("{}:{}", place.file, place.line)).collect();
        table.add_row([
            comfy_table::Cell::new(&image.image),
            screen.route(&image.route),
            comfy_table::Cell::new(shorten(&image.used_by)),
            comfy_table::Cell::new(shorten(&places)),
        ]);
    }
    table
}

fn unresolved(report: &ScanReport, screen: Screen) -> comfy_table::Table {
    let mut table = screen.table(&["UNRESOLVED", "IN", "HANGS ON", "AT"]);
    for reference in &report.references {
        let Resolution::Unresolved { template, depends_on } = &reference.resolution else { continue };
        let names: Vec<_> = reference.sites.iter().filter_map(|site| site.name.clone()).collect();
        let place = format!("{}:{}", reference.file, reference.line);
        table.add_row([template.clone(), shorten(&names), shorten(depends_on), place]);
    }
    table
}

fn summary(report: &ScanReport) -> String {
    let by = |wanted: fn(&Route) -> bool| report.images.iter().filter(|image| wanted(&image.route)).count();
    let mut parts = Vec::new();
    for (number, words) in [
        (by(|route| matches!(route, Route::AlreadyPrivate)), "already private"),
        (by(|route| matches!(route, Route::Rule { .. })), "by a pull through cache rule"),
        (
            by(|route| matches!(route, Route::HealthomicsCopies { .. })),
            "copied by HealthOmics with a credential, or cloned",
        ),
        (by(|route| matches!(route, Route::Clone { .. })), "to clone"),
        (by(|route| matches!(route, Route::Cannot { .. })), "that cannot come into ECR"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {words}"));
        }
    }
    let images = count(report.images.len(), "image", "images");
    let mut text = format!("{images} in {}", count(report.files, "workflow file", "workflow files"));
    if !parts.is_empty() {
        text += &format!(": {}", parts.join(", "));
    }
    text.push('\n');
    let mut more = Vec::new();
    let singularity =
        report.references.iter().filter(|reference| reference.engine == Engine::Singularity).count();
    if report.unresolved() > 0 {
        more.push(format!("{} without a known value", count(report.unresolved(), "attribute", "attributes")));
    }
    if singularity > 0 {
        more.push(format!(
            "{} only for Singularity left aside",
            count(singularity, "reference", "references")
        ));
    }
    if !more.is_empty() {
        text += &format!("{}\n", more.join(", "));
    }
    text
}

/// Returns the first names, and how many more there are.
fn shorten(names: &[String]) -> String {
    let mut text = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    if names.len() > SHOWN {
        text += &format!("\n+{} more", names.len() - SHOWN);
    }
    text
}
