//! Source registries as the command reaches them: logins, proxies, and allowances of pulls.

use serde_json::{Value, json};

use crate::gate::{Gate, Trick};
use crate::world::{World, document, text, with_input};

/// Docker Hub behind a proxy, with two pulls left for three images.
fn hub(world: &World) -> Gate {
    for name in ["one", "two", "three"] {
        world.push(&format!("bio/{name}:1"), "amd64");
    }
    let gate = world.runtime.block_on(Gate::before(world.source.clone()));
    gate.always("/manifests/", "ratelimit-limit", "100;w=21600");
    gate.always("/manifests/", "ratelimit-remaining", "2;w=21600");
    gate
}

const HUB: [&str; 6] = ["bio/one:1", "bio/two:1", "bio/three:1", "--plain-http", "docker.io", "--dry-run"];

#[test]
fn how_many_images_fit_into_the_allowance_is_in_the_plan() {
    let world = World::new();
    let gate = hub(&world);
    let run = |more: &[&str]| {
        let mut command = world.command(&[&HUB, more].concat());
        command.env("http_proxy", gate.endpoint()).env("no_proxy", "127.0.0.1").output().unwrap()
    };
    let table = run(&[]);
    assert_eq!(table.status.code(), Some(0), "{table:?}");
    assert!(text(&table.stdout).contains("docker.io: 2 of your 3 images fit now"), "{table:?}");
    assert!(text(&table.stderr).contains("log in to docker.io"), "{table:?}");
    let plan = document(&run(&["--output", "json"]));
    let allowance = json!([{ "registry": "docker.io", "wanted": 3, "fit": 2, "limit": 100 }]);
    assert_eq!(plan["pull_allowances"], allowance);
    assert!(gate.count("HEAD /v2/bio/") >= 1, "{:?}", gate.seen());
}

/// A source that lets nobody in but `me` with the password `word`.
fn guarded(world: &World) -> Gate {
    world.push("bio/tool:1", "amd64");
    let gate = world.runtime.block_on(Gate::before(world.source.clone()));
    gate.guard("Basic bWU6d29yZA==");
    gate
}

#[test]
fn a_login_comes_from_standard_input_or_from_dockers_file() {
    let world = World::new();
    let gate = guarded(&world);
    let image = format!("{}/bio/tool:1", gate.address);
    let without = world.run(&[&image, "--to", "tools/a:1"]);
    assert_eq!(without.status.code(), Some(1), "{without:?}");
    assert!(text(&without.stderr).contains("at the source"), "{without:?}");

    let login = ["--source-username", "me", "--source-password-stdin"];
    let wrong = with_input(world.command(&[&[&image, "--to", "tools/a:1"], &login[..]].concat()), "secret\n");
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    assert!(!text(&wrong.stderr).contains("secret") && !world.has("tools/a:1"), "{wrong:?}");
    let right = with_input(world.command(&[&[&image, "--to", "tools/a:1"], &login[..]].concat()), "word\n");
    assert_eq!(right.status.code(), Some(0), "{right:?}");

    let folder = tempfile::tempdir().unwrap();
    let config: Value = json!({ "auths": { gate.address.to_string(): { "auth": "bWU6d29yZA==" } } });
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let mut command = world.command(&[&image, "--to", "tools/b:1"]);
    let from_file = command.env("DOCKER_CONFIG", folder.path()).output().unwrap();
    assert_eq!(from_file.status.code(), Some(0), "{from_file:?}");
    assert!(world.has("tools/a:1") && world.has("tools/b:1"));
}

#[test]
fn a_source_that_is_broken_for_good_is_named_and_leaves_nothing() {
    let world = World::new();
    world.push("bio/tool:1", "amd64");
    let gate = world.runtime.block_on(Gate::before(world.source.clone()));
    gate.trick("GET /v2/bio/tool/blobs/", 1, 99, Trick::Garble);
    let output = world.run(&[&format!("{}/bio/tool:1", gate.address), "--to", "tools/tool:1"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = text(&output.stderr);
    assert!(told.contains("at the source") && told.contains("sent content of digest"), "{told}");
    assert!(!world.has("tools/tool:1"));
}
