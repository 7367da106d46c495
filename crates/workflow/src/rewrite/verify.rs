//! The proof of a rewrite: what a scan of the new text finds, against what it must find.
//!
//! Owns how both are compared. Must not know how edits come about.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::edit::Edits;
use super::parameter::Parameter;
use crate::lines::LineIndex;
use crate::reference::{ContainerReference, Engine, Resolution, Site, Warning};
use crate::scan::Scan;
use crate::source::SourceTree;

/// A container attribute for one engine and some profiles.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Attribute {
    file: String,
    line: u32,
    column: u32,
    engine: Engine,
    profiles: Vec<String>,
}

/// What a name is known to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Known(String),
    Unresolved(String),
}

/// A difference between what is found and what must be.
pub(super) enum Difference {
    /// Names at an attribute differ; with the indexes of the references that reach it.
    Names(Vec<usize>),
    /// An attribute is new in a file, or reading fails where it did not.
    File(String),
}

/// A name that must be found, and what it may be where it hangs on the parameter that is declared now.
type Expected = (Name, Option<Name>);

/// Returns the differences between a scan of new text and what must come of the one before, in which some
/// references have new names, and a parameter may have got a value.
pub(super) fn differences(
    before: &Scan,
    names: &[Option<&str>],
    parameter: Option<&Parameter>,
    after: &Scan,
    edits: &Edits,
    old: &SourceTree,
    new: &SourceTree,
) -> Vec<Difference> {
    let mut places = Places { edits, old, new, indexes: HashMap::new() };
    let mut expected: BTreeMap<Attribute, (BTreeSet<Expected>, Vec<usize>)> = BTreeMap::new();
    for (index, reference) in before.references.iter().enumerate() {
        let name = match names.get(index).copied().flatten() {
            Some(name) => (Name::Known(name.to_owned()), None),
            None => (name_of(reference), parameter.and_then(|parameter| given(reference, parameter))),
        };
        for site in &reference.sites {
            let (line, column) = places.moved(site);
            let attribute = Attribute { line, column, ..attribute(reference, site) };
            let entry = expected.entry(attribute).or_default();
            entry.0.insert(name.clone());
            entry.1.push(index);
        }
    }
    let mut found: BTreeMap<Attribute, BTreeSet<Name>> = BTreeMap::new();
    for reference in &after.references {
        for site in &reference.sites {
            found.entry(attribute(reference, site)).or_default().insert(name_of(reference));
        }
    }
    let mut differences = Vec::new();
    for (attribute, (names, references)) in &expected {
        if !found.get(attribute).is_some_and(|found| agree(names, found)) {
            differences.push(Difference::Names(references.clone()));
        }
    }
    let unexpected = found.keys().filter(|attribute| !expected.contains_key(attribute));
    differences.extend(unexpected.map(|attribute| Difference::File(attribute.file.clone())));
    // Expressions have a scan read files that it passed over before; what is wrong in them was wrong then.
    let warned = warned(&before.warnings, &after.warnings).filter(|file| edits.touches(file));
    differences.extend(warned.map(Difference::File));
    differences
}

fn agree(expected: &BTreeSet<Expected>, found: &BTreeSet<Name>) -> bool {
    let is = |(name, given): &Expected, found: &Name| name == found || given.as_ref() == Some(found);
    expected.iter().all(|expected| found.iter().any(|found| is(expected, found)))
        && found.iter().all(|found| expected.iter().any(|expected| is(expected, found)))
}

/// Returns what a reference comes to when the parameter, on which it hung before, has its value.
fn given(reference: &ContainerReference, parameter: &Parameter) -> Option<Name> {
    let value = parameter.value();
    match &reference.resolution {
        Resolution::Unresolved { template, .. } => {
            let name = parameter.name();
            let known =
                template.replace(&format!("{{params.{name}}}"), value).replace(&format!("{{{name}}}"), value);
            let known = known.replace(&crate::cwl::parameter::placeholder(name), value);
            let is_known = known != *template && !known.contains('{') && !known.contains("$(");
            if is_known {
                Some(Name::Known(known))
            } else {
                (known != *template).then_some(Name::Unresolved(known))
            }
        }
        _ if reference.already_mapped => Some(Name::Known(format!("{value}/{}", reference.asked_for()?))),
        _ => None,
    }
}

fn name_of(reference: &ContainerReference) -> Name {
    match &reference.resolution {
        Resolution::Unresolved { template, .. } => Name::Unresolved(template.clone()),
        _ => Name::Known(reference.asked_for().unwrap_or_default().to_owned()),
    }
}

fn attribute(reference: &ContainerReference, site: &Site) -> Attribute {
    Attribute {
        file: site.file.clone(),
        line: site.line,
        column: site.column,
        engine: reference.engine,
        profiles: reference.profiles.clone(),
    }
}

/// Returns the files with more warnings than before.
fn warned(before: &[Warning], after: &[Warning]) -> impl Iterator<Item = String> {
    let count = |warnings: &[Warning]| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        warnings.iter().for_each(|warning| *counts.entry(warning.file.clone()).or_default() += 1);
        counts
    };
    let before = count(before);
    let more =
        move |(file, number): (String, usize)| (before.get(&file).copied() < Some(number)).then_some(file);
    count(after).into_iter().filter_map(more)
}

/// Where the attributes of the old text are in the new one.
struct Places<'p> {
    edits: &'p Edits,
    old: &'p SourceTree,
    new: &'p SourceTree,
    indexes: HashMap<String, Option<(LineIndex<'p>, LineIndex<'p>)>>,
}

impl Places<'_> {
    fn moved(&mut self, site: &Site) -> (u32, u32) {
        if !self.edits.touches(&site.file) {
            return (site.line, site.column);
        }
        if !self.indexes.contains_key(&site.file) {
            let old = self.old.get(&site.file).and_then(|file| self.old.text(file));
            let new = self.new.get(&site.file).and_then(|file| self.new.text(file));
            let both = old.zip(new).map(|(old, new)| (LineIndex::new(old), LineIndex::new(new)));
            self.indexes.insert(site.file.clone(), both);
        }
        match self.indexes.get(&site.file) {
            Some(Some((old, new))) => {
                new.position(self.edits.moved(&site.file, old.offset(site.line, site.column)))
            }
            _ => (site.line, site.column),
        }
    }
}
