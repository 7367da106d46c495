//! Lifecycle policies: which images of a repository a policy would expire or archive.
//!
//! Rules are applied for previews only; nothing is removed by a policy here. The shape of a policy's text is in
//! `shape`.

mod shape;

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::{Ecr, wildcard};
use crate::clock::Timestamp;
use crate::fault::Fault;
use crate::storage::{IMAGE_TAGS, IMAGES, ImageRow, PARENTS, Rows, below};

/// A lifecycle policy that keeps ECR's rules, its rules in the order of their priority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LifecyclePolicy {
    rules: Vec<Rule>,
}

/// A rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    priority: u64,
    tags: TagSelection,
    count: Count,
    action: Action,
}

/// Which images a rule selects by their tags.
#[derive(Debug, Clone, PartialEq, Eq)]
enum TagSelection {
    Any,
    Untagged,
    /// For each prefix a tag that begins with it.
    Prefixes(Vec<String>),
    /// For each pattern a tag that it matches.
    Patterns(Vec<String>),
}

/// How many or how old the selected images may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Count {
    /// So many of the newest stay.
    MoreThan(u64),
    /// Those stay whose moment is at most so many days ago.
    Since(Moment, u64),
}

/// The moment that the age of an image is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Pushed,
    Pulled,
    Archived,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Removes the image.
    Expire,
    /// Puts it into the archive.
    Archive,
}

/// An image, as far as a policy looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Candidate {
    /// Its digest.
    pub(crate) digest: String,
    /// Its tags.
    pub(crate) tags: Vec<String>,
    /// When it was pushed.
    pub(crate) pushed_at: Timestamp,
    /// Whether it lies in the archive.
    pub(crate) archived: bool,
    pulled_at: Option<Timestamp>,
    archived_at: Option<Timestamp>,
    activated_at: Option<Timestamp>,
    /// Whether an index names it, without which it cannot be removed.
    held: bool,
}

/// What a policy would do to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The image.
    pub(crate) image: Candidate,
    /// What would be done.
    pub(crate) action: Action,
    /// The priority of the rule that would do it.
    pub(crate) priority: u64,
}

impl LifecyclePolicy {
    /// Returns the policy that a text is.
    ///
    /// # Errors
    /// `InvalidParameterException` in ECR's words.
    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        let mut rules = shape::rules(text).map_err(|reason| {
            let reason = format!("Lifecycle policy validation failure: {reason}");
            Fault::parameter("LifecyclePolicyText", reason)
        })?;
        rules.sort_by_key(|rule| rule.priority);
        Ok(Self { rules })
    }

    /// Returns what the policy would do at a moment, in the order that the images come in.
    ///
    /// Every rule counts all images that it selects, but an image is only ever touched by the first rule that
    /// selects it.
    pub(crate) fn evaluate(&self, images: Vec<Candidate>, now: Timestamp) -> Vec<Mark> {
        let mut seen = vec![false; images.len()];
        let mut marks: Vec<Option<(Action, u64)>> = vec![None; images.len()];
        for rule in &self.rules {
            let mut selected: Vec<(usize, &Candidate)> =
                images.iter().enumerate().filter(|(_, image)| rule.selects(image)).collect();
            // The newest come first, and stay.
            selected.sort_by_key(|(_, image)| (Reverse(image.pushed_at), &image.digest));
            for (place, (index, image)) in selected.into_iter().enumerate() {
                let (Some(seen), Some(mark)) = (seen.get_mut(index), marks.get_mut(index)) else { continue };
                if !*seen && !image.held && rule.count.reaches(place, image, now) {
                    *mark = Some((rule.action, rule.priority));
                }
                *seen = true;
            }
        }
        let marked = images.into_iter().zip(marks);
        marked
            .filter_map(|(image, mark)| mark.map(|(action, priority)| Mark { image, action, priority }))
            .collect()
    }
}

impl Rule {
    fn selects(&self, image: &Candidate) -> bool {
        let archived = matches!(self.count, Count::Since(Moment::Archived, _));
        image.archived == archived && self.tags.selects(&image.tags)
    }
}

impl TagSelection {
    fn selects(&self, tags: &[String]) -> bool {
        match self {
            Self::Any => true,
            Self::Untagged => tags.is_empty(),
            Self::Prefixes(prefixes) => {
                prefixes.iter().all(|prefix| tags.iter().any(|tag| tag.starts_with(prefix)))
            }
            Self::Patterns(patterns) => {
                patterns.iter().all(|pattern| tags.iter().any(|tag| wildcard::matches(pattern, tag)))
            }
        }
    }
}

impl Count {
    /// Returns whether the rule's action is for an image that so many newer selected ones come before.
    fn reaches(self, newer: usize, image: &Candidate, now: Timestamp) -> bool {
        match self {
            Self::MoreThan(kept) => newer as u64 >= kept,
            Self::Since(moment, days) => {
                let since = match moment {
                    Moment::Pushed => image.pushed_at,
                    // Who brought an image back counts as one who pulled it.
                    Moment::Pulled => {
                        image.pulled_at.unwrap_or(image.pushed_at).max(image.activated_at.unwrap_or_default())
                    }
                    Moment::Archived => image.archived_at.unwrap_or(image.pushed_at),
                };
                since.plus(Duration::from_secs(days.saturating_mul(24 * 3600))) < now
            }
        }
    }
}

impl Ecr {
    /// Returns the images of a repository that a policy looks at, in the order of their digests: those that were
    /// there at a moment and stand for themselves. What refers to another image goes with that one.
    pub(crate) fn lifecycle_candidates(
        &self,
        rows: &impl Rows,
        repository: &str,
        until: Timestamp,
    ) -> Result<Vec<Candidate>, Fault> {
        let own = below(&[repository]);
        let mut tags: HashMap<String, Vec<String>> = HashMap::new();
        rows.scan(&IMAGE_TAGS, &own, None, |key, ()| {
            if let Some((digest, tag)) = key.split_once('\0') {
                tags.entry(digest.to_owned()).or_default().push(tag.to_owned());
            }
            true
        })?;
        let mut held: HashSet<String> = HashSet::new();
        rows.scan(&PARENTS, &own, None, |key, ()| {
            held.extend(key.split_once('\0').map(|(digest, _)| digest.to_owned()));
            true
        })?;
        let images = rows.all(&IMAGES, &own)?;
        let there: HashSet<&str> = images.iter().map(|(digest, _)| digest.as_str()).collect();
        let stands = |row: &ImageRow| row.subject.as_deref().is_none_or(|subject| !there.contains(subject));
        let looked_at = images.iter().filter(|(_, row)| row.pushed_at <= until && stands(row));
        Ok(looked_at
            .map(|(digest, row)| Candidate {
                digest: digest.clone(),
                tags: tags.remove(digest).unwrap_or_default(),
                pushed_at: row.pushed_at,
                archived: row.archived,
                pulled_at: row.pulled_at,
                archived_at: row.archived_at,
                activated_at: row.activated_at,
                held: held.contains(digest),
            })
            .collect())
    }
}

#[cfg(test)]
mod tests;
