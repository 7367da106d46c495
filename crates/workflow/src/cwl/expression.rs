//! Values that are put together at run time: CWL expressions and Jinja templates.
//!
//! Owns what of them can be known without running them: plain text, the inputs they name, and sums of both.
//! Must not know where a value stands or what its inputs hold.

use std::collections::BTreeSet;
use std::ops::Range;

/// A piece of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text that stands at these bytes of the value.
    Text(Range<usize>),
    /// A string of an expression.
    Quoted(String),
    /// The value of the input of this name.
    Input(String),
}

/// What a value comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing in it is to be evaluated.
    Plain,
    /// Text and inputs, in order.
    Sum(Vec<Part>),
    /// It hangs on what cannot be known here; the names, sorted.
    Unknown(Vec<String>),
}

/// Returns what a value comes to.
pub(crate) fn read(value: &str) -> Value {
    if value.contains("{{") || value.contains("{%") {
        return Value::Unknown(template_names(value));
    }
    let expressions = expressions(value);
    if expressions.is_empty() {
        return Value::Plain;
    }
    let mut parts = Vec::new();
    let mut plain = 0;
    for expression in &expressions {
        if plain < expression.range.start {
            parts.push(Part::Text(plain..expression.range.start));
        }
        let Some(sum) = expression.sum() else {
            return Value::Unknown(input_names(&expressions));
        };
        parts.extend(sum);
        plain = expression.range.end;
    }
    if plain < value.len() {
        parts.push(Part::Text(plain..value.len()));
    }
    Value::Sum(parts)
}

/// Returns the names of the inputs that parts hang on, sorted, as `inputs.name`.
pub(crate) fn names(parts: &[Part]) -> Vec<String> {
    let names: BTreeSet<_> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Input(name) => Some(format!("inputs.{name}")),
            _ => None,
        })
        .collect();
    names.into_iter().collect()
}

/// A `$(...)` or `${...}`.
struct Expression<'v> {
    /// Its bytes in the value, marks included.
    range: Range<usize>,
    /// The code between the marks.
    code: &'v str,
    /// False when the closing mark is missing.
    closed: bool,
    /// True for a function body, `${...}`.
    is_body: bool,
}

impl Expression<'_> {
    /// Returns the parts of a sum of strings and inputs, or `None` for any other code.
    fn sum(&self) -> Option<Vec<Part>> {
        let mut tokens = tokens(self.code);
        if self.is_body {
            if tokens.last() == Some(&Token::Symbol(b';')) {
                tokens.pop();
            }
            (tokens.first() == Some(&Token::Name("return"))).then(|| tokens.remove(0))?;
        }
        // Brackets change nothing in a sum of texts.
        tokens.retain(|token| !matches!(token, Token::Symbol(b'(' | b')')));
        let mut rest = tokens.as_slice();
        let mut parts = Vec::new();
        loop {
            rest = match rest {
                [Token::Text(text), rest @ ..] => {
                    parts.push(Part::Quoted(text.clone()));
                    rest
                }
                [Token::Name("inputs"), Token::Symbol(b'.'), Token::Name(name), rest @ ..] => {
                    parts.push(Part::Input((*name).to_owned()));
                    rest
                }
                [
                    Token::Name("inputs"),
                    Token::Symbol(b'['),
                    Token::Text(name),
                    Token::Symbol(b']'),
                    rest @ ..,
                ] => {
                    parts.push(Part::Input(name.clone()));
                    rest
                }
                _ => return None,
            };
            match rest {
                [] => return self.closed.then_some(parts),
                [Token::Symbol(b'+'), behind @ ..] => rest = behind,
                _ => return None,
            }
        }
    }
}

/// Returns the expressions of a value in order; a `\$` starts none.
fn expressions(value: &str) -> Vec<Expression<'_>> {
    let bytes = value.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(dollar) = memchr::memchr(b'$', bytes.get(at..).unwrap_or_default()).map(|next| at + next) {
        at = dollar + 1;
        let opens = matches!(bytes.get(at), Some(b'(' | b'{'));
        if !opens || value.get(..dollar).is_some_and(|before| before.ends_with('\\')) {
            continue;
        }
        let close = closing(bytes, at);
        let code = value.get(at + 1..close.unwrap_or(bytes.len())).unwrap_or_default();
        let end = close.map_or(bytes.len(), |close| close + 1);
        let is_body = bytes.get(at) == Some(&b'{');
        found.push(Expression { range: dollar..end, code, closed: close.is_some(), is_body });
        at = end;
    }
    found
}

/// Returns the offset of the bracket that closes the one at `open`, strings left out.
fn closing(bytes: &[u8], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = open;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'(' | b'{' | b'[' => depth += 1,
            b')' | b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            b'"' | b'\'' => {
                at = behind_string(bytes, at);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Returns the offset behind the string that starts at `quote`.
fn behind_string(bytes: &[u8], quote: usize) -> usize {
    let mark = bytes.get(quote).copied();
    let mut at = quote + 1;
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b'\\' => 2,
            _ if Some(byte) == mark => return at + 1,
            _ => 1,
        };
    }
    bytes.len()
}

/// Returns the inputs, and members of `self` and `runtime`, that expressions name.
fn input_names(expressions: &[Expression<'_>]) -> Vec<String> {
    let mut names = BTreeSet::new();
    for expression in expressions {
        let tokens = tokens(expression.code);
        for window in tokens.windows(3) {
            match window {
                [
                    Token::Name(root @ ("inputs" | "self" | "runtime")),
                    Token::Symbol(b'.'),
                    Token::Name(name),
                ] => {
                    names.insert(format!("{root}.{name}"));
                }
                [
                    Token::Name(root @ ("inputs" | "self" | "runtime")),
                    Token::Symbol(b'['),
                    Token::Text(name),
                ] => {
                    names.insert(format!("{root}.{name}"));
                }
                _ => {}
            }
        }
    }
    names.into_iter().collect()
}

/// Returns the variables that a Jinja template hangs on; filters, members, calls and strings are none.
fn template_names(value: &str) -> Vec<String> {
    let mut names = BTreeSet::new();
    let mut rest = value;
    while let Some(open) = rest.find('{') {
        rest = rest.get(open + 1..).unwrap_or_default();
        let close = match rest.as_bytes().first() {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            _ => continue,
        };
        let end = rest.find(close).unwrap_or(rest.len());
        let tokens = tokens(rest.get(1..end).unwrap_or_default());
        let mut before = None;
        for token in &tokens {
            if let Token::Name(name) = token {
                let is_variable = !matches!(before, Some(&Token::Symbol(b'|' | b'.')));
                if is_variable && !JINJA_WORDS.contains(name) {
                    names.insert((*name).to_owned());
                }
            }
            before = Some(token);
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    names.into_iter().collect()
}

/// Words of Jinja that are no variables.
const JINJA_WORDS: [&str; 16] = [
    "if", "else", "elif", "endif", "for", "endfor", "in", "is", "and", "or", "not", "set", "defined", "true",
    "false", "none",
];

#[derive(Debug, PartialEq, Eq)]
enum Token<'v> {
    Name(&'v str),
    Text(String),
    Symbol(u8),
}

/// Returns the names, strings and other marks of code, white space left out.
fn tokens(code: &str) -> Vec<Token<'_>> {
    let bytes = code.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        if matches!(byte, b'"' | b'\'') {
            at = behind_string(bytes, at);
            tokens
                .push(Token::Text(unescaped(code.get(start + 1..at.saturating_sub(1)).unwrap_or_default())));
        } else if byte.is_ascii_alphanumeric() || byte == b'_' {
            while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
                at += 1;
            }
            let word = code.get(start..at).unwrap_or_default();
            // A number is nothing that a sum of texts takes.
            tokens.push(if byte.is_ascii_digit() { Token::Symbol(byte) } else { Token::Name(word) });
        } else {
            if !byte.is_ascii_whitespace() {
                tokens.push(Token::Symbol(byte));
            }
            at += 1;
        }
    }
    tokens
}

/// Returns a string's text with a backslash before a character taken away.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{Part, Value, read};

    fn unknown(names: &[&str]) -> Value {
        Value::Unknown(names.iter().map(|&name| name.to_owned()).collect())
    }

    fn input(name: &str) -> Part {
        Part::Input(name.to_owned())
    }

    fn quoted(text: &str) -> Part {
        Part::Quoted(text.to_owned())
    }

    #[test]
    fn text_without_expressions_is_plain() {
        for value in ["ubuntu:22.04", "", "a$b", "cost $5", r"\$(inputs.x)", "{a}", "$"] {
            assert_eq!(read(value), Value::Plain, "{value}");
        }
    }

    #[test]
    fn sums_of_texts_and_inputs_are_taken_apart() {
        let cases = [
            ("$(inputs.x)", vec![input("x")]),
            ("$( inputs.x )", vec![input("x")]),
            ("$(inputs['the-x'])", vec![input("the-x")]),
            ("quay.io/$(inputs.x):1", vec![Part::Text(0..8), input("x"), Part::Text(19..21)]),
            ("$(inputs.a)/$(inputs.b)", vec![input("a"), Part::Text(11..12), input("b")]),
            (r#"$(inputs.a + "/b\"c")"#, vec![input("a"), quoted("/b\"c")]),
            ("${return inputs.a + ('/b' + inputs[\"c\"]);}", vec![input("a"), quoted("/b"), input("c")]),
            ("$('a)')", vec![quoted("a)")]),
        ];
        for (value, parts) in cases {
            assert_eq!(read(value), Value::Sum(parts), "{value}");
        }
    }

    #[test]
    fn other_code_names_what_it_hangs_on() {
        let cases = [
            ("$(inputs.gpu ? 'a' : inputs['cpu'])", unknown(&["inputs.cpu", "inputs.gpu"])),
            ("$(inputs.file.basename)", unknown(&["inputs.file"])),
            ("${ if (inputs.a) { return 'b'; } return self.c; }", unknown(&["inputs.a", "self.c"])),
            ("$(inputs.a", unknown(&["inputs.a"])),
            ("$(inputs.a + 1)", unknown(&["inputs.a"])),
            ("$()", unknown(&[])),
            ("it's $(inputs.a)/$(f(inputs.b))", unknown(&["inputs.a", "inputs.b"])),
        ];
        for (value, expected) in cases {
            assert_eq!(read(value), expected, "{value}");
        }
    }

    #[test]
    fn jinja_names_its_variables() {
        let cases = [
            ("{{ repository }}/tool:{{tag}}", unknown(&["repository", "tag"])),
            ("{{ docker.tool | default('x:1') }}", unknown(&["docker"])),
            ("{% if gpu %}a{% else %}b{% endif %}", unknown(&["gpu"])),
            ("{{ open", unknown(&["open"])),
        ];
        for (value, expected) in cases {
            assert_eq!(read(value), expected, "{value}");
        }
    }
}
