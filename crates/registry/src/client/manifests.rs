//! Manifests of a repository: asked for, read and written.

use bytes::Bytes;
use image::Digest;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};

use crate::client::options::Operation;
use crate::client::pull_limit::PullLimit;
use crate::client::remote::{Remote, header};
use crate::client::request::{Ask, Body, Response};
use crate::digester;
use crate::error::{Cause, Result};
use crate::manifest::{ACCEPT as TYPES, LARGEST_MANIFEST, Manifest};

/// The header that tells a manifest's digest.
pub(crate) const CONTENT_DIGEST: &str = "docker-content-digest";

/// What a registry says of a manifest without sending it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// It is there, with this digest.
    Present(Digest),
    /// It is not there.
    Absent,
    /// The registry gave no usable answer; only reading will tell.
    Unknown,
}

/// What a registry's answer to a HEAD of a manifest tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestHead {
    /// The HTTP status: 200 and 404 mostly.
    pub status: u16,
    /// The digest, where it is told.
    pub digest: Option<Digest>,
    /// The media type, where it is told.
    pub media_type: Option<String>,
}

impl Remote {
    /// Asks for a manifest by tag or digest without reading it; free of Docker Hub's pull limit.
    ///
    /// Spec: end-3, HEAD.
    ///
    /// # Errors
    /// What the network or the registry's authentication refuses; odd statuses are [`Presence::Unknown`].
    pub async fn check_manifest(&self, reference: &str) -> Result<Presence> {
        let head = self.head_manifest(reference).await?;
        Ok(match (head.status, head.digest) {
            (200, Some(digest)) => Presence::Present(digest),
            (404, _) => Presence::Absent,
            _ => Presence::Unknown,
        })
    }

    /// Asks for a manifest as [`Self::check_manifest`] does, and returns all that the answer tells.
    ///
    /// # Errors
    /// What the network refuses, and 401, 403, 429 and what else the client takes for a registry's refusal.
    pub async fn head_manifest(&self, reference: &str) -> Result<ManifestHead> {
        let ask = self.manifest_ask(Operation::CheckManifest, Method::HEAD, "look for", reference);
        let response = self.send(&ask).await?;
        Ok(ManifestHead {
            status: response.status(),
            digest: response.header(CONTENT_DIGEST).and_then(|digest| digest.parse().ok()),
            media_type: response.header(CONTENT_TYPE).map(str::to_owned),
        })
    }

    /// Reads a manifest or index by tag or digest, as the registry has it.
    ///
    /// The digest is computed over the body and compared with the one asked for and the one told.
    ///
    /// # Errors
    /// The registry's refusal; [`Cause::WrongDigest`] and [`Cause::Content`] for what is not the manifest.
    pub async fn read_manifest(&self, reference: &str) -> Result<Manifest> {
        match self.find_manifest(reference).await? {
            Found::Manifest(manifest) => Ok(*manifest),
            Found::Nothing(error) => Err(error),
        }
    }

    /// Reads a manifest that may be missing.
    ///
    /// # Errors
    /// As [`Self::read_manifest`], except for a manifest or repository that is not there.
    pub async fn read_manifest_if_there(&self, reference: &str) -> Result<Option<Manifest>> {
        match self.find_manifest(reference).await? {
            Found::Manifest(manifest) => Ok(Some(*manifest)),
            Found::Nothing(_) => Ok(None),
        }
    }

    async fn find_manifest(&self, reference: &str) -> Result<Found> {
        let ask = self.manifest_ask(Operation::ReadManifest, Method::GET, "read", reference);
        let response = self.send(&ask).await?;
        match response.status() {
            200 => self
                .take_manifest(&ask, response, reference)
                .await
                .map(|manifest| Found::Manifest(Box::new(manifest))),
            404 => Ok(Found::Nothing(self.refusal(response, &ask).await)),
            _ => Err(self.refusal(response, &ask).await),
        }
    }

    async fn take_manifest(&self, ask: &Ask, response: Response, reference: &str) -> Result<Manifest> {
        let host = response.answered_by();
        let told: Option<Digest> = response.header(CONTENT_DIGEST).and_then(|digest| digest.parse().ok());
        let content_type = response.header(CONTENT_TYPE).map(str::to_owned);
        let body = response.read_capped(ask, LARGEST_MANIFEST).await?;
        for wanted in reference.parse::<Digest>().ok().iter().chain(&told) {
            if let Err(found) = digester::verify(&body, wanted) {
                return Err(ask.failed(Cause::WrongDigest { host, found }));
            }
        }
        let mut manifest = Manifest::read(body, content_type.as_deref())
            .map_err(|error| ask.failed(Cause::Content(error.to_string())))?;
        // A digest of another algorithm that was asked for and holds is the name to keep.
        if let Ok(wanted) = reference.parse() {
            manifest.digest = wanted;
        }
        Ok(manifest)
    }

    /// Writes a manifest under a tag or its digest; returns whether the registry keeps track of its subject.
    ///
    /// Spec: end-7.
    ///
    /// # Errors
    /// The registry's refusal; [`Cause::WrongDigest`] where it says to have stored something else.
    pub async fn write_manifest(
        &self,
        reference: &str,
        bytes: Bytes,
        media_type: &str,
        digest: &Digest,
    ) -> Result<bool> {
        let url = self.url(&format!("manifests/{reference}"), None);
        let tried = self.manifest_words("write", reference);
        let mut ask = self.write(Operation::WriteManifest, Method::PUT, url, tried);
        ask.headers.extend(header(CONTENT_TYPE, media_type));
        ask.body = Body::Whole(bytes);
        let response = self.send(&ask).await?;
        if !matches!(response.status(), 200..=204) {
            return Err(self.refusal(response, &ask).await);
        }
        let told: Option<Digest> = response.header(CONTENT_DIGEST).and_then(|digest| digest.parse().ok());
        match told.filter(|told| told != digest && told.algorithm() == digest.algorithm()) {
            Some(found) => Err(ask.failed(Cause::WrongDigest { host: self.registry().to_string(), found })),
            None => Ok(response.header("oci-subject").is_some()),
        }
    }

    /// Asks how many pulls are left, with one free request for a manifest of this repository.
    ///
    /// # Errors
    /// As [`Self::check_manifest`].
    pub async fn check_pull_limit(&self, reference: &str) -> Result<Option<PullLimit>> {
        self.check_manifest(reference).await?;
        Ok(self.host().pull_limit())
    }

    fn manifest_ask(&self, operation: Operation, method: Method, verb: &str, reference: &str) -> Ask {
        let url = self.url(&format!("manifests/{reference}"), None);
        let mut ask = self.look(operation, method, url, self.manifest_words(verb, reference));
        ask.headers.push((ACCEPT, HeaderValue::from_static(TYPES)));
        ask
    }
}

enum Found {
    Manifest(Box<Manifest>),
    /// Nothing is there; the registry's words on it.
    Nothing(crate::error::Error),
}
