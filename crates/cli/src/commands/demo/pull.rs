//! Pulls made as HealthOmics, byte for byte: the proof that what was prepared can be used.

use std::collections::HashMap;
use std::sync::Arc;

use aws::{Options, Session, StaticCredentials};
use image::{ImageReference, RegistryHost};
use operations::OperationError;
use registry::{Client, ClientOptions, Credential, GivenCredentials, Platform, Secret};
use serde::Serialize;

use crate::commands::account::LOCAL_KEY;

/// The principal that HealthOmics pulls as. The local ECR takes an access key of that name for it.
const HEALTHOMICS: &str = "omics.amazonaws.com";
/// Most bytes of one blob that are held, far above what the stand-ins have.
const MOST: u64 = 64 << 20;

/// What was pulled.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Pulled {
    /// The name in the private registry.
    pub(super) image: String,
    /// The digest of the manifest that its tag gave.
    pub(super) digest: String,
    /// How many configs and layers were read, each against its digest.
    pub(super) blobs: usize,
    /// Their bytes, with those of the manifests.
    pub(super) bytes: u64,
}

/// Pulls images from the local ECR as HealthOmics.
pub(super) struct Puller {
    client: Client,
    host: RegistryHost,
}

impl Puller {
    /// Logs in to the local ECR at an endpoint.
    ///
    /// # Errors
    /// When it gives no login.
    pub(super) async fn open(endpoint: &str, region: &image::Region) -> operations::Result<Self> {
        let session = Session::open(Options {
            region: Some(region.clone()),
            endpoint_url: Some(endpoint.to_owned()),
            credentials: Some(StaticCredentials {
                access_key_id: HEALTHOMICS.to_owned(),
                secret_access_key: LOCAL_KEY.to_owned().into(),
                session_token: None,
            }),
            ..Options::default()
        });
        let token = session.await?.ecr().authorization_token().await?;
        let unnamed = |error: image::ImageError| {
            OperationError::new("cannot tell where the local registry answers").refused(error)
        };
        let host: RegistryHost = token.proxy_endpoint.parse().map_err(unnamed)?;
        let password = Secret::from(token.password.expose());
        let credential = Credential::Upfront { username: token.user, password };
        let client = Client::new(ClientOptions {
            credentials: Arc::new(GivenCredentials::default().with(host.clone(), credential)),
            endpoints: HashMap::from([(host.clone(), token.proxy_endpoint)]),
            ..ClientOptions::default()
        })?;
        Ok(Self { client, host })
    }

    /// Pulls an image for linux/amd64: its manifest by tag or digest, its config and its layers.
    ///
    /// # Errors
    /// What the registry refuses, and bytes that are not those of their digest.
    pub(super) async fn pull(&self, name: &str) -> operations::Result<Pulled> {
        let image: ImageReference = name.parse().map_err(|error: image::ImageError| {
            OperationError::new(format!("cannot pull `{name}`")).refused(error)
        })?;
        let remote = self.client.repository(&self.host, image.repository())?;
        let digest = image.digest().map(ToString::to_string);
        let reference = digest.as_deref().or(image.tag_or_latest()).unwrap_or("latest");
        let top = remote.read_manifest(reference).await?;
        let mut bytes = top.bytes.len() as u64;
        let mut manifest = top.clone();
        if top.is_index() {
            let amd64 =
                top.manifests().iter().find(|one| one.platform.as_ref() == Some(&Platform::linux_amd64()));
            let amd64 = amd64.ok_or_else(|| {
                OperationError::new(format!("cannot pull `{name}`"))
                    .refused("it has no image for linux/amd64")
            })?;
            manifest = remote.read_manifest(&amd64.digest.to_string()).await?;
            bytes += manifest.bytes.len() as u64;
        }
        let mut blobs = 0;
        for blob in manifest.blobs() {
            bytes += remote.read_blob(&blob.digest, blob.size, MOST).await?.len() as u64;
            blobs += 1;
        }
        Ok(Pulled { image: name.to_owned(), digest: top.digest.to_string(), blobs, bytes })
    }
}
