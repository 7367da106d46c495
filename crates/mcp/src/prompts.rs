//! Prompts: the ways in which people begin.

use rmcp::model::{ErrorData, GetPromptResult, JsonObject, Prompt, PromptArgument, PromptMessage, Role};

/// One prompt.
struct Entry {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    /// Names, what each is, and whether it is needed.
    arguments: &'static [(&'static str, &'static str, bool)],
    /// What is said, with arguments in braces.
    text: &'static str,
}

const PROMPTS: [Entry; 4] = [
    Entry {
        name: "prepare_workflow",
        title: "Prepare this workflow",
        description: "Make every container image of a workflow ready for HealthOmics",
        arguments: &[("workflow_folder", "Folder of the workflow", true)],
        text: "Make the container images of the workflow in `{workflow_folder}` ready for AWS HealthOmics.\n\
            1. ValidateECRConfiguration: tell me what stands in the way.\n\
            2. PrepareWorkflow: show me its plan, the images that it refuses, and what helps each of them. An image whose \
            name no file gives is unresolved: ask me for it.\n\
            3. When I agree, carry the plan out; where the server is read-only, tell me how to allow it.\n\
            4. GenerateContainerRegistryMap into the folder, and tell me what a run would still miss.",
    },
    Entry {
        name: "set_up_docker_hub",
        title: "Set up Docker Hub",
        description: "Make a pull through cache for Docker Hub, which always needs a credential",
        arguments: &[("ecr_prefix", "ECR repository prefix [docker-hub]", false)],
        text: "Set up a pull through cache for Docker Hub with the ECR repository prefix `{ecr_prefix}`.\n\
            ECR needs a Secrets Manager secret whose name begins with ecr-pullthroughcache/. Never ask me for the token here: \
            tell me to run `omics-ecr secret create docker-hub --registry docker.io` in my own terminal, which asks for it, \
            and to give you the ARN that it prints. Then plan CreateECRPullThroughCache with that ARN, show me the plan, carry \
            it out, and confirm with ListECRPullThroughCacheRules that HealthOmics can pull through it.",
    },
    Entry {
        name: "set_up_registry",
        title: "Set up a registry",
        description: "Make a pull through cache for a registry",
        arguments: &[
            ("registry", "Upstream registry, such as quay.io", true),
            ("ecr_prefix", "ECR repository prefix [the usual one]", false),
        ],
        text: "Set up a pull through cache for {registry} (ECR repository prefix: {ecr_prefix}). Read the resource \
            omics-ecr://registries for whether it needs a credential; if it does, tell me how to store one with `omics-ecr \
            secret create` and never ask me for it. Plan CreateECRPullThroughCache, show me the plan, and carry it out.",
    },
    Entry {
        name: "why_can_healthomics_not_pull",
        title: "Why can HealthOmics not pull an image?",
        description: "Find out why a run cannot use an image, and what helps",
        arguments: &[("container_uri", "The image", true)],
        text: "Find out why AWS HealthOmics cannot pull `{container_uri}`.\n\
            Start with CheckContainerAvailability and read its evidence. When it is about access or rules, go on with \
            ValidateECRConfiguration; when the repository is closed, plan GrantHealthOmicsECRAccess; when runs are refused \
            although it is open, CheckServiceRole. Use ExplainFinding for every OE code. Tell me the cause in one sentence, \
            the evidence, and the one action that helps.",
    },
];

/// What clients are told of every prompt.
pub(crate) fn list() -> Vec<Prompt> {
    let argument = |(name, description, required): &(&str, &str, bool)| {
        PromptArgument::new(*name).with_description(*description).with_required(*required)
    };
    let prompt = |entry: &Entry| {
        let arguments = entry.arguments.iter().map(argument).collect();
        Prompt::new(entry.name, Some(entry.description), Some(arguments)).with_title(entry.title)
    };
    PROMPTS.iter().map(prompt).collect()
}

/// Returns a prompt with its arguments filled in.
///
/// # Errors
/// When there is none of the name, or an argument that it needs is missing or no text.
pub(crate) fn get(name: &str, arguments: &JsonObject) -> Result<GetPromptResult, ErrorData> {
    let refused = |words: String| ErrorData::invalid_params(words, None);
    let entry = PROMPTS.iter().find(|entry| entry.name == name);
    let entry = entry.ok_or_else(|| refused(format!("there is no prompt `{name}`")))?;
    let mut values: Vec<(&str, String)> = Vec::new();
    for (argument, _, required) in entry.arguments {
        let value = match (arguments.get(*argument).map(|value| value.as_str()), required) {
            (Some(Some(text)), _) if !text.is_empty() => text.to_owned(),
            (Some(None), _) => return Err(refused(format!("the argument `{argument}` is no text"))),
            (_, true) => return Err(refused(format!("the argument `{argument}` is missing"))),
            (_, false) if name == "set_up_docker_hub" => "docker-hub".to_owned(),
            (_, false) => "the usual one".to_owned(),
        };
        values.push((argument, value));
    }
    let message = PromptMessage::new_text(Role::User, filled(entry.text, &values));
    Ok(GetPromptResult::new(vec![message]).with_description(entry.description))
}

/// Returns a text with values in the place of names in braces; braces in values mean nothing.
fn filled(text: &str, values: &[(&str, String)]) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        told += before;
        rest = match behind.split_once('}') {
            Some((name, behind)) => {
                let value = values.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
                told += value.unwrap_or_default();
                behind
            }
            None => behind,
        };
    }
    told + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_argument_of_a_text_is_declared() {
        for entry in &PROMPTS {
            for part in entry.text.split('{').skip(1) {
                let name = part.split('}').next().unwrap();
                assert!(entry.arguments.iter().any(|(own, ..)| *own == name), "{}: {name}", entry.name);
            }
        }
    }

    #[test]
    fn arguments_are_filled_in_and_missing_ones_refused() {
        let arguments = json!({"container_uri": "a/{b}:1"}).as_object().unwrap().clone();
        let got = serde_json::to_value(get("why_can_healthomics_not_pull", &arguments).unwrap()).unwrap();
        assert!(got["messages"][0]["content"]["text"].as_str().unwrap().contains("`a/{b}:1`"));
        assert!(get("why_can_healthomics_not_pull", &JsonObject::new()).is_err());
        assert!(get("set_up_docker_hub", &JsonObject::new()).is_ok());
        assert!(get("nothing", &JsonObject::new()).is_err());
    }
}
