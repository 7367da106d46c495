//! `omics-ecr role check`

use std::path::PathBuf;
use std::process::ExitCode;

use ::policy::Verdict;
use operations::role::{self, Permission, RoleCheck, RoleDocuments, RoleSource};

use crate::arguments::{Output, RoleCheckArguments};
use crate::commands::{account, interrupt, text_file};
use crate::document;
use crate::failure::{self, print, remark};
use crate::screen::{self, Screen};

/// Checks.
pub(super) fn run(arguments: &RoleCheckArguments) -> operations::Result<ExitCode> {
    interrupt::reading(|| work(arguments))
}

async fn work(arguments: &RoleCheckArguments) -> operations::Result<ExitCode> {
    let (documents, source) = match &arguments.role {
        Some(role) => {
            let account = account::open(&arguments.account).await?;
            (role::read(account.session(), role).await?, RoleSource::Iam)
        }
        None => (given(arguments)?, RoleSource::Given),
    };
    let scope = super::scope(&arguments.prefixes, &arguments.account).await?;
    let found = role::check(&documents, &scope, source)?;
    show(&found, arguments.output.shape)?;
    Ok(ExitCode::from(if found.verdict == Verdict::Allowed { 0 } else { failure::NO }))
}

fn given(arguments: &RoleCheckArguments) -> operations::Result<RoleDocuments> {
    let read = |path: &PathBuf| Ok((path.display().to_string(), text_file::read(path)?));
    Ok(RoleDocuments {
        arn: None,
        trust: arguments.trust_file.as_deref().map(text_file::read).transpose()?,
        policies: arguments.files.iter().map(read).collect::<operations::Result<_>>()?,
        boundary: None,
    })
}

fn show(found: &RoleCheck, output: Output) -> operations::Result<()> {
    if let Some(notation) = output.notation() {
        return document::print(found, notation);
    }
    let mut table = Screen::of_stdout().table(&["ACTION", "ON", "VERDICT"]);
    let all = || found.permissions.iter().chain(&found.trust);
    for permission in all() {
        let verdict = match (permission.verdict, permission.required) {
            (Verdict::Allowed, _) => "allowed".to_owned(),
            (verdict, true) => verdict.to_string(),
            (verdict, false) => format!("{verdict}, not required"),
        };
        table.add_row([permission.action.clone(), permission.resource.clone(), verdict]);
    }
    print(&format!("{}\n{}\n", screen::render(&table), summary(found)))?;
    let missing = |permission: &&Permission| permission.required && permission.verdict != Verdict::Allowed;
    for permission in all().filter(missing) {
        remark(&format!("{} on {}: {}", permission.action, permission.resource, permission.why));
    }
    if let Some(hint) = &found.hint {
        remark(&format!("hint: {hint}"));
    }
    Ok(())
}

fn summary(found: &RoleCheck) -> String {
    let role = found.role.as_deref().unwrap_or("a role with these policies");
    match found.verdict {
        Verdict::Allowed => format!("{role} has what a run needs for its images"),
        Verdict::Denied => format!("{role} lacks something that a run needs"),
        Verdict::Depends => format!("whether {role} has what a run needs hangs on conditions"),
    }
}
