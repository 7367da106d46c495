//! The edit that would rewrite one reference.
//!
//! Owns the choice of the text to change and of the bytes in it. Whether the edit is right is proved by a
//! scan and not here. Must not know other references.

use std::collections::HashMap;

use super::edit::Edit;
use super::parameter::Parameter;
use super::{Reason, Way};
use crate::nextflow::strings::Strings;
use crate::reference::{ContainerReference, Language, Literal};
use crate::source::SourceTree;

/// A reference's edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proposal {
    /// The new name, as it is in the map.
    pub(super) destination: String,
    /// The name that a scan must find.
    pub(super) expected: String,
    /// How it is done.
    pub(super) way: Way,
    /// The text that changes.
    pub(super) literal: Literal,
    /// The bytes that change.
    pub(super) edits: Vec<Edit>,
}

/// Why there is no edit.
pub(super) type Refusal = (Reason, String);

/// What a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notation {
    /// A string of a WDL file.
    Wdl,
    /// A string of a Nextflow file.
    Groovy,
    /// A scalar of YAML or JSON, or a text file.
    Data,
}

/// Makes proposals, and keeps the strings of the Nextflow files it met.
pub(super) struct Proposer<'a> {
    tree: &'a SourceTree,
    parameter: Option<&'a Parameter>,
    strings: HashMap<String, Strings<'a>>,
}

/// A text that a name may begin with.
struct Beginning<'a> {
    literal: &'a Literal,
    notation: Notation,
    /// The offset of the first byte that is no blank.
    start: usize,
    /// What stands there up to the first byte that is not taken as it is.
    plain: &'a str,
    /// Whether that is all of it.
    is_all: bool,
    /// All of it, when it has escapes and nothing else that is not taken as it is.
    escaped: Option<&'a str>,
}

impl<'a> Proposer<'a> {
    /// Returns a proposer of edits that write whole names, or the parameter.
    pub(super) fn new(tree: &'a SourceTree, parameter: Option<&'a Parameter>) -> Self {
        Self { tree, parameter, strings: HashMap::new() }
    }

    /// Returns the edit that gives a reference a new name.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn propose(
        &mut self,
        reference: &ContainerReference,
        destination: &str,
    ) -> Result<Proposal, Refusal> {
        if !is_plain(destination) {
            let message = format!("`{destination}` cannot stand in every string of a workflow");
            return Err((Reason::Characters, message));
        }
        let name = reference.reference.as_deref().unwrap_or_default().trim();
        let kept = common_end(name, destination);
        let old = &name[..name.len() - kept];
        let new = &destination[..destination.len() - kept];
        let mut best: Option<Beginning<'_>> = None;
        for literal in &reference.literals {
            let Some(beginning) = self.beginning(reference.language, literal) else { continue };
            if let ([_], Some(_)) = (reference.literals.as_slice(), beginning.escaped) {
                best = Some(beginning);
                break;
            }
            let begins = !beginning.plain.is_empty()
                && name.starts_with(beginning.plain)
                && beginning.plain.len() >= old.len();
            if begins && best.as_ref().is_none_or(|best| best.plain.len() < beginning.plain.len()) {
                best = Some(beginning);
            }
        }
        let Some(best) = best else { return Err(put_together(reference)) };
        let (old, new) = match best.escaped {
            Some(escaped) => (escaped, destination),
            None => (old, new),
        };
        self.edits(reference, &best, old, new, destination)
    }

    fn edits(
        &mut self,
        reference: &ContainerReference,
        place: &Beginning<'_>,
        old: &str,
        new: &str,
        destination: &str,
    ) -> Result<Proposal, Refusal> {
        let file = place.literal.file.as_str();
        let span = place.start..place.start + old.len();
        let whole = if place.is_all || place.escaped.is_some() { Way::Name } else { Way::Beginning };
        let proposal = |edits, way, expected| Proposal {
            destination: destination.to_owned(),
            expected,
            way,
            literal: place.literal.clone(),
            edits,
        };
        let parameter = match self.parameter {
            // What an inputs file gives belongs to a run, and so does the registry's own name.
            Some(_) if place.notation == Notation::Data && reference.language == Language::Wdl => None,
            parameter => parameter,
        };
        let Some(parameter) = parameter else {
            let edits = match place.notation {
                Notation::Wdl | Notation::Data => {
                    let (start, end) = (span.start, span.end);
                    Some(vec![Edit { file: file.to_owned(), start, end, text: new.to_owned() }])
                }
                Notation::Groovy => self
                    .strings(file)
                    .and_then(|strings| strings.replace(file, place.literal.start, span, new)),
            };
            let edits = edits.ok_or_else(|| put_together(reference))?;
            return Ok(proposal(edits, whole, destination.to_owned()));
        };
        let (Some(rest), Some(path)) =
            (parameter.behind(new).or(at_end(parameter, new)), parameter.behind(destination))
        else {
            let message = format!(
                "`{destination}` is in another registry than the one that `{}` stands for",
                parameter.name()
            );
            return Err((Reason::NoParameter, message));
        };
        let expected = format!("{}{path}", parameter.value());
        let edits = match place.notation {
            Notation::Wdl => {
                // The mark is put in where the version of the file is known.
                let text = format!(
                    "{}{rest}",
                    crate::wdl::parameter::placeholder(self.text(file), parameter.name())
                );
                let (start, end) = (span.start, span.end);
                Some(vec![Edit { file: file.to_owned(), start, end, text }])
            }
            Notation::Groovy => self.strings(file).and_then(|strings| {
                strings.parameterize(file, place.literal.start, span, parameter.name(), rest)
            }),
            Notation::Data if parameter.is_for_cwl() => {
                let text = format!("{}{rest}", crate::cwl::parameter::placeholder(parameter.name()));
                let (start, end) = (span.start, span.end);
                Some(vec![Edit { file: file.to_owned(), start, end, text }])
            }
            Notation::Data => {
                let message = "CWL has no expressions in `dockerPull`; AWS HealthOmics alone evaluates them";
                return Err((Reason::NoParameter, message.to_owned()));
            }
        };
        let edits = edits.ok_or_else(|| put_together(reference))?;
        Ok(proposal(edits, Way::Parameter, expected))
    }

    fn text(&self, file: &str) -> &'a str {
        self.tree.get(file).and_then(|file| self.tree.text(file)).unwrap_or_default()
    }

    fn strings(&mut self, file: &str) -> Option<&Strings<'a>> {
        if !self.strings.contains_key(file) {
            let text = self.text(file);
            self.strings.insert(file.to_owned(), Strings::new(text));
        }
        self.strings.get(file)
    }

    /// Returns what a name may begin with at a literal; `None` where there is no text that can be changed.
    fn beginning<'l>(&mut self, language: Language, literal: &'l Literal) -> Option<Beginning<'l>>
    where
        'a: 'l,
    {
        let text = self.text(&literal.file);
        let whole = text.get(literal.start..literal.end)?;
        let start = literal.start + (whole.len() - whole.trim_start().len());
        let whole = whole.trim();
        let is_wdl = literal.file.to_ascii_lowercase().ends_with(".wdl");
        let (notation, marks): (_, &[&str]) = match language {
            Language::Wdl if is_wdl => {
                let before = text.get(..literal.start)?;
                // Numbers and the choices of enumerations are texts too, and have no quotes.
                before.ends_with(['"', '\'', '<']).then_some(())?;
                (Notation::Wdl, &["~{", "${"])
            }
            Language::Wdl => (Notation::Data, &[]),
            Language::Nextflow => {
                let interpolates = self.strings(&literal.file)?.interpolates(literal.start, literal.end)?;
                (Notation::Groovy, if interpolates { &["$"] } else { &[] })
            }
            Language::Cwl => (Notation::Data, &["$(", "${", "{{", "{%"]),
        };
        let stop = marks.iter().filter_map(|mark| whole.find(mark)).min();
        let escape = whole.find('\\');
        let plain = whole.get(..stop.into_iter().chain(escape).min().unwrap_or(whole.len()))?;
        let escaped = (escape.is_some() && stop.is_none()).then_some(whole);
        Some(Beginning { literal, notation, start, plain, is_all: plain == whole, escaped })
    }
}

/// Returns the empty rest when a text is the registry itself.
fn at_end<'t>(parameter: &Parameter, text: &'t str) -> Option<&'t str> {
    text.strip_prefix(parameter.registry()).filter(|rest| rest.is_empty())
}

fn put_together(reference: &ContainerReference) -> Refusal {
    let message = match reference.literals.len() {
        0 | 1 => "the name is computed, and no text that it begins with can be changed for it".to_owned(),
        texts => format!(
            "the name is put together from {texts} texts, and none of them alone can be changed for it"
        ),
    };
    (Reason::PutTogether, message)
}

/// Returns whether a name has nothing in it that a string of any of the languages would have to escape.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/:@+-".contains(&byte))
}

/// Returns how many bytes at the ends of two names are the same, from a slash on.
fn common_end(one: &str, other: &str) -> usize {
    let pairs = one.bytes().rev().zip(other.bytes().rev());
    let same = pairs.take_while(|(one, other)| one == other && one.is_ascii()).count();
    if same == one.len() {
        return same;
    }
    let end = &one[one.len() - same..];
    end.find('/').map_or(0, |slash| same - slash)
}

#[cfg(test)]
mod tests {
    use super::{common_end, is_plain};

    #[test]
    fn ends_are_the_same_from_a_slash_on() {
        assert_eq!(common_end("quay.io/a/b:1", "h/quay/a/b:1"), "/a/b:1".len());
        assert_eq!(common_end("a/b:1", "h/quay/a/b:1"), "a/b:1".len());
        assert_eq!(common_end("docker.io/b:1", "h/radio/b:1"), "/b:1".len());
        assert_eq!(common_end("b:1", "h/b:2"), 0);
        assert_eq!(common_end("é/b", "h/b"), 2);
    }

    #[test]
    fn plain_names_need_no_escape() {
        assert!(is_plain("1.dkr.ecr.us-east-1.amazonaws.com/a/b_c:1.0@sha256:0a"));
        for name in ["", "a b", "a$b", "a\"b", "[::1]:5000/a", "a\\b", "ä"] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
