//! `omics-ecr secret`

use std::process::ExitCode;

use operations::secret::{self, SecretAction, SecretCheck, SecretPlan, SecretReport, SecretRequest};
use operations::{OperationError, read_upstream};
use registry::ClientOptions;
use tokio_util::sync::CancellationToken;

use crate::arguments::{Output, SecretCheckArguments, SecretCommand, SecretCreateArguments};
use crate::commands::{account, interrupt, password, proxies, question, remarks};
use crate::document;
use crate::failure::{self, print};
use crate::screen::{self, Screen};

/// Returns the shape of what is printed.
pub(crate) fn output(command: &SecretCommand) -> Output {
    match command {
        SecretCommand::Create(arguments) => arguments.output.shape,
        SecretCommand::Check(arguments) => arguments.output.shape,
    }
}

/// Makes or checks a secret, or says what would be done.
pub(crate) fn run(command: &SecretCommand) -> operations::Result<ExitCode> {
    match command {
        SecretCommand::Create(arguments) => {
            let question = format!("token of {} at {}: ", arguments.username, arguments.registry);
            let token = password::asked_or_piped(&question, "omics-ecr secret create ...")?;
            let token = aws::Secret::new(token);
            let mut request =
                SecretRequest::new(&arguments.name, &arguments.registry, &arguments.username, token)?;
            request.check = !arguments.no_check;
            request.replace = arguments.replace;
            interrupt::run(|cancel| create(arguments, request, cancel))
        }
        SecretCommand::Check(arguments) => interrupt::reading(|| check(arguments)),
    }
}

fn client() -> ClientOptions {
    ClientOptions { proxies: proxies::of_environment(), ..ClientOptions::default() }
}

async fn create(
    arguments: &SecretCreateArguments,
    request: SecretRequest,
    cancel: CancellationToken,
) -> operations::Result<ExitCode> {
    let look = async {
        let account = account::open(&arguments.account).await?;
        let plan = secret::plan(&account, request, &client()).await;
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
                print(&plan_table(&plan, Screen::of_stdout()))?;
                remarks::findings(&plan.findings);
            }
        }
        if let (SecretAction::Refused { error }, None) = (&plan.action, arguments.output.shape.notation()) {
            remarks::errors([error]);
        }
        let refused = matches!(plan.action, SecretAction::Refused { .. });
        return Ok(ExitCode::from(if refused { failure::NO } else { 0 }));
    }
    if plan.has_changes() && !arguments.plan.yes {
        if question::can_ask() {
            failure::say(plan_table(&plan, Screen::of_stderr()).trim_end());
            if !question::ask("write it?", &cancel).await {
                return Ok(question::declined(&cancel));
            }
        } else if matches!(plan.action, SecretAction::Update { .. }) {
            return Err(OperationError::new(format!(
                "cannot replace the secret `{}` without asking",
                plan.name
            ))
            .refused("there is no terminal to ask on")
            .hint("run it with --yes"));
        }
    }
    let report = secret::apply(&account, plan).await;
    match arguments.output.shape.notation() {
        Some(notation) => document::print(&report, notation)?,
        None => {
            print(&report_table(&report, Screen::of_stdout()))?;
            remarks::errors(&report.error);
            remarks::findings(&report.findings);
        }
    }
    Ok(ExitCode::from(if report.error.is_none() { 0 } else { failure::NO }))
}

async fn check(arguments: &SecretCheckArguments) -> operations::Result<ExitCode> {
    let registry = arguments.registry.as_deref().map(read_upstream).transpose()?;
    let account = account::open(&arguments.account).await?;
    let report = secret::check(&account, &arguments.secret, registry.as_ref(), &client()).await;
    match arguments.output.shape.notation() {
        Some(notation) => document::print(&report, notation)?,
        None => {
            print(&check_table(&report, Screen::of_stdout()))?;
            remarks::findings(&report.findings);
        }
    }
    Ok(ExitCode::from(match (report.is_usable(), report.is_unseen()) {
        (false, _) => failure::NO,
        (true, true) => failure::NO_ANSWER,
        (true, false) => 0,
    }))
}

fn plan_table(plan: &SecretPlan, screen: Screen) -> String {
    let mut table = screen.table(&["SECRET", "REGISTRY", "LOGIN", "ACTION"]);
    table.add_row([plan.name.as_str(), &plan.registry, plan.login.label(), plan.action.label()]);
    screen::render(&table)
}

fn report_table(report: &SecretReport, screen: Screen) -> String {
    let mut table = screen.table(&["SECRET", "REGISTRY", "LOGIN", "OUTCOME"]);
    table.add_row([report.name.as_str(), &report.registry, report.login.label(), report.outcome.label()]);
    let mut text = screen::render(&table);
    if let Some(arn) = &report.arn {
        text += &format!("\n{arn}\n");
    }
    text
}

fn check_table(check: &SecretCheck, screen: Screen) -> String {
    let mut table = screen.table(&["SECRET", "USABLE", "KMS KEY", "RULES", "REGISTRY", "LOGIN"]);
    let usable = match (check.is_usable(), check.is_unseen()) {
        (false, _) => "no",
        (true, true) => "unknown",
        (true, false) => "yes",
    };
    let key = match &check.arn {
        Some(_) => check.kms_key.as_deref().unwrap_or("default"),
        None => "",
    };
    table.add_row([
        check.arn.as_deref().unwrap_or(&check.secret),
        usable,
        key,
        &check.rules.join("\n"),
        check.registry.as_deref().unwrap_or_default(),
        check.login.label(),
    ]);
    screen::render(&table)
}
