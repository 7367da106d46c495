//! What the suite asks for by name, as data.

use std::collections::HashMap;

use rmcp::model::{
    CallToolResult, ContentBlock, ElicitationSchema, ErrorData, GetPromptResult, InputRequest, JsonObject,
    Prompt, PromptMessage, ReadResourceResult, Resource, ResourceContents, ResourceTemplate, Tool,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// What is listed, and what is returned without any work.
#[derive(Deserialize)]
pub(crate) struct Fixture {
    pub(crate) tools: Vec<Tool>,
    /// What tools return that only return something.
    results: HashMap<String, Returned>,
    /// The forms that tools have the client show.
    pub(crate) forms: HashMap<String, ElicitationSchema>,
    /// What a call may end with in the era without sessions.
    pub(crate) questions: HashMap<String, InputRequest>,
    pub(crate) resources: Vec<Resource>,
    contents: HashMap<String, ResourceContents>,
    pub(crate) templates: Vec<ResourceTemplate>,
    pub(crate) prompts: Vec<Prompt>,
    /// The messages of prompts, with arguments in braces.
    messages: HashMap<String, Value>,
}

/// What a tool returns.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Returned {
    content: Vec<ContentBlock>,
    #[serde(default)]
    is_error: bool,
}

impl Fixture {
    /// Returns the fixture of this program.
    ///
    /// # Errors
    /// When it is not what the protocol has.
    pub(crate) fn read_own() -> serde_json::Result<Self> {
        serde_json::from_str(include_str!("fixture.json"))
    }

    /// Returns what a tool returns that does nothing else.
    pub(crate) fn result(&self, tool: &str) -> Option<CallToolResult> {
        let returned = self.results.get(tool)?;
        let content = returned.content.clone();
        Some(if returned.is_error {
            CallToolResult::error(content)
        } else {
            CallToolResult::success(content)
        })
    }

    /// Returns the contents of a resource.
    ///
    /// # Errors
    /// When there is none at the address.
    pub(crate) fn read(&self, uri: &str) -> Result<ReadResourceResult, ErrorData> {
        if let Some(contents) = self.contents.get(uri) {
            return Ok(ReadResourceResult::new(vec![contents.clone()]));
        }
        let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
        let id = id.ok_or_else(|| {
            ErrorData::resource_not_found(format!("there is no resource `{uri}`"), Some(json!({"uri": uri})))
        })?;
        let text = json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
        let contents = ResourceContents::text(text.to_string(), uri).with_mime_type("application/json");
        Ok(ReadResourceResult::new(vec![contents]))
    }

    /// Returns a prompt with its arguments in it.
    ///
    /// # Errors
    /// When there is none of the name, or an argument is missing.
    pub(crate) fn prompt(&self, name: &str, arguments: &JsonObject) -> Result<GetPromptResult, ErrorData> {
        let refused = |words: String| ErrorData::invalid_params(words, None);
        let listed = self.prompts.iter().find(|prompt| prompt.name == name);
        let (Some(listed), Some(messages)) = (listed, self.messages.get(name)) else {
            return Err(refused(format!("there is no prompt `{name}`")));
        };
        let mut messages = messages.clone();
        for argument in listed.arguments.iter().flatten() {
            let value = arguments.get(&argument.name).and_then(Value::as_str);
            let value =
                value.ok_or_else(|| refused(format!("the argument `{}` is missing", argument.name)))?;
            fill(&mut messages, &format!("{{{}}}", argument.name), value);
        }
        let messages: Vec<PromptMessage> = serde_json::from_value(messages)
            .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        Ok(GetPromptResult::new(messages))
    }
}

/// Puts a value in the place of a name in every text of a document.
fn fill(document: &mut Value, name: &str, value: &str) {
    match document {
        Value::String(text) => *text = text.replace(name, value),
        Value::Array(all) => all.iter_mut().for_each(|inner| fill(inner, name, value)),
        Value::Object(object) => object.values_mut().for_each(|inner| fill(inner, name, value)),
        _ => {}
    }
}
