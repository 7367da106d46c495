//! A workflow of two images made ready: one through a rule that is made for it, one cloned.

use std::path::Path;
use std::sync::Arc;

use operations::OperationError;
use operations::clone::Silent;
use operations::prepare::{self, PrepareOptions, PrepareReport, PrepareRequest};
use tokio_util::sync::CancellationToken;

use crate::lab::{LAB, Lab, Outcome, QUAY};

/// The command that does it.
pub(crate) const COMMAND: [&str; 3] = ["prepare", "workflow", "--yes"];

/// Writes the workflow into a folder.
pub(crate) fn write_workflow(folder: &Path) {
    let process = |(name, image): (&str, String)| {
        format!("process {name} {{\n  container '{image}'\n  script:\n  '''\n  true\n  '''\n}}\n")
    };
    let images = [("P1", format!("{QUAY}/bio/tool:1")), ("P2", format!("{LAB}/lab/caller:2"))];
    let text: String = images.into_iter().map(process).collect();
    std::fs::create_dir(folder.join("workflow")).unwrap();
    std::fs::write(folder.join("workflow/main.nf"), text + "workflow {\n  P1()\n  P2()\n}\n").unwrap();
}

pub(crate) async fn run(lab: &Lab) -> Outcome {
    match report(lab).await {
        Err(error) => Outcome::Failed(lab.words(&error)),
        Ok(report) if report.is_done() => Outcome::Done,
        Ok(report) => {
            let mut errors = report.images.iter().filter_map(|image| image.error.as_ref());
            let words = errors.next().map(|error| lab.words(error));
            Outcome::Failed(words.unwrap_or_else(|| "a part of the cache could not be made".to_owned()))
        }
    }
}

async fn report(lab: &Lab) -> Result<PrepareReport, OperationError> {
    let (account, registry) = lab.open().await?;
    let workflow = lab.folder.path().join("workflow");
    let request = PrepareRequest::of_workflow(&workflow, account, PrepareOptions::default())?;
    let cancel = CancellationToken::new();
    let plan = prepare::plan(account, registry, &request, Arc::new(Silent), &cancel).await?;
    Ok(prepare::apply(account, registry, plan, Arc::new(Silent), &cancel).await)
}
