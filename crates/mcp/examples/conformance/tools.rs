//! Tools that talk with the client while they run.

#![expect(deprecated, reason = "the earlier era has logs and models of clients")]

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock,
    CreateMessageRequestParams, ElicitRequestParams, ErrorData, LoggingLevel,
    LoggingMessageNotificationParam, ProgressNotificationParam, SamplingMessage,
};
use rmcp::service::RequestContext;
use serde_json::{Value, json};

use crate::{Server, tasks};

/// The time between two messages.
const BEAT: Duration = Duration::from_millis(50);

impl Server {
    /// Carries out a call of a tool.
    pub(crate) async fn call(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.as_ref();
        let client = context.client_capabilities().unwrap_or_default();
        if let Some(asking) = name.strip_prefix("test_input_required_result_") {
            return self.ask(asking, &request, &client);
        }
        if tasks::has(name) {
            return self.task(&request, &context).await;
        }
        let argument = |name: &str| {
            let value = request.arguments.as_ref().and_then(|all| all.get(name)).and_then(Value::as_str);
            value.ok_or_else(|| ErrorData::invalid_params(format!("`{name}` is missing"), None))
        };
        match name {
            "test_tool_with_logging" => {
                for words in ["begun", "under way", "done"] {
                    log(&context, LoggingLevel::Info, words).await;
                    tokio::time::sleep(BEAT).await;
                }
                Ok(done("three messages"))
            }
            "test_logging_tool" => {
                // In the era without sessions a client asks for messages with each request.
                if let Some(level) = context.meta.log_level() {
                    log(&context, level, "a message that was asked for").await;
                }
                Ok(done("logged what was asked for"))
            }
            "test_tool_with_progress" => {
                if let Some(token) = context.meta.get_progress_token() {
                    for part in [0.0, 50.0, 100.0] {
                        let note = ProgressNotificationParam::new(token.clone(), part).with_total(100.0);
                        // A client that has gone does not need it.
                        let _ = context.peer.notify_progress(note.with_message("counting")).await;
                        tokio::time::sleep(BEAT).await;
                    }
                }
                Ok(done("counted"))
            }
            "test_sampling" => {
                let messages = vec![SamplingMessage::user_text(argument("prompt")?)];
                let asked = context.peer.create_message(CreateMessageRequestParams::new(messages, 100)).await;
                Ok(answered(asked))
            }
            "test_elicitation" => {
                let message = argument("message")?.to_owned();
                self.form(name, message, &context).await
            }
            "test_elicitation_sep1034_defaults" | "test_elicitation_sep1330_enums" => {
                self.form(name, "Please look at this form".to_owned(), &context).await
            }
            "test_custom_header" => Ok(done(argument("value")?)),
            "test_trigger_tool_change" => {
                for listener in self.listeners() {
                    // Not everybody listens for it.
                    let _ = listener.notify_tool_list_changed().await;
                }
                Ok(done("told"))
            }
            "test_trigger_prompt_change" => {
                for listener in self.listeners() {
                    // Not everybody listens for it.
                    let _ = listener.notify_prompt_list_changed().await;
                }
                Ok(done("told"))
            }
            "test_missing_capability" if client.sampling.is_none() => {
                let needed = ClientCapabilities::builder().enable_sampling().build();
                Err(ErrorData::missing_required_client_capability(needed))
            }
            "test_missing_capability" => Ok(done("the client has a model")),
            "test_streaming_elicitation" => self.questions(&["streaming_elicitation"], None),
            _ => {
                let result = self.fixture().result(name);
                if name == "test_reconnection" {
                    tokio::time::sleep(BEAT).await;
                }
                let missing = || ErrorData::invalid_params(format!("there is no tool `{name}`"), None);
                result.map(Into::into).ok_or_else(missing)
            }
        }
    }

    /// Has the client show the form of a tool.
    async fn form(
        &self,
        tool: &str,
        message: String,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let form = self.fixture().forms.get(tool).cloned();
        let form = form.ok_or_else(|| ErrorData::internal_error("the tool has no form", None))?;
        let request =
            ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema: form };
        Ok(answered(context.peer.create_elicitation(request).await))
    }
}

async fn log(context: &RequestContext<RoleServer>, level: LoggingLevel, words: &str) {
    let note = LoggingMessageNotificationParam::new(level, json!(words)).with_logger("conformance");
    // A client that has gone does not need it.
    let _ = context.peer.notify_logging_message(note).await;
}

/// Returns what a client answered as it is.
fn answered<T: serde::Serialize, E: std::fmt::Display>(asked: Result<T, E>) -> CallToolResponse {
    match asked {
        Ok(answer) => done(&format!("The client answered: {}", json!(answer))),
        Err(error) => CallToolResult::error(vec![ContentBlock::text(error.to_string())]).into(),
    }
}

fn done(words: &str) -> CallToolResponse {
    CallToolResult::success(vec![ContentBlock::text(words)]).into()
}
