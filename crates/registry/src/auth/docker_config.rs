//! Docker's `config.json` and the credential helpers it names.

use std::path::{Path, PathBuf};
use std::time::Duration;

use docker_credential::{CredentialRetrievalError, DockerCredential, get_credential_from_reader};
use futures_util::future::BoxFuture;
use image::RegistryHost;

use crate::auth::credential::{Credential, CredentialSource, Issued};
use crate::error::{Cause, Error, Result};
use crate::secret::Secret;

/// How long what a credential helper gave is used before it is asked again at half of it.
const HELPER_VALID: Duration = Duration::from_secs(3600);

/// Largest file that is read, in bytes.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// Credentials from a file in the form of Docker's `config.json`, which Podman's `auth.json` shares.
///
/// Helpers that it names (`docker-credential-...`) are looked for on the program path and run.
#[derive(Debug, Clone)]
pub struct DockerConfig {
    path: PathBuf,
}

impl DockerConfig {
    /// Returns the source that reads this file; a file that is not there knows no host.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl CredentialSource for DockerConfig {
    fn credential<'a>(&'a self, host: &'a RegistryHost) -> BoxFuture<'a, Result<Option<Issued>>> {
        Box::pin(async move {
            let (path, owned) = (self.path.clone(), host.clone());
            match tokio::task::spawn_blocking(move || look_up(&path, &owned)).await {
                Ok(found) => found,
                Err(error) => Err(failed(&self.path, host, error.to_string())),
            }
        })
    }
}

/// The names under which programs keep the credential of a host, likeliest first.
fn keys(host: &RegistryHost) -> Vec<String> {
    if host.is_docker_hub() {
        let keys = ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"];
        return keys.map(str::to_owned).to_vec();
    }
    vec![
        host.to_string(),
        format!("https://{host}"),
        format!("https://{host}/v1/"),
        format!("https://{host}/v2/"),
    ]
}

fn look_up(path: &Path, host: &RegistryHost) -> Result<Option<Issued>> {
    use std::io::Read as _;
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path, host, error.to_string())),
    };
    let mut text = Vec::new();
    file.take(LARGEST_FILE).read_to_end(&mut text).map_err(|error| failed(path, host, error.to_string()))?;
    let mut trouble = None;
    for key in keys(host) {
        match get_credential_from_reader(text.as_slice(), &key) {
            Ok(found) => {
                let credential = match found {
                    DockerCredential::IdentityToken(token) => Credential::IdentityToken(token.into()),
                    DockerCredential::UsernamePassword(username, _) if username.is_empty() => continue,
                    DockerCredential::UsernamePassword(username, password) if username == "<token>" => {
                        Credential::IdentityToken(password.into())
                    }
                    DockerCredential::UsernamePassword(username, password) => {
                        Credential::Login { username, password: Secret::from(password) }
                    }
                };
                return Ok(Some(Issued { credential, valid_for: Some(HELPER_VALID) }));
            }
            Err(CredentialRetrievalError::NoCredentialConfigured) => {}
            // Helpers say in words, not in codes, that they know nothing of a host.
            Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
                if knows_nothing(&stdout) || knows_nothing(&stderr) => {}
            // What a helper printed may hold a secret, so only its name is repeated.
            Err(CredentialRetrievalError::HelperFailure { helper, .. }) => {
                trouble.get_or_insert(format!("credential helper `{helper}` failed"));
            }
            Err(error) => {
                trouble.get_or_insert(error.to_string());
            }
        }
    }
    trouble.map_or(Ok(None), |words| Err(failed(path, host, words)))
}

fn knows_nothing(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    words.contains("not found") || words.contains("no credentials")
}

fn failed(path: &Path, host: &RegistryHost, words: String) -> Error {
    Error::new(
        format!("read the credential for {host} from {}", path.display()),
        Cause::Credential(words.to_lowercase()),
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    async fn ask(config: &str, host: &str) -> Result<Option<Credential>> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(config.as_bytes()).unwrap();
        let found = DockerConfig::new(file.path()).credential(&host.parse().unwrap()).await?;
        Ok(found.map(|issued| issued.credential))
    }

    #[tokio::test]
    async fn logins_and_identity_tokens_are_found_under_their_names() {
        let config = r#"{"auths":{
            "https://index.docker.io/v1/":{"auth":"bWU6cHc="},
            "quay.io":{"auth":"cm9ib3Q6eA=="},
            "my.azurecr.io":{"auth":"MDA6","identitytoken":"refresh"}}}"#;
        for (host, name) in [("docker.io", "me"), ("quay.io", "robot")] {
            match ask(config, host).await.unwrap() {
                Some(Credential::Login { username, .. }) => assert_eq!(username, name),
                other => panic!("{other:?}"),
            }
        }
        match ask(config, "my.azurecr.io").await.unwrap() {
            Some(Credential::IdentityToken(token)) => assert_eq!(token.expose(), "refresh"),
            other => panic!("{other:?}"),
        }
        assert!(ask(config, "ghcr.io").await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_bad_file_is_an_error_and_a_missing_one_is_not() {
        let error = ask("{not json", "quay.io").await.unwrap_err();
        assert!(matches!(error.cause(), Cause::Credential(_)), "{error}");
        let error = ask(r#"{"credsStore":"omics-no-such-helper"}"#, "quay.io").await.unwrap_err();
        assert!(matches!(error.cause(), Cause::Credential(_)), "{error}");
        let missing = DockerConfig::new("/nonexistent/config.json");
        assert!(missing.credential(&"quay.io".parse().unwrap()).await.unwrap().is_none());
    }
}
