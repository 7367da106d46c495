//! Findings about the registries that images come from.

use super::Explanation;
use crate::finding::Code;

/// The explanations, in the order of the ids.
pub(super) const TABLE: &[Explanation] = &[Explanation {
    code: Code::PullLimit,
    title: "a source registry allows fewer pulls now than are needed",
    why: "Docker Hub counts the manifests that an address or a user gets in a window of hours, and refuses more.",
    wrong: "docker.io: 40 images to read, 12 pulls left in this window",
    right: "docker.io: 40 images to read, 180 pulls left after a login",
    fix: "Log in with `docker login`, or run again when the window ends: what is done stays done.",
}];
