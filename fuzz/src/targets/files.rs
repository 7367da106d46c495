//! Files that the command reads and writes: locks, plans, maps, and lists of images.

use std::path::{Path, PathBuf};

use operations::map::{Format, MapOptions, RegistryMap};
use operations::prepare::{Lock, SavedPlan};
use operations::{clone, map};

use super::{Form, Target, gist, hold, mark};

pub(super) const TARGET: Target = Target {
    name: "files",
    about: "locks, plans, both maps and lists of images, as files of the command",
    form: Form::Json,
    waits: false,
    tokens: &[
        "schema_version",
        "images",
        "account",
        "region",
        "request",
        "state",
        "registryMappings",
        "imageMappings",
        "upstreamRegistryUrl",
        "ecrRepositoryPrefix",
        "upstreamRepositoryPrefix",
        "ecrAccountId",
        "credentialArn",
        "sourceImage",
        "destinationImage",
        "processes",
        "container",
        "quay.io/a/b:1",
        "quay.io",
        "lab.example/x:1",
        "111122223333.dkr.ecr.us-east-1.amazonaws.com/quay/a/b:1",
        "#",
        " ",
        "\u{feff}",
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "options",
        "prefer",
        "arch",
        "null",
        "[",
        "{",
    ],
    check,
};

/// A folder in memory where there is one.
fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("file.json")
}

fn folder() -> Result<tempfile::TempDir, String> {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.map_err(|error| format!("harness: {error}"))
}

fn check(input: &[u8]) -> Result<u64, String> {
    let text = String::from_utf8_lossy(input);
    let folder = folder()?;
    let path = file(&folder);
    let mut ways = Vec::new();
    std::fs::write(&path, input).map_err(|error| format!("harness: {error}"))?;
    match Lock::read(&path) {
        Ok(lock) => {
            lock.write(&path).map_err(|error| format!("lock: {error}"))?;
            hold(Lock::read(&path).as_ref() == Ok(&lock), || {
                "lock: what was written is read otherwise".to_owned()
            })?;
            ways.push(format!("lock {}", lock.images.len().min(3)));
        }
        Err(error) => ways.push(gist(&error.refused.unwrap_or_default())),
    }
    match SavedPlan::read(&text) {
        Ok(plan) => {
            plan.write(&path).map_err(|error| format!("plan: {error}"))?;
            let written = std::fs::read_to_string(&path).map_err(|error| format!("plan: {error}"))?;
            hold(SavedPlan::read(&written).as_ref() == Ok(&plan), || {
                "plan: it is read otherwise".to_owned()
            })?;
            ways.push(format!("plan {}", plan.state.len().min(3)));
        }
        Err(error) => ways.push(gist(&error.refused.unwrap_or_default())),
    }
    for format in [Format::Flat, Format::Healthomics] {
        for replace in [false, true] {
            ways.push(merged(input, &path, format, replace)?);
        }
    }
    let names = map::read_names(&text);
    if let Ok(names) = &names {
        let clean = names.iter().all(|name| !name.is_empty() && !name.starts_with('#'));
        hold(clean, || format!("names: {names:?}"))?;
        // Whatever is named, a map of it can be made.
        let count = map::of_names(names.iter().map(String::as_str), &MapOptions::default()).entries.len();
        ways.push(format!("names {}", count.min(3)));
    }
    match clone::read_list(&text) {
        Ok(items) => ways.push(format!("list {}", items.len().min(3))),
        Err(error) => ways.push(gist(&error.tried)),
    }
    Ok(mark(ways))
}

fn own_map() -> RegistryMap {
    map::of_names(["quay.io/a/b:1", "lab.example/x:1"], &MapOptions::default())
}

/// Merges a map into a file: all of it or nothing, others' entries stay, and a second time changes nothing.
fn merged(input: &[u8], path: &Path, format: Format, replace: bool) -> Result<String, String> {
    let harness = |error: std::io::Error| format!("harness: {error}");
    std::fs::write(path, input).map_err(harness)?;
    let before = serde_json::from_slice::<serde_json::Value>(input).unwrap_or_default();
    let own = own_map();
    let outcome = map::write(&own, format, path, replace);
    let after = std::fs::read(path).map_err(harness)?;
    let written = match outcome {
        Ok(written) => written,
        Err(error) => {
            hold(after == input, || format!("map: changed although it is refused: {error:?}"))?;
            return Ok(gist(&error.refused.unwrap_or_default()));
        }
    };
    let document: serde_json::Value =
        serde_json::from_slice(&after).map_err(|error| format!("map: {error} in what was written"))?;
    if format == Format::Flat {
        let ours = own.flat();
        for (name, value) in before.as_object().into_iter().flatten() {
            let stays = document[name] == *value || (replace && ours.contains_key(name));
            hold(stays, || format!("map: the entry {name:?} of others has changed"))?;
        }
        let there = ours
            .iter()
            .all(|(name, value)| document[name] == *value || (!replace && before.get(name).is_some()));
        hold(there, || format!("map: ours is not in {document}"))?;
    }
    map::write(&own, format, path, replace).map_err(|error| format!("map: a second time: {error:?}"))?;
    let again = std::fs::read(path).map_err(harness)?;
    hold(again == after, || "map: a second time changes it".to_owned())?;
    Ok(format!("map {} {}", written.changed.min(3), written.findings.len().min(3)))
}
