//! Entries in the files of clients.

use std::fs;

use serde_json::{Value, json};

use crate::session::command;

fn install(arguments: &[&str]) -> (Option<i32>, String, String) {
    let all = [&["install", "--program", "/usr/bin/omics-ecr"], arguments].concat();
    let output = command(&all).output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn each_client_has_its_own_shape() {
    for (client, root) in [
        ("claude-code", "mcpServers"),
        ("claude-desktop", "mcpServers"),
        ("cursor", "mcpServers"),
        ("vscode", "servers"),
        ("kiro", "mcpServers"),
        ("gemini", "mcpServers"),
        ("windsurf", "mcpServers"),
        ("junie", "mcpServers"),
    ] {
        let (code, printed, _) = install(&["--client", client, "--", "--allow-write"]);
        assert_eq!(code, Some(0), "{client}");
        let document: Value = serde_json::from_str(&printed).unwrap();
        let entry = &document[root]["omics-ecr"];
        assert_eq!(entry["command"], "/usr/bin/omics-ecr");
        assert_eq!(entry["args"], json!(["mcp", "--allow-write"]));
    }
    let (_, printed, _) = install(&["--client", "opencode", "--", "--allow-write"]);
    let document: Value = serde_json::from_str(&printed).unwrap();
    let line = json!(["/usr/bin/omics-ecr", "mcp", "--allow-write"]);
    assert_eq!(document["mcp"]["omics-ecr"], json!({"type": "local", "command": line}));
    let (_, printed, _) = install(&["--client", "codex"]);
    assert_eq!(printed, "[mcp_servers.omics-ecr]\ncommand = \"/usr/bin/omics-ecr\"\nargs = [\"mcp\"]\n");
}

#[test]
fn entries_of_others_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mcp.json");
    let before = json!({
        "theme": "dark",
        "mcpServers": {
            "other": {"command": "x", "env": {"A": "b"}},
            "omics-ecr": {"command": "old", "env": {"AWS_PROFILE": "lab"}},
        },
    });
    fs::write(&file, before.to_string()).unwrap();
    let path = file.display().to_string();
    let write = ["--client", "cursor", "--write", "--file", &path];
    assert_eq!(install(&write).0, Some(0));
    let text = fs::read_to_string(&file).unwrap();
    let after: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(after["theme"], before["theme"]);
    assert_eq!(after["mcpServers"]["other"], before["mcpServers"]["other"]);
    assert_eq!(after["mcpServers"]["omics-ecr"]["command"], "/usr/bin/omics-ecr");
    assert_eq!(after["mcpServers"]["omics-ecr"]["env"]["AWS_PROFILE"], "lab");
    assert_eq!(install(&write).0, Some(0));
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_file_that_cannot_be_merged_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (client, name, text) in [
        ("vscode", "a.json", "{ // a comment\n}"),
        ("cursor", "b.json", "[]"),
        ("cursor", "c.json", "{\"mcpServers\": []}"),
        ("codex", "d.toml", "[mcp_servers.omics-ecr]\ncommand = \"other\"\n"),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        let (code, _, said) =
            install(&["--client", client, "--write", "--file", &file.display().to_string()]);
        assert_eq!(code, Some(2), "{name}");
        assert!(said.contains("hint: "), "{said}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
    }
    let file = folder.path().join("new/config.toml");
    fs::create_dir(folder.path().join("new")).unwrap();
    fs::write(&file, "model = \"m\"\n").unwrap();
    let path = file.display().to_string();
    assert_eq!(install(&["--client", "codex", "--write", "--file", &path]).0, Some(0));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("model = \"m\"\n\n[mcp_servers.omics-ecr]\n"), "{text}");
}
