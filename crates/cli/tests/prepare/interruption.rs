//! Interruptions and sudden ends: the next run does what is missing.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::gate::Trick;
use crate::project::Project;
use crate::world::{digest, document, text};

const LARGE: &str = "registry.lab.example/lab/large:1";

fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
}

/// Ends a run in the middle of a large layer, and returns its exit code and words.
fn end_in_the_middle(project: &Project, how: &str) -> (Option<i32>, String) {
    let large = "large layer ".repeat(40_000);
    project.world.push_layers("lab/large:1", "amd64", std::slice::from_ref(&large));
    project.write(&[crate::project::QUAY, crate::project::LAB, LARGE]);
    let blob = format!("GET /v2/lab/large/blobs/{}", digest(&large));
    // It would take minutes.
    project.gate.trick(&blob, 0, 1, Trick::Slow(1000, Duration::from_millis(300)));
    let mut command = project.prepare(&[]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while project.gate.count(&blob) == 0 {
        assert!(Instant::now() < end, "the large layer is not asked for");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    signal(&child, how);
    let output = child.wait_with_output().unwrap();
    (output.status.code(), text(&output.stderr))
}

fn complete(project: &Project) {
    let again = project.run(&["--output", "json"]);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    let report = document(&again);
    assert_eq!(report["images"].as_array().unwrap().len(), 3);
    let done = project.run(&["--output", "json"]);
    assert_eq!(document(&done)["sent_bytes"], 0, "{done:?}");
}

#[test]
fn an_interruption_ends_with_130_and_the_next_run_completes() {
    let project = Project::new();
    let (code, words) = end_in_the_middle(&project, "-INT");
    assert_eq!(code, Some(130), "{words}");
    assert!(words.contains("run the same command again"), "{words}");
    complete(&project);
}

#[test]
fn a_run_that_is_killed_is_completed_by_the_next() {
    let project = Project::new();
    let (code, _) = end_in_the_middle(&project, "-KILL");
    assert_eq!(code, None);
    complete(&project);
}
