//! `omics-ecr validate`

mod sarif;
mod table;

use std::process::ExitCode;

use operations::validate::{self, Applied, FixPlan, Outcome, ValidateReport, ValidateRequest, Verdict};
use operations::{Account, OperationError};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::arguments::{ValidateArguments, ValidateOutput};
use crate::commands::{account, interrupt, question};
use crate::document::{self, Notation};
use crate::failure::{self, print, remark};
use crate::screen::Screen;

/// What a repair prints as JSON.
#[derive(Serialize)]
struct Repair<'a> {
    schema_version: u32,
    plan: &'a FixPlan,
    applied: &'a [Applied],
    report: &'a ValidateReport,
}

/// Validates, and repairs what can be repaired.
pub(crate) fn run(arguments: &ValidateArguments) -> operations::Result<ExitCode> {
    interrupt::run(|cancel| work(arguments, cancel))
}

async fn work(arguments: &ValidateArguments, cancel: CancellationToken) -> operations::Result<ExitCode> {
    let request = ValidateRequest { prefixes: arguments.prefixes.clone() };
    let look = async {
        let account = account::open(&arguments.aws).await?;
        let observed = validate::observe(&account, &request).await;
        operations::Result::Ok((account, observed))
    };
    let Some(looked) = cancel.run_until_cancelled(look).await else {
        return Ok(question::declined(&cancel));
    };
    let (account, observed) = looked?;
    let report = validate::report(&account, &request, &observed);
    if !arguments.fix {
        show(arguments, &report)?;
        return Ok(exit(&report));
    }
    let plan = validate::plan(&account, &request, &observed, arguments.source_account.as_ref());
    repair(arguments, &account, &request, report, plan, &cancel).await
}

async fn repair(
    arguments: &ValidateArguments,
    account: &Account,
    request: &ValidateRequest,
    report: ValidateReport,
    plan: FixPlan,
    cancel: &CancellationToken,
) -> operations::Result<ExitCode> {
    // A document for programs has the plan in it.
    if arguments.output == ValidateOutput::Table {
        let text = table::plan(&plan, Screen::of_stderr());
        // What is asked about, or asked for, is said in any case.
        let say = if arguments.plan.yes { remark } else { failure::say };
        say(text.trim_end());
    }
    if plan.changes.is_empty() || arguments.plan.dry_run {
        show_repair(arguments, &plan, &[], &report)?;
        return Ok(exit(&report));
    }
    if !arguments.plan.yes {
        if !question::can_ask() {
            return Err(OperationError::new("cannot ask whether to apply the plan")
                .refused("standard input or standard error is no terminal")
                .hint("pass --yes to apply it, or --dry-run to see it"));
        }
        if arguments.output != ValidateOutput::Table {
            failure::say(table::plan(&plan, Screen::of_stderr()).trim_end());
        }
        if !question::ask("apply it?", cancel).await {
            return Ok(question::declined(cancel));
        }
    }
    let applied = validate::apply(account, &plan).await;
    let after = validate::validate(account, request).await;
    show_repair(arguments, &plan, &applied, &after)?;
    let failed = applied.iter().any(|applied| matches!(applied.outcome, Outcome::Failed { .. }));
    Ok(match exit_code(&after) {
        0 if failed => ExitCode::from(failure::NO),
        code => ExitCode::from(code),
    })
}

fn show(arguments: &ValidateArguments, report: &ValidateReport) -> operations::Result<()> {
    match arguments.output {
        ValidateOutput::Table => print(&table::report(report, Screen::of_stdout())),
        ValidateOutput::Json => document::print(report, Notation::Json),
        ValidateOutput::Yaml => document::print(report, Notation::Yaml),
        ValidateOutput::Sarif => document::print(&sarif::log(report), Notation::Json),
    }
}

fn show_repair(
    arguments: &ValidateArguments,
    plan: &FixPlan,
    applied: &[Applied],
    report: &ValidateReport,
) -> operations::Result<()> {
    let repair = Repair { schema_version: 1, plan, applied, report };
    match arguments.output {
        ValidateOutput::Json => document::print(&repair, Notation::Json),
        ValidateOutput::Yaml => document::print(&repair, Notation::Yaml),
        ValidateOutput::Table => {
            let text = table::applied(applied, Screen::of_stderr());
            if !text.is_empty() {
                remark(text.trim_end());
            }
            show(arguments, report)
        }
        ValidateOutput::Sarif => show(arguments, report),
    }
}

fn exit(report: &ValidateReport) -> ExitCode {
    ExitCode::from(exit_code(report))
}

fn exit_code(report: &ValidateReport) -> u8 {
    match report.verdict {
        Verdict::Ok => 0,
        Verdict::Problems => failure::NO,
        Verdict::CouldNotLook => failure::NO_ANSWER,
    }
}
