//! `omics-ecr grant`

use std::process::ExitCode;

use operations::Access;
use operations::grant::{self, GrantOutcome, GrantPlan, GrantReport, GrantRequest, PolicyStep, Selection};
use tokio_util::sync::CancellationToken;

use super::{account, interrupt, question, remarks};
use crate::arguments::{GrantArguments, Output};
use crate::document;
use crate::failure::{self, print, remark};
use crate::screen::{self, Screen, count};

/// Grants, or says what would be done.
pub(crate) fn run(arguments: &GrantArguments) -> operations::Result<ExitCode> {
    interrupt::run(|cancel| work(arguments, cancel))
}

async fn work(arguments: &GrantArguments, cancel: CancellationToken) -> operations::Result<ExitCode> {
    let request = GrantRequest {
        repositories: selection(arguments),
        source_account: arguments.source_account.clone(),
        revoke: arguments.revoke,
    };
    let look = async {
        let account = account::open(&arguments.account).await?;
        let plan = grant::plan(&account, &request).await?;
        operations::Result::Ok((account, plan))
    };
    let Some(looked) = cancel.run_until_cancelled(look).await else {
        return Ok(question::declined(&cancel));
    };
    let (account, plan) = looked?;
    if arguments.plan.dry_run {
        show_plan(&plan, arguments.output.shape)?;
        return Ok(ExitCode::from(if plan.has_refusals() { failure::NO } else { 0 }));
    }
    if plan.changes() > 0 && !arguments.plan.yes && question::can_ask() {
        failure::say(plan_table(&plan, Screen::of_stderr()).trim_end());
        if !question::ask("carry it out?", &cancel).await {
            return Ok(question::declined(&cancel));
        }
    }
    let report = grant::apply(&account, plan).await;
    show_report(&report, arguments.output.shape)?;
    Ok(ExitCode::from(if report.is_done() { 0 } else { failure::NO }))
}

fn selection(arguments: &GrantArguments) -> Selection {
    if arguments.all {
        Selection::All
    } else if arguments.prefixes.is_empty() {
        Selection::Named(arguments.repositories.clone())
    } else {
        Selection::Below(arguments.prefixes.clone())
    }
}

fn show_plan(plan: &GrantPlan, output: Output) -> operations::Result<()> {
    if let Some(notation) = output.notation() {
        return document::print(plan, notation);
    }
    let changes = count(plan.changes(), "policy", "policies");
    print(&format!("{}\n{changes} would be written\n", plan_table(plan, Screen::of_stdout())))?;
    remarks::errors(plan.repositories.iter().filter_map(|planned| match &planned.step {
        PolicyStep::Refused { error } => Some(error),
        _ => None,
    }));
    remarks::findings(&plan.findings);
    Ok(())
}

fn plan_table(plan: &GrantPlan, screen: Screen) -> String {
    let mut table = screen.table(&["REPOSITORY", "HEALTHOMICS READS", "STEP"]);
    for planned in &plan.repositories {
        let step = match (&planned.step, plan.revoke) {
            (PolicyStep::Unchanged, _) => "nothing",
            (PolicyStep::Write { .. }, false) => "grant",
            (PolicyStep::Write { .. }, true) => "revoke",
            (PolicyStep::Refused { .. }, _) => "cannot",
        };
        table.add_row([planned.repository.clone(), words(&planned.access), step.to_owned()]);
    }
    screen::render(&table)
}

fn show_report(report: &GrantReport, output: Output) -> operations::Result<()> {
    if let Some(notation) = output.notation() {
        return document::print(report, notation);
    }
    if report.repositories.is_empty() {
        remark("no repository is meant: nothing was changed");
        return Ok(());
    }
    let screen = Screen::of_stdout();
    let mut table = screen.table(&["REPOSITORY", "HEALTHOMICS READS", "OUTCOME"]);
    let mut written = 0;
    for repository in &report.repositories {
        let outcome = match (&repository.outcome, report.revoke) {
            (GrantOutcome::Unchanged, _) => "unchanged",
            (GrantOutcome::Written, false) => "granted",
            (GrantOutcome::Written, true) => "revoked",
            (GrantOutcome::Failed { .. }, _) => "failed",
        };
        written += usize::from(repository.outcome == GrantOutcome::Written);
        table.add_row([repository.repository.clone(), words(&repository.access), outcome.to_owned()]);
    }
    let written = count(written, "policy", "policies");
    print(&format!("{}\n{written} written\n", screen::render(&table)))?;
    remarks::errors(report.repositories.iter().filter_map(|repository| match &repository.outcome {
        GrantOutcome::Failed { error } => Some(error),
        _ => None,
    }));
    remarks::findings(&report.findings);
    Ok(())
}

fn words(access: &Access) -> String {
    access.label().to_owned()
}
