//! What a `DockerRequirement` asks for.
//!
//! Owns which of its keys counts and how its value is known. Must not know where requirements may stand.

use super::cursor::{Cursor, Key};
use super::expression::{self, Part, Value};
use super::library::{Hop, Library, Text};
use super::tree::Kind;
use super::walk::{Field, Requirement};
use crate::reference::{ContainerReference, Engine, Language, Literal, Resolution, Site, Step};

/// Keys by which an image is made instead of pulled, and what they do.
const BUILDS: [(&str, &str); 3] =
    [("dockerFile", "built from"), ("dockerLoad", "loaded by"), ("dockerImport", "imported by")];

/// What a requirement comes to.
pub(crate) enum Asked<'d> {
    /// A reference, known or not.
    Reference(ContainerReference),
    /// A value that hangs on inputs, to be asked of their defaults and callers.
    Pending(Pending<'d>),
}

/// A value that hangs on the inputs of its process.
pub(crate) struct Pending<'d> {
    /// The value.
    pub(crate) text: Text<'d>,
    /// Its parts.
    pub(crate) parts: Vec<Part>,
    /// The process that has the inputs.
    pub(crate) process: Key,
    /// The container attribute.
    pub(crate) site: Site,
    /// The steps from the attribute to the value.
    pub(crate) chain: Vec<Step>,
}

impl Pending<'_> {
    /// Returns the reference for an attribute whose inputs have no known value.
    pub(crate) fn unresolved(self) -> ContainerReference {
        let depends_on = expression::names(&self.parts);
        unresolved(&self.text, self.site, depends_on)
    }
}

/// Returns what a requirement asks for: the image to pull, else what is built, else the image it names.
pub(crate) fn asked<'d>(library: &'d Library<'d>, requirement: &Requirement<'d>) -> Vec<Asked<'d>> {
    let fields = |name: &'static str| requirement.fields.iter().filter(move |field| field.key == name);
    // Of a key that stands there twice either value may be taken, so both count.
    let pulled: Vec<_> =
        fields("dockerPull").filter_map(|field| image(library, requirement, field)).collect();
    if !pulled.is_empty() {
        return pulled;
    }
    let build = BUILDS.iter().find(|(key, _)| fields(key).next().is_some());
    if let Some(&(key, how)) = build {
        let id =
            fields("dockerImageId").next().and_then(|field| library.read_text(field.value, &mut Vec::new()));
        return vec![Asked::Reference(built(requirement, key, how, id))];
    }
    fields("dockerImageId").filter_map(|field| image(library, requirement, field)).collect()
}

/// Returns what one value comes to; `None`, with a warning, when it names no image.
fn image<'d>(
    library: &'d Library<'d>,
    requirement: &Requirement<'d>,
    field: &Field<'d>,
) -> Option<Asked<'d>> {
    let mut hops: Vec<_> = requirement.hops.iter().chain(&field.hops).copied().collect();
    let text = match template(field.value) {
        Some(text) => Some(text),
        None => library.read_text(field.value, &mut hops),
    };
    let chain = hops.iter().map(Hop::step).collect();
    let site = requirement.site.clone();
    let Some(text) = text.filter(|text| !matches!(text.value, "" | "null" | "~")) else {
        library.warn(
            field.at.document.path,
            Some(field.at.line()),
            format!("`{}` names no image", field.key),
        );
        return None;
    };
    let value = match expression::read(text.value) {
        Value::Plain if field.key == "dockerImageId" && is_local(text.value) => {
            Value::Unknown(vec!["dockerImageId".to_owned()])
        }
        value => value,
    };
    Some(match value {
        Value::Plain => Asked::Reference(known(&text, site, chain)),
        Value::Sum(parts) => match requirement.process {
            Some(process) => Asked::Pending(Pending { text, parts, process, site, chain }),
            None => Asked::Reference(unresolved(&text, site, expression::names(&parts))),
        },
        Value::Unknown(depends_on) => Asked::Reference(unresolved(&text, site, depends_on)),
    })
}

/// Returns an unquoted `{{ name }}`, which YAML reads as a mapping in a mapping, as the template it is meant as.
fn template<'d>(value: Cursor<'d>) -> Option<Text<'d>> {
    if value.kind() != Kind::Mapping {
        return None;
    }
    let source = value.document.tree.text();
    let start = value.document.tree.range(value.node).start;
    let line = source.get(start..)?.lines().next()?;
    let text = line.starts_with("{{").then(|| line.rfind("}}").and_then(|end| line.get(..end + 2)))??;
    let (line, column) = value.document.tree.position(start);
    let file = value.document.path.to_owned();
    let literal = Literal { file, line, column, start, end: start + text.len() };
    Some(Text { value: text, literal, source: text, is_verbatim: true })
}

/// Returns whether an image is named as none can be in a registry: by its digest in the local store, or by a
/// file.
fn is_local(id: &str) -> bool {
    let digits = id.strip_prefix("sha256:").unwrap_or(id);
    let is_digest = matches!(digits.len(), 12 | 64) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest || [".sif", ".img", ".simg", ".tar", ".tar.gz"].iter().any(|ending| id.ends_with(ending))
}

fn known(text: &Text<'_>, site: Site, chain: Vec<Step>) -> ContainerReference {
    let resolution = if chain.is_empty() { Resolution::Literal } else { Resolution::Resolved { chain } };
    let reference = Some(text.value.to_owned());
    reference_at(text.literal.clone(), text.source.to_owned(), reference, resolution, site)
}

fn unresolved(text: &Text<'_>, site: Site, depends_on: Vec<String>) -> ContainerReference {
    let resolution = Resolution::Unresolved { template: text.value.to_owned(), depends_on };
    reference_at(text.literal.clone(), text.source.to_owned(), None, resolution, site)
}

/// Returns the reference for an image that is made instead of pulled.
fn built(requirement: &Requirement<'_>, key: &str, how: &str, id: Option<Text<'_>>) -> ContainerReference {
    let at = requirement.at;
    let range = at.document.tree.range(at.node);
    let (line, column) = at.document.tree.position(range.start);
    let place =
        Literal { file: at.document.path.to_owned(), line, column, start: range.start, end: range.end };
    let resolution =
        Resolution::Unresolved { template: format!("{{{how} {key}}}"), depends_on: vec![key.to_owned()] };
    let id = id.filter(|id| !id.value.is_empty());
    let text = requirement.fields.iter().find(|field| field.key == key).map_or("", |field| field.at.source());
    let reference = id.as_ref().map(|id| id.value.to_owned());
    let mut found = reference_at(place, text.to_owned(), reference, resolution, requirement.site.clone());
    found.literals = id.map(|id| id.literal).into_iter().collect();
    found
}

/// Returns a reference whose text is a single literal.
pub(crate) fn reference_at(
    place: Literal,
    text: String,
    reference: Option<String>,
    resolution: Resolution,
    site: Site,
) -> ContainerReference {
    ContainerReference {
        language: Language::Cwl,
        file: place.file.clone(),
        line: place.line,
        column: place.column,
        text,
        reference,
        effective: None,
        resolution,
        engine: Engine::Any,
        profiles: Vec::new(),
        malformed: None,
        already_mapped: false,
        literals: vec![place],
        sites: vec![site],
    }
}
