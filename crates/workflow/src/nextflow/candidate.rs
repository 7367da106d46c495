//! The names an expression can come to: text, where it is written, and who takes it.
//!
//! Owns how such names are put together and how their number stays bounded. Must not know expressions.

use super::expression::Expr;
use super::expression::Span;
use crate::reference::Step;

/// Most names that one expression may come to.
pub(super) const MOST_NAMES: usize = 64;

/// Longest name that is put together, in bytes.
pub(super) const LONGEST_NAME: usize = 4096;

/// Literals and steps that are kept of one name.
const MOST_PARTS: usize = 64;

/// Which engines take a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    /// Engines that pull from a registry.
    Docker,
    /// Only engines like Singularity.
    Singularity,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Index of the file.
    pub(super) file: usize,
    /// The span of the text.
    pub(super) span: (usize, usize),
}

impl Place {
    /// Returns the place of a span.
    pub(super) fn new(file: usize, span: Span) -> Self {
        Self { file, span: (span.start, span.end) }
    }
}

/// A name an expression can come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Candidate {
    /// The text, with each unknown part in braces.
    pub(super) text: String,
    /// The unknown parts.
    pub(super) unknown: Vec<String>,
    /// The literals it is put together from, the main one first.
    pub(super) places: Vec<Place>,
    /// Which engines take it, where the workflow tells them apart.
    pub(super) side: Option<Side>,
    /// The steps from the attribute to the text.
    pub(super) chain: Vec<Step>,
    /// The profiles in which alone it is set.
    pub(super) profiles: Vec<String>,
    /// What gave it a text that is empty.
    pub(super) empty_origin: Option<String>,
    /// Whether it is more than one literal that stands in the attribute itself.
    pub(super) indirect: bool,
}

impl Candidate {
    /// Returns the name that a literal spells out.
    pub(super) fn literal(text: String, place: Place) -> Self {
        Self { text, places: vec![place], ..Self::default() }
    }

    /// Returns a name of which nothing is known but what it hangs on.
    pub(super) fn unknown(name: String) -> Self {
        Self { text: format!("{{{name}}}"), unknown: vec![name], ..Self::default() }
    }

    /// Returns whether all of it is known.
    pub(super) fn is_known(&self) -> bool {
        self.unknown.is_empty()
    }

    /// Restricts it to a branch; the side of Singularity stays wherever it comes from.
    pub(super) fn restrict(&mut self, side: Option<Side>) {
        self.side = self.side.max(side);
    }

    /// Returns both texts in a row, or `None` when no engine takes both or the text grows too long.
    pub(super) fn then(&self, other: &Candidate) -> Option<Candidate> {
        let side = match (self.side, other.side) {
            (Some(one), Some(another)) if one != another => return None,
            (one, another) => one.or(another),
        };
        if self.text.len() + other.text.len() > LONGEST_NAME {
            return None;
        }
        let mut both = self.clone();
        both.text.push_str(&other.text);
        both.unknown
            .extend(other.unknown.iter().take(MOST_PARTS - both.unknown.len().min(MOST_PARTS)).cloned());
        both.places.extend(other.places.iter().take(MOST_PARTS - both.places.len().min(MOST_PARTS)));
        both.chain.extend(other.chain.iter().take(MOST_PARTS - both.chain.len().min(MOST_PARTS)).cloned());
        for profile in &other.profiles {
            both.add_profile(profile);
        }
        both.side = side;
        if both.text.is_empty() && both.empty_origin.is_none() {
            both.empty_origin.clone_from(&other.empty_origin);
        }
        both.indirect |= other.indirect;
        Some(both)
    }

    /// Adds a profile in which alone it is set.
    pub(super) fn add_profile(&mut self, profile: &str) {
        if !self.profiles.iter().any(|known| known == profile) {
            self.profiles.push(profile.to_owned());
        }
    }
}

/// What an expression can come to.
#[derive(Debug, Clone)]
pub(super) enum Value<'p, 's, E> {
    /// Text.
    Name(Candidate),
    /// `null`, or a truth value: no container.
    Nothing,
    /// A list, a map or a closure, with what its names mean.
    Data(&'p Expr<'s>, E),
}

/// Adds values up to the bound; returns false when some were left out.
pub(super) fn add_all<T>(to: &mut Vec<T>, more: impl IntoIterator<Item = T>) -> bool {
    for value in more {
        if to.len() == MOST_NAMES {
            return false;
        }
        to.push(value);
    }
    true
}
