//! Images in repositories.

mod batch_get;
mod delete;
mod describe;
mod list;
mod put;

use std::fmt;

use ::image::Digest;
use aws_sdk_ecr::types;

pub use batch_get::{Manifest, Manifests};
pub use delete::DeletedImages;
pub use describe::{ImageDetail, ImageLookup, ImageStatus};
pub use list::TagFilter;
pub use put::{NewManifest, PutOutcome};

use crate::call::Call;
use crate::error::AwsError;

/// Which image of a repository is meant: by tag, by digest, or both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageId {
    /// The tag.
    pub tag: Option<String>,
    /// The digest of its manifest.
    pub digest: Option<Digest>,
}

impl ImageId {
    /// Returns the image that a tag points to.
    pub fn tag(tag: impl Into<String>) -> Self {
        Self { tag: Some(tag.into()), digest: None }
    }

    /// Returns the image with a digest.
    pub fn digest(digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest) }
    }

    fn field(&self) -> types::ImageIdentifier {
        types::ImageIdentifier::builder()
            .set_image_tag(self.tag.clone())
            .set_image_digest(self.digest.as_ref().map(Digest::to_string))
            .build()
    }

    fn read(call: &Call<'_>, answer: types::ImageIdentifier) -> Result<Self, AwsError> {
        let digest = answer.image_digest.as_deref();
        let digest = digest.map(|text| call.read(Some(text), "imageDigest")).transpose()?;
        Ok(Self { tag: answer.image_tag, digest })
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// An image that a request could do nothing with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFailure {
    /// Which one, as far as ECR repeats it.
    pub image: ImageId,
    /// Why.
    pub code: FailureCode,
    /// Why, in ECR's words.
    pub reason: Option<String>,
}

/// Why a request could do nothing with an image.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureCode {
    /// There is no such image.
    ImageNotFound,
    /// The digest is none.
    InvalidImageDigest,
    /// The tag is none.
    InvalidImageTag,
    /// The tag points to another digest.
    ImageTagDoesNotMatchDigest,
    /// Neither tag nor digest was given.
    MissingDigestAndTag,
    /// An index names it, so that it cannot be deleted.
    ImageReferencedByManifestList,
    /// The key it is encrypted with cannot be used.
    KmsError,
    /// The upstream registry does not let ECR in.
    UpstreamAccessDenied,
    /// The upstream registry asks ECR for fewer requests.
    UpstreamTooManyRequests,
    /// The upstream registry does not answer ECR.
    UpstreamUnavailable,
    /// It is archived.
    ImageInaccessible,
    /// A code newer than this crate.
    Other(String),
}

impl FailureCode {
    fn of(code: Option<types::ImageFailureCode>) -> Self {
        match code {
            Some(types::ImageFailureCode::ImageNotFound) => Self::ImageNotFound,
            Some(types::ImageFailureCode::InvalidImageDigest) => Self::InvalidImageDigest,
            Some(types::ImageFailureCode::InvalidImageTag) => Self::InvalidImageTag,
            Some(types::ImageFailureCode::ImageTagDoesNotMatchDigest) => Self::ImageTagDoesNotMatchDigest,
            Some(types::ImageFailureCode::MissingDigestAndTag) => Self::MissingDigestAndTag,
            Some(types::ImageFailureCode::ImageReferencedByManifestList) => {
                Self::ImageReferencedByManifestList
            }
            Some(types::ImageFailureCode::KmsError) => Self::KmsError,
            Some(types::ImageFailureCode::UpstreamAccessDenied) => Self::UpstreamAccessDenied,
            Some(types::ImageFailureCode::UpstreamTooManyRequests) => Self::UpstreamTooManyRequests,
            Some(types::ImageFailureCode::UpstreamUnavailable) => Self::UpstreamUnavailable,
            Some(types::ImageFailureCode::ImageInaccessible) => Self::ImageInaccessible,
            Some(other) => Self::Other(other.as_str().to_owned()),
            None => Self::Other(String::new()),
        }
    }
}

impl ImageFailure {
    /// Reads the failures of an answer. A digest that was refused as none cannot be read back, and is left out.
    fn read_all(failures: Option<Vec<types::ImageFailure>>) -> Vec<Self> {
        let read = |failure: types::ImageFailure| {
            let id = failure.image_id;
            let digest = id.as_ref().and_then(|id| id.image_digest()?.parse().ok());
            Self {
                image: ImageId { tag: id.and_then(|id| id.image_tag), digest },
                code: FailureCode::of(failure.failure_code),
                reason: failure.failure_reason,
            }
        };
        failures.unwrap_or_default().into_iter().map(read).collect()
    }
}
