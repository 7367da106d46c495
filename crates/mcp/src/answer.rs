//! What a tool answers, and how it is told: data, a short text for people, and failures in four parts.

use operations::OperationError;
use rmcp::model::{
    Annotations, CallToolResponse, CallToolResult, ContentBlock, InputRequiredResult, MetaObject, Role,
    TextContent,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::wording;

/// The place of a failure's parts in the metadata of a result.
const ERROR_KEY: &str = "omics-ecr/error";

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    /// The data.
    pub(crate) data: T,
    /// The same in a few lines for people.
    pub(crate) text: String,
    /// Whether AWS or a registry refused something, so that the data is not what was asked for.
    pub(crate) failed: bool,
}

impl<T> Answer<T> {
    /// Returns an answer to what was asked.
    pub(crate) fn new(data: T, text: impl Into<String>) -> Self {
        Self { data, text: text.into(), failed: false }
    }

    /// Says whether something was refused.
    #[must_use]
    pub(crate) fn failed(self, failed: bool) -> Self {
        Self { failed, ..self }
    }
}

/// Why a tool gives no answer.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It failed.
    Failed(OperationError),
    /// The client has to be asked something first.
    Ask(Box<InputRequiredResult>),
    /// The client called it off.
    Cancelled,
}

impl From<OperationError> for Stop {
    fn from(error: OperationError) -> Self {
        Self::Failed(error)
    }
}

/// Returns what a tool came to as the protocol has it; `parameters` are the names of what the tool takes.
pub(crate) fn response<T: Serialize>(
    outcome: Result<Answer<T>, Stop>,
    parameters: &[&str],
) -> CallToolResponse {
    let answer = match outcome {
        Ok(answer) => answer,
        Err(Stop::Failed(error)) => return failure(&error, parameters).into(),
        Err(Stop::Ask(question)) => return CallToolResponse::from(*question),
        Err(Stop::Cancelled) => {
            return failure(&OperationError::new("called off by the client"), parameters).into();
        }
    };
    match serde_json::to_value(answer.data) {
        Ok(mut data) => {
            wording::in_tools(&mut data, parameters);
            let json = data.to_string();
            let mut result = CallToolResult::structured(data);
            result.content = vec![block(answer.text, Role::User), block(json, Role::Assistant)];
            result.is_error = Some(answer.failed);
            result.into()
        }
        Err(error) => {
            failure(&OperationError::new("cannot write the answer as JSON").refused(error), parameters).into()
        }
    }
}

/// Returns a failure as an assistant should read it: what was tried, who refused, and what helps.
pub(crate) fn failure(error: &OperationError, parameters: &[&str]) -> CallToolResult {
    let mut data = json!(error);
    wording::in_tools(&mut data, parameters);
    let mut text = format!("error: {}", error.tried);
    if let Some(words) = &error.refused {
        text += &format!("\ncaused by: {words}");
    }
    if let Some(hint) = data.get("hint").and_then(Value::as_str) {
        text += &format!("\nhint: {hint}");
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    let mut meta = MetaObject::new();
    meta.insert(ERROR_KEY.to_owned(), data);
    result.meta = Some(meta);
    result
}

/// Returns a failure in one line, for lists of them.
pub(crate) fn line(error: &OperationError) -> String {
    match &error.refused {
        Some(words) => format!("{}: {words}", error.tried),
        None => error.tried.clone(),
    }
}

fn block(text: String, reader: Role) -> ContentBlock {
    let mut text = TextContent::new(text);
    text.annotations = Some(Annotations::default().with_audience(vec![reader]));
    ContentBlock::Text(text)
}
