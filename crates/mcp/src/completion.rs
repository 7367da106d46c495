//! Completions of what prompts and resource addresses take.

use image::Upstream;
use operations::explanation;
use rmcp::model::{CompleteRequestParams, CompleteResult, CompletionInfo, ErrorData, Reference};

use crate::server::State;
use crate::{resources, tools};

/// Returns what an argument may be, as far as it is typed.
///
/// # Errors
/// Never for what is not known: then there is nothing to propose.
pub(crate) async fn complete(
    server: &State,
    request: &CompleteRequestParams,
) -> Result<CompleteResult, ErrorData> {
    let typed = request.argument.value.as_str();
    let of_prompt = matches!(request.r#ref, Reference::Prompt(_));
    let all: Vec<String> = match (of_prompt, request.argument.name.as_str()) {
        (true, "registry") => hosts(),
        (true, "ecr_prefix") => Upstream::ALL.iter().map(|known| known.default_prefix.to_owned()).collect(),
        (true, "container_uri") => resources::repositories(server).await,
        (false, "id") => explanation::all().map(|found| found.code.id().to_owned()).collect(),
        (false, "tool") => tools::list().iter().map(|tool| tool.name.to_string()).collect(),
        (false, "prefix") => resources::prefixes(server).await,
        _ => Vec::new(),
    };
    let lower = typed.to_lowercase();
    let mut found: Vec<String> =
        all.into_iter().filter(|value| value.to_lowercase().starts_with(&lower)).collect();
    found.sort();
    found.dedup();
    let total = u32::try_from(found.len()).ok();
    let more = found.len() > CompletionInfo::MAX_VALUES;
    found.truncate(CompletionInfo::MAX_VALUES);
    let info = CompletionInfo::with_pagination(found, total, more);
    info.map(CompleteResult::new).map_err(|words| ErrorData::internal_error(words, None))
}

/// Returns the hosts of registries that are one host.
fn hosts() -> Vec<String> {
    let hosts = Upstream::ALL.iter().flat_map(|upstream| upstream.hosts.iter().copied());
    hosts.filter(|host| !host.chars().any(char::is_uppercase)).map(str::to_owned).collect()
}
