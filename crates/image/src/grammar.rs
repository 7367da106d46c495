//! The pieces that image names are read with: a text that knows its place, and repository paths.

use std::ops::Range;

use crate::error::{ImageError, Problem};

/// A part of a text that remembers where in the whole it stands, so that errors can show the place.
#[derive(Clone, Copy)]
pub(crate) struct Cursor<'a> {
    what: &'static str,
    whole: &'a str,
    start: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    /// Returns the whole of a text, which should be `what`: "an image reference".
    pub(crate) fn new(what: &'static str, whole: &'a str) -> Self {
        Self { what, whole, start: 0, end: whole.len() }
    }

    /// Returns the part's text.
    pub(crate) fn text(self) -> &'a str {
        &self.whole[self.start..self.end]
    }

    /// Returns the part between two offsets of this part; both must be character boundaries inside it.
    pub(crate) fn part(self, range: Range<usize>) -> Self {
        Self { start: self.start + range.start, end: self.start + range.end, ..self }
    }

    /// Splits at the first `separator`.
    pub(crate) fn split_once(self, separator: char) -> Option<(Self, Self)> {
        self.text().find(separator).map(|at| self.split_at(at, separator))
    }

    fn split_at(self, at: usize, separator: char) -> (Self, Self) {
        (self.part(0..at), self.part(at + separator.len_utf8()..self.text().len()))
    }

    /// Returns the parts between slashes.
    pub(crate) fn components(self) -> impl Iterator<Item = Self> {
        let mut start = 0;
        self.text().split('/').map(move |component| {
            let part = self.part(start..start + component.len());
            start += component.len() + 1;
            part
        })
    }

    /// Returns an error about this part.
    pub(crate) fn error(self, problem: Problem) -> ImageError {
        ImageError::new(self.what, self.whole, self.start..self.end, problem)
    }

    /// Checks every character; the error shows the first that is not allowed in the `place`.
    pub(crate) fn each_char(
        self,
        place: &'static str,
        allowed: impl Fn(u8) -> bool,
    ) -> Result<(), ImageError> {
        for (at, character) in self.text().char_indices() {
            if u8::try_from(character).is_ok_and(&allowed) {
                continue;
            }
            let part = self.part(at..at + character.len_utf8());
            // Where small letters would do, the capital is the point.
            let small_would_do =
                character.is_ascii_uppercase() && allowed(character.to_ascii_lowercase() as u8);
            let problem = if small_would_do { Problem::Capital(place) } else { Problem::Character(place) };
            return Err(part.error(problem));
        }
        Ok(())
    }
}

/// Checks a repository path: components of small letters and digits, joined inside by `.`, `_`, `__` or
/// dashes, and with each other by `/`. This is the grammar of the OCI distribution specification and of ECR.
pub(crate) fn check_path(path: Cursor<'_>, place: &'static str) -> Result<(), ImageError> {
    if path.text().is_empty() {
        return Err(path.error(Problem::Empty(place)));
    }
    for component in path.components() {
        if component.text().is_empty() {
            return Err(component.error(Problem::Empty("part between slashes")));
        }
        check_component(component, place)?;
    }
    Ok(())
}

fn check_component(component: Cursor<'_>, place: &'static str) -> Result<(), ImageError> {
    component.each_char(place, |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))?;
    let text = component.text();
    let is_separator = |byte: u8| matches!(byte, b'.' | b'_' | b'-');
    let mut at = 0;
    while at < text.len() {
        let run = text.as_bytes()[at..].iter().take_while(|&&byte| is_separator(byte)).count();
        if run > 0 {
            let separator = &text[at..at + run];
            let legal = matches!(separator, "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-');
            if !legal || at == 0 || at + run == text.len() {
                return Err(component.part(at..at + run).error(Problem::Separator(place)));
            }
        }
        at += run.max(1);
    }
    Ok(())
}
