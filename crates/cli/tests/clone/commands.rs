//! Plans, outcomes, parts of lists, and jobs for engines.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::world::{World, document, omics_ecr, text, with_input};

#[test]
fn a_clone_ends_with_a_table_and_then_finds_nothing_to_do() {
    let world = World::new();
    let image = world.push("bio/tool:1.0", "amd64");
    let arguments = [image.as_str(), "--to", "tools/tool:1.0"];
    let first = world.run(&arguments);
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let table = text(&first.stdout);
    let row = table.lines().find(|line| line.contains("tools/tool:1.0")).unwrap();
    assert!(
        row.contains("copied") && row.contains("linux/amd64") && row.trim_end().ends_with("yes"),
        "{table}"
    );
    let log = text(&first.stderr);
    assert!(log.contains("created repository tools/tool") && log.contains("HealthOmics may read"), "{log}");
    let again = world.run(&arguments);
    assert_eq!(again.status.code(), Some(0));
    assert!(text(&again.stdout).contains("up to date"), "{again:?}");
    assert!(!text(&again.stderr).contains("created"), "{again:?}");
}

#[test]
fn a_dry_run_shows_the_plan_and_writes_nothing() {
    let world = World::new();
    let image = world.push("bio/tool:1.0", "amd64");
    let arguments = [image.as_str(), "--to", "tools/tool", "--dry-run"];
    let table = world.run(&arguments);
    assert_eq!(table.status.code(), Some(0), "{table:?}");
    assert!(
        text(&table.stdout).contains("1 to copy") && text(&table.stdout).contains("created"),
        "{table:?}"
    );
    let plan = document(&world.run(&[&arguments[..], &["--output", "json"]].concat()));
    assert_eq!(plan["schema_version"], 1);
    assert_eq!(plan["images"][0]["step"]["kind"], "copy");
    assert_eq!(plan["repositories"][0]["policy"]["kind"], "grant");
    assert_eq!(world.repositories(), 0);
}

#[test]
fn one_that_fails_makes_the_exit_code_and_the_others_are_done() {
    let world = World::new();
    let lines = [
        format!("{} tools/good:1 # wanted", world.push("bio/good:1", "amd64")),
        "# the next one runs nowhere".to_owned(),
        format!("{} tools/arm:1", world.push("bio/arm:1", "arm64")),
    ];
    let command = world.command(&["--from-file", "-", "--output", "json"]);
    let output = with_input(command, &lines.join("\n"));
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let report = document(&output);
    assert_eq!(report["images"][0]["outcome"], "copied");
    assert_eq!(report["images"][0]["healthomics_access"]["verdict"], "accessible");
    assert_eq!(report["images"][1]["outcome"], "failed");
    assert_eq!(report["images"][1]["error"]["refused"], "it has no linux/amd64, only linux/arm64");
    assert_eq!(world.repositories(), 1);
}

#[test]
fn a_tag_in_use_is_a_conflict_until_it_may_move() {
    let world = World::new();
    let (one, two) = (world.push("bio/tool:1", "amd64"), world.push("bio/tool:2", "amd64"));
    assert_eq!(world.run(&[&one, "--to", "tools/tool:x"]).status.code(), Some(0));
    let refused = world.run(&[&two, "--to", "tools/tool:x"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("hint: name another tag, or let this one move with --overwrite"));
    assert_eq!(world.run(&[&two, "--to", "tools/tool:x", "--overwrite"]).status.code(), Some(0));
}

#[test]
fn mounting_is_offered_where_it_is_off_and_switched_on_when_asked() {
    let world = World::new();
    let shared = "shared layer ".repeat(20_000);
    let image = |name: &str| world.push_layers(name, "amd64", &[shared.clone(), name.repeat(30)]);
    let images = [image("bio/one:1"), image("bio/two:1"), image("bio/three:1")];
    let names: Vec<&str> = images.iter().map(String::as_str).collect();
    let offered = world.run(&[&names[..], &["--dry-run"]].concat());
    let told = text(&offered.stderr);
    assert!(told.contains("0.5 MiB less are sent") && told.contains("--enable-mounting"), "{offered:?}");
    let asked = world.run(&[&names[..], &["--dry-run", "--enable-mounting"]].concat());
    assert!(text(&asked.stdout).contains("BLOB_MOUNTING is switched on"), "{asked:?}");
    let report = document(&world.run(&[&names[..], &["--enable-mounting", "--output", "json"]].concat()));
    assert_eq!(report["mounting_enabled"], true);
    assert!(report["mounted_bytes"].as_u64().unwrap() >= 2 * shared.len() as u64, "{report}");
    let setting = world.ecr("GetAccountSetting", json!({ "name": "BLOB_MOUNTING" }));
    assert_eq!(setting["value"], "ENABLED");
}

#[test]
fn what_cannot_be_answered_exits_with_2() {
    let world = World::new();
    let several = world.run(&["a:1", "b:1", "--to", "c:1"]);
    assert_eq!(several.status.code(), Some(2));
    assert!(text(&several.stderr).contains("--from-file"), "{several:?}");
    let nowhere =
        ["tool:1", "--endpoint-url", "http://127.0.0.1:9", "--region", "us-east-1", "--output", "json"];
    let nowhere = omics_ecr(&nowhere).env("AWS_MAX_ATTEMPTS", "1").output().unwrap();
    assert_eq!(nowhere.status.code(), Some(2), "{nowhere:?}");
    let error: Value = serde_json::from_slice(&nowhere.stderr).unwrap();
    assert!(error["error"]["tried"].as_str().unwrap().starts_with("cannot"), "{error}");
    for arguments in [vec![], vec!["x", "--shard", "0/2"], vec!["x", "--platform", "linux"]] {
        assert_eq!(world.run(&arguments).status.code(), Some(2), "{arguments:?}");
    }
    let password =
        world.command(&["a.example/x", "b.example/y", "--source-username", "me", "--source-password-stdin"]);
    let password = with_input(password, "secret word\n");
    assert_eq!(password.status.code(), Some(2), "{password:?}");
    assert!(!text(&password.stderr).contains("secret word"));
}

#[test]
fn parts_are_disjoint_and_complete_and_come_from_array_jobs() {
    let world = World::new();
    let lines: Vec<String> = (0..6).map(|n| world.push(&format!("bio/tool{n}:1"), "amd64")).collect();
    let list = lines.join("\n");
    let mut seen: Vec<String> = Vec::new();
    for number in 1..=3 {
        let mut command = world.command(&["--from-file", "-", "--dry-run", "--output", "json"]);
        match number {
            1 => command.args(["--shard", "1/3"]),
            2 => command.env("AWS_BATCH_JOB_ARRAY_INDEX", "1").env("AWS_BATCH_JOB_ARRAY_SIZE", "3"),
            _ => command.args(["--shards", "3"]).env("JOB_COMPLETION_INDEX", "2"),
        };
        let output = with_input(command, &list);
        let plan = document(&output);
        let own = plan["images"].as_array().unwrap();
        assert_eq!(own.len(), 2, "{plan}");
        seen.extend(own.iter().map(|image| image["source"].as_str().unwrap().to_owned()));
        assert!(text(&output.stderr).contains(&format!("part {number}/3")), "{output:?}");
    }
    assert_eq!(seen.len(), 6);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), lines.into_iter().collect());
}

#[test]
fn jobs_are_printed_for_the_engines() {
    let emit = |engine: &str| {
        let arguments = [
            "--from-file",
            "-",
            "--emit",
            engine,
            "--shards",
            "4",
            "--region",
            "us-east-1",
            "--no-grant",
            "--account",
            "123456789012",
        ];
        let output = with_input(omics_ecr(&arguments), "quay.io/a/b:1 tools/b:1\nubuntu:22.04 # plain\n");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output.stdout)
    };
    let list = "quay.io/a/b:1 tools/b:1\nubuntu:22.04\n";
    let batch: Value = serde_json::from_str(&emit("batch")).unwrap();
    assert_eq!(batch["arrayProperties"]["size"], 4);
    let command = batch["containerOverrides"]["command"][2].as_str().unwrap();
    assert!(command.contains("--from-file - --yes") && command.ends_with("--no-grant"), "{command}");
    let kubernetes: Value = serde_json::from_str(&emit("kubernetes")).unwrap();
    assert_eq!(kubernetes["items"][0]["data"]["images.txt"], list);
    let job = &kubernetes["items"][1]["spec"];
    assert_eq!((&job["completionMode"], &job["completions"]), (&json!("Indexed"), &json!(4)));
    let words = job["template"]["spec"]["containers"][0]["command"].as_array().unwrap();
    assert!(words.windows(2).any(|pair| pair == ["--shards", "4"]), "{words:?}");
    let slurm = emit("slurm");
    assert!(slurm.starts_with("#!/bin/sh\n") && slurm.contains("#SBATCH --array=1-4\n"), "{slurm}");
    assert!(slurm.contains(list), "{slurm}");
    let without = with_input(omics_ecr(&["--from-file", "-", "--emit", "slurm"]), list);
    assert_eq!(without.status.code(), Some(2));
}

#[test]
fn a_printed_script_clones_its_part() {
    let world = World::new();
    let lines: Vec<String> = (0..4).map(|n| world.push(&format!("bio/tool{n}:1"), "amd64")).collect();
    let command = world.command(&["--from-file", "-", "--emit", "slurm", "--shards", "2"]);
    let script = text(&with_input(command, &lines.join("\n")).stdout);
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_omics-ecr")).parent().unwrap();
    for task in ["1", "2"] {
        let mut shell = Command::new("sh");
        shell.env_clear().env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("SLURM_ARRAY_TASK_ID", task),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_MAX", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "2"),
        ] {
            shell.env(name, value);
        }
        let output = with_input(shell, &script);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(document(&output)["images"].as_array().unwrap().len(), 2);
    }
    assert_eq!(world.repositories(), 4);
}
