//! `DescribeImages`.

use std::collections::HashSet;
use std::time::SystemTime;

use ::image::{Digest, RepositoryName};
use aws_sdk_ecr::types;

use super::ImageId;
use crate::call::{Call, time};
use crate::ecr::{Ecr, LARGEST_PAGE, Lookup, MOST_NAMES};
use crate::error::AwsError;
use crate::paging::Pages;

/// What ECR knows of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDetail {
    /// The digest of its manifest.
    pub digest: Digest,
    /// The tags that point to it.
    pub tags: Vec<String>,
    /// Its size in bytes as it is stored, compressed; of an index, the size of its largest image.
    pub size_bytes: Option<u64>,
    /// The media type of its manifest.
    pub manifest_media_type: Option<String>,
    /// The media type of what it is, where it is no container image.
    pub artifact_media_type: Option<String>,
    /// The digest of the manifest that it is about: of what a signature signs.
    pub subject: Option<Digest>,
    /// When it was pushed; of an image from a cache, when ECR last took it from upstream.
    pub pushed: Option<SystemTime>,
    /// When it was last pulled, to within a day.
    pub last_pulled: Option<SystemTime>,
    /// Whether it can be pulled.
    pub status: ImageStatus,
    /// When it was last archived.
    pub last_archived: Option<SystemTime>,
}

/// Whether an image can be pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageStatus {
    /// It can.
    Active,
    /// It is archived and must be restored first.
    Archived,
    /// It is being restored.
    Activating,
    /// A status newer than this crate.
    Other(String),
}

/// Whether an image is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageLookup {
    /// It is.
    Found(Box<ImageDetail>),
    /// The repository exists, and has no such image.
    NoImage,
    /// The repository does not exist, or the caller may not know that it does.
    NoRepository,
}

impl Ecr {
    /// Returns every image of a repository, archived ones too.
    ///
    /// Spec: ECR `DescribeImages`, all pages.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the repository does not exist, and whatever else
    /// ECR says.
    pub async fn images(&self, repository: &RepositoryName) -> Result<Vec<ImageDetail>, AwsError> {
        let call = self.call("DescribeImages", format!("describe the images of repository `{repository}`"));
        let filter =
            types::DescribeImagesFilter::builder().image_status(types::ImageStatusFilter::Any).build();
        let mut all = Vec::new();
        let mut pages = Pages::default();
        while let Some(token) = pages.turn(&call)? {
            let answer = call
                .run(|attempts| {
                    let request = self
                        .client()
                        .describe_images()
                        .set_registry_id(self.registry_id())
                        .repository_name(repository.as_str())
                        .filter(filter.clone())
                        .max_results(LARGEST_PAGE)
                        .set_next_token(token);
                    request.customize().interceptor(attempts).send()
                })
                .await?;
            pages.read(answer.next_token);
            all.append(&mut read_details(&call, answer.image_details)?);
        }
        Ok(all)
    }

    /// Returns an image. Never makes ECR pull it from upstream.
    ///
    /// Spec: ECR `DescribeImages`.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn image(&self, repository: &RepositoryName, image: &ImageId) -> Result<ImageLookup, AwsError> {
        match self.describe_images(repository, std::slice::from_ref(image)).await {
            Ok(Some(found)) => Ok(match found.into_iter().next() {
                Some(detail) => ImageLookup::Found(Box::new(detail)),
                None => ImageLookup::NoImage,
            }),
            Ok(None) => Ok(ImageLookup::NoImage),
            Err(error) if error.is("RepositoryNotFoundException") => Ok(ImageLookup::NoRepository),
            Err(error) => Err(error),
        }
    }

    /// Returns the images of a repository that are asked for, each once, and those that are not there.
    ///
    /// One unknown image fails a whole request of ECR, so a request that fails is halved until the unknown ones
    /// stand alone.
    ///
    /// Spec: ECR `DescribeImages`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the repository does not exist, and whatever else
    /// ECR says.
    pub async fn images_named(
        &self,
        repository: &RepositoryName,
        images: &[ImageId],
    ) -> Result<Lookup<ImageDetail, ImageId>, AwsError> {
        let mut seen = HashSet::new();
        let images: Vec<ImageId> = images.iter().filter(|image| seen.insert(*image)).cloned().collect();
        let mut lookup: Lookup<ImageDetail, ImageId> = Lookup { found: Vec::new(), missing: Vec::new() };
        let mut open: Vec<Vec<ImageId>> = images.chunks(MOST_NAMES).map(<[_]>::to_vec).collect();
        while !open.is_empty() {
            let answers = self
                .session()
                .try_each(open, async |images: Vec<ImageId>| {
                    Ok((self.describe_images(repository, &images).await?, images))
                })
                .await?;
            open = Vec::new();
            for (answer, mut images) in answers {
                match answer {
                    Some(mut found) => lookup.found.append(&mut found),
                    None if images.len() == 1 => lookup.missing.append(&mut images),
                    None => {
                        let rest = images.split_off(images.len() / 2);
                        open.extend([images, rest]);
                    }
                }
            }
        }
        let mut seen = HashSet::new();
        lookup.found.retain(|detail| seen.insert(detail.digest.clone()));
        Ok(lookup)
    }

    /// Returns at most 100 images; `None` when one of them is not there.
    async fn describe_images(
        &self,
        repository: &RepositoryName,
        images: &[ImageId],
    ) -> Result<Option<Vec<ImageDetail>>, AwsError> {
        let tried = match images {
            [image] => format!("describe image `{repository}{image}`"),
            images => format!("describe {} images of repository `{repository}`", images.len()),
        };
        let call = self.call("DescribeImages", tried);
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .describe_images()
                    .set_registry_id(self.registry_id())
                    .repository_name(repository.as_str())
                    .set_image_ids(Some(images.iter().map(ImageId::field).collect()));
                request.customize().interceptor(attempts).send()
            })
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(answer) => read_details(&call, answer.image_details).map(Some),
            Err(error) if error.is("ImageNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn read_details(
    call: &Call<'_>,
    details: Option<Vec<types::ImageDetail>>,
) -> Result<Vec<ImageDetail>, AwsError> {
    details.unwrap_or_default().into_iter().map(|detail| read_detail(call, detail)).collect()
}

fn read_detail(call: &Call<'_>, answer: types::ImageDetail) -> Result<ImageDetail, AwsError> {
    let subject = answer.subject_manifest_digest.as_deref();
    Ok(ImageDetail {
        digest: call.read(answer.image_digest.as_deref(), "imageDigest")?,
        tags: answer.image_tags.unwrap_or_default(),
        size_bytes: answer.image_size_in_bytes.and_then(|size| u64::try_from(size).ok()),
        manifest_media_type: answer.image_manifest_media_type,
        artifact_media_type: answer.artifact_media_type,
        subject: subject.map(|text| call.read(Some(text), "subjectManifestDigest")).transpose()?,
        pushed: time(answer.image_pushed_at.as_ref()),
        last_pulled: time(answer.last_recorded_pull_time.as_ref()),
        status: match answer.image_status {
            None | Some(types::ImageStatus::Active) => ImageStatus::Active,
            Some(types::ImageStatus::Archived) => ImageStatus::Archived,
            Some(types::ImageStatus::Activating) => ImageStatus::Activating,
            Some(other) => ImageStatus::Other(other.as_str().to_owned()),
        },
        last_archived: time(answer.last_archived_at.as_ref()),
    })
}
