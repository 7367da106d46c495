//! Masks of what stands in real workflow files and no YAML reader takes, so that the rest can be read.
//!
//! A masked text has the length of its source in bytes, so places in one are places in the other. Must not know
//! what the text means.

use memchr::memmem;

/// Returns the text with JSON escapes of UTF-16 surrogates masked, or `None` when it has none.
///
/// JSON writes characters beyond 16 bits as two of them; YAML has no such escape.
pub(crate) fn surrogates(text: &str) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let mut found = false;
    for at in memmem::find_iter(text.as_bytes(), "\\u") {
        let digits = text.get(at + 2..at + 6).and_then(|digits| u16::from_str_radix(digits, 16).ok());
        if digits.is_some_and(|unit| (0xD800..0xE000).contains(&unit)) {
            bytes[at + 2..at + 6].copy_from_slice(b"003f");
            found = true;
        }
    }
    found.then(|| String::from_utf8(bytes).ok()).flatten()
}

/// Returns the text with Jinja and tabs masked, or `None` when it has neither.
///
/// A `{{ value }}` becomes a word, a `{% statement %}` and a `{# comment #}` become blank, a tab a space.
pub(crate) fn templates_and_tabs(text: &str) -> Option<String> {
    let source = text.as_bytes();
    let mut bytes = source.to_vec();
    let [mut value, mut statement, mut comment, mut line] = ["}}", "%}", "#}", "\n"].map(Next::new);
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'{', &source[at..]).map(|found| at + found) {
        at = open + 1;
        let (close, mask) = match source.get(at) {
            Some(b'{') => (&mut value, b'_'),
            Some(b'%') => (&mut statement, b' '),
            Some(b'#') => (&mut comment, b' '),
            _ => continue,
        };
        let Some(end) = close.from(source, open + 2).map(|close| close + 2) else {
            continue;
        };
        // A value stands on one line; two flow mappings may well go on over several.
        if mask == b'_' && line.from(source, open).is_some_and(|line| line < end) {
            continue;
        }
        bytes[open..end]
            .iter_mut()
            .filter(|byte| !matches!(byte, b'\n' | b'\r'))
            .for_each(|byte| *byte = mask);
        at = end;
    }
    bytes.iter_mut().filter(|byte| **byte == b'\t').for_each(|byte| *byte = b' ');
    if bytes == source { None } else { String::from_utf8(bytes).ok() }
}

/// The next place of a needle, found once however often it is asked for.
struct Next {
    needle: &'static str,
    found: Option<usize>,
    exhausted: bool,
}

impl Next {
    fn new(needle: &'static str) -> Self {
        Self { needle, found: None, exhausted: false }
    }

    /// Returns the first place at or behind `from`, which never goes back.
    fn from(&mut self, source: &[u8], from: usize) -> Option<usize> {
        if !self.exhausted && self.found.is_none_or(|found| found < from) {
            let next = source.get(from..).and_then(|rest| memmem::find(rest, self.needle.as_bytes()));
            self.found = next.map(|next| from + next);
            self.exhausted = self.found.is_none();
        }
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::{surrogates, templates_and_tabs};

    #[test]
    fn surrogates_become_another_escape_of_the_same_length() {
        assert_eq!(surrogates(r#"["\ud83d\uDE00 \u00e9"]"#).as_deref(), Some(r#"["\u003f\u003f \u00e9"]"#));
        assert_eq!(surrogates(r#"["\u00e9 \u12"]"#), None);
    }

    #[test]
    fn templates_become_words_and_blanks_and_tabs_become_spaces() {
        let masked = templates_and_tabs("a: {{ é }}:1\n{% if b %}\n\tc: d\te\n{# f\ng #}\n");
        assert_eq!(masked.as_deref(), Some("a: ________:1\n          \n c: d e\n    \n    \n"));
        assert_eq!(templates_and_tabs("a: {{b: c},\n  {d: e}}\n"), None);
        assert_eq!(templates_and_tabs("a: {b: c} {{ {%"), None);
    }

    #[test]
    fn open_marks_cost_one_search() {
        let text = "{{{%{#".repeat(300_000);
        assert_eq!(templates_and_tabs(&text), None);
    }
}
