//! A workflow in a folder, the registries that stand in for those it names, and an ECR that lasts between commands.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::gate::Gate;
use crate::world::World;

pub(crate) const QUAY: &str = "quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8";
pub(crate) const LAB: &str = "registry.lab.example/lab/caller:2";

pub(crate) struct Project {
    pub(crate) world: World,
    pub(crate) gate: Gate,
    folder: tempfile::TempDir,
}

impl Project {
    /// Writes a workflow of two images that their registries have.
    pub(crate) fn new() -> Self {
        let world = World::new();
        world.push("biocontainers/bwa:0.7.17--h5bf99c6_8", "amd64");
        world.push("lab/caller:2", "amd64");
        let gate = world.runtime.block_on(Gate::before(world.source.clone()));
        let own = Self { world, gate, folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(own.path("workflow")).unwrap();
        own.write(&[QUAY, LAB]);
        own
    }

    /// Writes the workflow anew, with a process for each image.
    pub(crate) fn write(&self, images: &[&str]) {
        let process = |(index, image): (usize, &&str)| {
            format!("process P{index} {{\n  container '{image}'\n  script:\n  '''\n  true\n  '''\n}}\n")
        };
        let text: String = images.iter().enumerate().map(process).collect();
        std::fs::write(self.path("workflow/main.nf"), text + "workflow { P0() }\n").unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Returns the command `prepare` for the workflow.
    pub(crate) fn prepare(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("prepare", &self.path("workflow"));
        command.args(arguments);
        command
    }

    pub(crate) fn command(&self, name: &str, operand: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
        command.arg(name).arg(operand).args(["--local", "--local-data"]).arg(self.path("ecr"));
        for host in ["quay.io", "registry.lab.example"] {
            command.arg("--upstream").arg(format!("{host}={}", self.gate.endpoint()));
        }
        command.env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.prepare(arguments).output().unwrap()
    }
}
