//! ListImageReferrers

use std::collections::BTreeMap;

use image::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::constraint;
use crate::control::{Context, Operation, operation};
use crate::control::page::page_of;
use crate::distribution::referrers_of;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};
use crate::pull_through::FailureKind;

/// `SubjectIdentifier`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subject {
    image_digest: String,
}

/// `ListImageReferrersFilter`
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    artifact_types: Option<Vec<String>>,
    artifact_status: Option<String>,
}

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListImageReferrers {
    registry_id: Option<String>,
    repository_name: String,
    subject_id: Subject,
    filter: Option<Filter>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

/// `ImageReferrer`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Referrer {
    digest: String,
    media_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<String>,
    size: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<String, String>,
    artifact_status: &'static str,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    referrers: Vec<Referrer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// Carries out a request, with what upstream knows brought in first where a rule made the repository.
pub(crate) async fn call(context: Context, body: &[u8]) -> Result<Value, Fault> {
    let request: ListImageReferrers = operation::read(ListImageReferrers::REQUIRED, body)?;
    if let Ok(subject) = request.subject_id.image_digest.parse::<Digest>()
        && let Err(failure) = context.app.pull_through.ensure_referrers(&request.repository_name, &subject).await
    {
        return Err(match failure.kind {
            FailureKind::Server => failure.into(),
            _ => Fault::new(Code::UnableToListUpstreamImageReferrers, failure.to_string()),
        });
    }
    operation::run(context, request).await
}

impl Operation for ListImageReferrers {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "subjectId"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let limit = constraint::max_results(self.max_results, 50, 50)?;
        constraint::DIGEST.check("subjectId.imageDigest", &self.subject_id.image_digest)?;
        let filter = self.filter.unwrap_or_default();
        let types = filter.artifact_types.unwrap_or_default();
        constraint::count("filter.artifactTypes", types.len(), 0, 5)?;
        for artifact_type in &types {
            constraint::ARTIFACT_TYPE.check("filter.artifactTypes", artifact_type)?;
        }
        let status = filter.artifact_status.unwrap_or_else(|| "ACTIVE".to_owned());
        let known = ["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"];
        constraint::one_of("filter.artifactStatus", &status, &known)?;
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        let found = referrers_of(&view, &self.repository_name, &self.subject_id.image_digest)?;
        let found = found.into_iter().filter_map(|(digest, image)| {
            let artifact_status = if image.archived { "ARCHIVED" } else { "ACTIVE" };
            let wanted = types.is_empty() || image.artifact_type.as_ref().is_some_and(|own| types.contains(own));
            let passes = wanted && (status == "ANY" || status == artifact_status);
            passes.then(|| {
                let referrer = Referrer {
                    digest: digest.clone(),
                    media_type: image.media_type,
                    artifact_type: image.artifact_type,
                    size: image.manifest_size,
                    annotations: image.annotations,
                    artifact_status,
                };
                (digest, referrer)
            })
        });
        let page = page_of(found, self.next_token.as_ref(), limit)?;
        Ok(Response { referrers: page.items, next_token: page.next_token })
    }
}
