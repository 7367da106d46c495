//! Rewrites of small workflows, and what is left alone.

mod cwl;
mod expressions;
mod nextflow;
mod parameter;
mod wdl;

use std::collections::BTreeMap;

use super::{Destination, Outcome, Parameter, Reason, RewriteRequest, Rewriting, rewrite_tree};
use crate::scan::scan_tree;
use crate::source::SourceTree;

/// The registry that the maps of these tests lead to.
const REGISTRY: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com";

/// Returns what the maps of these tests say: names of quay.io and Docker Hub have a place.
fn destination(name: &str) -> Destination {
    if name.starts_with(REGISTRY) {
        return Destination::Reached;
    }
    if let Some(path) = name.strip_prefix("quay.io/") {
        return Destination::Name(format!("{REGISTRY}/quay/{path}"));
    }
    match name.split_once('/') {
        Some((host, _)) if host.contains('.') => Destination::Unmapped,
        Some(_) => Destination::Name(format!("{REGISTRY}/docker-hub/{name}")),
        None => Destination::Name(format!("{REGISTRY}/docker-hub/library/{name}")),
    }
}

/// Returns a rewrite of texts.
fn rewritten(texts: &[(&str, &str)], parameter: Option<Parameter>) -> Rewriting {
    let tree = SourceTree::from_texts(texts.iter().copied());
    rewrite_tree(&tree, &RewriteRequest { destination: &destination, parameter })
}

/// Returns the new texts of all files, after a second rewrite has changed none of them.
fn texts_after(texts: &[(&str, &str)], rewriting: &Rewriting) -> BTreeMap<String, String> {
    let mut after: BTreeMap<String, String> =
        texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    for file in &rewriting.files {
        after.insert(file.path.clone(), file.after.clone());
    }
    let again: Vec<(&str, &str)> = after.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let again = rewritten(&again, None);
    assert_eq!(again.files, [], "a second rewrite changes nothing");
    after
}

/// Returns the new text of the only file with whole names, proved to differ in nothing but `OLD` that became
/// `NEW` in these pairs.
#[track_caller]
fn assert_rewritten(path: &str, text: &str, pairs: &[(&str, &str)]) {
    let rewriting = rewritten(&[(path, text)], None);
    let mut expected = text.to_owned();
    for (old, new) in pairs {
        assert!(expected.contains(old), "{old} is not in the text");
        expected = expected.replace(old, &new.replace("ECR", REGISTRY));
    }
    let after = texts_after(&[(path, text)], &rewriting);
    assert_eq!(after[path], expected, "{:?}", outcomes(&rewriting));
}

/// Returns for each reference its name or template, and why it was left alone if it was.
fn outcomes(rewriting: &Rewriting) -> Vec<(String, Option<Reason>)> {
    let of = |rewritten: &super::Rewritten| {
        let name = rewritten.reference.asked_for().unwrap_or(&rewritten.reference.text).to_owned();
        match &rewritten.outcome {
            Outcome::Rewritten { .. } => (name, None),
            Outcome::LeftAlone { reason, .. } => (name, Some(*reason)),
        }
    };
    rewriting.references.iter().map(of).collect()
}

/// Asserts that nothing is changed, for these reasons.
#[track_caller]
fn assert_left_alone(texts: &[(&str, &str)], expected: &[(&str, Reason)]) {
    let rewriting = rewritten(texts, None);
    let found = outcomes(&rewriting);
    let expected: Vec<_> =
        expected.iter().map(|(name, reason)| ((*name).to_owned(), Some(*reason))).collect();
    assert_eq!(found, expected);
    assert_eq!(rewriting.files, []);
}

/// Returns the names that a scan of texts finds.
fn names(texts: &BTreeMap<String, String>) -> Vec<String> {
    let tree = SourceTree::from_texts(texts.iter().map(|(path, text)| (path.as_str(), text.as_str())));
    let scan = scan_tree(&tree);
    let mut names: Vec<String> =
        scan.references.iter().filter_map(|reference| reference.asked_for().map(str::to_owned)).collect();
    names.sort();
    names.dedup();
    names
}
