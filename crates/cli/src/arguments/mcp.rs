//! What can be typed behind `omics-ecr mcp`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand, ValueEnum};

use super::AccountArguments;

/// Serve the operations to an AI assistant over the Model Context Protocol
///
/// Speaks the protocol on standard input and output until the client closes it; logs go to standard error. Tools only
/// read, and plans are returned, unless --allow-write is passed.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  # the entry for a client's list of servers, or the change of its file
  omics-ecr mcp install --client claude-code
  omics-ecr mcp install --client cursor --write

  # tools may change the account, and use a folder beside those that the client has open
  omics-ecr mcp --allow-write --allow-path ~/workflows

  # over HTTP, for clients on this machine
  omics-ecr mcp --http 127.0.0.1:8722"
)]
pub(crate) struct McpArguments {
    #[command(subcommand)]
    pub(crate) command: Option<McpCommand>,
    #[command(flatten)]
    pub(crate) serve: McpServeArguments,
}

/// What the server is started with.
#[derive(Debug, Args)]
pub(crate) struct McpServeArguments {
    #[command(flatten)]
    pub(crate) account: AccountArguments,
    /// Let tools change the account and workflows; without it they return their plans
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value_t = false,
        default_missing_value = "true",
        action = ArgAction::Set,
        hide_default_value = true,
        hide_possible_values = true,
        help_heading = "Access"
    )]
    pub(crate) allow_write: bool,
    /// Folder that tools may use beside those that the client has open [default: the working folder]
    #[arg(long = "allow-path", value_name = "FOLDER", help_heading = "Access")]
    pub(crate) allow_paths: Vec<PathBuf>,
    /// Serve over HTTP in the place of standard input and output
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = "HTTP")]
    pub(crate) http: Option<SocketAddr>,
    /// File with the token that clients have to show [env: OMICS_ECR_MCP_TOKEN]
    #[arg(long, value_name = "FILE", requires = "http", help_heading = "HTTP")]
    pub(crate) token_file: Option<PathBuf>,
    /// Name by which clients reach the server, beside those of this machine
    #[arg(long = "allow-host", value_name = "HOST", requires = "http", help_heading = "HTTP")]
    pub(crate) allow_hosts: Vec<String>,
    /// Origin of web pages that may ask, such as `https://inspector.example`
    #[arg(long = "allow-origin", value_name = "ORIGIN", requires = "http", help_heading = "HTTP")]
    pub(crate) allow_origins: Vec<String>,
}

/// What can be done beside serving.
#[derive(Debug, Subcommand)]
pub(crate) enum McpCommand {
    Install(InstallArguments),
}

/// Print the entry of this server for a client's configuration, or write it there
///
/// Other entries of the file stay as they are. What stands behind `--` is passed to the server.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # what to put where
  omics-ecr mcp install --client vscode

  # into the user's own configuration, with a profile and the right to write
  omics-ecr mcp install --client claude-desktop --write -- --allow-write --profile lab")]
pub(crate) struct InstallArguments {
    /// The client
    #[arg(long, value_enum)]
    pub(crate) client: Client,
    /// Write the entry into the client's file
    #[arg(long)]
    pub(crate) write: bool,
    /// The file, where it is not the client's usual one
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Name of the entry
    #[arg(long, value_name = "NAME", default_value = "omics-ecr", value_parser = read_name)]
    pub(crate) name: String,
    /// Program that clients start [default: this one]
    #[arg(long, value_name = "PATH")]
    pub(crate) program: Option<PathBuf>,
    /// What is passed to the server
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub(crate) arguments: Vec<String>,
}

/// A client of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Client {
    /// Claude Code
    ClaudeCode,
    /// Claude Desktop
    ClaudeDesktop,
    /// Cursor
    Cursor,
    /// Visual Studio Code
    Vscode,
    /// Kiro
    Kiro,
    /// Codex
    Codex,
    /// Gemini CLI
    Gemini,
    /// Windsurf
    Windsurf,
    /// Junie
    Junie,
    /// opencode
    Opencode,
}

/// Reads the name of an entry, which TOML and JSON take as it is.
fn read_name(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if is_name { Ok(text.to_owned()) } else { Err("it must be 1 to 64 letters, digits, - or _".to_owned()) }
}
