//! Makes container references of what the attributes of a file come to.
//!
//! Owns what counts as an image, which engine takes it, and when an attribute is unresolved. Must not know how
//! values are evaluated.

use std::collections::BTreeSet;

use super::candidate::{Candidate, Place, Side};
use super::evaluate::{Evaluator, Scope};
use super::facts::{Attribute, Owner};
use super::project::{File, Project, Subject};
use super::registry::{Asked, Registries};
use super::selector::Selector;
use crate::reference::{ContainerReference, Engine, Language, Literal, Resolution, Site, Warning};

/// Returns the references that the attributes of a file make, and what was left out.
pub(super) fn references(
    project: &Project<'_>,
    registries: &Registries,
    index: usize,
) -> (Vec<ContainerReference>, Vec<Warning>) {
    let Some(file) = project.files.get(index) else { return (Vec::new(), Vec::new()) };
    let mut evaluator = Evaluator::new(project);
    let mut references = Vec::new();
    let mut warnings = Vec::new();
    for attribute in &file.facts.attributes {
        let subject = match &attribute.owner {
            Owner::Process(at) => file.facts.processes.get(*at).map(Subject::Process),
            Owner::Selected(selectors) => Some(Subject::Selected(selectors)),
        };
        let env = Scope::of_file(index, subject, &file.facts);
        evaluator.cut_short = false;
        let mut names = evaluator.names(&attribute.value, attribute.guard, &env);
        let site = site(file, attribute);
        if evaluator.cut_short {
            let message = "left out: the container can have more names than are followed".to_owned();
            warnings.push(Warning { file: file.path.to_owned(), line: Some(site.line), message });
        }
        for name in &mut names {
            if let Some(profile) = &attribute.profile {
                name.add_profile(profile);
            }
        }
        let finding = Finding { project, registries, file, attribute, site };
        finding.add_to(&mut references, names);
    }
    (references, warnings)
}

struct Finding<'a, 's> {
    project: &'a Project<'s>,
    registries: &'a Registries,
    file: &'a File<'s>,
    attribute: &'a Attribute<'s>,
    site: Site,
}

impl Finding<'_, '_> {
    fn add_to(&self, references: &mut Vec<ContainerReference>, names: Vec<Candidate>) {
        let mut seen = BTreeSet::new();
        let mut doubtful = Vec::new();
        let mut resolved = false;
        for name in names {
            if !name.is_known() || (name.indirect && name.text.trim().is_empty()) {
                doubtful.push(name);
                continue;
            }
            if name.text.trim().is_empty() || is_lock_file(&name.text) {
                continue;
            }
            let engine = engine(&name);
            resolved |= engine != Engine::Singularity;
            let identity =
                (name.text.clone(), name.places.first().copied(), name.side, name.profiles.clone());
            if seen.insert(identity) {
                references.push(self.resolved(name, engine));
            }
        }
        // The side of Singularity alone does not make an attribute unresolved where the other side is none.
        if resolved || (!seen.is_empty() && doubtful.iter().all(|name| engine(name) == Engine::Singularity)) {
            return;
        }
        doubtful.sort_by_key(|name| name.side == Some(Side::Singularity));
        if !doubtful.is_empty() {
            references.push(self.unresolved(&doubtful));
        }
    }

    fn resolved(&self, name: Candidate, engine: Engine) -> ContainerReference {
        let place = name.places.first().copied();
        let at = place.and_then(|place| self.project.files.get(place.file)).unwrap_or(self.file);
        let span = place
            .map_or((self.attribute.value.span.start, self.attribute.value.span.end), |place| place.span);
        let (line, column) = at.position(span.0);
        let file_index = place.map(|place| place.file);
        let asked = match (engine, file_index) {
            (Engine::Singularity, _) | (_, None) => Asked::AsWritten,
            (_, Some(index)) => self.registries.asked(self.project, index, &name.profiles, &name.text),
        };
        let already_mapped = asked == Asked::AlreadyMapped;
        let effective = match asked {
            Asked::Name(effective) if effective != name.text => Some(effective),
            _ => None,
        };
        let literals = self.literals(&name.places);
        let resolution = if name.indirect || literals.len() > 1 {
            Resolution::Resolved { chain: name.chain }
        } else {
            Resolution::Literal
        };
        ContainerReference {
            language: Language::Nextflow,
            file: at.path.to_owned(),
            line,
            column,
            text: at.source.get(span.0..span.1).unwrap_or_default().to_owned(),
            reference: Some(name.text),
            effective,
            resolution,
            engine,
            profiles: name.profiles,
            malformed: None,
            already_mapped,
            literals,
            sites: vec![self.site.clone()],
        }
    }

    /// Returns the one reference of an attribute that no known value reaches.
    fn unresolved(&self, names: &[Candidate]) -> ContainerReference {
        let first = names.first().cloned().unwrap_or_default();
        let mut depends_on: Vec<String> = Vec::new();
        for unknown in &first.unknown {
            if !depends_on.contains(unknown) {
                depends_on.push(unknown.clone());
            }
        }
        let span = self.attribute.value.span;
        let written = self.file.source.get(span.start..span.end).unwrap_or_default();
        let template = if first.text.trim().is_empty() {
            // Known to be empty: whoever runs the workflow is to give it.
            let origin = first.empty_origin.clone().unwrap_or_else(|| written.trim().to_owned());
            let template = format!("{{{origin}}}");
            depends_on.insert(0, origin);
            template
        } else {
            first.text.clone()
        };
        ContainerReference {
            language: Language::Nextflow,
            file: self.file.path.to_owned(),
            line: self.site.line,
            column: self.site.column,
            text: written.to_owned(),
            reference: None,
            effective: None,
            engine: engine(&first),
            profiles: first.profiles,
            malformed: None,
            already_mapped: false,
            literals: self.literals(&first.places),
            resolution: Resolution::Unresolved { template, depends_on },
            sites: vec![self.site.clone()],
        }
    }

    fn literals(&self, places: &[Place]) -> Vec<Literal> {
        let mut literals: Vec<Literal> = Vec::new();
        for place in places {
            let Some(file) = self.project.files.get(place.file) else { continue };
            let (start, end) = place.span;
            let (line, column) = file.position(start);
            let literal = Literal { file: file.path.to_owned(), line, column, start, end };
            if !literals.contains(&literal) {
                literals.push(literal);
            }
        }
        literals
    }
}

/// Returns the attribute's place with the name of the process, or of the innermost selector.
fn site(file: &File<'_>, attribute: &Attribute<'_>) -> Site {
    let (line, column) = file.position(attribute.offset);
    let name = match &attribute.owner {
        Owner::Process(at) => file.facts.processes.get(*at).map(|process| process.name.to_string()),
        Owner::Selected(selectors) => selectors.last().map(Selector::label),
    };
    Site { file: file.path.to_owned(), line, column, name }
}

/// Returns which engine takes a name, by its branch or by what it is.
fn engine(name: &Candidate) -> Engine {
    match name.side {
        Some(Side::Singularity) => Engine::Singularity,
        _ if is_image_file(name.text.trim()) => Engine::Singularity,
        Some(Side::Docker) => Engine::Docker,
        None => Engine::Any,
    }
}

/// Returns whether a text names an image that only engines like Singularity take: a file or a library.
fn is_image_file(text: &str) -> bool {
    const SCHEMES: [&str; 7] =
        ["https://", "http://", "ftp://", "oras://", "shub://", "library://", "file://"];
    const ENDINGS: [&str; 4] = [".sif", ".img", ".simg", ".sqsh"];
    SCHEMES.iter().any(|scheme| text.starts_with(scheme))
        || ENDINGS.iter().any(|ending| text.ends_with(ending))
        || ["/", "./", "../", "~/"].iter().any(|start| text.starts_with(start))
}

/// Returns whether a text is the path of a package list, which `conda` and Wave take and no engine.
fn is_lock_file(text: &str) -> bool {
    [".txt", ".yml", ".yaml", ".lock", ".toml"].iter().any(|ending| text.ends_with(ending))
        && !text.contains(':')
}

#[cfg(test)]
mod tests {
    use super::{is_image_file, is_lock_file};

    #[test]
    fn files_and_libraries_are_for_singularity() {
        for text in ["https://depot/x", "oras://a/b", "shub://a/b", "/data/x", "x.sif", "library://a/b/c"] {
            assert!(is_image_file(text), "{text}");
        }
        for text in ["ubuntu", "quay.io/a/b:1", "docker://ubuntu", "a/b.img:1"] {
            assert!(!is_image_file(text), "{text}");
        }
    }

    #[test]
    fn package_lists_are_no_images() {
        assert!(is_lock_file("modules/x/.conda-lock/linux-1.txt"));
        assert!(is_lock_file("environment.yml"));
        assert!(!is_lock_file("a/b:1.txt"));
        assert!(!is_lock_file("a/b"));
    }
}
