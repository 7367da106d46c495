//! The tools, one file each, and what all of them have in common.

mod check_availability;
mod check_role;
mod clone_container;
mod create_cache;
mod detect_drift;
mod explain_finding;
mod generate_container_registry_map;
mod generate_role_policy;
mod grant_access;
mod list_rules;
mod prepare_workflow;
mod rewrite_workflow;
mod scan_workflow;
mod validate_configuration;

use std::sync::OnceLock;

use futures_util::future::BoxFuture;
use operations::OperationError;
use rmcp::model::{CallToolResponse, JsonObject, Tool as Description, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::answer::{self, Answer, Stop};
use crate::call::Call;
use crate::schema;

/// What a tool does to its environment, as clients are told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hints {
    /// It changes nothing.
    pub(crate) read_only: bool,
    /// It may change or take away what is there.
    pub(crate) destructive: bool,
    /// A second call with the same parameters changes nothing more.
    pub(crate) idempotent: bool,
    /// It asks registries of others, beside the account and the files.
    pub(crate) open_world: bool,
}

impl Hints {
    /// A tool that reads the account or files.
    const READS: Self = Self { read_only: true, destructive: false, idempotent: true, open_world: false };
    /// A tool that reads, and asks registries of others.
    const LOOKS_OUT: Self = Self { open_world: true, ..Self::READS };
    /// A tool that adds what is missing and takes nothing away.
    const ADDS: Self = Self { read_only: false, ..Self::READS };
}

/// A tool.
pub(crate) trait Tool: Send + Sync {
    /// Its name in the protocol.
    const NAME: &str;
    /// Its name for people.
    const TITLE: &str;
    /// What it does, when to use it and when not.
    const DESCRIPTION: &str;
    /// What it does to its environment.
    const HINTS: Hints;
    /// What it takes.
    type Parameters: DeserializeOwned + JsonSchema + Send + 'static;
    /// What it returns.
    type Output: Serialize + JsonSchema + Send + 'static;

    /// Carries a call out.
    fn call(
        call: &Call,
        parameters: Self::Parameters,
    ) -> impl Future<Output = Result<Answer<Self::Output>, Stop>>;
}

/// A tool whose parameters and answer are JSON.
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: &'static str,
    describe: fn() -> Description,
    output: fn() -> Value,
    call: fn(Call, JsonObject, &'static Self) -> BoxFuture<'static, CallToolResponse>,
    parameters: OnceLock<Vec<String>>,
}

impl Entry {
    const fn of<T: Tool>() -> Self {
        Self {
            name: T::NAME,
            describe: describe::<T>,
            output: schema::whole::<T::Output>,
            call: call::<T>,
            parameters: OnceLock::new(),
        }
    }

    /// Carries a call out; whatever fails is in the answer.
    pub(crate) async fn call(&'static self, call: Call, arguments: JsonObject) -> CallToolResponse {
        (self.call)(call, arguments, self).await
    }

    /// Returns the whole schema of what the tool returns.
    pub(crate) fn output(&self) -> Value {
        (self.output)()
    }

    /// Returns the names of what the tool takes.
    fn parameters(&self) -> Vec<&str> {
        let names = self.parameters.get_or_init(|| {
            let described = (self.describe)();
            let properties = described.input_schema.get("properties").and_then(Value::as_object);
            let mut names: Vec<String> = properties.into_iter().flat_map(|all| all.keys().cloned()).collect();
            // A name that begins with another one is looked for first.
            names.sort_by_key(|name| std::cmp::Reverse(name.len()));
            names
        });
        names.iter().map(String::as_str).collect()
    }
}

/// Every tool, in the order in which a workflow needs them.
static TOOLS: [Entry; 14] = [
    Entry::of::<prepare_workflow::PrepareWorkflow>(),
    Entry::of::<scan_workflow::ScanWorkflow>(),
    Entry::of::<generate_container_registry_map::GenerateContainerRegistryMap>(),
    Entry::of::<rewrite_workflow::RewriteWorkflow>(),
    Entry::of::<create_cache::CreateECRPullThroughCache>(),
    Entry::of::<list_rules::ListECRPullThroughCacheRules>(),
    Entry::of::<validate_configuration::ValidateECRConfiguration>(),
    Entry::of::<explain_finding::ExplainFinding>(),
    Entry::of::<check_availability::CheckContainerAvailability>(),
    Entry::of::<clone_container::CloneContainerToECR>(),
    Entry::of::<grant_access::GrantHealthOmicsECRAccess>(),
    Entry::of::<generate_role_policy::GenerateServiceRolePolicy>(),
    Entry::of::<check_role::CheckServiceRole>(),
    Entry::of::<detect_drift::DetectDrift>(),
];

/// Returns a tool by its name.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    TOOLS.iter().find(|tool| tool.name == name)
}

/// Returns what clients are told of every tool, in an order that never changes.
pub(crate) fn list() -> &'static [Description] {
    static LIST: OnceLock<Vec<Description>> = OnceLock::new();
    LIST.get_or_init(|| TOOLS.iter().map(|tool| (tool.describe)()).collect())
}

fn describe<T: Tool>() -> Description {
    let hints = T::HINTS;
    let annotations = ToolAnnotations::from_raw(
        None,
        Some(hints.read_only),
        Some(hints.destructive),
        Some(hints.idempotent),
        Some(hints.open_world),
    );
    Description::new(T::NAME, T::DESCRIPTION, schema::of_input::<T::Parameters>())
        .with_title(T::TITLE)
        .with_raw_output_schema(schema::of_output::<T::Output>())
        .with_annotations(annotations)
}

fn call<T: Tool>(
    call: Call,
    arguments: JsonObject,
    entry: &'static Entry,
) -> BoxFuture<'static, CallToolResponse> {
    Box::pin(async move {
        let names = entry.parameters();
        let outcome = match serde_json::from_value(Value::Object(arguments)) {
            Ok(parameters) => {
                let server = call.server.clone();
                server.workers.run(async move || T::call(&call, parameters).await).await
            }
            Err(error) => Err(Stop::Failed(
                OperationError::new(format!("cannot use the parameters of {}", T::NAME))
                    .refused(error)
                    .hint(format!("it takes {}", names.join(", "))),
            )),
        };
        answer::response(outcome, &names)
    })
}

/// Returns `1 image`, `2 images`.
pub(crate) fn count(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

/// Returns findings as lines, errors first as they come, at most `most` of them.
pub(crate) fn lines(findings: &[operations::Finding], most: usize) -> String {
    let mut text = String::new();
    for finding in findings.iter().take(most) {
        text += &format!("\n- {} {}: {}", finding.code.id(), finding.subject, finding.message);
    }
    if findings.len() > most {
        text += &format!("\n- and {} more", findings.len() - most);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_small_and_says_everything() {
        let mut total = 0;
        for tool in list() {
            let hints = tool.annotations.as_ref().unwrap();
            for hint in
                [hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint]
            {
                assert!(hint.is_some(), "{}", tool.name);
            }
            assert!(tool.title.is_some() && tool.output_schema.is_some(), "{}", tool.name);
            for (name, parameter) in tool.input_schema["properties"].as_object().unwrap() {
                assert!(parameter["description"].is_string() && parameter["type"].is_string(), "{name}");
                let is_secret = ["password", "token", "secret"].iter().any(|word| name.contains(word));
                assert!(!is_secret, "{} takes {name}", tool.name);
            }
            let text = serde_json::to_string(tool).unwrap();
            println!("{:6} {}", text.len(), tool.name);
            total += text.len();
        }
        // A token is 4.1 characters of this list, and the whole list is to stay below 6,000 of them; interop counts them.
        println!("{total} bytes");
        assert!(total < 24_400, "{total} bytes");
    }
}
