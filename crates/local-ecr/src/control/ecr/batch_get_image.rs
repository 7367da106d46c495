//! BatchGetImage

use std::sync::Arc;

use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::constraint;
use crate::control::{Context, Operation, operation};
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::image::{ImageFailure, ImageId};
use crate::fault::{Code, Fault};
use crate::pull_through::{Failure, FailureKind, ImagePull};
use crate::storage::{IMAGES, REPOSITORIES, Rows, View, key};

/// Images that upstream is asked for at a time.
const PULLS_AT_A_TIME: usize = 8;

/// The request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchGetImage {
    /// The registry.
    pub(crate) registry_id: Option<String>,
    /// The repository.
    pub(crate) repository_name: String,
    /// The images.
    pub(crate) image_ids: Vec<ImageId>,
    accepted_media_types: Option<Vec<String>>,
    /// What upstream answered about those of the images that it was asked for and did not give.
    #[serde(skip)]
    upstream: Vec<(ImageId, Failure)>,
}

/// `Image`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Image {
    /// The registry.
    pub(crate) registry_id: String,
    /// The repository.
    pub(crate) repository_name: String,
    /// Digest and tag.
    pub(crate) image_id: ImageId,
    /// The manifest's text.
    pub(crate) image_manifest: String,
    /// The manifest's media type.
    pub(crate) image_manifest_media_type: String,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Response {
    images: Vec<Image>,
    failures: Vec<ImageFailure>,
}

/// Carries out a request, with what rules cover pulled through first.
pub(crate) async fn call(context: Context, body: &[u8]) -> Result<Value, Fault> {
    let mut request: BatchGetImage = operation::read(BatchGetImage::REQUIRED, body)?;
    request.check()?;
    let asked = request.image_ids.clone();
    let pulls = asked.into_iter().filter(|id| id.check().is_ok()).map(|id| {
        let pull = ImagePull {
            repository: request.repository_name.clone(),
            id: id.clone(),
            caller: context.caller.clone(),
        };
        let pull_through = Arc::clone(&context.app.pull_through);
        async move { pull_through.ensure_image(&pull).await.err().map(|failure| (id, failure)) }
    });
    let failures: Vec<_> = futures_util::stream::iter(pulls).buffered(PULLS_AT_A_TIME).collect().await;
    request.upstream = failures.into_iter().flatten().collect();
    let (caller, name) = (context.caller.clone(), request.repository_name.clone());
    let judged = context.app.blocking(move |ecr| {
        let view = ecr.storage.metadata.read()?;
        // Who may not have a repository created is told that there is none.
        match view.has(&REPOSITORIES, &name)? {
            true => ecr.authorize(&view, &caller, "ecr:BatchGetImage", Some(&name)),
            false => Ok(()),
        }
    });
    judged.await?;
    operation::run(context, request).await
}

impl BatchGetImage {
    /// Checks what the request says of itself.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        constraint::count("imageIds", self.image_ids.len(), 1, 100)?;
        match &self.accepted_media_types {
            Some(types) => constraint::count("acceptedMediaTypes", types.len(), 1, 100),
            None => Ok(()),
        }
    }

    /// Returns what upstream answered about an image that it did not give.
    fn upstream_failure(&self, id: &ImageId) -> Option<ImageFailure> {
        let (_, failure) = self.upstream.iter().find(|(asked, _)| asked == id)?;
        Some(id.failure(failure.kind.failure_code(), failure.reason.clone()))
    }

    /// Returns the answer where upstream gave nothing that a repository would have been created for.
    fn without_repository(&self, fault: Fault) -> Result<Response, Fault> {
        if let Some((_, failure)) = self.upstream.iter().find(|(_, failure)| failure.kind == FailureKind::Secret) {
            return Err(Fault::new(Code::UnableToGetUpstreamImage, failure.reason.clone()));
        }
        let told = self.upstream.iter().any(|(_, failure)| failure.kind != FailureKind::NotFound);
        if !told {
            return Err(fault);
        }
        let missing = |id: &ImageId| id.failure("ImageNotFound", "Requested image not found");
        let failures =
            self.image_ids.iter().map(|id| self.upstream_failure(id).unwrap_or_else(|| missing(id)));
        Ok(Response { images: Vec::new(), failures: failures.collect() })
    }

    fn image(
        &self,
        ecr: &Ecr,
        view: &View,
        caller: &Caller,
        id: &ImageId,
    ) -> Result<Result<Image, ImageFailure>, Fault> {
        let digest = match id.resolve(view, &self.repository_name)? {
            Ok(digest) => digest,
            Err(failure) => return Ok(Err(failure)),
        };
        let image = key(&[&self.repository_name, &digest]);
        let (Some(row), Some(bytes)) = (view.get(&IMAGES, &image)?, view.manifest(&image)?) else {
            return Ok(Err(id.failure("ImageNotFound", "Requested image not found")));
        };
        if row.archived {
            return Ok(Err(id.failure("ImageInaccessible", "The image is in the archive")));
        }
        ecr.record_pull(view, caller, &self.repository_name, &digest, &row)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Fault::new(Code::Server, "the manifest is no text"))?;
        Ok(Ok(Image {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name.clone(),
            image_id: ImageId { image_digest: Some(digest), image_tag: id.image_tag.clone() },
            image_manifest: text,
            image_manifest_media_type: row.media_type,
        }))
    }
}

impl Operation for BatchGetImage {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "imageIds"];
    type Response = Response;

    fn run(self, ecr: &Ecr, caller: &Caller) -> Result<Response, Fault> {
        self.check()?;
        let view = ecr.storage.metadata.read()?;
        if let Err(fault) = ecr.repository(&view, &self.repository_name, self.registry_id.as_ref()) {
            return self.without_repository(fault);
        }
        let (mut images, mut failures) = (Vec::new(), Vec::new());
        for id in &self.image_ids {
            match self.image(ecr, &view, caller, id)? {
                Ok(image) => images.push(image),
                Err(failure) => failures.push(self.upstream_failure(id).unwrap_or(failure)),
            }
        }
        Ok(Response { images, failures })
    }
}
