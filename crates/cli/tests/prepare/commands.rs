//! Plans, maps, locks and exit codes.

use serde_json::Value;

use crate::project::{LAB, Project, QUAY};
use crate::world::{document, text};

#[test]
fn a_workflow_is_made_ready_and_a_second_run_does_nothing() {
    let project = Project::new();
    let dry = project.run(&["--dry-run"]);
    assert_eq!(dry.status.code(), Some(0), "{dry:?}");
    let shown = text(&dry.stdout);
    assert!(
        shown.contains("new rule quay") && shown.contains("pull through") && shown.contains("clone"),
        "{shown}"
    );
    assert!(text(&dry.stderr).contains("no pull through cache rules for registry.lab.example"), "{dry:?}");

    let files = ["--map", "images.json", "--healthomics-map", "map.json"];
    let first = project.run(&[&files[..], &["--output", "json"]].concat());
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let report = document(&first);
    assert_eq!(report["schema_version"], 1);
    let outcome = |report: &Value, image: &str| {
        let images = report["images"].as_array().unwrap();
        images.iter().find(|own| own["image"] == image).unwrap()["outcome"].clone()
    };
    assert_eq!((outcome(&report, QUAY), outcome(&report, LAB)), ("pulled-through".into(), "copied".into()));
    let flat: Value = serde_json::from_str(&project.text("images.json")).unwrap();
    assert_eq!(flat, report["image_map"]);
    assert!(flat[QUAY].as_str().unwrap().ends_with("/quay/biocontainers/bwa:0.7.17--h5bf99c6_8"));
    let map: Value = serde_json::from_str(&project.text("map.json")).unwrap();
    assert_eq!(map["registryMappings"][0]["ecrRepositoryPrefix"], "quay");
    assert_eq!(map["imageMappings"][0]["sourceImage"], LAB);

    let again = project.run(&["--output", "json"]);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    let report = document(&again);
    assert_eq!((outcome(&report, QUAY), outcome(&report, LAB)), ("up-to-date".into(), "up-to-date".into()));
    assert_eq!((&report["sent_bytes"], &report["caches"]), (&0.into(), &Value::Array(Vec::new())));
}

#[test]
fn an_image_that_fails_makes_the_exit_code_1_and_stops_no_other() {
    let project = Project::new();
    project.write(&[QUAY, "registry.lab.example/lab/gone:1"]);
    let output = project.run(&["--map", "images.json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("pulled through") && text(&output.stdout).contains("failed"));
    assert!(text(&output.stderr).contains("1 of 2 images ready, 1 failed"), "{output:?}");
    assert!(!project.text("images.json").contains("gone"));
}

#[test]
fn a_map_that_has_entries_keeps_them() {
    let project = Project::new();
    std::fs::write(project.path("images.json"), format!("{{\"{LAB}\": \"kept\", \"other\": \"too\"}}"))
        .unwrap();
    let output = project.run(&["--map", "images.json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let flat: Value = serde_json::from_str(&project.text("images.json")).unwrap();
    assert_eq!((&flat[LAB], &flat["other"]), (&"kept".into(), &"too".into()));
    assert!(flat[QUAY].is_string() && text(&output.stderr).contains("--replace"), "{output:?}");
}

#[test]
fn a_plan_in_a_file_is_carried_out_once_and_refused_when_things_have_changed() {
    let project = Project::new();
    let written = project.run(&["--plan-out", "plan.json"]);
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    // The file holds the images: the folder may be gone by now.
    std::fs::remove_dir_all(project.path("workflow")).unwrap();
    let apply = || project.command("apply", &project.path("plan.json")).output().unwrap();
    let applied = apply();
    assert_eq!(applied.status.code(), Some(0), "{applied:?}");
    assert!(text(&applied.stderr).contains("2 of 2 images ready"), "{applied:?}");

    let refused = apply();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let words = text(&refused.stderr);
    assert!(words.contains("have changed since") && words.contains("rule `quay`"), "{words}");
}

#[test]
fn a_lock_is_written_held_and_renewed() {
    let project = Project::new();
    let run = |more: &[&str]| project.run(&[&["--lock", "images.lock", "--overwrite"], more].concat());
    let first = run(&[]);
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    let lock = project.text("images.lock");
    assert!(lock.contains(QUAY) && lock.contains(LAB), "{lock}");

    let layers = ["another layer".to_owned()];
    project.world.push_layers("lab/caller:2", "amd64", &layers);
    let moved = run(&[]);
    assert_eq!(moved.status.code(), Some(1), "{moved:?}");
    assert!(text(&moved.stderr).contains("it was locked at sha256:"), "{moved:?}");
    assert_eq!(project.text("images.lock"), lock);

    let renewed = run(&["--update-lock"]);
    assert_eq!(renewed.status.code(), Some(0), "{renewed:?}");
    assert_ne!(project.text("images.lock"), lock);
    assert_eq!(run(&[]).status.code(), Some(0));
}

#[test]
fn maps_of_a_local_registry_say_how_their_names_stay_true() {
    let project = Project::new();
    let output = project.run(&["--map", "images.json", "--output", "json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let registry = document(&output)["registry"].as_str().unwrap().to_owned();
    let told = text(&output.stderr);
    let command =
        told.split('`').find(|words| words.starts_with("omics-ecr local --data ")).unwrap().to_owned();
    // The usual place may be taken by another test.
    let port = registry.rsplit_once(':').unwrap().1;
    assert!(command.contains(&format!(":{port}")) || port == "5327", "{registry}: {command}");
    assert!(!text(&project.run(&["--output", "json"]).stderr).contains("omics-ecr local --data"));

    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
    command.arg("prepare").arg(project.path("workflow")).args(["--local", "--local-data", ":memory:"]);
    let output = command.args(["--map", "none.json"]).env_clear().output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("cannot write a map of a registry in memory"), "{output:?}");
}
