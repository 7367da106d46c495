//! GetLifecyclePolicyPreview

use serde::{Deserialize, Serialize};

use super::list_images::ImageFilter;
use crate::constraint;
use crate::control::Operation;
use crate::control::page::page_of;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::image::ImageId;
use crate::ecr::lifecycle::{Action, LifecyclePolicy, Mark};
use crate::fault::{Code, Fault};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetLifecyclePolicyPreview {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Option<Vec<ImageId>>,
    next_token: Option<String>,
    max_results: Option<i64>,
    filter: Option<ImageFilter>,
}

/// `LifecyclePolicyRuleAction`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RuleAction {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_storage_class: Option<&'static str>,
}

/// `LifecyclePolicyPreviewResult`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PreviewResult {
    image_tags: Vec<String>,
    image_digest: String,
    image_pushed_at: f64,
    action: RuleAction,
    applied_rule_priority: u64,
    storage_class: &'static str,
}

/// `TransitioningImageTotalCount`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransitioningCount {
    target_storage_class: &'static str,
    image_total_count: usize,
}

/// `LifecyclePolicyPreviewSummary`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    expiring_image_total_count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    transitioning_image_total_counts: Vec<TransitioningCount>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    repository_name: String,
    lifecycle_policy_text: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
    preview_results: Vec<PreviewResult>,
    summary: Summary,
}

impl From<Mark> for PreviewResult {
    fn from(mark: Mark) -> Self {
        let action = match mark.action {
            Action::Expire => RuleAction { r#type: "EXPIRE", target_storage_class: None },
            Action::Archive => RuleAction { r#type: "TRANSITION", target_storage_class: Some("ARCHIVE") },
        };
        Self {
            image_tags: mark.image.tags,
            image_digest: mark.image.digest,
            image_pushed_at: mark.image.pushed_at.seconds(),
            action,
            applied_rule_priority: mark.priority,
            storage_class: if mark.image.archived { "ARCHIVE" } else { "STANDARD" },
        }
    }
}

/// Returns the counts of all marks.
fn summary(marks: &[Mark]) -> Summary {
    let archived = marks.iter().filter(|mark| mark.action == Action::Archive).count();
    let transitioning = TransitioningCount { target_storage_class: "ARCHIVE", image_total_count: archived };
    Summary {
        expiring_image_total_count: marks.len() - archived,
        transitioning_image_total_counts: Some(transitioning).filter(|_| archived > 0).into_iter().collect(),
    }
}

/// Returns whether an identifier names the image of a mark.
fn names(id: &ImageId, mark: &Mark) -> bool {
    id.image_digest.as_ref().is_none_or(|digest| *digest == mark.image.digest)
        && id.image_tag.as_ref().is_none_or(|tag| mark.image.tags.contains(tag))
}

impl GetLifecyclePolicyPreview {
    /// Returns whether a mark is one that was asked for.
    fn asks_for(&self, mark: &Mark) -> bool {
        let filter = self.filter.as_ref();
        filter.is_none_or(|filter| filter.takes_tags(!mark.image.tags.is_empty()))
            && self.image_ids.as_ref().is_none_or(|ids| ids.iter().any(|id| names(id, mark)))
    }
}

impl Operation for GetLifecyclePolicyPreview {
    const REQUIRED: &'static [&'static str] = &["repositoryName"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let limit = constraint::max_results(self.max_results, 100, 100)?;
        self.filter.as_ref().map_or(Ok(()), ImageFilter::check)?;
        for id in self.image_ids.iter().flatten() {
            id.check().map_err(|failure| Fault::new(Code::InvalidParameter, failure.failure_reason))?;
        }
        if let Some(ids) = &self.image_ids {
            constraint::count("imageIds", ids.len(), 1, 100)?;
        }
        let view = ecr.storage.metadata.read()?;
        let row = ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        let preview = row.lifecycle_preview.ok_or_else(|| {
            let text = format!(
                "There is no lifecycle policy preview for the repository with name '{}' in the registry with id '{}'",
                self.repository_name,
                ecr.registry_id()
            );
            Fault::new(Code::LifecyclePolicyPreviewNotFound, text)
        })?;
        let policy = LifecyclePolicy::read(&preview.policy)?;
        let candidates = ecr.lifecycle_candidates(&view, &self.repository_name, preview.started_at)?;
        let marks = policy.evaluate(candidates, preview.started_at);
        let summary = summary(&marks);
        let asked = marks.into_iter().filter(|mark| self.asks_for(mark));
        let (token, limit) = match &self.image_ids {
            // Who names images gets them all at once.
            Some(_) => (None, usize::MAX),
            None => (self.next_token.as_ref(), limit),
        };
        let page = page_of(asked.map(|mark| (mark.image.digest.clone(), mark)), token, limit)?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            lifecycle_policy_text: preview.policy,
            status: "COMPLETE",
            next_token: page.next_token,
            preview_results: page.items.into_iter().map(PreviewResult::from).collect(),
            summary,
            repository_name: self.repository_name,
        })
    }
}
