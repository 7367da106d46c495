//! Interruptions from the terminal: nothing is left half written, and the rest goes on later.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::gate::{Gate, Trick};
use crate::world::{World, digest, document, text};

fn interrupt(child: &Child) {
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
}

/// Waits until something is so.
fn wait_for(what: &str, done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "{what} does not come about");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_interruption_ends_cleanly_with_130() {
    let world = World::new();
    // A registry that takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let image = format!("{}/bio/tool:1", silent.local_addr().unwrap());
    let mut command = world.command(&[&image, "--to", "tools/tool:1"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let connection = silent.accept().unwrap();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    drop(connection);
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(text(&output.stderr).contains("nothing was changed"), "{output:?}");
    assert_eq!(world.repositories(), 0);
}

#[test]
fn an_interruption_in_the_middle_of_a_layer_leaves_no_tag_and_the_rest_goes_later() {
    let world = World::new();
    let (first, slow) = ("first layer ".repeat(3000), "slow layer ".repeat(60_000));
    world.push_layers("bio/large:1", "amd64", &[first.clone(), slow.clone()]);
    world.push("bio/small:1", "amd64");
    let gate = world.runtime.block_on(Gate::before(world.source.clone()));
    let blob = |repository: &str, layer: &str| format!("GET /v2/{repository}/blobs/{}", digest(layer));
    // It would take more than a minute.
    gate.trick(&blob("bio/large", &slow), 0, 1, Trick::Slow(1000, Duration::from_millis(100)));
    let list = format!("{0}/bio/large:1 tools/large:1\n{0}/bio/small:1 tools/small:1\n", gate.address);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("images.txt");
    std::fs::write(&file, list).unwrap();
    let arguments = ["--from-file", file.to_str().unwrap(), "--output", "json"];

    let mut command = world.command(&arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_for("the slow layer", || gate.count(&blob("bio/large", &slow)) == 1);
    wait_for("the first layer", || gate.count(&blob("bio/large", &first)) == 1);
    wait_for("the small image", || world.has("tools/small:1"));
    std::thread::sleep(Duration::from_millis(500));
    let interrupted = Instant::now();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert!(interrupted.elapsed() < Duration::from_secs(10), "it ends soon");
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(text(&output.stderr).contains("run the same command again"), "{output:?}");
    let report = document(&output);
    assert_eq!((&report["cancelled"], &report["images"][0]["outcome"]), (&true.into(), &"cancelled".into()));
    assert!(!world.has("tools/large:1") && world.has("tools/small:1"));

    gate.forget();
    let again = world.run(&arguments);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    let report = document(&again);
    assert_eq!(report["images"][0]["outcome"], "copied");
    assert_eq!(report["images"][1]["outcome"], "up-to-date");
    // Of both images, the layer that was interrupted is all that is read and sent.
    assert_eq!(gate.count(&blob("bio/large", &slow)), 1);
    assert_eq!(gate.count(&blob("bio/large", &first)), 0, "{:?}", gate.seen());
    assert_eq!(gate.count("GET /v2/bio/small/blobs/"), 0, "{:?}", gate.seen());
    assert!(report["sent_bytes"].as_u64().unwrap() < (slow.len() + 1000) as u64, "{report}");
    assert!(world.has("tools/large:1"));
}
