//! The server that the protocol's own conformance suite judges: what the suite asks for, over the transport, sessions and
//! eras of the real server.
//!
//! The suite calls tools, resources and prompts by names of its own, which are in `fixture.json`.

#![expect(deprecated, reason = "the earlier era has logs")]

mod fixture;
mod questions;
mod tasks;
mod tools;

use std::collections::HashMap;
use std::error::Error;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mcp::{HttpOptions, serve_http};
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CancelTaskParams, CompleteRequestParams,
    CompleteResult, CompletionInfo, ErrorData, GetPromptRequestParams, GetPromptResponse, GetTaskParams,
    GetTaskResult, Implementation, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    RequestStateCodec, ServerCapabilities, ServerConfig, SetLevelRequestParams, SubscribeRequestParams,
    SubscriptionFilter, Tool, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{RequestContext, SubscriptionContext, SubscriptionSink};
use rmcp::task_manager::TaskManager;
use rmcp::{RoleServer, ServerHandler};
use tokio_util::sync::CancellationToken;

use crate::fixture::Fixture;

/// How long a client may keep what is listed, in milliseconds.
const TTL_MS: u64 = 60_000;

/// The server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Server(Arc<State>);

/// What all calls share.
struct State {
    fixture: Fixture,
    /// Seals what clients carry from one round of a call to the next.
    codec: RequestStateCodec,
    /// Calls that became tasks.
    tasks: TaskManager,
    /// Those who listen for changes.
    listeners: Mutex<HashMap<u64, SubscriptionSink>>,
    next: AtomicU64,
}

impl Server {
    /// Returns those who listen.
    pub(crate) fn listeners(&self) -> Vec<SubscriptionSink> {
        self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Returns what the suite asks for.
    pub(crate) fn fixture(&self) -> &Fixture {
        &self.0.fixture
    }

    /// Returns the calls that became tasks.
    pub(crate) fn tasks(&self) -> &TaskManager {
        &self.0.tasks
    }

    /// Returns what seals the state of a call.
    pub(crate) fn codec(&self) -> &RequestStateCodec {
        &self.0.codec
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_completions()
            .enable_logging()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_tools()
            .enable_tool_list_changed()
            .enable_tasks()
            .build();
        let implementation = Implementation::new("omics-ecr-conformance", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(capabilities).with_server_info(implementation)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.fixture().tools.iter().find(|tool| tool.name == name).cloned()
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.supported_by(&self.get_info().capabilities))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let listeners = || self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        let own = self.0.next.fetch_add(1, Ordering::Relaxed);
        listeners().insert(own, context.sink().clone());
        context.cancelled().await;
        listeners().remove(&own);
        Ok(())
    }

    async fn set_level(
        &self,
        _: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn subscribe(
        &self,
        _: SubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(
        &self,
        _: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let listed = ListToolsResult::with_all_items(self.fixture().tools.clone());
        Ok(listed.with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Public))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let listed = ListResourcesResult::with_all_items(self.fixture().resources.clone());
        Ok(listed.with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Public))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let listed = ListResourceTemplatesResult::with_all_items(self.fixture().templates.clone());
        Ok(listed.with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Public))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let read = self.fixture().read(&request.uri)?;
        Ok(read.with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Public).into())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let listed = ListPromptsResult::with_all_items(self.fixture().prompts.clone());
        Ok(listed.with_ttl_ms(TTL_MS).with_cache_scope(CacheScope::Public))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        if request.name == "test_input_required_result_prompt" {
            return self.prompt_with_context(request.input_responses.as_ref());
        }
        let arguments = request.arguments.unwrap_or_default();
        Ok(self.fixture().prompt(&request.name, &arguments)?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let all = ["paris", "park", "party", "1", "2"];
        let values = all.into_iter().filter(|value| value.starts_with(&request.argument.value));
        let info = CompletionInfo::new(values.map(str::to_owned).collect());
        info.map(CompleteResult::new).map_err(|words| ErrorData::internal_error(words, None))
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        Ok(GetTaskResult::new(self.tasks().get_task(&request.task_id)?))
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.tasks().update_task(&request.task_id, request.input_responses)
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.tasks().cancel_task(&request.task_id)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.call(request, context).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned()).parse()?;
    let mut key = [0_u8; 32];
    getrandom::fill(&mut key)?;
    let server = Server(Arc::new(State {
        fixture: Fixture::read_own()?,
        codec: RequestStateCodec::try_new(key)?,
        tasks: TaskManager::new(),
        listeners: Mutex::default(),
        next: AtomicU64::new(0),
    }));
    let options = HttpOptions { address, token: None, hosts: Vec::new(), origins: Vec::new() };
    let ready = |address| {
        // Who started it may have gone.
        let _ = writeln!(std::io::stderr(), "serving on http://{address}/mcp");
    };
    serve_http(move || server.clone(), options, ready, CancellationToken::new()).await?;
    Ok(())
}
