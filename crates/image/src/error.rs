//! Why a text is no image reference, prefix or ECR name, and where.

use std::ops::Range;

/// A text that is not what it should be, with the place where it goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.line())]
pub struct ImageError {
    what: &'static str,
    text: String,
    at: Range<usize>,
    problem: Problem,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing stands where something must.
    Empty(&'static str),
    /// A capital letter in a part that allows none.
    Capital(&'static str),
    /// A character that the part does not allow.
    Character(&'static str),
    /// A part that is longer or shorter than allowed; holds the part and the rule.
    Length(&'static str, String),
    /// A second tag behind the first.
    SecondTag,
    /// A second digest behind the first.
    SecondDigest,
    /// A separator at the start, at the end, or beside another one.
    Separator(&'static str),
    /// A scheme that names no registry image.
    Scheme,
    /// A digest algorithm that registries do not use.
    Algorithm,
    /// A port that is no number from 1 to 65535.
    Port,
    /// A value that is not of the form; holds the form in words.
    Form(&'static str),
}

/// Longest piece of the text that a message repeats, in characters.
const SHOWN: usize = 120;

impl ImageError {
    pub(crate) fn new(what: &'static str, text: &str, at: Range<usize>, problem: Problem) -> Self {
        Self { what, text: text.to_owned(), at, problem }
    }

    /// Returns the text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the place that is wrong, as a range of bytes of the text.
    pub fn at(&self) -> Range<usize> {
        self.at.clone()
    }

    /// Returns what is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Returns the text and, below it, a line that marks the wrong place with carets.
    pub fn marked(&self) -> String {
        let before = self.text.get(..self.at.start).map_or(0, |before| before.chars().count());
        let width = self.text.get(self.at.clone()).map_or(0, |part| part.chars().count()).max(1);
        format!("{}\n{}{}", self.text, " ".repeat(before), "^".repeat(width))
    }

    fn line(&self) -> String {
        let column = self.text.get(..self.at.start).map_or(0, |before| before.chars().count()) + 1;
        let shown: String = self.text.chars().take(SHOWN).collect();
        let cut = if shown.len() < self.text.len() { "..." } else { "" };
        let part = self.text.get(self.at.clone()).unwrap_or_default();
        let part: String = part.chars().take(SHOWN).collect();
        let problem = match &self.problem {
            Problem::Empty(part) => format!("empty {part}"),
            Problem::Capital(place) => format!("capital letter `{part}` in the {place}"),
            Problem::Character(place) => format!("`{part}` is not allowed in the {place}"),
            Problem::Length(place, rule) => format!("the {place} must be {rule}"),
            Problem::SecondTag => format!("second tag `{part}`"),
            Problem::SecondDigest => format!("second digest `{part}`"),
            Problem::Separator(place) => format!("separator `{part}` out of place in the {place}"),
            Problem::Scheme => format!("`{part}` does not lead to an image in a registry"),
            Problem::Algorithm => format!("digest algorithm `{part}` is neither sha256 nor sha512"),
            Problem::Port => format!("port `{part}` is not a number from 1 to 65535"),
            Problem::Form(form) => format!("it must be {form}"),
        };
        format!("`{shown}{cut}` is not {}: {problem} (at character {column})", self.what)
    }
}
