//! DescribeImages

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::control::ecr::list_images::ImageFilter;
use crate::control::page::page;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::image::{ImageId, tags_of};
use crate::fault::{Code, Fault};
use crate::storage::{IMAGES, ImageRow, Rows, View, below, key};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeImages {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Option<Vec<ImageId>>,
    next_token: Option<String>,
    max_results: Option<i64>,
    filter: Option<ImageFilter>,
}

/// `ImageDetail`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageDetail {
    registry_id: String,
    repository_name: String,
    image_digest: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    image_tags: Vec<String>,
    image_size_in_bytes: u64,
    image_pushed_at: f64,
    image_manifest_media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_media_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_recorded_pull_time: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_manifest_digest: Option<String>,
    image_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_archived_at: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_activated_at: Option<f64>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    image_details: Vec<ImageDetail>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl DescribeImages {
    fn detail(&self, ecr: &Ecr, view: &View, digest: &str, row: ImageRow) -> Result<ImageDetail, Fault> {
        Ok(ImageDetail {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name.clone(),
            image_digest: digest.to_owned(),
            image_tags: tags_of(view, &self.repository_name, digest)?,
            image_size_in_bytes: row.size(view, &self.repository_name)?,
            image_pushed_at: row.pushed_at.seconds(),
            image_manifest_media_type: row.media_type,
            artifact_media_type: row.artifact_type,
            last_recorded_pull_time: row.pulled_at.map(|at| at.seconds()),
            subject_manifest_digest: row.subject,
            image_status: if row.archived { "ARCHIVED" } else { "ACTIVE" },
            last_archived_at: row.archived_at.map(|at| at.seconds()),
            last_activated_at: row.activated_at.map(|at| at.seconds()),
        })
    }

    fn named(&self, ecr: &Ecr, view: &View, ids: &[ImageId]) -> Result<Vec<ImageDetail>, Fault> {
        constraint::count("imageIds", ids.len(), 1, 100)?;
        let mut details = Vec::new();
        for id in ids {
            let (digest, row) = existing_image(ecr, view, &self.repository_name, id)?;
            details.push(self.detail(ecr, view, &digest, row)?);
        }
        Ok(details)
    }
}

/// Returns the digest and the row of an image that a request names.
///
/// # Errors
/// `ImageNotFoundException`, and `InvalidParameterException` for what names no image.
pub(super) fn existing_image(
    ecr: &Ecr,
    rows: &impl Rows,
    repository: &str,
    id: &ImageId,
) -> Result<(String, ImageRow), Fault> {
    let digest = id.resolve(rows, repository)?.map_err(|failure| match failure.failure_code {
        "ImageNotFound" | "ImageTagDoesNotMatchDigest" => missing_image(ecr, repository, id),
        _ => Fault::new(Code::InvalidParameter, failure.failure_reason),
    })?;
    let row = rows.get(&IMAGES, &key(&[repository, &digest]))?;
    Ok((digest, row.ok_or_else(|| missing_image(ecr, repository, id))?))
}

/// Returns ECR's answer to an image that the repository does not have.
fn missing_image(ecr: &Ecr, repository: &str, id: &ImageId) -> Fault {
    let (image, registry) = (shown(id), ecr.registry_id());
    let text = format!(
        "The image with imageId {image} does not exist within the repository with name '{repository}' in the \
         registry with id '{registry}'"
    );
    Fault::new(Code::ImageNotFound, text)
}

/// Returns an identifier as ECR writes it into its messages.
pub(super) fn shown(id: &ImageId) -> String {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".to_owned());
    format!("{{imageDigest:'{}', imageTag:'{}'}}", shown(&id.image_digest), shown(&id.image_tag))
}

impl Operation for DescribeImages {
    const REQUIRED: &'static [&'static str] = &["repositoryName"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let limit = constraint::max_results(self.max_results, 100, 1000)?;
        let filter = self.filter.clone().unwrap_or_default();
        filter.check()?;
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        if let Some(ids) = &self.image_ids {
            return Ok(Response { image_details: self.named(ecr, &view, ids)?, next_token: None });
        }
        let own = below(&[&self.repository_name]);
        let tagged = filter.tagged(&view, &self.repository_name)?;
        let page = page(&view, &IMAGES, &own, self.next_token.as_ref(), limit, |digest, row: ImageRow| {
            filter.takes(tagged.contains(digest), row.archived).then(|| (digest.to_owned(), row))
        })?;
        let details = page.items.into_iter().map(|(digest, row)| self.detail(ecr, &view, &digest, row));
        Ok(Response { image_details: details.collect::<Result<_, _>>()?, next_token: page.next_token })
    }
}
