//! Measures a validation: `validate_at_scale BINARY [REPOSITORIES] [RULES] [LATENCY_MS] [RUNS] [NAME=COMMAND]...` seeds a
//! local ECR, puts a server with latency before it, runs `BINARY validate` against that and after it each COMMAND by the
//! shell with `AWS_ENDPOINT_URL` set, and prints times and requests, one line a run: `run N: NAME: S s, R requests`.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement may fail, and prints")]
#![allow(dead_code, reason = "the server is shared with the tests, which need more of it")]

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws::ecr::{AppliedFor, NewRepository, NewRule, Template};
use aws::secrets_manager::NewSecret;
use aws::{Options, Session, StaticCredentials};
use local_ecr::{Config, Handle, LocalEcr};
use serde_json::json;

#[path = "../tests/validate/proxy.rs"]
mod proxy;

use proxy::{Behaviour, Proxy};

const ACCOUNT: &str = "123456789012";

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let binary = arguments.next().unwrap();
    let mut number = |default: usize| arguments.next().map_or(default, |text| text.parse().unwrap());
    let (repositories, rules, latency, runs) = (number(1000), number(50), number(20), number(5));
    let others: Vec<(String, String)> = arguments
        .map(|other| {
            let (name, command) = other.split_once('=').unwrap();
            (name.to_owned(), command.to_owned())
        })
        .collect();
    let upstream =
        LocalEcr::start(Config::new("222222222222".parse().unwrap(), "eu-west-1".parse().unwrap()));
    let upstream = upstream.await.unwrap();
    let mut config = Config::new(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
    config.pull_through.upstreams.insert("ghcr.io".parse().unwrap(), upstream.endpoint());
    let handle = LocalEcr::start(config).await.unwrap();
    seed(&session(&handle).await, repositories, rules).await;
    println!("{repositories} repositories, {rules} rules, {latency} ms latency");
    let mut times = Vec::new();
    for run in 1..=runs {
        let latency = Duration::from_millis(latency.try_into().unwrap());
        let proxy = Proxy::start(handle.endpoint(), Behaviour { latency, ..Behaviour::default() }).await;
        let (command, endpoint) = (binary.clone(), proxy.endpoint.clone());
        let begun = Instant::now();
        let output = tokio::task::spawn_blocking(move || validate(&command, &endpoint)).await.unwrap();
        let elapsed = begun.elapsed();
        let report: serde_json::Value = serde_json::from_slice(&output).unwrap();
        let counts = proxy.counts();
        let requests: usize = counts.values().sum();
        println!(
            "run {run}: omics-ecr: {:.3} s, {requests} requests, verdict {}, {} findings",
            elapsed.as_secs_f64(),
            report["verdict"],
            report["findings"].as_array().unwrap().len()
        );
        if run == 1 {
            for (operation, count) in &counts {
                println!("  {count} {operation}");
            }
        }
        assert!(counts.get("GetRepositoryPolicy").is_none_or(|count| *count <= repositories));
        times.push(elapsed);
        for (name, command) in &others {
            let proxy = Proxy::start(handle.endpoint(), Behaviour { latency, ..Behaviour::default() }).await;
            let (command, endpoint) = (command.clone(), proxy.endpoint.clone());
            let begun = Instant::now();
            tokio::task::spawn_blocking(move || other(&command, &endpoint)).await.unwrap();
            let (elapsed, requests) = (begun.elapsed(), proxy.counts().values().sum::<usize>());
            println!("run {run}: {name}: {:.3} s, {requests} requests", elapsed.as_secs_f64());
        }
    }
    times.sort_unstable();
    println!("median {:.2} s", times[times.len() / 2].as_secs_f64());
}

fn validate(binary: &str, endpoint: &str) -> Vec<u8> {
    let output = Command::new(binary)
        .args(["validate", "--output", "json", "--region", "us-east-1", "--endpoint-url", endpoint])
        .env_clear()
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    output.stdout
}

/// Runs what somebody would use instead, to its end.
fn other(command: &str, endpoint: &str) {
    let status = Command::new("sh")
        .args(["-c", command])
        .envs([
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_REGION", "us-east-1"),
        ])
        .envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")])
        .envs([("AWS_CONFIG_FILE", "/nonexistent"), ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{command}: {status}");
}

async fn session(handle: &Handle) -> Session {
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
    let credentials = StaticCredentials {
        access_key_id: "local".to_owned(),
        secret_access_key: "local".to_owned().into(),
        session_token: None,
    };
    Session::open(Options {
        region: Some(handle.region().clone()),
        endpoint_url: Some(handle.endpoint()),
        credentials: Some(credentials),
        ..Options::default()
    })
    .await
    .unwrap()
}

/// Fills the account: rules in turn for four upstream registries, those for GHCR with a secret each, a template for each
/// rule, one grant for all, and repositories of which one in ten is closed.
async fn seed(session: &Session, repositories: usize, rules: usize) {
    let ecr = session.ecr();
    let read = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "omics.amazonaws.com" },
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
        "Condition": { "StringEquals": { "aws:SourceAccount": ACCOUNT } } }] });
    let read = read.to_string();
    for rule in 0..rules {
        let url = ["quay.io", "public.ecr.aws", "registry.k8s.io", "ghcr.io"][rule % 4];
        let credential_arn = match url {
            "ghcr.io" => {
                let value = json!({ "username": "me", "accessToken": "token" }).to_string();
                let name = format!("ecr-pullthroughcache/ghcr-{rule}");
                let secret =
                    NewSecret { name, value: value.into(), description: None, tags: BTreeMap::new() };
                Some(session.secrets_manager().create(&secret).await.unwrap())
            }
            _ => None,
        };
        let prefix = format!("prefix-{rule}");
        let new = NewRule {
            ecr_repository_prefix: prefix.parse().unwrap(),
            upstream_registry_url: url.to_owned(),
            upstream_registry: None,
            upstream_repository_prefix: None,
            credential_arn,
            custom_role_arn: None,
        };
        ecr.create_rule(&new).await.unwrap();
        let mut template = Template::new(prefix, vec![AppliedFor::PullThroughCache]);
        template.repository_policy = Some(read.clone());
        ecr.create_template(&template).await.unwrap();
    }
    let import = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "omics.amazonaws.com" },
        "Action": ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"],
        "Resource": format!("arn:aws:ecr:us-east-1:{ACCOUNT}:repository/prefix-*") }] });
    ecr.put_registry_policy(&import.to_string()).await.unwrap();
    let (ecr, read) = (&ecr, &read);
    let make = async |number: usize| {
        let name: image::RepositoryName = format!("prefix-{}/tool-{number}", number % rules).parse().unwrap();
        ecr.create_repository(&NewRepository::new(name.clone())).await.unwrap();
        if !number.is_multiple_of(10) {
            ecr.set_repository_policy(&name, read).await.unwrap();
        }
    };
    session.each(0..repositories, make).await;
}
