//! `omics-ecr export` as people who own their account as code use it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::process::{Command, Output, Stdio};

use local_ecr::{Config, LocalEcr};
use serde_json::Value;

const ARN: &str =
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/docker-hub-AbCdEf";

fn omics_ecr(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
    ] {
        command.env(name, value);
    }
    command.output().unwrap()
}

fn wanted(format: &str, more: &[&str]) -> Output {
    let mut arguments = vec!["export", format, "--account", "123456789012", "--region", "us-east-1"];
    arguments.extend(more);
    omics_ecr(&arguments)
}

fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn caches_to_be_made_are_written_without_asking_aws() {
    let credential = format!("docker.io={ARN}");
    let more =
        ["--registry", "quay.io/biocontainers=bio", "--registry", "docker.io", "--credential", &credential];
    let output = wanted("terraform", &[more.as_slice(), &["--role", "run"]].concat());
    assert_eq!(stdout(&output), include_str!("export/wanted.tf"));
    let warned = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(warned.contains("would replace one that is there"), "{warned}");

    let output = wanted("cloudformation", &[more.as_slice(), &["--role", "run"]].concat());
    let text = stdout(&output);
    assert_eq!(text, include_str!("export/wanted.json"));
}

#[test]
fn grants_are_merged_into_the_policy_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.json");
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Others","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::222222222222:root"},"Action":"ecr:ReplicateImage","Resource":"arn:aws:ecr:us-east-1:123456789012:repository/${x}*"}]}"#;
    fs::write(&file, policy).unwrap();
    let more = ["--registry", "quay.io", "--registry-policy", file.to_str().unwrap()];
    let output = wanted("terraform", &more);
    let text = stdout(&output);
    assert!(text.contains("Sid    = \"Others\""), "{text}");
    assert!(text.contains("HealthOmicsPullThrough") && text.contains("repository/$${x}*"), "{text}");
    assert!(text.contains("to = aws_ecr_registry_policy.registry\n  id = \"123456789012\""), "{text}");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::write(&file, "{").unwrap();
    assert_eq!(wanted("terraform", &more).status.code(), Some(2));
}

#[test]
fn what_cannot_be_exported_is_refused_with_what_helps() {
    for (more, words) in [
        (vec!["--registry", "docker.io"], "--credential docker.io=ARN"),
        (vec!["--registry", "docker.io", "--credential", "docker.io=docker-hub"], "by its ARN"),
        (vec!["--registry", "quay.io", "--registry", "public.ecr.aws=quay"], "both are called `quay`"),
        (vec!["--registry", "nvcr.io"], "no pull through cache rules"),
    ] {
        let output = wanted("terraform", &more);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
    let other = ARN.replace("us-east-1", "eu-west-1");
    let credential = format!("docker.io={other}");
    let output = wanted("terraform", &["--registry", "docker.io", "--credential", &credential]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("its own account and Region alone"));
}

#[test]
fn what_an_account_has_is_taken_over() {
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    let account = runtime.block_on(LocalEcr::start(config)).unwrap();
    let endpoint = account.endpoint();
    let run = |arguments: &[&str]| {
        omics_ecr(&[arguments, &["--endpoint-url", &endpoint, "--region", "us-east-1"]].concat())
    };
    assert_eq!(run(&["export", "terraform"]).status.code(), Some(2));
    assert!(run(&["cache", "create", "quay.io", "--yes"]).status.success());
    assert!(run(&["cache", "create", "public.ecr.aws", "--yes"]).status.success());

    let text = stdout(&run(&["export", "terraform", "--prefix", "quay"]));
    for words in [
        "import {\n  to = aws_ecr_pull_through_cache_rule.quay\n  id = \"quay\"\n}",
        "import {\n  to = aws_ecr_repository_creation_template.quay\n  id = \"quay\"\n}",
        "repository/ecr-public/*",
    ] {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
    assert!(!text.contains("aws_ecr_pull_through_cache_rule\" \"ecr_public"), "{text}");

    let template: Value = serde_json::from_str(&stdout(&run(&["export", "cloudformation"]))).unwrap();
    let resources = template["Resources"].as_object().unwrap();
    assert_eq!(resources.len(), 5);
    assert!(resources.values().all(|resource| resource["DeletionPolicy"] == "Retain"));
    assert_eq!(run(&["export", "terraform", "--prefix", "ghcr"]).status.code(), Some(2));
    assert_eq!(run(&["export", "cloudformation", "--repository", "a/b"]).status.code(), Some(2));
}

#[test]
fn what_a_plan_changes_is_written_without_asking_aws() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.json");
    let rule = serde_json::json!({ "upstream": "quay.io", "upstreamPrefix": "ROOT", "credentialArn": null, "isNew": true });
    let others = serde_json::json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "Others", "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::222222222222:root" }, "Action": "ecr:ReplicateImage", "Resource": "*" }] });
    let mut merged = others.clone();
    merged["Statement"].as_array_mut().unwrap().push(serde_json::json!({ "Sid": "Ours" }));
    let mut plan = serde_json::json!({
        "schema_version": 1, "account": "123456789012", "region": "us-east-1",
        "request": { "workflow": "w", "images": [], "unresolved": 0 },
        "state": {
            "rule `quay`": rule,
            "rule `old`": rule,
            "rule of `quay` for the rule `quay`": { "kind": "rule", "object": "quay", "action": "create", "after": {
                "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io", "upstreamRepositoryPrefix": "ROOT" } },
            "creation template of `old` for the rule `old`": { "kind": "template", "object": "old", "action": "update",
                "before": {}, "after": { "prefix": "old", "appliedFor": ["PULL_THROUGH_CACHE"],
                "imageTagMutability": "IMMUTABLE", "repositoryPolicy": { "Statement": [] } } },
            "registry policy": { "before": others, "after": merged },
        },
    });
    fs::write(&file, plan.to_string()).unwrap();
    let run = || omics_ecr(&["export", "terraform", "--plan", file.to_str().unwrap()]);
    let text = stdout(&run());
    assert!(text.contains("aws_ecr_pull_through_cache_rule\" \"quay\""), "{text}");
    assert!(!text.contains("aws_ecr_pull_through_cache_rule\" \"old\""), "{text}");
    assert!(
        text.contains("to = aws_ecr_repository_creation_template.old") && text.contains("IMMUTABLE"),
        "{text}"
    );
    assert!(text.contains("Others") && text.contains("to = aws_ecr_registry_policy.registry"), "{text}");

    // Where the plan leaves the policy alone, so does the export.
    plan["state"].as_object_mut().unwrap().remove("registry policy");
    fs::write(&file, plan.to_string()).unwrap();
    assert!(!stdout(&run()).contains("aws_ecr_registry_policy"));
    plan["state"].as_object_mut().unwrap().retain(|subject, _| !subject.contains(" of "));
    fs::write(&file, plan.to_string()).unwrap();
    assert_eq!(run().status.code(), Some(2));
}
