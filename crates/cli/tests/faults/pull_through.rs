//! A client's pull of an image through a rule of the local ECR.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::accounts::digest;
use crate::lab::{Lab, Outcome, QUAY, program};

pub(crate) async fn run(lab: &Lab) -> Outcome {
    match pull(lab, &lab.ecr.endpoint()).await {
        Ok(()) => Outcome::Done,
        Err(words) => Outcome::Failed(words),
    }
}

/// Pulls the image, manifest and all blobs; holds that nothing comes whole that is not what was asked for.
pub(crate) async fn pull(lab: &Lab, endpoint: &str) -> Result<(), String> {
    let said = |what: &'static str| move |words: String| format!("{what}: {words}");
    let manifest =
        lab.read(endpoint, "quay/bio/tool/manifests/1").await.map_err(said("the client's manifest"))?;
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    for blob in [&manifest["config"], &manifest["layers"][0]] {
        let name = blob["digest"].as_str().unwrap();
        let bytes = lab.read(endpoint, &format!("quay/bio/tool/blobs/{name}")).await;
        assert_eq!(digest(&bytes.map_err(said("the client's blob"))?), name);
    }
    Ok(())
}

/// A local ECR in a process of its own, with a folder that outlives it.
pub(crate) struct Server {
    child: Child,
    pub(crate) endpoint: String,
}

impl Server {
    pub(crate) fn start(lab: &Lab) -> Self {
        let mut command = program(&["local", "--address", "127.0.0.1:0", "--output", "json"]);
        command.env("HOME", lab.folder.path()).arg("--data").arg(lab.folder.path().join("ecr"));
        command.args(["--account", "123456789012", "--region", "us-east-1"]);
        command.arg("--upstream").arg(format!("{QUAY}={}", lab.gate(QUAY).endpoint()));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            let mut log = String::new();
            child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
            panic!("{line}{log}")
        });
        Self { child, endpoint: told["endpoint"].as_str().unwrap().to_owned() }
    }

    /// Ends it at once.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
