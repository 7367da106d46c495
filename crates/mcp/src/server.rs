//! The server: what it says of itself, and where each request goes.

#![expect(deprecated, reason = "clients have logs until the protocol takes them away")]

use std::path::PathBuf;
use std::sync::Arc;

use operations::{EcrTarget, OperationError};
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, ErrorData,
    GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig, SetLevelRequestParams,
    Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};

use crate::accounts::Accounts;
use crate::call::{self, Call};
use crate::config::Config;
use crate::log::{Level, Log};
use crate::progress::Progress;
use crate::state::RequestState;
use crate::workers::Workers;
use crate::{completion, prompts, resources, tools};

/// What the server tells an assistant about itself.
const INSTRUCTIONS: &str = "Makes the container images of genomics workflows (WDL, Nextflow, CWL) ready in a private \
    Amazon ECR, where AWS HealthOmics reads them. PrepareWorkflow does it all for one workflow. Single steps: ScanWorkflow \
    or GenerateContainerRegistryMap on the folder; CreateECRPullThroughCache for each registry, CloneContainerToECR for \
    what no rule serves; CheckContainerAvailability for each URI; ValidateECRConfiguration when a pull fails. Tools that \
    change something return their plan unless the user started the server with --allow-write. Never ask for passwords or \
    tokens: the user stores them with `omics-ecr secret create`. The exact schema of what a tool returns is \
    omics-ecr://schemas/{tool}.";

/// How long a client may keep a list that only another version of the server changes, in milliseconds.
pub(crate) const LIST_TTL_MS: u64 = 3_600_000;

/// Serving ended with a failure.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The server could not be made.
    #[error("cannot start the server: {0}")]
    Start(String),
    /// The client's first messages were not of the protocol.
    #[error("cannot begin a session of the Model Context Protocol: {0}")]
    Begin(String),
    /// The session was cut.
    #[error("the session of the Model Context Protocol broke off: {0}")]
    Session(String),
    /// The address cannot be served on as it was asked for.
    #[error("cannot serve on {address}: {words}")]
    Listen {
        /// The address.
        address: String,
        /// Why not.
        words: String,
    },
}

/// What all calls share.
pub(crate) struct State {
    pub(crate) accounts: Accounts,
    pub(crate) target: EcrTarget,
    pub(crate) allow_write: bool,
    pub(crate) allowed_paths: Vec<PathBuf>,
    /// Whether the client's own roots are folders that tools may use.
    pub(crate) trusts_roots: bool,
    pub(crate) request_state: RequestState,
    pub(crate) workers: Workers,
}

/// The server, in one session. Cheap to clone.
#[derive(Clone)]
pub struct Server {
    state: Arc<State>,
    /// What this session's client wants in its log.
    level: Level,
}

impl Server {
    /// Returns a server; `trusts_roots` when its client started it and so names the folders that tools may use.
    ///
    /// # Errors
    /// When the machine has no randomness to sign with.
    pub fn new(config: Config, trusts_roots: bool) -> Result<Self, ServeError> {
        let request_state = RequestState::new().map_err(ServeError::Start)?;
        let state = State {
            accounts: Accounts::new(config.connect),
            target: config.target,
            allow_write: config.allow_write,
            allowed_paths: config.allowed_paths,
            trusts_roots,
            request_state,
            workers: Workers::default(),
        };
        Ok(Self { state: Arc::new(state), level: Level::default() })
    }

    /// Returns the same server for another session.
    #[must_use]
    pub fn session(&self) -> Self {
        Self { state: self.state.clone(), level: Level::default() }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let implementation = Implementation::new("omics-ecr", env!("CARGO_PKG_VERSION"))
            .with_title("omics-ecr")
            .with_description("Container images of genomics workflows in a private Amazon ECR");
        ServerConfig::new(
            ServerCapabilities::builder()
                .enable_completions()
                .enable_logging()
                .enable_prompts()
                .enable_resources()
                .enable_tools()
                .build(),
        )
        .with_server_info(implementation)
        .with_instructions(INSTRUCTIONS)
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.level.set(request.level);
        Ok(())
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::list().iter().find(|tool| tool.name == name).cloned()
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        one_page(request)?;
        Ok(ListToolsResult::with_all_items(tools::list().to_vec())
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        one_page(request)?;
        Ok(ListResourcesResult::with_all_items(resources::list())
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        one_page(request)?;
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates())
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let state = self.state.clone();
        let read = async move || resources::read(&state, &request.uri).await.map_err(Refused);
        self.state.workers.run(read).await.map(ReadResourceResponse::Complete).map_err(|Refused(error)| error)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        one_page(request)?;
        Ok(ListPromptsResult::with_all_items(prompts::list())
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Public))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        prompts::get(&request.name, &arguments).map(GetPromptResponse::Complete)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let state = self.state.clone();
        let complete = async move || completion::complete(&state, &request).await.map_err(Refused);
        self.state.workers.run(complete).await.map_err(|Refused(error)| error)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = tools::find(&request.name) else {
            return Err(ErrorData::invalid_params(format!("there is no tool `{}`", request.name), None));
        };
        let arguments = request.arguments.unwrap_or_default();
        let subject = format!("{}\n{}", tool.name, serde_json::Value::Object(arguments.clone()));
        let told = call::open_state(&self.state.request_state, request.request_state.as_deref(), &subject);
        let log = Log::new(&context, &self.level);
        let progress = Progress::new(context.peer.clone(), context.meta.get_progress_token());
        let responses = request.input_responses;
        let mut call = Call { server: self.state.clone(), context, told, responses, subject, progress };
        call.remember_roots();
        let response = tool.call(call, arguments).await;
        log.ended(tool.name, &response).await;
        Ok(response)
    }
}

/// A failure as the protocol has it.
struct Refused(ErrorData);

impl From<OperationError> for Refused {
    fn from(error: OperationError) -> Self {
        Self(ErrorData::internal_error(crate::answer::line(&error), None))
    }
}

/// Refuses a cursor: every list has one page.
pub(crate) fn one_page(request: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match request.and_then(|request| request.cursor) {
        Some(_) => Err(ErrorData::invalid_params("the cursor is not of this server", None)),
        None => Ok(()),
    }
}
