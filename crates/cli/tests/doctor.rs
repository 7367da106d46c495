//! `omics-ecr doctor` as people use it, against an account and registries in this process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use local_ecr::{Config, Handle, LocalEcr};
use serde_json::{Value, json};

/// The upstream registries that have one host.
const HOSTS: [&str; 7] = [
    "docker.io",
    "quay.io",
    "public.ecr.aws",
    "ghcr.io",
    "registry.k8s.io",
    "registry.gitlab.com",
    "cgr.dev",
];

/// An address at which nothing listens.
const NOBODY: &str = "http://127.0.0.1:1";

/// An account, and a home without settings.
struct World {
    runtime: tokio::runtime::Runtime,
    account: Handle,
    home: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let config = Config::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let account = runtime.block_on(LocalEcr::start(config)).unwrap();
        Self { runtime, account, home: tempfile::tempdir().unwrap() }
    }

    fn with_rule() -> Self {
        let world = Self::new();
        let rule = json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" });
        world.runtime.block_on(async {
            let target = "AmazonEC2ContainerRegistry_V20150921.CreatePullThroughCacheRule";
            let post = reqwest::Client::new().post(world.account.endpoint()).header("x-amz-target", target);
            let post = post.header("content-type", "application/x-amz-json-1.1").body(rule.to_string());
            assert!(post.send().await.unwrap().status().is_success());
        });
        world
    }

    /// Returns the command with every upstream registry on this machine, but for one that nobody answers for.
    fn doctor(&self, endpoint: &str, absent: Option<&str>) -> Command {
        let mut command = omics_ecr(self.home.path());
        command.args(["doctor", "--output", "json", "--endpoint-url", endpoint]);
        for host in HOSTS {
            let url = if Some(host) == absent { NOBODY.to_owned() } else { self.account.endpoint() };
            command.args(["--upstream", &format!("{host}={url}")]);
        }
        command
    }
}

fn omics_ecr(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
    command.env_clear().stdin(Stdio::null()).env("HOME", home);
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ] {
        command.env(name, value);
    }
    command
}

fn document(output: &Output) -> Value {
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    });
    for check in report["checks"].as_array().unwrap() {
        let is_ok = check["verdict"] == "ok";
        assert_eq!(check["code"].is_null(), is_ok, "a finding where it is not well: {check}");
        assert!(is_ok || check["next_step"].is_string(), "no next step: {check}");
    }
    report
}

/// Returns the lines of one kind.
fn of<'a>(report: &'a Value, check: &str) -> Vec<&'a Value> {
    let checks = report["checks"].as_array().unwrap().iter();
    checks.filter(|line| line["check"] == check).collect()
}

fn only<'a>(report: &'a Value, check: &str) -> &'a Value {
    let [line] = of(report, check)[..] else { panic!("not one line for {check}: {report:#}") };
    line
}

#[test]
fn all_is_well_where_healthomics_can_pull() {
    let world = World::with_rule();
    let endpoint = world.account.endpoint();
    let mut fix = omics_ecr(world.home.path());
    fix.args(["validate", "--fix", "--yes", "--region", "us-east-1", "--endpoint-url", &endpoint]);
    assert_eq!(fix.output().unwrap().status.code(), Some(0));
    let output = world.doctor(&endpoint, None).args(["--region", "us-east-1"]).output().unwrap();
    let report = document(&output);
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    assert_eq!((&report["verdict"], &report["schema_version"]), (&json!("ok"), &json!(1)));
    assert_eq!((&report["account"], &report["region"]), (&json!("123456789012"), &json!("us-east-1")));
    assert!(report["caller"].as_str().unwrap().starts_with("arn:aws:"));
    let services: Vec<_> = of(&report, "service").iter().map(|line| line["subject"].clone()).collect();
    assert_eq!(services, ["STS", "ECR", "Secrets Manager"]);
    let mut upstreams: Vec<_> = of(&report, "upstream").iter().map(|line| line["subject"].clone()).collect();
    let mut hosts = HOSTS.to_vec();
    upstreams.sort_by_key(ToString::to_string);
    hosts.sort_unstable();
    assert_eq!(upstreams, hosts);
    assert_eq!(only(&report, "registry-policy")["said"], "granted below `quay`");
    assert_eq!(only(&report, "templates")["said"], "granted below `quay`");
    assert_eq!(only(&report, "rules")["said"], "1 for `quay`, 1 of them taken by HealthOmics");
    assert!(only(&report, "blob-mounting")["said"].as_str().unwrap().starts_with("off"));
    for check in ["credentials", "region", "clock", "registry", "logins"] {
        only(&report, check);
    }
    assert!(of(&report, "settings").is_empty());
}

#[test]
fn what_is_wrong_is_a_warning_with_its_finding() {
    let world = World::with_rule();
    let docker = world.home.path().join(".docker");
    std::fs::create_dir(&docker).unwrap();
    std::fs::write(docker.join("config.json"), "{ not JSON").unwrap();
    let endpoint = world.account.endpoint();
    let mut command = world.doctor(&endpoint, Some("ghcr.io"));
    let output = command.args(["--region", "sa-east-1", "--account", "210987654321"]).output().unwrap();
    let report = document(&output);
    assert_eq!((output.status.code(), &report["verdict"]), (Some(1), &json!("warning")), "{report:#}");
    let found: Vec<(String, String)> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| line["verdict"] != "ok")
        .map(|line| (line["check"].as_str().unwrap().to_owned(), line["code"].as_str().unwrap().to_owned()))
        .collect();
    let wanted = [
        ("credentials", "OE802"),
        ("region", "OE701"),
        ("registry-policy", "OE301"),
        ("templates", "OE401"),
        ("upstream", "OE805"),
        ("logins", "OE806"),
    ];
    assert_eq!(found, wanted.map(|(check, code)| (check.to_owned(), code.to_owned())));
    assert_eq!(only(&report, "templates")["next_step"], "run `omics-ecr validate --prefix quay --fix`");
    let absent = of(&report, "upstream").into_iter().find(|line| line["verdict"] == "warning").unwrap();
    assert_eq!(absent["subject"], "ghcr.io");
}

#[test]
fn nothing_follows_about_an_account_that_cannot_be_asked() {
    let world = World::new();
    let output = world.doctor(NOBODY, None).args(["--region", "us-east-1"]).output().unwrap();
    let report = document(&output);
    assert_eq!((output.status.code(), &report["verdict"]), (Some(2), &json!("cannot-tell")), "{report:#}");
    for line in of(&report, "service") {
        assert_eq!((&line["verdict"], &line["code"]), (&json!("warning"), &json!("OE805")), "{line}");
    }
    let unknown =
        ["credentials", "clock", "registry", "rules", "registry-policy", "templates", "blob-mounting"];
    for check in unknown {
        assert_eq!(only(&report, check)["code"], "OE710", "{check}");
    }
    assert!(of(&report, "upstream").iter().all(|line| line["verdict"] == "ok"), "{report:#}");
}

#[test]
fn without_a_region_the_rest_is_looked_at_all_the_same() {
    let world = World::new();
    let output = world.doctor(&world.account.endpoint(), None).output().unwrap();
    let report = document(&output);
    assert_eq!(output.status.code(), Some(2), "{report:#}");
    let settings = only(&report, "settings");
    assert_eq!((&settings["verdict"], &settings["code"]), (&json!("warning"), &json!("OE803")));
    assert!(settings["next_step"].as_str().unwrap().contains("AWS_REGION"), "{settings}");
    assert_eq!(only(&report, "region")["verdict"], "cannot-tell");
    assert_eq!(of(&report, "service").len(), 3);
    assert!(of(&report, "upstream").iter().all(|line| line["verdict"] == "ok"), "{report:#}");
}

#[test]
fn credentials_that_are_not_there_are_a_warning() {
    let world = World::new();
    let mut command = world.doctor(&world.account.endpoint(), None);
    command.args(["--region", "us-east-1"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let output = command.output().unwrap();
    let report = document(&output);
    assert_eq!(output.status.code(), Some(2), "{report:#}");
    let credentials = only(&report, "credentials");
    assert_eq!((&credentials["verdict"], &credentials["code"]), (&json!("warning"), &json!("OE801")));
    for line in of(&report, "service") {
        assert_eq!(line["verdict"], "cannot-tell", "nothing was sent: {line}");
    }
}

/// Answers as STS does, in a year long gone, until this process ends.
fn slow_clock() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    format!("http://{address}")
}

fn answer(mut stream: TcpStream) {
    const BODY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
        <GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>AIDAEXAMPLE</UserId>\
        <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"Action=GetCallerIdentity&Version=2011-06-15") {
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return,
        }
    }
    let head = format!(
        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2015 00:00:00 GMT\r\nContent-Type: text/xml\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        BODY.len()
    );
    stream.write_all((head + BODY).as_bytes()).unwrap_or_default();
}

#[test]
fn a_wrong_clock_is_told_and_upstreams_are_asked_through_the_proxy() {
    let world = World::with_rule();
    let mut command = omics_ecr(world.home.path());
    command.args(["doctor", "--output", "json", "--region", "us-east-1"]);
    command.env("AWS_ENDPOINT_URL", world.account.endpoint()).env("AWS_ENDPOINT_URL_STS", slow_clock());
    let output = command.env("HTTPS_PROXY", NOBODY).output().unwrap();
    let report = document(&output);
    assert_eq!(output.status.code(), Some(1), "{report:#}");
    let clock = only(&report, "clock");
    assert_eq!((&clock["verdict"], &clock["code"]), (&json!("warning"), &json!("OE804")));
    assert!(clock["said"].as_str().unwrap().contains("days ahead of STS's"), "{clock}");
    assert_eq!(only(&report, "rules")["verdict"], "ok", "the account is asked all the same");
    let upstreams = of(&report, "upstream");
    assert_eq!(upstreams.len(), HOSTS.len());
    for line in upstreams {
        assert_eq!(line["code"], "OE805", "nobody answers at the proxy: {line}");
    }
}

#[test]
fn a_local_ecr_is_looked_at_and_lines_are_for_people() {
    let world = World::new();
    let mut command = omics_ecr(world.home.path());
    command.args(["doctor", "--local", "--local-data", ":memory:"]);
    for host in HOSTS {
        command.args(["--upstream", &format!("{host}={}", world.account.endpoint())]);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    for expected in [
        "ok           credentials      arn:aws:",
        "ok           Region           us-east-1: HealthOmics is offered there; named by the option\n",
        "ok           service          Secrets Manager: it answers\n",
        "warning      rules            OE101 pull through cache: the registry has no rule",
        "                              next: run `omics-ecr cache create quay`",
        "ok           upstream         quay.io: it answers\n",
        "\nwarning: 1 warning, 0 things that cannot be told\n`omics-ecr explain OE101` tells more\n",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!text.contains('\x1b'), "no colour where there is no terminal");
}
