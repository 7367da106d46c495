//! DescribeReplicationBackfillResults

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeReplicationBackfillResults {
    registry_id: Option<String>,
    replication_backfill_id: String,
    result_status_filter: Option<String>,
    max_results: Option<i64>,
}

/// There is none: no backfill can be started here.
#[derive(Debug, Serialize)]
pub(crate) enum Response {}

/// Returns ECR's answer to the id of a backfill, of which there is none.
///
/// # Errors
/// `InvalidParameterException` for what is no id of this registry's.
pub(super) fn no_backfill(ecr: &Ecr, registry_id: Option<&String>, id: &str) -> Result<Fault, Fault> {
    ecr.own_registry(registry_id)?;
    constraint::REPLICATION_BACKFILL_ID.check("replicationBackfillId", id)?;
    let text = format!(
        "The replication backfill with id '{id}' does not exist in the registry with id '{}'",
        ecr.registry_id()
    );
    Ok(Fault::new(Code::ReplicationBackfillNotFound, text))
}

impl Operation for DescribeReplicationBackfillResults {
    const REQUIRED: &'static [&'static str] = &["replicationBackfillId"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        constraint::max_results(self.max_results, 100, 1000)?;
        if let Some(status) = &self.result_status_filter {
            constraint::one_of("resultStatusFilter", status, &["COMPLETE", "FAILED"])?;
        }
        Err(no_backfill(ecr, self.registry_id.as_ref(), &self.replication_backfill_id)?)
    }
}
