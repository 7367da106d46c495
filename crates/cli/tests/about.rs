//! The command about itself: version, completions, manual pages, settings.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const VARIABLES: [&str; 9] = [
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_PROFILE",
    "AWS_ENDPOINT_URL",
    "OMICS_ECR_ACCOUNT",
    "OMICS_ECR_REGION",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
];

/// A home and a project that no one else's settings reach.
struct World {
    home: TempDir,
    project: TempDir,
}

impl World {
    fn new() -> Self {
        Self { home: TempDir::new().unwrap(), project: TempDir::new().unwrap() }
    }

    fn of_user(&self, text: &str) {
        let folder = self.home.path().join("omics-ecr");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("omics-ecr.toml"), text).unwrap();
    }

    fn of_project(&self, text: &str) {
        fs::write(self.project.path().join("omics-ecr.toml"), text).unwrap();
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let below = self.project.path().join("a/b");
        fs::create_dir_all(&below).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
        command.args(arguments).current_dir(below).env("XDG_CONFIG_HOME", self.home.path());
        VARIABLES.iter().for_each(|name| {
            command.env_remove(name);
        });
        command.envs(variables.iter().copied()).output().unwrap()
    }

    fn setting(&self, name: &str, variables: &[(&str, &str)]) -> Value {
        let output = self.run(&["config", "show", "--output", "json"], variables);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let settings = document["settings"].as_array().unwrap();
        settings.iter().find(|setting| setting["name"] == name).unwrap().clone()
    }
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name).display().to_string()
}

#[test]
fn version_says_what_it_is_and_what_it_prints() {
    let world = World::new();
    let line = out(&world.run(&["version"], &[]));
    assert!(line.starts_with(&format!("omics-ecr {} (", env!("CARGO_PKG_VERSION"))), "{line}");
    let document: Value =
        serde_json::from_str(&out(&world.run(&["version", "--output", "json"], &[]))).unwrap();
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
    assert!(document["target"].as_str().unwrap().starts_with(std::env::consts::ARCH), "{document}");
    // What it says of a document is what the document says.
    let scan: Value =
        serde_json::from_str(&out(&world.run(&["scan", &example("wdl"), "--output", "json"], &[]))).unwrap();
    assert_eq!(document["documents"]["scan-report"], scan["schema_version"]);
}

#[test]
fn yaml_says_what_json_says() {
    let world = World::new();
    let yaml = out(&world.run(&["version", "--output", "yaml"], &[]));
    assert!(yaml.contains("schema_version: 1\n"), "{yaml}");
    assert!(yaml.contains("  scan-report: 1\n"), "{yaml}");
}

#[test]
fn every_shell_gets_completions_of_every_command() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = world.run(&["completions", shell], &[]);
        assert!(output.status.success(), "{shell}");
        let script = out(&output);
        for word in ["prepare", "validate", "healthomics-map", "no-progress"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
    }
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let world = World::new();
    let page = out(&world.run(&["man"], &[]));
    assert!(page.contains(".TH omics-ecr 1"), "{page}");
    let folder = world.home.path().join("man1");
    let output = world.run(&["man", "--out", folder.to_str().unwrap()], &[]);
    assert!(output.status.success(), "{}", err(&output));
    for (name, word) in
        [("omics-ecr", "prepare"), ("omics-ecr-prepare", "healthomics"), ("omics-ecr-cache-create", "dry")]
    {
        let page = fs::read_to_string(folder.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(word), "{name}: {page}");
    }
}

#[test]
fn a_flag_comes_before_variables_these_before_the_project_and_that_before_the_user() {
    let world = World::new();
    assert_eq!(world.setting("region", &[])["value"], Value::Null);
    world.of_user("region = \"eu-west-1\"\nplatform = \"linux/arm64\"");
    let found = world.setting("region", &[]);
    assert_eq!((&found["value"], &found["origin"]["kind"]), (&"eu-west-1".into(), &"user".into()));
    world.of_project("\nregion = \"eu-west-2\"");
    let found = world.setting("region", &[]);
    assert_eq!((&found["value"], &found["origin"]["kind"]), (&"eu-west-2".into(), &"project".into()));
    assert_eq!(found["origin"]["line"], 2);
    assert_eq!(world.setting("platform", &[])["value"], "linux/arm64");
    let aws = [("AWS_DEFAULT_REGION", "us-west-1"), ("AWS_REGION", "us-west-2")];
    let found = world.setting("region", &aws);
    assert_eq!((&found["value"], &found["origin"]["name"]), (&"us-west-2".into(), &"AWS_REGION".into()));
    let own = [aws[0], aws[1], ("OMICS_ECR_REGION", "eu-central-1")];
    assert_eq!(world.setting("region", &own)["value"], "eu-central-1");

    // What is shown is what commands go by.
    let map = |flags: &[&str], variables: &[(&str, &str)]| {
        let wdl = example("wdl");
        let arguments = [&["map", &wdl, "--account", "123456789012"], flags].concat();
        out(&world.run(&arguments, variables))
    };
    for (flags, variables, wanted) in [
        (&["--region", "us-east-1"][..], &own[..], "us-east-1"),
        (&[], &own, "eu-central-1"),
        (&[], &aws, "us-west-2"),
        (&[], &[], "eu-west-2"),
    ] {
        let map = map(flags, variables);
        assert!(map.contains(&format!("123456789012.dkr.ecr.{wanted}.amazonaws.com")), "{wanted}: {map}");
    }
}

#[test]
fn settings_stand_for_the_flags_that_mean_the_same() {
    let world = World::new();
    world.of_project("output = \"json\"\nprefix = [\"quay.io=lab/quay\"]\nregion = \"eu-west-1\"\naccount = \"123456789012\"");
    assert!(out(&world.run(&["scan", &example("wdl")], &[])).starts_with('{'));
    assert!(out(&world.run(&["explain", "--list", "--output", "table"], &[])).contains("FINDING"));
    // The flag `--output` of `map` names a file.
    let map = out(&world.run(&["map", &example("nextflow")], &[]));
    assert!(map.contains("lab/quay/biocontainers/fastqc"), "{map}");
    let colour = world.run(&["scan", &example("wdl"), "--output", "table"], &[("OMICS_ECR_COLOR", "always")]);
    assert!(out(&colour).contains("\u{1b}["), "{}", out(&colour));
}

#[test]
fn settings_that_cannot_be_used_stop_what_goes_by_them_and_nothing_else() {
    let world = World::new();
    world.of_project("regoin = \"eu-west-1\"");
    let output = world.run(&["scan", &example("wdl")], &[]);
    assert_eq!(output.status.code(), Some(2));
    let error = err(&output);
    for wanted in ["omics-ecr.toml`, line 1", "there is no setting `regoin`", "nearest setting is `region`"] {
        assert!(error.contains(wanted), "{error}");
    }
    assert_eq!(world.run(&["config", "show"], &[]).status.code(), Some(2));
    for arguments in [&["config", "path"][..], &["version"], &["completions", "bash"]] {
        assert!(world.run(arguments, &[]).status.success(), "{arguments:?}");
    }
    let path = out(&world.run(&["config", "path", "--output", "json"], &[]));
    let document: Value = serde_json::from_str(&path).unwrap();
    let files: Vec<_> =
        document["files"].as_array().unwrap().iter().map(|file| (&file["kind"], &file["exists"])).collect();
    assert_eq!(files, [(&"project".into(), &true.into()), (&"user".into(), &false.into())]);

    let world = World::new();
    let output = world.run(&["scan", &example("wdl")], &[("OMICS_ECR_REGION", "nowhere")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("environment variable OMICS_ECR_REGION"), "{}", err(&output));
}

#[test]
fn quiet_leaves_the_answer() {
    let world = World::new();
    let map = ["map", &example("wdl"), "--account", "123456789012", "--region", "us-east-1"];
    let usual = world.run(&map, &[]);
    let quiet = world.run(&[&map[..], &["--quiet"]].concat(), &[]);
    assert_eq!(out(&usual), out(&quiet));
    assert!(!err(&usual).is_empty());
    assert_eq!(err(&quiet), "");
    let refused = world.run(&["scan", "nowhere", "--quiet"], &[]);
    assert!(err(&refused).starts_with("error: "), "{}", err(&refused));
}
