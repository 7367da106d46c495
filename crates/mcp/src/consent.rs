//! Whether a plan may be carried out: the server's flag, and the person at the client where it can ask one.
//!
//! A question has the plan in it, and an answer is good for that plan alone: when the account changes in between, it
//! is asked again. Where a client cannot ask anybody, the flag with which the user started the server is the consent.

use rmcp::model::{
    ElicitRequest, ElicitRequestParams, ElicitationAction, ElicitationSchema, InputRequest, InputRequests,
    InputRequiredResult,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::answer::Stop;
use crate::call::Call;
use crate::state::Told;

/// The name of the question among those of a round.
const QUESTION: &str = "consent";

/// Longest plan in a question, in characters.
const LONGEST_PLAN: usize = 4000;

/// What became of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    /// There is nothing to change.
    Unchanged,
    /// It was shown and not carried out: the server was started without `--allow-write`.
    Planned,
    /// Somebody was asked and said no.
    Declined,
    /// It cannot be carried out.
    Refused,
    /// It was carried out; the report says what came of it.
    Applied,
}

/// What a tool that changes something returns: the plan as long as it is one, else the report.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Change<P, R> {
    /// The version of this shape: `1`.
    pub(crate) schema_version: u32,
    /// What became of the plan.
    pub(crate) status: Status,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) hint: Option<String>,
    /// What would be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "P")]
    pub(crate) plan: Option<P>,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "R")]
    pub(crate) report: Option<R>,
}

impl<P, R> Change<P, R> {
    /// Returns a plan that is not carried out.
    pub(crate) fn planned(status: Status, plan: P) -> Self {
        let hint = match status {
            Status::Planned => Some(HOW_TO_ALLOW.to_owned()),
            Status::Declined => Some("ask the user what to change about the plan".to_owned()),
            _ => None,
        };
        Self { schema_version: 1, status, hint, plan: Some(plan), report: None }
    }

    /// Returns the report of a plan that was carried out.
    pub(crate) fn applied(report: R) -> Self {
        Self { schema_version: 1, status: Status::Applied, hint: None, plan: None, report: Some(report) }
    }
}

impl Status {
    /// Returns the outcome in words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Unchanged => "Nothing to change.",
            Self::Planned => "Nothing was changed: the server is read-only.",
            Self::Declined => "Nothing was changed: the user declined.",
            Self::Refused => "Nothing was changed: the plan cannot be carried out.",
            Self::Applied => "Done.",
        }
    }
}

/// How the user lets tools write.
const HOW_TO_ALLOW: &str = "nothing was changed: show the plan to the user, who can allow changes by adding \
     `--allow-write` to the arguments of this server (`omics-ecr mcp --allow-write`) in the client's configuration and \
     restarting it";

impl Call {
    /// Returns what may become of a plan that changes something: [`Status::Applied`] when it may be carried out.
    ///
    /// `plan` is what an answer is bound to, `words` is what a person reads.
    ///
    /// # Errors
    /// That the client has to ask somebody first, or called off.
    pub(crate) async fn consent(&self, plan: &impl Serialize, words: &str) -> Result<Status, Stop> {
        if !self.server.allow_write {
            return Ok(Status::Planned);
        }
        if !self.can_elicit() {
            return Ok(Status::Applied);
        }
        let question = question(words);
        if self.is_stateless() {
            return self.consent_in_rounds(plan, question);
        }
        let asked = self.context.peer.create_elicitation(question);
        let answer = match self.context.ct.run_until_cancelled(asked).await {
            None => return Err(Stop::Cancelled),
            Some(answer) => answer,
        };
        match answer {
            Ok(answer) if answer.action == ElicitationAction::Accept => Ok(Status::Applied),
            // A client that cannot ask after all has not said yes.
            Ok(_) | Err(_) => Ok(Status::Declined),
        }
    }

    /// Asks by ending this round with the question.
    fn consent_in_rounds(
        &self,
        plan: &impl Serialize,
        question: ElicitRequestParams,
    ) -> Result<Status, Stop> {
        let plan = serde_json::to_vec(plan).map(|text| hex(&Sha256::digest(text))).unwrap_or_default();
        let answer = self.responses.as_ref().and_then(|responses| responses.get(QUESTION));
        match answer {
            Some(answer) if self.told.plan.as_ref() == Some(&plan) && !plan.is_empty() => {
                Ok(if answer["action"] == "accept" { Status::Applied } else { Status::Declined })
            }
            _ => {
                let told = Told { plan: Some(plan), ..self.told.clone() };
                let question = InputRequest::Elicitation(ElicitRequest::new(question));
                let requests = InputRequests::from([(QUESTION.to_owned(), question)]);
                Err(Stop::Ask(Box::new(InputRequiredResult::new(Some(requests), Some(self.seal(&told))))))
            }
        }
    }
}

/// Returns the question whether a plan may be carried out; to accept it is the answer.
fn question(words: &str) -> ElicitRequestParams {
    let mut plan: String = words.chars().take(LONGEST_PLAN).collect();
    if plan.len() < words.len() {
        plan += "\n... (the rest of the plan is not shown)";
    }
    ElicitRequestParams::FormElicitationParams {
        meta: None,
        message: format!("omics-ecr would make these changes:\n\n{plan}\n\nCarry them out?"),
        requested_schema: ElicitationSchema::new(std::collections::BTreeMap::new()),
    }
}

/// Returns bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns what is shown of a value before and after a change, in one line each.
pub(crate) fn before_and_after(before: Option<&Value>, after: Option<&Value>) -> String {
    let line = |sign: char, value: &Value| format!("    {sign} {value}\n");
    let mut text = String::new();
    if let Some(before) = before {
        text += &line('-', before);
    }
    if let Some(after) = after {
        text += &line('+', after);
    }
    text
}

/// Returns a text that should be JSON as a value.
pub(crate) fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}
