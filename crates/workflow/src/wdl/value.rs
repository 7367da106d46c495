//! What an expression is worth before anything runs: alternative texts, each a row of pieces.
//!
//! Owns the arithmetic of those texts and the bounds on it. Must not know documents, calls or files beyond
//! the places that pieces carry.

use std::borrow::Cow;
use std::sync::Arc;

use super::document::Span;

/// Most alternatives that one expression is followed into.
pub(super) const ALTERNATIVES: usize = 64;
/// Most pieces of one text, those inside functions included.
const PIECES: usize = 64;
/// Longest text of one piece, in bytes; no image name comes near it.
pub(super) const PIECE_BYTES: usize = 4096;
/// Most steps that are kept of the way to a text.
const HOPS: usize = 32;

/// A literal in one of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// Index of the file in the project.
    pub(super) file: u32,
    /// What stands between the quotes.
    pub(super) span: Span,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Piece<'a> {
    /// Text that a literal gives.
    Known(Known<'a>),
    /// The value of an input of the callable at hand.
    Free(Slot<'a>),
    /// Something that only a run can tell.
    Unknown(Unknown),
    /// A function whose arguments are not all known yet.
    Deferred(Function, Vec<Vec<Piece<'a>>>),
}

/// Known text and the literals it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Known<'a> {
    /// The text, escapes resolved.
    pub(super) text: Cow<'a, str>,
    /// The literal that holds it.
    pub(super) place: Place,
    /// More literals that a function used for it.
    pub(super) more: Vec<Place>,
    /// How many steps the literal is away from the attribute.
    pub(super) depth: u16,
}

/// An input of a callable, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Slot<'a> {
    /// The input.
    pub(super) input: &'a str,
    /// The way into its value, innermost first.
    pub(super) path: Path<'a>,
    /// How many steps the name is away from the attribute.
    pub(super) depth: u16,
}

/// A part that no file gives.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Unknown {
    /// What it is called in the workflow.
    pub(super) name: Arc<str>,
    /// Whether it may be without a value, so that a string leaves it out.
    pub(super) absent: bool,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Access<'a> {
    /// A member of a struct, object, pair or call.
    Member(Cow<'a, str>),
    /// The element with a number.
    Element(u32),
    /// The entry with a key.
    Entry(Arc<str>),
    /// Any element or entry.
    Any,
}

/// Steps into a value, the last one to be taken first.
pub(super) type Path<'a> = Vec<Access<'a>>;

/// A function that needs its arguments' whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Function {
    /// `sub(text, pattern, replacement)`.
    Sub,
    /// `basename(path)` and `basename(path, suffix)`.
    Basename,
}

/// A step from the attribute to the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hop<'a> {
    /// Index of the file in the project.
    pub(super) file: u32,
    /// Offset of what the step is about.
    pub(super) at: u32,
    /// What stands there.
    pub(super) what: What<'a>,
}

/// What a step is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What<'a> {
    /// A declaration: what it is for, its name, the callable's kind and name.
    Declaration(&'static str, &'a str, &'static str, &'a str),
    /// A call: its name, the workflow's name, the input it passes.
    Passes(&'a str, &'a str, &'a str),
    /// A key of an inputs file.
    Inputs(&'a str),
    /// A choice of an enumeration.
    Choice(&'a str, &'a str),
}

/// One text that an expression may come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Text<'a> {
    /// Its pieces; none for the empty text.
    pub(super) pieces: Vec<Piece<'a>>,
    /// The way to it.
    pub(super) hops: Vec<Hop<'a>>,
}

impl<'a> Text<'a> {
    /// Returns a text of one piece.
    pub(super) fn of(piece: Piece<'a>) -> Self {
        Self { pieces: vec![piece], hops: Vec::new() }
    }

    /// Returns a part that no file gives.
    pub(super) fn unknown(name: impl Into<Arc<str>>, absent: bool) -> Self {
        Self::of(Piece::Unknown(Unknown { name: name.into(), absent }))
    }

    /// Returns the whole text when every piece of it is known.
    pub(super) fn known(&self) -> Option<Cow<'_, str>> {
        known(&self.pieces)
    }

    /// Returns whether an input stands in it.
    pub(super) fn is_open(&self) -> bool {
        is_open(&self.pieces)
    }

    fn append(&mut self, other: &Self) {
        self.pieces.extend_from_slice(&other.pieces);
        self.pieces = bounded(std::mem::take(&mut self.pieces));
        self.extend_hops(&other.hops);
    }

    /// Adds the steps that are not yet in.
    pub(super) fn extend_hops(&mut self, hops: &[Hop<'a>]) {
        for hop in hops {
            if self.hops.len() < HOPS && !self.hops.contains(hop) {
                self.hops.push(hop.clone());
            }
        }
    }
}

/// Returns the text of pieces that are all known.
pub(super) fn known<'p>(pieces: &'p [Piece<'_>]) -> Option<Cow<'p, str>> {
    match pieces {
        [] => Some(Cow::Borrowed("")),
        [Piece::Known(known)] => Some(Cow::Borrowed(&known.text)),
        _ => {
            let mut text = String::new();
            for piece in pieces {
                let Piece::Known(known) = piece else { return None };
                text.push_str(&known.text);
            }
            Some(Cow::Owned(text))
        }
    }
}

/// Returns the pieces, or something unknown when they are more than any image name is put together from.
pub(super) fn bounded(pieces: Vec<Piece<'_>>) -> Vec<Piece<'_>> {
    if weight(&pieces) <= PIECES { pieces } else { Text::unknown("…", false).pieces }
}

fn weight(pieces: &[Piece<'_>]) -> usize {
    let weigh = |piece: &Piece<'_>| match piece {
        Piece::Deferred(_, arguments) => 1 + arguments.iter().map(|pieces| weight(pieces)).sum::<usize>(),
        Piece::Known(_) | Piece::Free(_) | Piece::Unknown(_) => 1,
    };
    pieces.iter().map(weigh).sum()
}

fn is_open(pieces: &[Piece<'_>]) -> bool {
    pieces.iter().any(|piece| match piece {
        Piece::Free(_) => true,
        Piece::Deferred(_, arguments) => arguments.iter().any(|argument| is_open(argument)),
        Piece::Known(_) | Piece::Unknown(_) => false,
    })
}

/// The texts that an expression may come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Values<'a> {
    /// The texts, no two with the same pieces.
    pub(super) texts: Vec<Text<'a>>,
    /// Whether it may have no value at all.
    pub(super) absent: bool,
}

impl<'a> Values<'a> {
    /// Returns one text.
    pub(super) fn one(text: Text<'a>) -> Self {
        Self { texts: vec![text], absent: false }
    }

    /// Returns no value.
    pub(super) fn none() -> Self {
        Self { texts: Vec::new(), absent: true }
    }

    /// Adds a text that is not yet in, within the bound.
    pub(super) fn push(&mut self, text: Text<'a>) {
        if self.texts.len() < ALTERNATIVES && self.texts.iter().all(|kept| kept.pieces != text.pieces) {
            self.texts.push(text);
        }
    }

    /// Adds the texts of other values.
    pub(super) fn join(&mut self, other: Self) {
        self.absent |= other.absent;
        for text in other.texts {
            self.push(text);
        }
    }

    /// Puts each text of `next` behind each text, within the bound.
    pub(super) fn concatenate(&mut self, next: &Self) {
        if let [only] = next.texts.as_slice() {
            for text in &mut self.texts {
                text.append(only);
            }
            return;
        }
        let before = std::mem::take(&mut self.texts);
        for head in &before {
            for tail in &next.texts {
                let mut text = head.clone();
                text.append(tail);
                self.push(text);
            }
        }
    }

    /// Puts a step before the way to each text, and moves the pieces one step away from the attribute.
    pub(super) fn behind(mut self, hop: &Hop<'a>) -> Self {
        for text in &mut self.texts {
            let hops = std::mem::replace(&mut text.hops, vec![hop.clone()]);
            text.extend_hops(&hops);
        }
        self.deeper(1)
    }

    /// Moves every piece some steps away from the attribute.
    pub(super) fn deeper(mut self, steps: u16) -> Self {
        for text in &mut self.texts {
            deepen(&mut text.pieces, steps);
        }
        self
    }
}

fn deepen(pieces: &mut [Piece<'_>], steps: u16) {
    for piece in pieces {
        match piece {
            Piece::Known(known) => known.depth = known.depth.saturating_add(steps),
            Piece::Free(slot) => slot.depth = slot.depth.saturating_add(steps),
            Piece::Deferred(_, arguments) => arguments.iter_mut().for_each(|pieces| deepen(pieces, steps)),
            Piece::Unknown(_) => {}
        }
    }
}

impl Slot<'_> {
    /// Returns the name of the input and the way into it, as the workflow would write it.
    pub(super) fn written(&self) -> String {
        let mut name = self.input.to_owned();
        for access in self.path.iter().rev() {
            match access {
                Access::Member(member) => {
                    name.push('.');
                    name.push_str(member);
                }
                Access::Element(number) => name.push_str(&format!("[{number}]")),
                Access::Entry(key) => name.push_str(&format!("[\"{key}\"]")),
                Access::Any => {}
            }
        }
        name
    }
}

/// Returns the text with each part that is not known in braces.
pub(super) fn template(pieces: &[Piece<'_>]) -> String {
    let mut template = String::new();
    for piece in pieces {
        match piece {
            Piece::Known(known) => template.push_str(&known.text),
            _ => {
                template.push('{');
                template.push_str(&name(piece));
                template.push('}');
            }
        }
    }
    template
}

fn name(piece: &Piece<'_>) -> String {
    match piece {
        Piece::Known(known) => format!("\"{}\"", known.text),
        Piece::Free(slot) => slot.written(),
        Piece::Unknown(unknown) => unknown.name.to_string(),
        Piece::Deferred(function, arguments) => {
            let arguments: Vec<String> = arguments
                .iter()
                .map(|pieces| pieces.iter().map(name).collect::<Vec<_>>().join(" + "))
                .collect();
            format!("{}({})", function.word(), arguments.join(", "))
        }
    }
}

/// Adds the names of the parts that are not known.
pub(super) fn unknown_names(pieces: &[Piece<'_>], names: &mut Vec<String>) {
    for piece in pieces {
        let name = match piece {
            Piece::Known(_) => continue,
            Piece::Deferred(_, arguments) => {
                arguments.iter().for_each(|pieces| unknown_names(pieces, names));
                continue;
            }
            Piece::Free(slot) => slot.written(),
            Piece::Unknown(unknown) => unknown.name.to_string(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

impl Function {
    /// Returns the name of the function.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Sub => "sub",
            Self::Basename => "basename",
        }
    }
}
