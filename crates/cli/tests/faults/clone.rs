//! A clone from a registry without a rule.

use std::sync::Arc;

use operations::OperationError;
use operations::clone::{self, CloneReport, Silent};
use tokio_util::sync::CancellationToken;

use crate::accounts::request;
use crate::lab::{Lab, Outcome};

/// The command that does it.
pub(crate) const COMMAND: [&str; 4] = ["clone", "registry.lab.example/lab/caller:2", "--to", "tools/tool:1"];

pub(crate) async fn run(lab: &Lab) -> Outcome {
    match report(lab).await {
        Err(error) => Outcome::Failed(lab.words(&error)),
        Ok(report) if report.is_done() => Outcome::Done,
        Ok(report) => {
            let repositories = report.repositories.iter().filter_map(|repository| repository.error.as_ref());
            let mut errors =
                report.images.iter().filter_map(|image| image.error.as_ref()).chain(repositories);
            Outcome::Failed(errors.next().map_or_else(|| "no words".to_owned(), |error| lab.words(error)))
        }
    }
}

async fn report(lab: &Lab) -> Result<CloneReport, OperationError> {
    let (_, registry) = lab.open().await?;
    let request = request(&[(COMMAND[1].to_owned(), COMMAND[3])]);
    let cancel = CancellationToken::new();
    let plan = clone::plan(registry, &request, Arc::new(Silent), &cancel).await?;
    Ok(clone::apply(registry, plan, Arc::new(Silent), &cancel).await)
}
