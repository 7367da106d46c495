//! `omics-ecr local`, its settings for other tools, and commands that work on an ECR of their own.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// Returns the command with a home of its own and nothing of AWS in its environment.
fn omics_ecr(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
    command.args(arguments).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin");
    command.env("AWS_CONFIG_FILE", "/nonexistent").env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
    command
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    omics_ecr(home, arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A server in a process of its own.
struct Daemon {
    child: Child,
    start: Value,
}

impl Daemon {
    fn start(home: &Path, arguments: &[&str]) -> Self {
        Self::from_command(omics_ecr(home, &[&["local", "--output", "json"], arguments].concat()))
    }

    fn from_command(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let start = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut log = String::new();
            child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
            panic!("{line}{log}")
        });
        Self { child, start }
    }

    fn endpoint(&self) -> &str {
        self.start["endpoint"].as_str().unwrap()
    }

    /// Sends a signal and returns exit code and log.
    fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let kill = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

/// Calls an operation of ECR over a bare connection; returns the whole answer.
fn call(endpoint: &str, operation: &str, body: &str) -> String {
    let host = endpoint.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Target: {target}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

const ANY_PORT: [&str; 2] = ["--address", "127.0.0.1:0"];

#[test]
fn a_server_runs_until_it_is_told_to_stop_and_keeps_what_it_has() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("data").display().to_string();
    let arguments = [&ANY_PORT[..], &["--data", &folder, "--account", "123456789012"]].concat();
    let server = Daemon::start(home.path(), &arguments);
    assert_eq!(server.start["account"], "123456789012");
    assert_eq!(server.start["region"], "us-east-1");
    assert_eq!(server.start["data"], folder.as_str());
    assert_eq!(server.start["process"], server.child.id());
    let created = call(server.endpoint(), "CreateRepository", r#"{"repositoryName":"team/tool"}"#);
    assert!(created.starts_with("HTTP/1.1 200"), "{created}");
    let second = run(home.path(), &[&["local"], &arguments[..]].concat());
    assert_eq!(second.status.code(), Some(2));
    let error = text(&second.stderr);
    assert!(error.contains(&format!("one runs on the same folder at {}", server.endpoint())), "{error}");
    let (code, log) = server.end("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("operation=\"CreateRepository\" status=200"), "{log}");

    let server = Daemon::start(home.path(), &[&arguments[..], &["--log", "off"]].concat());
    let described = call(server.endpoint(), "DescribeRepositories", "{}");
    assert!(described.contains("123456789012:repository/team/tool"), "{described}");
    let (code, log) = server.end("-INT");
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("INFO"), "{log}");
}

#[test]
fn the_start_says_in_words_what_runs_and_how_to_use_it() {
    let home = tempfile::tempdir().unwrap();
    let mut command = omics_ecr(home.path(), &["local", "--address", "127.0.0.1:0", "--region", "eu-west-1"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said: Vec<String> = lines.by_ref().take(6).collect();
    assert!(said[0].starts_with("the local ECR is ready at http://127.0.0.1:"), "{said:?}");
    assert_eq!(said[1], "  account  000000000000");
    assert_eq!(said[2], "  region   eu-west-1");
    let folder = said[3].strip_prefix("  data     ").unwrap();
    assert!(Path::new(folder).starts_with(home.path()) && Path::new(folder).is_dir(), "{folder}");
    assert_eq!(said[4], "  use it   eval \"$(omics-ecr local env)\"");
    // What it says to do works, though the port is not the usual one.
    let settings = run(home.path(), &["local", "env"]);
    assert_eq!(settings.status.code(), Some(0), "{settings:?}");
    assert!(text(&settings.stdout).contains("export AWS_REGION='eu-west-1'"), "{settings:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    // A killed server leaves its note, and is found to be gone.
    let gone = run(home.path(), &["local", "env"]);
    assert_eq!(gone.status.code(), Some(2));
    assert!(text(&gone.stderr).starts_with("error: no local ECR answers at http://127.0.0.1:"), "{gone:?}");
    assert!(text(&gone.stderr).contains("hint: start one with `omics-ecr local`"), "{gone:?}");
}

#[test]
fn settings_are_what_a_shell_and_awss_tools_take() {
    let home = tempfile::tempdir().unwrap();
    let server = Daemon::start(home.path(), &[&ANY_PORT[..], &["--data", ":memory:"]].concat());
    let address = server.start["address"].as_str().unwrap();
    let script = format!(
        "AWS_PROFILE=other; export AWS_PROFILE\neval \"$({} local env --address {address})\"\n\
         echo \"$AWS_ENDPOINT_URL $AWS_REGION $AWS_ACCESS_KEY_ID $OMICS_ECR_ACCOUNT [$AWS_PROFILE]\"",
        env!("CARGO_BIN_EXE_omics-ecr")
    );
    let shell = Command::new("sh").args(["-c", &script]).env("HOME", home.path()).output().unwrap();
    let expected = format!("{} us-east-1 local 000000000000 []\n", server.endpoint());
    assert_eq!(text(&shell.stdout), expected, "{shell:?}");
    let json = run(home.path(), &["local", "env", "--address", server.endpoint(), "--output", "json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["AWS_ENDPOINT_URL"], server.endpoint());
    let fish = run(home.path(), &["local", "env", "--address", address, "--shell", "fish"]);
    assert!(text(&fish.stdout).contains("\nset -gx AWS_REGION 'us-east-1'\n"), "{fish:?}");
    let none = run(home.path(), &["local", "env", "--data", &home.path().display().to_string()]);
    assert_eq!(none.status.code(), Some(2));
    server.end("-TERM");
}

#[test]
fn keys_come_from_a_file_or_the_environment_and_are_never_said() {
    let home = tempfile::tempdir().unwrap();
    let secret = "0123456789abcdefghij";
    let file = home.path().join("keys");
    std::fs::write(&file, format!("[alice]\naws_access_key_id=AKIA1\naws_secret_access_key={secret}\n"))
        .unwrap();
    let file = file.display().to_string();
    let memory = [&ANY_PORT[..], &["--data", ":memory:", "--log", "trace"]].concat();
    let from_file = omics_ecr(
        home.path(),
        &[&["local", "--output", "json", "--credentials", &file], &memory[..]].concat(),
    );
    let mut from_environment =
        omics_ecr(home.path(), &[&["local", "--output", "json"], &memory[..]].concat());
    from_environment
        .env("OMICS_ECR_LOCAL_ACCESS_KEY_ID", "AKIA1")
        .env("OMICS_ECR_LOCAL_SECRET_ACCESS_KEY", secret);
    for command in [from_file, from_environment] {
        let server = Daemon::from_command(command);
        let refused = call(server.endpoint(), "DescribeRegistry", "{}");
        assert!(refused.contains("MissingAuthenticationTokenException"), "{refused}");
        let settings = run(home.path(), &["local", "env", "--address", server.endpoint()]);
        assert!(!text(&settings.stdout).contains("ACCESS_KEY"), "{settings:?}");
        assert!(text(&settings.stderr).contains("signed requests only"), "{settings:?}");
        // The source is the server itself, which refuses at once who is not logged in.
        let source = format!("{}/none:1", server.start["address"].as_str().unwrap());
        let signed = ["clone", &source, "--dry-run", "--endpoint-url", server.endpoint()];
        let mut signed =
            omics_ecr(home.path(), &[&signed[..], &["--region", "us-east-1", "--output", "json"]].concat());
        signed.env("AWS_ACCESS_KEY_ID", "AKIA1");
        let right = signed.env("AWS_SECRET_ACCESS_KEY", secret).output().unwrap();
        assert!(!text(&right.stderr).contains("signature"), "{right:?}");
        let wrong = signed.env("AWS_SECRET_ACCESS_KEY", "jihgfedcba9876543210").output().unwrap();
        assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
        let (_, log) = server.end("-TERM");
        assert!(!log.contains(secret), "{log}");
    }
    let open = run(home.path(), &["local", "--address", "0.0.0.0:0", "--data", ":memory:"]);
    assert_eq!(open.status.code(), Some(2));
    assert!(text(&open.stderr).contains("hint: name a file of access keys with --credentials"), "{open:?}");
    let half = omics_ecr(home.path(), &["local"]).env("OMICS_ECR_LOCAL_ACCESS_KEY_ID", "A").output().unwrap();
    assert!(text(&half.stderr).contains("one half of a key"), "{half:?}");
}

#[test]
fn a_clone_works_on_an_ecr_of_its_own_and_on_the_one_that_runs() {
    let home = tempfile::tempdir().unwrap();
    // One local ECR plays Quay; its images are made by pushing to it.
    let quay = Daemon::start(home.path(), &[&ANY_PORT[..], &["--data", ":memory:"]].concat());
    call(quay.endpoint(), "CreateRepository", r#"{"repositoryName":"bio/tool"}"#);
    push(quay.endpoint(), "bio/tool", "1");
    let upstream = format!("quay.io={}", quay.endpoint());
    let folder = home.path().join("data").display().to_string();
    let arguments = [
        "clone",
        "quay.io/bio/tool:1",
        "--to",
        "tools/tool:1",
        "--yes",
        "--output",
        "json",
        "--local",
        "--local-data",
        &folder,
        "--upstream",
        &upstream,
    ];
    let first = run(home.path(), &arguments);
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let report: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!(report["images"][0]["outcome"], "copied", "{report}");
    assert_eq!(report["images"][0]["healthomics_access"]["verdict"], "accessible");
    let again: Value = serde_json::from_slice(&run(home.path(), &arguments).stdout).unwrap();
    assert_eq!(again["images"][0]["outcome"], "up-to-date", "the folder keeps it: {again}");

    let own = Daemon::start(home.path(), &[&ANY_PORT[..], &["--data", &folder]].concat());
    let beside: Value = serde_json::from_slice(&run(home.path(), &arguments).stdout).unwrap();
    assert_eq!(beside["images"][0]["outcome"], "up-to-date", "the server that runs is used: {beside}");
    let elsewhere = run(home.path(), &[&arguments[..], &["--region", "eu-west-1"]].concat());
    assert_eq!(elsewhere.status.code(), Some(2));
    assert!(text(&elsewhere.stderr).contains("000000000000 in us-east-1"), "{elsewhere:?}");
    for other in [&["--profile", "x"][..], &["--endpoint-url", "http://127.0.0.1:1"]] {
        assert_eq!(run(home.path(), &[&arguments[..], other].concat()).status.code(), Some(2), "{other:?}");
    }
    own.end("-TERM");
    quay.end("-TERM");
}

#[test]
fn what_came_through_a_rule_is_whole_when_a_command_with_an_ecr_of_its_own_ends() {
    let home = tempfile::tempdir().unwrap();
    let quay = Daemon::start(home.path(), &[&ANY_PORT[..], &["--data", ":memory:"]].concat());
    call(quay.endpoint(), "CreateRepository", r#"{"repositoryName":"bio/tool"}"#);
    push(quay.endpoint(), "bio/tool", "1");
    let upstream = format!("quay.io={}", quay.endpoint());
    let folder = home.path().join("data").display().to_string();
    let own = ["--local", "--local-data", &folder, "--upstream", &upstream];
    let made = run(home.path(), &[&["cache", "create", "quay.io", "--yes"][..], &own].concat());
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let primed = run(home.path(), &[&["check", "quay.io/bio/tool:1", "--prime"][..], &own].concat());
    assert_eq!(primed.status.code(), Some(0), "{primed:?}");
    quay.end("-TERM");

    let ecr = Daemon::start(home.path(), &[&ANY_PORT[..], &["--data", &folder]].concat());
    let digest = digest("layer");
    let host = ecr.endpoint().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let path = format!("/v2/quay/bio/tool/blobs/{digest}");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("layer"), "{answer}");
    ecr.end("-TERM");
}

/// Returns the digest of a text.
fn digest(text: &str) -> String {
    use sha2::Digest as _;
    let sum = sha2::Sha256::digest(text.as_bytes());
    format!("sha256:{}", sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Pushes an image for linux/amd64 to a registry.
fn push(endpoint: &str, repository: &str, tag: &str) {
    let send = |method: &str, path: &str, kind: &str, body: &str| {
        let host = endpoint.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    };
    let config = r#"{"os":"linux","architecture":"amd64"}"#;
    for blob in [config, "layer"] {
        let path = format!("/v2/{repository}/blobs/uploads/?digest={}", digest(blob));
        send("POST", &path, "application/octet-stream", blob);
    }
    let descriptor = |kind: &str, text: &str| serde_json::json!({ "mediaType": kind, "digest": digest(text), "size": text.len() });
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": kind,
        "config": descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", "layer")],
    });
    send("PUT", &format!("/v2/{repository}/manifests/{tag}"), kind, &manifest.to_string());
}
