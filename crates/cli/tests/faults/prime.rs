//! An import through a rule, as `check --prime` makes it.

use std::time::Duration;

use operations::OperationError;
use operations::check::{self, Availability, CheckReport, CheckRequest};

use crate::lab::{Lab, Outcome};

/// The command that does it.
pub(crate) const COMMAND: [&str; 3] = ["check", "quay.io/bio/tool:1", "--prime"];

pub(crate) async fn run(lab: &Lab) -> Outcome {
    let report = match report(lab).await {
        Err(error) => return Outcome::Failed(lab.words(&error)),
        Ok(report) => report,
    };
    let image = &report.images[0];
    let error = image.prime_error.as_ref().or(image.problem.as_ref());
    let words = error.map_or_else(|| "no words".to_owned(), |error| lab.words(error));
    match image.availability {
        Availability::Usable if image.prime_error.is_none() => Outcome::Done,
        Availability::Unknown => Outcome::Unknown(words),
        _ => Outcome::Failed(words),
    }
}

async fn report(lab: &Lab) -> Result<CheckReport, OperationError> {
    let (account, registry) = lab.open().await?;
    let mut request = CheckRequest::new(vec![COMMAND[1].to_owned()]);
    request.prime_patience = Duration::from_secs(8);
    check::prime(account, registry, &request).await
}
