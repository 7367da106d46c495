//! The strings of a Nextflow file, and how text in them is replaced.
//!
//! Owns quotes and escapes on the way out. Must not know what the strings are for.

use std::collections::HashMap;
use std::ops::Range;

use super::token::{Kind, Quote, tokens};
use crate::rewrite::Edit;

/// The strings of one file, by the offset of their text.
pub(crate) struct Strings<'s> {
    source: &'s str,
    by_start: HashMap<usize, Quoted>,
}

struct Quoted {
    quote: Quote,
    open: Range<usize>,
    close: Range<usize>,
}

impl<'s> Strings<'s> {
    /// Returns the strings of a script or configuration.
    pub(crate) fn new(source: &'s str) -> Self {
        if u32::try_from(source.len()).is_err() {
            return Self { source, by_start: HashMap::new() };
        }
        let tokens = tokens(source);
        let quoted = tokens.iter().filter_map(|token| {
            let Kind::StringOpen(quote) = token.kind else { return None };
            let close = tokens.get(token.partner as usize)?;
            // A string that is broken off has no closing quote.
            (close.kind == Kind::StringClose && close.start < close.end).then(|| {
                let open = token.start as usize..token.end as usize;
                (open.end, Quoted { quote, open, close: close.start as usize..close.end as usize })
            })
        });
        Self { source, by_start: quoted.collect() }
    }

    /// Returns whether `$` interpolates in the string whose text spans these bytes; `None` when there is no
    /// such string.
    pub(crate) fn interpolates(&self, start: usize, end: usize) -> Option<bool> {
        let quoted = self.by_start.get(&start).filter(|quoted| quoted.close.start == end)?;
        Some(quoted.quote.interpolates())
    }

    /// Returns the edits that replace bytes of the string whose text begins at `start`.
    pub(crate) fn replace(
        &self,
        file: &str,
        start: usize,
        bytes: Range<usize>,
        text: &str,
    ) -> Option<Vec<Edit>> {
        let quoted = self.by_start.get(&start)?;
        let text = written(text, quoted.quote)?;
        Some(vec![Edit { file: file.to_owned(), start: bytes.start, end: bytes.end, text }])
    }

    /// Returns the edits that put the value of a parameter and a text in the place of bytes of the string
    /// whose text begins at `start`. A string that does not interpolate becomes one that does.
    pub(crate) fn parameterize(
        &self,
        file: &str,
        start: usize,
        bytes: Range<usize>,
        parameter: &str,
        text: &str,
    ) -> Option<Vec<Edit>> {
        let quoted = self.by_start.get(&start)?;
        let text = format!("${{params.{parameter}}}{}", written(text, quoted.quote)?);
        let edit = |range: Range<usize>, text: &str| Edit {
            file: file.to_owned(),
            start: range.start,
            end: range.end,
            text: text.to_owned(),
        };
        let marks = match quoted.quote {
            Quote::Single => "\"",
            Quote::TripleSingle => "\"\"\"",
            _ => return Some(vec![edit(bytes, &text)]),
        };
        let mut edits = vec![edit(quoted.open.clone(), marks), edit(bytes.clone(), &text)];
        let kept = [quoted.open.end..bytes.start, bytes.end..quoted.close.start];
        for range in kept {
            let mut is_escaped = false;
            for (at, byte) in self.source.get(range.clone())?.bytes().enumerate() {
                if matches!(byte, b'$' | b'"') && !is_escaped {
                    let at = range.start + at;
                    edits.push(edit(at..at, "\\"));
                }
                is_escaped = byte == b'\\' && !is_escaped;
            }
        }
        edits.push(edit(quoted.close.clone(), marks));
        Some(edits)
    }
}

/// Returns how a text that has nothing to escape but slashes is written between quotes.
fn written(text: &str, quote: Quote) -> Option<String> {
    match quote {
        Quote::Slashy => Some(text.replace('/', "\\/")),
        // A slash at the end would close the string.
        Quote::DollarSlashy if text.ends_with('/') => None,
        _ => Some(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::Strings;
    use crate::rewrite::{Edits, apply};

    fn parameterized(source: &str, old: &str) -> Option<String> {
        let strings = Strings::new(source);
        let at = source.find(old)?;
        let start = source[..at].rfind(['\'', '"', '/']).map_or(0, |quote| quote + 1);
        let edits = strings.parameterize("f", start, at..at + old.len(), "reg", "/q")?;
        let edits = Edits::new(edits).ok()?;
        edits.files().next().and_then(|(_, edits)| apply(source, edits))
    }

    #[test]
    fn strings_that_do_not_interpolate_become_some_that_do() {
        for (source, expected) in [
            ("x = 'OLD/a:1'", r#"x = "${params.reg}/q/a:1""#),
            ("x = '''OLD/a:1'''", r#"x = """${params.reg}/q/a:1""""#),
            ("x = 'OLD/a$b\"c\\$d'", r#"x = "${params.reg}/q/a\$b\"c\$d""#),
            ("x = \"OLD/a:${b}\"", r#"x = "${params.reg}/q/a:${b}""#),
            ("x = \"${c ? 'OLD/a' : 'b'}\"", r#"x = "${c ? "${params.reg}/q/a" : 'b'}""#),
            ("x = /OLD\\/a/", r"x = /${params.reg}\/q\/a/"),
        ] {
            assert_eq!(parameterized(source, "OLD").as_deref(), Some(expected), "{source}");
        }
        assert_eq!(parameterized("x = 'OLD/a", "OLD"), None);
    }

    #[test]
    fn slashes_are_escaped_where_they_end_a_string() {
        let strings = Strings::new("x = /a:1/");
        let edits = strings.replace("f", 5, 5..8, "h/a:1").unwrap();
        assert_eq!(edits[0].text, "h\\/a:1");
        assert_eq!(strings.interpolates(5, 8), Some(true));
        assert_eq!(strings.interpolates(5, 7), None);
    }
}
