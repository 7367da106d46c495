//! Tools whose calls become tasks, for clients that have the extension for them.

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock,
    CreateTaskResult, ErrorData, InputRequest,
};
use rmcp::service::RequestContext;
use rmcp::task_manager::{TaskExit, TaskOptions};
use serde_json::Value;

use crate::Server;

/// The tools that are not calls of another file.
const TOOLS: [&str; 7] = [
    "greet",
    "slow_compute",
    "failing_job",
    "protocol_error_job",
    "confirm_delete",
    "multi_input",
    "test_tool_with_task",
];

/// Tools that answer with a task or not at all.
const ALWAYS: [&str; 4] = ["failing_job", "confirm_delete", "multi_input", "test_tool_with_task"];

/// Returns whether a tool is one of these.
pub(crate) fn has(name: &str) -> bool {
    TOOLS.contains(&name)
}

impl Server {
    /// Carries out a call of a tool that may become a task.
    pub(crate) async fn task(
        &self,
        request: &CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.as_ref();
        let has_tasks = context.client_capabilities().is_some_and(|client| client.supports_tasks());
        if ALWAYS.contains(&name) && !has_tasks {
            let needed = ClientCapabilities::builder().enable_tasks().build();
            return Err(ErrorData::missing_required_client_capability(needed));
        }
        let argument = |name: &str| request.arguments.as_ref().and_then(|all| all.get(name)).cloned();
        let text = |name: &str| argument(name).and_then(|value| value.as_str().map(str::to_owned));
        match name {
            "greet" => Ok(said(&format!("Hello, {}!", text("name").unwrap_or_default())).into()),
            "slow_compute" => {
                let seconds = argument("seconds").and_then(|value| value.as_f64()).unwrap_or(1.0);
                let pause = Duration::try_from_secs_f64(seconds).unwrap_or_default();
                if !has_tasks {
                    tokio::time::sleep(pause).await;
                    return Ok(said("computed").into());
                }
                let task = self.tasks().spawn(TaskOptions::default(), move |task| {
                    Box::pin(async move {
                        tokio::select! {
                            () = task.cancelled() => Err(TaskExit::Cancelled),
                            () = tokio::time::sleep(pause) => Ok(said("computed")),
                        }
                    })
                });
                Ok(CreateTaskResult::new(task).into())
            }
            "failing_job" => {
                let task = self.tasks().spawn(TaskOptions::default(), move |_| {
                    Box::pin(async move {
                        tokio::time::sleep(Duration::from_secs(1)).await;
                        Ok(CallToolResult::error(vec![ContentBlock::text("the job failed")]))
                    })
                });
                Ok(CreateTaskResult::new(task).into())
            }
            "protocol_error_job" => {
                let failure = || ErrorData::internal_error("the job broke", None);
                if !has_tasks {
                    return Err(failure());
                }
                let task = self.tasks().spawn(TaskOptions::default(), move |_| {
                    Box::pin(async move {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                        Err(TaskExit::Error(failure()))
                    })
                });
                Ok(CreateTaskResult::new(task).into())
            }
            "confirm_delete" => {
                let question = self.question("confirm_delete")?;
                let task = self.tasks().spawn(TaskOptions::default(), move |task| {
                    Box::pin(async move {
                        let answer: Value = task.request_input("confirm", question).await?;
                        Ok(said(&format!("confirmed: {}", answer["content"]["confirm"])))
                    })
                });
                Ok(CreateTaskResult::new(task).into())
            }
            "multi_input" => {
                let question = self.question("streaming_elicitation")?;
                let task = self.tasks().spawn(TaskOptions::default(), move |task| {
                    Box::pin(async move {
                        // Both are open at once.
                        let first = task.request_input("input-a", question.clone());
                        let second = task.request_input("input-b", question.clone());
                        let (first, second): (Value, Value) = tokio::try_join!(first, second)?;
                        Ok(said(&format!("{} {}", first["content"]["value"], second["content"]["value"])))
                    })
                });
                Ok(CreateTaskResult::new(task).into())
            }
            _ => {
                let given = request.input_responses.as_ref().and_then(|given| given.get("user_name"));
                let Some(given) = given.filter(|given| given.is_object()) else {
                    return self.questions(&["user_name"], None);
                };
                let words = format!("Hello, {}!", given["content"]["name"].as_str().unwrap_or_default());
                let task = self.tasks().spawn(TaskOptions::default(), move |_| {
                    Box::pin(async move {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                        Ok(said(&words))
                    })
                });
                Ok(CreateTaskResult::new(task).into())
            }
        }
    }

    fn question(&self, name: &str) -> Result<InputRequest, ErrorData> {
        let question = self.fixture().questions.get(name).cloned();
        question.ok_or_else(|| ErrorData::internal_error(format!("there is no question `{name}`"), None))
    }
}

fn said(words: &str) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(words)])
}
