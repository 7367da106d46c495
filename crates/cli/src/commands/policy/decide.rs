//! `omics-ecr policy decide`

use std::collections::BTreeMap;
use std::process::ExitCode;

use ::policy::Verdict;
use operations::decide::{self, CasesReport, DecisionReport, Question};

use crate::arguments::{DecideArguments, Output};
use crate::commands::{remarks, text_file};
use crate::document;
use crate::failure::{self, print};
use crate::screen::{self, Screen};

/// Decides.
pub(crate) fn run(arguments: &DecideArguments) -> operations::Result<ExitCode> {
    if let Some(path) = &arguments.cases {
        let report = decide::decide_cases(&text_file::read(path)?)?;
        show_cases(&report, arguments.output.shape)?;
        return Ok(ExitCode::from(if report.failed == 0 { 0 } else { failure::NO }));
    }
    let report = decide::decide(&question(arguments)?)?;
    show(&report, arguments.output.shape)?;
    Ok(ExitCode::from(if report.verdict == Verdict::Allowed { 0 } else { failure::NO }))
}

fn question(arguments: &DecideArguments) -> operations::Result<Question> {
    let policy = arguments.policy.as_deref().map(text_file::read).transpose()?;
    let mut context: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value) in &arguments.context {
        context.entry(key.clone()).or_default().push(value.clone());
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Ok(Question {
        // An empty file and `null` say that there is no policy.
        policy: policy.filter(|text| !matches!(text.trim(), "" | "null")),
        attached_to: arguments.kind.into(),
        principal: text(&arguments.principal),
        action: text(&arguments.action),
        resource: text(&arguments.resource),
        context,
        unknown: arguments.unknown.clone(),
    })
}

fn show(report: &DecisionReport, output: Output) -> operations::Result<()> {
    if let Some(notation) = output.notation() {
        return document::print(report, notation);
    }
    // The words begin with the verdict.
    print(&format!("{}\n", report.why))
}

fn show_cases(report: &CasesReport, output: Output) -> operations::Result<()> {
    if let Some(notation) = output.notation() {
        return document::print(report, notation);
    }
    let mut table = Screen::of_stdout().table(&["CASE", "VERDICT", "BY", "EXPECTED"]);
    for case in &report.cases {
        let verdict =
            case.decision.as_ref().map_or_else(|| "error".to_owned(), |one| one.verdict.to_string());
        let by = case.decision.as_ref().and_then(|one| one.decided_by.clone()).unwrap_or_default();
        let expected = match (case.as_expected, &case.expected) {
            (Some(true), _) => "yes".to_owned(),
            (Some(false), Some(expected)) => format!("no: {expected}"),
            _ => String::new(),
        };
        table.add_row([case.name.clone(), verdict, by, expected]);
    }
    print(&format!(
        "{}\n{} cases, {} not as expected\n",
        screen::render(&table),
        report.total,
        report.failed
    ))?;
    remarks::errors(report.cases.iter().filter_map(|case| case.error.as_ref()));
    Ok(())
}
