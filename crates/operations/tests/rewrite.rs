//! Rewrites of folders on disk: plans, their application, and both shapes of the map.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};

use operations::rewrite::{self, RewriteReport, RewriteRequest};
use operations::{Code, EcrTarget};
use serde_json::{Value, json};
use workflow::{Reason, Way};

const ECR: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";

const TASK: &str = "version 1.0\ntask t {\n  command <<<>>>\n  runtime { docker: \"quay.io/a/b:1\" }\n}\n";
const SCRIPT: &str = "process A { container 'ubuntu:22.04' }\nprocess B { container 'ghcr.io/o/r:1' }\n";
const TOOL: &str =
    "cwlVersion: v1.2\nclass: CommandLineTool\nhints:\n  DockerRequirement: {dockerPull: 'quay.io/a/c:1'}\n";

struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    fn new(map: &Value) -> Self {
        let room = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(room.folder.path().join("map.json"), map.to_string()).unwrap();
        fs::create_dir_all(room.path("tools")).unwrap();
        for (name, text) in [("t.wdl", TASK), ("main.nf", SCRIPT), ("tools/t.cwl", TOOL)] {
            fs::write(room.path(name), text).unwrap();
        }
        room
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("flow").join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn request(&self) -> RewriteRequest {
        RewriteRequest {
            path: self.path(""),
            map: self.folder.path().join("map.json"),
            ..RewriteRequest::default()
        }
    }

    fn rewritten(&self) -> RewriteReport {
        rewrite::apply(rewrite::plan(&self.request()).unwrap()).unwrap()
    }
}

fn flat() -> Value {
    json!({
        "quay.io/a/b:1": format!("{ECR}/quay/a/b:1"),
        "quay.io/a/c:1": format!("{ECR}/quay/a/c:1"),
        "docker.io/library/ubuntu:22.04": format!("{ECR}/docker-hub/library/ubuntu:22.04"),
    })
}

fn reason(report: &RewriteReport, image: &str) -> Option<Reason> {
    let left = report.left_alone.iter().find(|left| left.image.as_deref() == Some(image))?;
    Some(left.reason)
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn a_flat_map_rewrites_all_three_languages_once() {
    let room = Room::new(&flat());
    let report = room.rewritten();
    assert!(report.applied);
    assert_eq!(room.text("t.wdl"), TASK.replace("quay.io", &format!("{ECR}/quay")));
    assert_eq!(room.text("tools/t.cwl"), TOOL.replace("quay.io", &format!("{ECR}/quay")));
    let name = format!("{ECR}/docker-hub/library/ubuntu:22.04");
    assert_eq!(room.text("main.nf"), SCRIPT.replace("ubuntu:22.04", &name));
    assert_eq!(report.rewritten.len(), 3);
    assert_eq!(report.rewritten[0].way, Way::Name);
    assert_eq!(reason(&report, "ghcr.io/o/r:1"), Some(Reason::NotInMap));

    replace(&room.path("main.nf"), "ghcr.io/o/r:1", &format!("{ECR}/own/r:1"));
    let again = room.rewritten();
    assert_eq!(reason(&again, &format!("{ECR}/own/r:1")), Some(Reason::AlreadyThere), "it needs no entry");
    assert_eq!((again.files.len(), again.rewritten.len()), (0, 0));
    assert_eq!(reason(&again, &name), Some(Reason::AlreadyThere));
}

#[test]
fn a_plan_writes_nothing_and_shows_a_diff_that_says_all() {
    let room = Room::new(&flat());
    let plan = rewrite::plan(&room.request()).unwrap();
    assert_eq!(room.text("t.wdl"), TASK);
    assert!(!plan.report.applied);
    let file = plan.report.files.iter().find(|file| file.file == "t.wdl").unwrap();
    let expected = format!(
        "--- a/t.wdl\n+++ b/t.wdl\n@@ -1,5 +1,5 @@\n version 1.0\n task t {{\n   command <<<>>>\n\
         -  runtime {{ docker: \"quay.io/a/b:1\" }}\n+  runtime {{ docker: \"{ECR}/quay/a/b:1\" }}\n }}\n"
    );
    assert_eq!(file.diff, expected);
}

#[test]
fn registry_mappings_lead_where_the_target_says() {
    let map = json!({
        "registryMappings": [
            {"upstreamRegistryUrl": "quay.io", "ecrRepositoryPrefix": "qq"},
            {"upstreamRegistryUrl": "registry-1.docker.io", "ecrRepositoryPrefix": "hub", "ecrAccountId": "444455556666"},
        ],
        "imageMappings": [{"sourceImage": "quay.io/a/c:1", "destinationImage": format!("{ECR}/own/c:2")}],
    });
    let room = Room::new(&map);
    room.rewritten();
    assert!(
        room.text("t.wdl").contains(&format!("\"{ECR}/qq/a/b:1\"")),
        "account and Region of the other images"
    );
    assert!(
        room.text("tools/t.cwl").contains(&format!("'{ECR}/own/c:2'")),
        "an image goes before a registry"
    );
    assert!(
        room.text("main.nf")
            .contains("'444455556666.dkr.ecr.us-east-1.amazonaws.com/hub/library/ubuntu:22.04'")
    );

    let map = json!({"registryMappings": [{"upstreamRegistryUrl": "quay.io", "ecrRepositoryPrefix": "qq"}]});
    let room = Room::new(&map);
    let refused = rewrite::plan(&room.request()).unwrap_err();
    assert!(refused.refused.unwrap().contains("--account and --region"));
    let target = EcrTarget {
        account: Some("777788889999".parse().unwrap()),
        region: Some("eu-west-1".parse().unwrap()),
    };
    let plan = rewrite::plan(&RewriteRequest { target, ..room.request() }).unwrap();
    assert_eq!(plan.report.rewritten[0].destination, "777788889999.dkr.ecr.eu-west-1.amazonaws.com/qq/a/b:1");
}

#[test]
fn what_healthomics_copies_gets_no_name() {
    let map = json!({
        "registryMappings": [{
            "upstreamRegistryUrl": "nvcr.io", "ecrRepositoryPrefix": "nvcr",
            "credentialArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:x",
        }],
        "imageMappings": [{"sourceImage": "quay.io/a/b:1", "destinationImage": format!("{ECR}/q/a/b:1")}],
    });
    let room = Room::new(&map);
    replace(&room.path("main.nf"), "ghcr.io/o/r:1", "nvcr.io/n/p:1");
    assert_eq!(reason(&room.rewritten(), "nvcr.io/n/p:1"), Some(Reason::NoName));
}

#[test]
fn a_parameter_is_declared_or_refused() {
    let room = Room::new(&flat());
    fs::write(room.path("nextflow.config"), "manifest.name = 'x'\n").unwrap();
    let parameter = Some("ecr_registry".to_owned());
    let plan = rewrite::plan(&RewriteRequest { parameter, ..room.request() }).unwrap();
    let report = rewrite::apply(plan).unwrap();
    assert_eq!(report.parameter.as_ref().unwrap().registry, ECR);
    assert_eq!(reason(&report, "quay.io/a/c:1"), Some(Reason::NoParameter), "CWL takes none");
    assert!(room.text("t.wdl").contains("  input {\n    String ecr_registry\n  }\n"));
    assert!(room.text("t.wdl").contains("\"~{ecr_registry}/quay/a/b:1\""));
    assert_eq!(
        room.text("nextflow.config"),
        format!("params.ecr_registry = '{ECR}'\n\nmanifest.name = 'x'\n")
    );
    assert!(room.text("main.nf").contains("\"${params.ecr_registry}/docker-hub/library/ubuntu:22.04\""));

    for (name, default) in [("1st", None), ("task", None), ("r", Some("a b"))] {
        let parameter = Some(name.to_owned());
        let default = default.map(str::to_owned);
        assert!(rewrite::plan(&RewriteRequest { parameter, default, ..room.request() }).is_err(), "{name}");
    }
}

#[test]
fn a_file_that_has_changed_keeps_everything_as_it_is() {
    let room = Room::new(&flat());
    let plan = rewrite::plan(&room.request()).unwrap();
    replace(&room.path("tools/t.cwl"), "v1.2", "v1.1");
    let refused = rewrite::apply(plan).unwrap_err();
    assert_eq!(refused.refused.as_deref(), Some("it has changed since the plan was made"));
    assert_eq!((room.text("t.wdl").as_str(), room.text("main.nf").as_str()), (TASK, SCRIPT));
    let files: Vec<_> = fs::read_dir(room.path("")).unwrap().collect();
    assert_eq!(files.len(), 3, "nothing temporary is left");
}

#[cfg(unix)]
#[test]
fn permissions_stay_and_links_are_not_followed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let room = Room::new(&flat());
    fs::set_permissions(room.path("t.wdl"), fs::Permissions::from_mode(0o750)).unwrap();
    let outside = room.folder.path().join("outside.nf");
    fs::write(&outside, SCRIPT).unwrap();
    symlink(&outside, room.path("linked.nf")).unwrap();
    let plan = rewrite::plan(&room.request()).unwrap();
    rewrite::apply(plan).unwrap();
    assert_eq!(fs::read_to_string(&outside).unwrap(), SCRIPT);
    assert_eq!(fs::metadata(room.path("t.wdl")).unwrap().permissions().mode() & 0o777, 0o750);

    // A file that becomes a link between plan and application is not written through.
    let room = Room::new(&flat());
    let plan = rewrite::plan(&room.request()).unwrap();
    let moved = room.folder.path().join("moved.wdl");
    fs::rename(room.path("t.wdl"), &moved).unwrap();
    symlink(&moved, room.path("t.wdl")).unwrap();
    assert!(rewrite::apply(plan).is_err());
    assert_eq!(fs::read_to_string(&moved).unwrap(), TASK);
}

#[test]
fn a_single_file_is_rewritten_and_an_archive_is_not() {
    let room = Room::new(&flat());
    let plan = rewrite::plan(&RewriteRequest { path: room.path("t.wdl"), ..room.request() }).unwrap();
    rewrite::apply(plan).unwrap();
    assert!(room.text("t.wdl").contains(ECR));
    assert_eq!(room.text("main.nf"), SCRIPT);

    // The end record of an archive without entries.
    let archive = room.folder.path().join("flow.zip");
    let mut bytes = b"PK\x05\x06".to_vec();
    bytes.resize(22, 0);
    fs::write(&archive, bytes).unwrap();
    let refused = rewrite::plan(&RewriteRequest { path: archive, ..room.request() }).unwrap_err();
    assert!(refused.tried.contains("flow.zip"), "{refused:?}");
}

#[test]
fn what_is_no_map_is_refused() {
    for map in [json!({}), json!([]), json!({"a": 1}), json!({"quay.io/a/b:1": "not a name"}), json!("x")] {
        let room = Room::new(&map);
        assert!(rewrite::plan(&room.request()).is_err(), "{map}");
    }
    let room = Room::new(&json!({
        "quay.io/a/b:1": "ACCOUNT.dkr.ecr.REGION.amazonaws.com/quay/a/b:1",
    }));
    let report = rewrite::plan(&room.request()).unwrap().report;
    assert_eq!(report.findings[0].code, Code::Placeholder);
}

#[test]
fn entries_that_disagree_on_an_image_give_it_no_name() {
    let room = Room::new(&json!({
        "docker.io/library/ubuntu:22.04": format!("{ECR}/a/ubuntu:22.04"),
        "docker.io/ubuntu:22.04": format!("{ECR}/b/ubuntu:22.04"),
    }));
    assert_eq!(reason(&room.rewritten(), "ubuntu:22.04"), Some(Reason::NoName));
}
