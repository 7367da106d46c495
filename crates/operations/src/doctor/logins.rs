//! Whether the files of logins to registries can be read.

use std::path::{Path, PathBuf};

use image::RegistryHost;
use registry::{CredentialSource as _, DockerConfig};

use super::TIME;
use super::report::{Aspect, Check, words};
use crate::error::OperationError;
use crate::finding::Code;

/// Looks at each file that is there.
pub(super) async fn look(files: &[PathBuf]) -> Vec<Check> {
    let mut checks = Vec::new();
    for file in files {
        if matches!(file.try_exists(), Ok(false)) {
            continue;
        }
        checks.push(read(file).await);
    }
    if checks.is_empty() {
        let said = "there is no file of logins, so registries are asked without credentials";
        checks.push(Check::ok(Aspect::Logins, "docker config", said));
    }
    checks
}

/// Reads a file as a copy does: it is asked for the login of Docker Hub, through the helper that it names.
async fn read(file: &Path) -> Check {
    let (aspect, subject) = (Aspect::Logins, file.display().to_string());
    let host = RegistryHost::docker_hub();
    let config = DockerConfig::new(file);
    match tokio::time::timeout(TIME, config.credential(&host)).await {
        Ok(Ok(Some(_))) => Check::ok(aspect, subject, "it can be read, and has a login to Docker Hub"),
        Ok(Ok(None)) => Check::ok(aspect, subject, "it can be read, and has no login to Docker Hub"),
        Ok(Err(error)) => Check::warning(
            aspect,
            subject,
            Code::LoginFile,
            words(&OperationError::from(&error)),
            "correct it, or put it aside and log in anew: `docker login`",
        ),
        Err(_) => {
            let why = OperationError::new("cannot read the login to Docker Hub")
                .refused(format!("the credential helper gave no answer in {} s", TIME.as_secs()))
                .hint("see what the helper that the file names waits for");
            Check::cannot_tell(aspect, subject, &why)
        }
    }
}
