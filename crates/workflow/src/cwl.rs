//! The container references of CWL documents: draft-2 to v1.2 and development versions, YAML and JSON.
//!
//! Owns which files are CWL and brings together what stands in them. Must not know the other languages.

mod container;
mod cursor;
mod expression;
mod flow;
mod inputs;
mod insertion;
mod library;
mod mask;
pub(crate) mod parameter;
mod recover;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

use memchr::memmem;
use rayon::prelude::*;

use self::container::{Asked, Pending};
use self::cursor::Cursor;
use self::inputs::Inputs;
use self::library::Library;
use self::walk::Call;
use crate::reference::{ContainerReference, Resolution};
use crate::scan::Findings;
use crate::source::SourceTree;

/// Returns what the CWL files of a tree ask for: each `.cwl` file, and each YAML or JSON file that says which
/// version of CWL it is, or overrides requirements.
pub(crate) fn scan(tree: &SourceTree) -> Findings {
    let library = Library::new(tree);
    let looked_at: Vec<_> =
        (0..tree.files().len()).into_par_iter().filter_map(|file| look(&library, file)).collect();
    let mut findings = Findings::default();
    let mut pending = Vec::new();
    for looked in looked_at {
        findings.files += usize::from(looked.is_cwl);
        findings.references.extend(looked.recovered);
        for asked in looked.asked {
            match asked {
                Asked::Reference(reference) => findings.references.push(reference),
                Asked::Pending(value) => pending.push(value),
            }
        }
    }
    if !pending.is_empty() {
        findings.references.extend(resolved(&library, pending));
    }
    findings
}

/// What one file holds.
struct Looked<'d> {
    is_cwl: bool,
    asked: Vec<Asked<'d>>,
    recovered: Vec<ContainerReference>,
}

/// A file that may be CWL.
struct Candidate<'a> {
    path: &'a str,
    text: &'a str,
    /// False for a YAML or JSON file, which counts only by what stands on its top.
    by_name: bool,
}

fn candidate<'a>(library: &Library<'a>, file: usize) -> Option<Candidate<'a>> {
    let source = library.files().get(file)?;
    let by_name = match source.extension().as_str() {
        "cwl" => true,
        "yml" | "yaml" | "json" => false,
        _ => return None,
    };
    let text = library.text(file)?;
    (by_name || may_be_cwl(text)).then_some(Candidate { path: source.path(), text, by_name })
}

fn look<'d>(library: &'d Library<'d>, file: usize) -> Option<Looked<'d>> {
    let candidate = candidate(library, file)?;
    let mut looked = Looked { is_cwl: candidate.by_name, asked: Vec::new(), recovered: Vec::new() };
    if !may_ask(candidate.text) {
        return Some(looked);
    }
    let Some(roots) = roots(library, file, candidate.by_name) else {
        looked.is_cwl = true;
        looked.recovered = recover::references(candidate.path, candidate.text);
        return Some(looked);
    };
    looked.is_cwl |= roots.iter().any(|root| root.get("cwlVersion").is_some());
    let requirements = roots.into_iter().flat_map(|root| walk::walk(library, root).requirements);
    looked.asked = requirements.flat_map(|requirement| container::asked(library, &requirement)).collect();
    Some(looked)
}

/// Returns the documents of a file that are CWL, or `None` when the file is not valid YAML.
fn roots<'d>(library: &'d Library<'d>, file: usize, by_name: bool) -> Option<Vec<Cursor<'d>>> {
    let document = library.document(file)?;
    let roots = document.tree.roots().iter().map(|&node| Cursor { document, node });
    let is_cwl =
        |root: &Cursor<'d>| by_name || root.get("cwlVersion").is_some() || walk::has_overrides(*root);
    Some(roots.filter(is_cwl).collect())
}

/// Returns whether a YAML or JSON text can say a CWL version, or override requirements.
fn may_be_cwl(text: &str) -> bool {
    memmem::find_iter(text.as_bytes(), "cwl").any(|at| {
        let rest = text.get(at + 3..).unwrap_or_default();
        let key = rest.strip_prefix("Version").or_else(|| rest.strip_prefix("tool:overrides"));
        let key = key.or_else(|| rest.strip_prefix("tool#overrides"));
        key.is_some_and(|behind| behind.trim_start_matches(['"', '\'', ' ', '\t']).starts_with(':'))
    })
}

/// Returns whether a CWL text can ask for a container, itself or by another file that is no CWL by itself.
fn may_ask(text: &str) -> bool {
    const SIGNS: [&str; 7] =
        ["DockerRequirement", "import", "$mixin", "#overrides", ":overrides", ".yml", ".yaml"];
    SIGNS.iter().chain(&[".json"]).any(|sign| memmem::find(text.as_bytes(), sign.as_bytes()).is_some())
}

/// Returns the references of values that hang on inputs.
fn resolved<'d>(library: &'d Library<'d>, pending: Vec<Pending<'d>>) -> Vec<ContainerReference> {
    let mut inputs = Inputs::new(library, calls(library));
    let mut references = Vec::new();
    for value in pending {
        let sums = inputs.sums(&value.text, &value.parts, value.process);
        if sums.is_empty() {
            references.push(value.unresolved());
            continue;
        }
        for sum in sums {
            let mut chain = value.chain.clone();
            chain.extend(sum.chain);
            let Some(place) = sum.literals.first().cloned() else {
                continue;
            };
            let resolution = Resolution::Resolved { chain };
            let name = Some(sum.text.trim().to_owned());
            let mut reference =
                container::reference_at(place, sum.source, name, resolution, value.site.clone());
            reference.literals = sum.literals;
            references.push(reference);
        }
    }
    references
}

/// Returns the steps of all workflows of the folder.
fn calls<'d>(library: &'d Library<'d>) -> Vec<Call<'d>> {
    let files = (0..library.files().len()).into_par_iter();
    let walked = files.flat_map_iter(|file| {
        let has_steps =
            |candidate: &Candidate<'_>| memmem::find(candidate.text.as_bytes(), b"steps").is_some();
        let workflow = candidate(library, file).filter(has_steps);
        let roots =
            workflow.and_then(|candidate| roots(library, file, candidate.by_name)).unwrap_or_default();
        roots.into_iter().flat_map(|root| walk::walk(library, root).calls)
    });
    walked.collect()
}
