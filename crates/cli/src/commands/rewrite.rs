//! `omics-ecr rewrite`

use std::process::ExitCode;

use operations::rewrite::{self, RewriteReport, RewriteRequest};

use crate::arguments::RewriteArguments;
use crate::document;
use crate::failure::{self, print, remark};
use crate::screen::{self, Screen, count};

/// Rewrites, or shows what would change.
pub(crate) fn run(arguments: &RewriteArguments) -> operations::Result<ExitCode> {
    let request = RewriteRequest {
        path: arguments.path.clone(),
        map: arguments.map.clone(),
        target: super::target(&arguments.target)?,
        parameter: arguments.parameterize.clone(),
        default: arguments.default.clone(),
        cwl_expressions: arguments.cwl_expressions,
        ..RewriteRequest::default()
    };
    let plan = rewrite::plan(&request)?;
    let report = if arguments.diff { plan.report } else { rewrite::apply(plan)? };
    match arguments.output.shape.notation() {
        Some(notation) => document::print(&report, notation)?,
        None => show(&report)?,
    }
    let is_open = report.left_alone.iter().any(rewrite::LeftAlone::is_open);
    Ok(if arguments.strict && is_open { ExitCode::from(failure::NO) } else { ExitCode::SUCCESS })
}

/// Prints the diff where nothing was written, so that other programs can take it, and the rest as remarks;
/// else what was done.
fn show(report: &RewriteReport) -> operations::Result<()> {
    let said = if report.applied {
        let text = summary(report) + &left_alone(report, Screen::of_stdout());
        print(&text)?;
        String::new()
    } else {
        let screen = Screen::of_stdout();
        print(&report.files.iter().map(|file| screen.diff(&file.diff)).collect::<String>())?;
        summary(report) + &left_alone(report, Screen::of_stderr())
    };
    let remarks = said + &inputs(report) + &screen::findings(&report.findings);
    if !remarks.is_empty() {
        remark(remarks.trim_end());
    }
    Ok(())
}

fn summary(report: &RewriteReport) -> String {
    let names = count(report.rewritten.len(), "image name", "image names");
    let files = count(report.files.len(), "file", "files");
    let done = if report.applied { "rewrote" } else { "would rewrite" };
    let mut text = format!("{done} {names} in {files}");
    if let Some(parameter) = &report.parameter {
        let places = count(report.declared.len(), "place", "places");
        text += &format!("; `{}` declared in {places}", parameter.name);
    }
    let there = report.left_alone.iter().filter(|left| !left.is_open()).count();
    let open = report.left_alone.len() - there;
    if there > 0 {
        text += &format!("; {there} already there or only for Singularity");
    }
    if open > 0 {
        text += &format!("; {open} left alone");
    }
    text.push('\n');
    text
}

/// Returns the table of what is left to do, and the hints for it.
fn left_alone(report: &RewriteReport, screen: Screen) -> String {
    let mut table = screen.table(&["LEFT ALONE", "AT", "WHY"]);
    let mut hints: Vec<&str> = Vec::new();
    for left in report.left_alone.iter().filter(|left| left.is_open()) {
        let place = format!("{}:{}", left.file, left.line);
        table.add_row([left.image.as_ref().unwrap_or(&left.text), &place, &left.message]);
        if let Some(hint) = &left.hint
            && !hints.contains(&hint.as_str())
        {
            hints.push(hint);
        }
    }
    if table.is_empty() {
        return String::new();
    }
    let hints: String = hints.iter().map(|hint| format!("  hint: {hint}\n")).collect();
    format!("\n{}{hints}", screen::render(&table))
}

/// Returns what a run has to be given now.
fn inputs(report: &RewriteReport) -> String {
    if report.inputs.is_empty() {
        return String::new();
    }
    let registry = report.parameter.as_ref().map_or("", |parameter| &parameter.registry);
    format!("a run has to be given {}, such as {registry}\n", report.inputs.join(", "))
}
