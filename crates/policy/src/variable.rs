//! Policy variables: `${aws:username}`, `${*}`, `${aws:PrincipalTag/team, 'none'}`.
//!
//! Owns reading a text into literal parts, wildcards and variables, and filling the variables from a
//! request. Knows nothing of the element a text stands in.

use std::borrow::Cow;

use crate::pattern::{Pattern, Token};
use crate::request::{KeyState, Request};

/// A text of a policy, with its wildcards and variables found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Template {
    /// Nothing to fill in.
    Fixed(Pattern),
    /// Parts to be put together for each request.
    Parts(Vec<Part>),
}

/// One part of a text with variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A character or wildcard.
    Token(Token),
    /// The value of a condition key, or the default when the request lacks it.
    Variable { key: String, default: Option<String> },
}

/// A template filled in for one request.
pub(crate) enum Filled<'t> {
    /// Every variable had a value.
    Whole(Cow<'t, Pattern>),
    /// These keys are unknown; the pattern has `*` in their place.
    Partly(Pattern, Vec<String>),
    /// A variable has no value, so the text matches nothing.
    Nothing,
}

/// How a text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Whether `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// Whether `${...}` is a variable, as it is since version 2012-10-17.
    pub(crate) variables: bool,
}

impl Template {
    /// Returns the template of a text; a `${` without an end is literal.
    pub(crate) fn read(text: &str, reading: Reading) -> Template {
        let mut parts = Vec::new();
        let mut rest = text;
        let mut filled = false;
        while let Some(character) = rest.chars().next() {
            if reading.variables
                && let Some((inside, after)) = rest.strip_prefix("${").and_then(|open| open.split_once('}'))
            {
                let part = variable(inside);
                filled |= matches!(part, Part::Variable { .. });
                parts.push(part);
                rest = after;
                continue;
            }
            parts.push(Part::Token(match character {
                '*' if reading.wildcards => Token::Any,
                '?' if reading.wildcards => Token::One,
                other => Token::Char(other),
            }));
            rest = rest.get(character.len_utf8()..).unwrap_or_default();
        }
        if filled {
            return Template::Parts(parts);
        }
        let mut pattern = Pattern::default();
        for part in parts {
            if let Part::Token(token) = part {
                pattern.push(token);
            }
        }
        Template::Fixed(pattern)
    }

    /// Returns the pattern this template makes for a request.
    pub(crate) fn fill(&self, request: &Request) -> Filled<'_> {
        let parts = match self {
            Template::Fixed(pattern) => return Filled::Whole(Cow::Borrowed(pattern)),
            Template::Parts(parts) => parts,
        };
        let mut pattern = Pattern::default();
        let mut unknown = Vec::new();
        for part in parts {
            match part {
                Part::Token(token) => pattern.push(*token),
                Part::Variable { key, default } => match (request.key(key), default) {
                    // A key with several values cannot stand in a text.
                    (KeyState::Values([value]), _) => pattern.push_literal(value),
                    (KeyState::Absent, Some(default)) => pattern.push_literal(default),
                    (KeyState::Values(_) | KeyState::Absent, _) => return Filled::Nothing,
                    (KeyState::Present | KeyState::Unknown, _) => {
                        pattern.push(Token::Any);
                        unknown.push(key.clone());
                    }
                },
            }
        }
        if unknown.is_empty() { Filled::Whole(Cow::Owned(pattern)) } else { Filled::Partly(pattern, unknown) }
    }

    /// Returns whether the text holds a variable.
    pub(crate) fn has_variables(&self) -> bool {
        matches!(self, Template::Parts(_))
    }
}

/// Returns the part that the text between `${` and `}` stands for.
fn variable(inside: &str) -> Part {
    match inside {
        "*" => return Part::Token(Token::Char('*')),
        "?" => return Part::Token(Token::Char('?')),
        "$" => return Part::Token(Token::Char('$')),
        _ => {}
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, rest)) => {
            let rest = rest.trim();
            (key, rest.strip_prefix('\'').and_then(|open| open.strip_suffix('\'')).map(str::to_owned))
        }
        None => (inside, None),
    };
    Part::Variable { key: key.trim().to_owned(), default }
}
