//! ListImages

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::control::page::page_of;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::image::ImageId;
use crate::fault::Fault;
use crate::storage::{IMAGE_TAGS, IMAGES, ImageRow, Rows, TAGS, TagRow, View, below};

/// `ListImagesFilter` and `DescribeImagesFilter`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageFilter {
    tag_status: Option<String>,
    image_status: Option<String>,
}

impl ImageFilter {
    /// Checks the values.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if let Some(status) = &self.tag_status {
            constraint::one_of("filter.tagStatus", status, &["TAGGED", "UNTAGGED", "ANY"])?;
        }
        if let Some(status) = &self.image_status {
            let known = ["ACTIVE", "ARCHIVED", "ACTIVATING", "ANY"];
            constraint::one_of("filter.imageStatus", status, &known)?;
        }
        Ok(())
    }

    /// Returns whether an image passes the filter.
    pub(crate) fn takes(&self, tagged: bool, archived: bool) -> bool {
        let status_passes = match self.image_status.as_deref() {
            None | Some("ACTIVE") => !archived,
            Some("ARCHIVED") => archived,
            Some("ACTIVATING") => false,
            Some(_) => true,
        };
        self.takes_tags(tagged) && status_passes
    }

    /// Returns whether an image passes the part of the filter that is for tags.
    pub(crate) fn takes_tags(&self, tagged: bool) -> bool {
        match self.tag_status.as_deref() {
            Some("TAGGED") => tagged,
            Some("UNTAGGED") => !tagged,
            _ => true,
        }
    }

    /// Returns the digests of a repository that have a tag, where the filter asks for that.
    pub(crate) fn tagged(&self, view: &View, repository: &str) -> Result<HashSet<String>, Fault> {
        let mut tagged = HashSet::new();
        if matches!(self.tag_status.as_deref(), Some("TAGGED" | "UNTAGGED")) {
            view.scan(&TAGS, &below(&[repository]), None, |_, row: TagRow| {
                tagged.insert(row.digest);
                true
            })?;
        }
        Ok(tagged)
    }
}

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListImages {
    registry_id: Option<String>,
    repository_name: String,
    next_token: Option<String>,
    max_results: Option<i64>,
    filter: Option<ImageFilter>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    image_ids: Vec<ImageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListImages {
    const REQUIRED: &'static [&'static str] = &["repositoryName"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let limit = constraint::max_results(self.max_results, 100, 1000)?;
        let filter = self.filter.unwrap_or_default();
        filter.check()?;
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        let own = below(&[&self.repository_name]);
        let mut tags = view.all(&IMAGE_TAGS, &own)?.into_iter().map(|(key, ())| key).peekable();
        let mut ids: Vec<(String, ImageId)> = Vec::new();
        // Both tables are in the order of digests, so one walk over each is enough.
        view.scan(&IMAGES, &own, None, |digest, row: ImageRow| {
            let mut tagged = false;
            while let Some(key) = tags.next_if(|key| key.starts_with(digest)) {
                tagged = true;
                if let Some((_, tag)) = key.split_once('\0').filter(|_| filter.takes(true, row.archived)) {
                    ids.push((key.clone(), ImageId::new(digest, tag)));
                }
            }
            if !tagged && filter.takes(false, row.archived) {
                ids.push((digest.to_owned(), ImageId::of_digest(digest)));
            }
            true
        })?;
        let page = page_of(ids, self.next_token.as_ref(), limit)?;
        Ok(Response { image_ids: page.items, next_token: page.next_token })
    }
}
