//! `omics-ecr check`

mod show;

use std::process::ExitCode;

use operations::PrivateRegistry;
use operations::check::{self, CheckReport, CheckRequest};
use tokio_util::sync::CancellationToken;

use crate::arguments::CheckArguments;
use crate::commands::{account, interrupt, source_registries, text_file};
use crate::document;
use crate::failure::{self, remark};

/// Checks images, with what rules cover imported first where that is asked for.
pub(crate) fn run(arguments: &CheckArguments) -> operations::Result<ExitCode> {
    let mut images = arguments.images.clone();
    if let Some(path) = &arguments.from_file {
        images.extend(check::read_list(&text_file::read(path)?)?);
    }
    if images.is_empty() {
        remark("there is no image to check");
        return Ok(ExitCode::SUCCESS);
    }
    let mut request = CheckRequest::new(images);
    request.contents = !arguments.no_contents;
    request.clone_prefix = arguments.clone_prefix.clone();
    interrupt::run(|cancel| work(arguments, request, cancel))
}

async fn work(
    arguments: &CheckArguments,
    request: CheckRequest,
    cancel: CancellationToken,
) -> operations::Result<ExitCode> {
    let look = async {
        let account = account::open(&arguments.account).await?;
        let options = check::client_options(source_registries::client(
            &arguments.sources.plain_http,
            &arguments.account.upstreams,
        ));
        let registry = PrivateRegistry::open(account.session(), None, options).await?;
        match arguments.prime {
            true => {
                let report = check::prime(&account, &registry, &request).await;
                account.completed(&cancel).await;
                report
            }
            false => check::check(&account, &registry, &request).await,
        }
    };
    let Some(report) = cancel.run_until_cancelled(look).await else {
        return Ok(ExitCode::from(failure::INTERRUPTED));
    };
    let report = report?;
    print(&report, arguments)?;
    Ok(match report.verdict() {
        Some(true) => ExitCode::SUCCESS,
        Some(false) => ExitCode::from(failure::NO),
        None => ExitCode::from(failure::NO_ANSWER),
    })
}

fn print(report: &CheckReport, arguments: &CheckArguments) -> operations::Result<()> {
    match arguments.output.shape.notation() {
        Some(notation) => document::print(report, notation),
        None => show::report(report, arguments.evidence),
    }
}
