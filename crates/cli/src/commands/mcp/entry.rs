//! The entry of this server in the configuration of each client: its shape, and the file it stands in.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::arguments::Client;
use crate::environment::{self, variable};

/// The program with what it is started with.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    /// The program.
    pub(super) program: String,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
}

impl Client {
    /// Returns the client's name.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::ClaudeDesktop => "Claude Desktop",
            Self::Cursor => "Cursor",
            Self::Vscode => "Visual Studio Code",
            Self::Kiro => "Kiro",
            Self::Codex => "Codex",
            Self::Gemini => "Gemini CLI",
            Self::Windsurf => "Windsurf",
            Self::Junie => "Junie",
            Self::Opencode => "opencode",
        }
    }

    /// Returns the member of the file under which servers stand.
    pub(super) fn root(self) -> &'static str {
        match self {
            Self::Vscode => "servers",
            Self::Codex => "mcp_servers",
            Self::Opencode => "mcp",
            _ => "mcpServers",
        }
    }

    /// Returns whether the file is TOML.
    pub(super) fn is_toml(self) -> bool {
        self == Self::Codex
    }

    /// Returns the entry as JSON.
    pub(super) fn entry(self, launch: &Launch) -> Value {
        let mut entry = Map::new();
        if self == Self::Opencode {
            let line: Vec<&String> = std::iter::once(&launch.program).chain(&launch.arguments).collect();
            entry.insert("type".to_owned(), json!("local"));
            entry.insert("command".to_owned(), json!(line));
            return Value::Object(entry);
        }
        if matches!(self, Self::ClaudeCode | Self::Cursor | Self::Vscode) {
            entry.insert("type".to_owned(), json!("stdio"));
        }
        entry.insert("command".to_owned(), json!(launch.program));
        entry.insert("args".to_owned(), json!(launch.arguments));
        Value::Object(entry)
    }

    /// Returns the entry as a table of TOML.
    pub(super) fn toml(self, name: &str, launch: &Launch) -> String {
        // A JSON string of printable characters is a basic string of TOML.
        let args: Vec<String> = launch.arguments.iter().map(|argument| json!(argument).to_string()).collect();
        format!(
            "[{}.{name}]\ncommand = {}\nargs = [{}]\n",
            self.root(),
            json!(launch.program),
            args.join(", ")
        )
    }

    /// Returns the client's own command for adding a server, where it has one.
    pub(super) fn command(self, name: &str, launch: &Launch) -> Option<String> {
        let line = std::iter::once(&launch.program).chain(&launch.arguments);
        let line: Vec<String> = line.map(|word| quoted(word)).collect();
        let line = line.join(" ");
        match self {
            Self::ClaudeCode => Some(format!("claude mcp add --scope user {name} -- {line}")),
            Self::Codex => Some(format!("codex mcp add {name} -- {line}")),
            Self::Vscode => {
                let mut entry = self.entry(launch);
                entry["name"] = json!(name);
                Some(format!("code --add-mcp {}", quoted(&entry.to_string())))
            }
            _ => None,
        }
    }

    /// Returns the user's own file of the client; none where there is no home.
    pub(super) fn file(self) -> Option<PathBuf> {
        let home = PathBuf::from(variable(environment::HOME)?);
        let config = || {
            use etcetera::BaseStrategy as _;
            etcetera::base_strategy::choose_native_strategy().ok().map(|base| base.config_dir())
        };
        // On macOS programs with windows keep their settings elsewhere than programs for terminals.
        let application = || match cfg!(target_os = "macos") {
            true => Some(home.join("Library/Application Support")),
            false => config(),
        };
        match self {
            Self::ClaudeCode => Some(home.join(".claude.json")),
            Self::ClaudeDesktop => Some(application()?.join("Claude/claude_desktop_config.json")),
            Self::Cursor => Some(home.join(".cursor/mcp.json")),
            Self::Vscode => Some(application()?.join("Code/User/mcp.json")),
            Self::Kiro => Some(home.join(".kiro/settings/mcp.json")),
            Self::Codex => Some(home.join(".codex/config.toml")),
            Self::Gemini => Some(home.join(".gemini/settings.json")),
            Self::Windsurf => Some(home.join(".codeium/windsurf/mcp_config.json")),
            Self::Junie => Some(home.join(".junie/mcp/mcp.json")),
            // It keeps to this place on every system.
            Self::Opencode => Some(home.join(".config/opencode/opencode.json")),
        }
    }
}

/// Returns a word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty()
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-=:,@+".contains(&byte));
    if is_plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
