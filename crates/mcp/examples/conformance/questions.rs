//! Calls that end with questions, in the era without sessions: the client calls again with the answers.

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock, ErrorData,
    GetPromptResponse, GetPromptResult, InputRequests, InputRequiredResult, InputResponses, PromptMessage,
    Role,
};
use serde_json::{Value, json};

use crate::Server;

impl Server {
    /// Carries out a call of a tool that asks, by what comes behind `test_input_required_result_`.
    pub(crate) fn ask(
        &self,
        name: &str,
        request: &CallToolRequestParams,
        client: &ClientCapabilities,
    ) -> Result<CallToolResponse, ErrorData> {
        let responses = request.input_responses.as_ref();
        let state = self.opened(request.request_state.as_deref())?;
        let answered = |key: &str| answer(responses, key);
        let round = state.as_ref().and_then(|state| state["round"].as_u64());
        match name {
            "elicitation" => match answered("user_name") {
                Some(given) => Ok(done(&format!("Hello, {}!", text(&given["content"]["name"])))),
                None => self.questions(&["user_name"], None),
            },
            "sampling" => match answered("capital_question") {
                Some(given) => Ok(done(&format!("The model says: {}", text(&given["content"]["text"])))),
                None => self.questions(&["capital_question"], None),
            },
            "list_roots" => match answered("client_roots") {
                Some(given) => {
                    let roots = given["roots"].as_array().into_iter().flatten();
                    let uris: Vec<&str> = roots.map(|root| text(&root["uri"])).collect();
                    Ok(done(&format!("The roots: {}", uris.join(", "))))
                }
                None => self.questions(&["client_roots"], None),
            },
            "request_state" | "tampered_state" => match state {
                Some(_) => Ok(done("state-ok")),
                None => self.questions(&["confirm"], Some(json!({"round": 1}))),
            },
            "multiple_inputs" => {
                let names = ["user_name", "greeting", "client_roots"];
                match state.is_some() && names.iter().all(|name| answered(name).is_some()) {
                    true => Ok(done("all answers are here")),
                    false => self.questions(&names, Some(json!({"round": 1}))),
                }
            }
            "multi_round" => match round {
                None => self.questions(&["step1"], Some(json!({"round": 1}))),
                Some(1) => self.questions(&["step2"], Some(json!({"round": 2}))),
                Some(_) => Ok(done("both rounds are done")),
            },
            "capabilities" if responses.is_some() => Ok(done("answered")),
            "capabilities" => {
                // A client is asked only for what it said it can do.
                let can = [
                    ("user_name", client.elicitation.is_some()),
                    ("greeting", client.sampling.is_some()),
                    ("client_roots", client.roots.is_some()),
                ];
                let names: Vec<&str> =
                    can.into_iter().filter(|(_, can)| *can).map(|(name, _)| name).collect();
                if names.is_empty() { Ok(done("nothing can be asked")) } else { self.questions(&names, None) }
            }
            _ => Err(ErrorData::invalid_params(format!("there is no tool `{}`", request.name), None)),
        }
    }

    /// Returns a prompt about what the client is asked for first.
    pub(crate) fn prompt_with_context(
        &self,
        responses: Option<&InputResponses>,
    ) -> Result<GetPromptResponse, ErrorData> {
        match answer(responses, "user_context") {
            Some(given) => {
                let words = format!("It is about: {}", text(&given["content"]["context"]));
                Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, words)]).into())
            }
            None => self.required(&["user_context"], None).map(Into::into),
        }
    }

    /// Ends a call with questions.
    pub(crate) fn questions(
        &self,
        names: &[&str],
        state: Option<Value>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.required(names, state).map(Into::into)
    }

    fn required(&self, names: &[&str], state: Option<Value>) -> Result<InputRequiredResult, ErrorData> {
        let broken = |words: String| ErrorData::internal_error(words, None);
        let mut requests = InputRequests::new();
        for name in names {
            let question = self.fixture().questions.get(*name);
            let question = question.ok_or_else(|| broken(format!("there is no question `{name}`")))?;
            requests.insert((*name).to_owned(), question.clone());
        }
        let sealed = state.map(|state| self.codec().seal(state.to_string().as_bytes()));
        Ok(InputRequiredResult::new(Some(requests), sealed))
    }

    /// Opens the state that came back.
    fn opened(&self, sealed: Option<&str>) -> Result<Option<Value>, ErrorData> {
        let Some(sealed) = sealed else { return Ok(None) };
        let forged = || ErrorData::invalid_params("the state of the request is not of this server", None);
        let state = self.codec().open(sealed).map_err(|_| forged())?;
        serde_json::from_slice(&state).map(Some).map_err(|_| forged())
    }
}

/// Returns an answer that has the form of one.
fn answer<'a>(responses: Option<&'a InputResponses>, name: &str) -> Option<&'a Value> {
    responses?.get(name).filter(|given| given.is_object())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("nothing")
}

fn done(words: &str) -> CallToolResponse {
    CallToolResult::success(vec![ContentBlock::text(words)]).into()
}
