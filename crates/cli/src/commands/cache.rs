//! `omics-ecr cache`

mod show;

use std::process::ExitCode;

use operations::OperationError;
use operations::cache::{self, Action, CacheOptions, CacheRequest, RemovalRequest};
use tokio_util::sync::CancellationToken;

use crate::arguments::{CacheCommand, CreateArguments, DeleteArguments, ListArguments, Output};
use crate::commands::{account, interrupt, question, remarks};
use crate::document;
use crate::failure::{self, print};
use crate::screen::Screen;

/// Returns the shape of what is printed.
pub(crate) fn output(command: &CacheCommand) -> Output {
    match command {
        CacheCommand::Create(arguments) => arguments.output.shape,
        CacheCommand::List(arguments) => arguments.output.shape,
        CacheCommand::Delete(arguments) => arguments.output.shape,
    }
}

/// Makes, lists or deletes caches, or says what would be done.
pub(crate) fn run(command: &CacheCommand) -> operations::Result<ExitCode> {
    match command {
        CacheCommand::Create(arguments) => {
            let options = options(arguments);
            // What can be refused without AWS is.
            if !CacheRequest::may_be_renewed(&arguments.registry, &options) {
                CacheRequest::new(&arguments.registry, options.clone())?;
            }
            interrupt::run(|cancel| create(arguments, options, cancel))
        }
        CacheCommand::List(arguments) => interrupt::reading(|| list(arguments)),
        CacheCommand::Delete(arguments) => interrupt::run(|cancel| delete(arguments, cancel)),
    }
}

fn options(arguments: &CreateArguments) -> CacheOptions {
    CacheOptions {
        prefix: arguments.prefix.clone(),
        upstream_prefix: arguments.upstream_prefix.clone(),
        credential: arguments.credential.clone(),
        role_arn: arguments.role_arn.clone(),
        source_account: arguments.source_account.clone(),
        replace: arguments.replace,
        grant_existing: arguments.grant_existing,
    }
}

/// Returns the account and what is asked of it; without an account, what is missing in the request comes first.
async fn asked(
    arguments: &CreateArguments,
    options: CacheOptions,
) -> operations::Result<(account::Opened, CacheRequest)> {
    match account::open(&arguments.account).await {
        Ok(account) => {
            let request = CacheRequest::renewed(&account, &arguments.registry, options).await?;
            Ok((account, request))
        }
        Err(error) => {
            CacheRequest::new(&arguments.registry, options)?;
            Err(error)
        }
    }
}

async fn create(
    arguments: &CreateArguments,
    options: CacheOptions,
    cancel: CancellationToken,
) -> operations::Result<ExitCode> {
    let look = async {
        let (account, request) = asked(arguments, options).await?;
        let plan = cache::plan(&account, request).await?;
        operations::Result::Ok((account, plan))
    };
    let Some(looked) = cancel.run_until_cancelled(look).await else {
        return Ok(question::declined(&cancel));
    };
    let (account, plan) = looked?;
    if arguments.plan.dry_run {
        match arguments.output.shape.notation() {
            Some(notation) => document::print(&plan, notation)?,
            None => {
                print(&show::plan(&plan, Screen::of_stdout()))?;
                show::refusals(&plan.steps);
                remarks::findings(&plan.findings);
            }
        }
        return Ok(ExitCode::from(if plan.is_refused() { failure::NO } else { 0 }));
    }
    if plan.has_changes() && !arguments.plan.yes {
        let replaces = plan.steps.iter().any(|step| matches!(step.action, Action::Replace { .. }));
        if question::can_ask() {
            failure::say(show::plan(&plan, Screen::of_stderr()).trim_end());
            remarks::findings(&plan.findings);
            if !question::ask("carry it out?", &cancel).await {
                return Ok(question::declined(&cancel));
            }
        } else if replaces {
            return Err(unasked(&format!("replace the rule `{}`", plan.prefix)));
        }
    }
    let report = cache::apply(&account, plan).await;
    match arguments.output.shape.notation() {
        Some(notation) => document::print(&report, notation)?,
        None => {
            print(&show::report(&report, Screen::of_stdout()))?;
            show::errors(&report.steps);
            remarks::findings(&report.findings);
        }
    }
    Ok(ExitCode::from(if report.is_done() { 0 } else { failure::NO }))
}

async fn list(arguments: &ListArguments) -> operations::Result<ExitCode> {
    let account = account::open(&arguments.account).await?;
    let list = cache::list(&account).await?;
    match arguments.output.shape.notation() {
        Some(notation) => document::print(&list, notation)?,
        None => {
            print(&show::list(&list, Screen::of_stdout()))?;
            remarks::findings(&list.findings);
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn delete(arguments: &DeleteArguments, cancel: CancellationToken) -> operations::Result<ExitCode> {
    let request = RemovalRequest {
        prefix: arguments.prefix.clone(),
        with_template: arguments.with_template,
        with_grant: arguments.with_grant,
    };
    let look = async {
        let account = account::open(&arguments.account).await?;
        let plan = cache::plan_removal(&account, request).await?;
        operations::Result::Ok((account, plan))
    };
    let Some(looked) = cancel.run_until_cancelled(look).await else {
        return Ok(question::declined(&cancel));
    };
    let (account, plan) = looked?;
    if arguments.plan.dry_run {
        match arguments.output.shape.notation() {
            Some(notation) => document::print(&plan, notation)?,
            None => {
                print(&show::removal(&plan.steps, Screen::of_stdout()))?;
                show::refusals(&plan.steps);
                remarks::findings(&plan.findings);
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    if plan.has_changes() && !arguments.plan.yes {
        if !question::can_ask() {
            return Err(unasked(&format!("delete the rule `{}`", plan.prefix)));
        }
        failure::say(show::removal(&plan.steps, Screen::of_stderr()).trim_end());
        remarks::findings(&plan.findings);
        if !question::ask("delete it?", &cancel).await {
            return Ok(question::declined(&cancel));
        }
    }
    let report = cache::apply_removal(&account, plan).await;
    match arguments.output.shape.notation() {
        Some(notation) => document::print(&report, notation)?,
        None => {
            print(&show::outcomes(&report.steps, Screen::of_stdout()))?;
            show::errors(&report.steps);
            remarks::findings(&report.findings);
        }
    }
    Ok(ExitCode::from(if report.is_done() { 0 } else { failure::NO }))
}

/// Returns the error of something that must be asked where nobody is.
fn unasked(what: &str) -> OperationError {
    OperationError::new(format!("cannot {what} without asking"))
        .refused("there is no terminal to ask on")
        .hint("see what it does with --dry-run, then run it with --yes")
}
