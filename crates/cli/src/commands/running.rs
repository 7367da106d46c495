//! Local ECRs that run already: what one notes in its data folder, and what it answers about itself.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use image::{AccountId, Region};
use operations::OperationError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use serde::{Deserialize, Serialize};

use crate::environment::{self, variable};

/// The file in a data folder in which its server notes where it is.
const NOTE: &str = "server.json";
/// Longest note or answer that is read, in bytes.
const LONGEST: usize = 64 << 10;
/// How long a server may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns the folder in which the local ECR of whoever runs this keeps its data.
///
/// # Errors
/// When there is no home.
pub(crate) fn data_folder() -> operations::Result<PathBuf> {
    use etcetera::BaseStrategy as _;
    let strategy = etcetera::base_strategy::choose_native_strategy().map_err(|error| {
        OperationError::new("cannot tell where the local ECR keeps its data")
            .refused(error)
            .hint("name a folder with --data, or --local-data behind --local")
    })?;
    Ok(strategy.data_dir().join("omics-ecr").join("ecr"))
}

/// What a server notes in its data folder while it runs.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    endpoint: String,
    process: u32,
}

/// A note in a data folder, which is taken away when this is dropped.
#[derive(Debug)]
pub(crate) struct NoteFile(PathBuf);

impl NoteFile {
    /// Notes in a data folder where its server is.
    pub(crate) fn write(folder: &Path, endpoint: &str) -> operations::Result<Self> {
        let path = folder.join(NOTE);
        let note = Note { endpoint: endpoint.to_owned(), process: std::process::id() };
        let written = serde_json::to_vec(&note).map_err(std::io::Error::from).and_then(|text| {
            // Whoever reads it finds the old one or the new one.
            let part = folder.join(format!("{NOTE}.part"));
            fs::File::create(&part)?.write_all(&text)?;
            fs::rename(&part, &path)
        });
        written.map_err(|error| {
            OperationError::new(format!("cannot note in `{}` where the server is", folder.display()))
                .refused(error)
        })?;
        Ok(Self(path))
    }
}

impl Drop for NoteFile {
    fn drop(&mut self) {
        // One that stays is found out when the server is asked.
        let _ = fs::remove_file(&self.0);
    }
}

/// Returns where the server of a data folder says it is; the server may be gone.
pub(crate) fn noted(folder: &Path) -> Option<String> {
    let text = fs::read(folder.join(NOTE)).ok().filter(|text| text.len() <= LONGEST)?;
    serde_json::from_slice(&text).ok().map(|note: Note| note.endpoint)
}

/// A server that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Running {
    /// Where it is reached.
    pub(crate) endpoint: String,
    /// The account whose registry it is.
    pub(crate) account: AccountId,
    /// Its Region.
    pub(crate) region: Region,
    /// Whether requests must be signed with keys of its own.
    pub(crate) signed: bool,
}

/// What a server answers about itself.
#[derive(Deserialize)]
struct Health {
    service: String,
    endpoint: String,
    account: String,
    region: String,
    authentication: String,
}

impl Running {
    /// Returns the server of a data folder, if one runs.
    pub(crate) async fn of_folder(folder: &Path) -> Option<Self> {
        Self::ask(&noted(folder)?).await.ok()
    }

    /// Asks a server who it is.
    ///
    /// # Errors
    /// In words, when nothing answers at the URL, or something else.
    pub(crate) async fn ask(url: &str) -> Result<Self, String> {
        let other = |what: &str| format!("what answers there is no local ECR: {what}");
        let client = client()?;
        let answer = client.get(format!("{}/health", url.trim_end_matches('/'))).send().await;
        let mut answer = answer.map_err(|error| causes(&error))?;
        let mut text = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| causes(&error))? {
            text.extend_from_slice(&piece);
            if text.len() > LONGEST {
                return Err(other("its answer is too long"));
            }
        }
        let health: Health = serde_json::from_slice(&text).map_err(|error| other(&error.to_string()))?;
        if health.service != "local-ecr" {
            return Err(other(&health.service));
        }
        Ok(Self {
            endpoint: health.endpoint,
            account: health.account.parse().map_err(|error| other(&format!("{error}")))?,
            region: health.region.parse().map_err(|error| other(&format!("{error}")))?,
            signed: health.authentication == "signed",
        })
    }
}

/// Returns a client that trusts what the machine trusts, and the certificates that AWS's tools are told to.
fn client() -> Result<reqwest::Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    let config = match variable(environment::AWS_CA_BUNDLE) {
        Some(path) => {
            let unusable =
                |error: &dyn std::fmt::Display| format!("{} `{path}`: {error}", environment::AWS_CA_BUNDLE);
            let text = fs::read(&path).map_err(|error| unusable(&error))?;
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(&text) {
                let certificate = certificate.map_err(|error| unusable(&error))?;
                roots.add(certificate).map_err(|error| unusable(&error))?;
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
        None => builder.with_platform_verifier().map_err(|error| error.to_string())?.with_no_client_auth(),
    };
    let client = reqwest::Client::builder().tls_backend_preconfigured(config).no_proxy().timeout(PATIENCE);
    client.build().map_err(|error| causes(&error))
}

/// Returns the innermost words of an error, which name the cause.
fn causes(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
