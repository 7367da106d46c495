//! The tool ExplainFinding.

use operations::OperationError;
use operations::explanation::{self, Explanation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Hints, Tool};
use crate::answer::{Answer, Stop};
use crate::call::Call;

/// What the tool returns.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Explained {
    /// The version of this shape: `1`.
    schema_version: u32,
    /// The explanation, with the id as a plain word.
    #[serde(flatten)]
    #[schemars(with = "Shape")]
    explanation: Explanation,
}

/// The shape of an explanation, its id any of the many.
#[derive(JsonSchema)]
#[allow(dead_code, reason = "read by the schema alone")]
struct Shape {
    code: String,
    title: String,
    why: String,
    wrong: String,
    right: String,
    fix: String,
}

/// The tool.
pub(super) struct ExplainFinding;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Id as findings have it in `code`.
    #[schemars(regex(pattern = r"^[Oo][Ee][0-9]{3}$"), example = &"OE101")]
    finding_id: String,
}

impl Tool for ExplainFinding {
    const NAME: &str = "ExplainFinding";
    const TITLE: &str = "Explain a finding";
    const DESCRIPTION: &str = "Explain a finding by its id: returns why it matters, a wrong and a right example, and the fix. \
        Use it for any OE code. For your own account use ValidateECRConfiguration.";
    const HINTS: Hints = Hints::READS;
    type Parameters = Parameters;
    type Output = Explained;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        let _ = call;
        let id = parameters.finding_id;
        let explanation = explanation::find(&id).ok_or_else(|| {
            OperationError::new(format!("cannot explain `{id}`"))
                .refused("there is no finding with this id")
                .hint("read the resource omics-ecr://findings for all of them")
        })?;
        Ok(Answer::new(Explained { schema_version: 1, explanation: *explanation }, explanation.text()))
    }
}
