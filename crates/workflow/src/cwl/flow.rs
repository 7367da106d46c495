//! Flow collections and quoted texts laid on one line each.
//!
//! YAML 1.2 wants the lines of `[...]`, `{...}` and quoted texts indented deeper than what they belong to, and
//! no lone `-` in lists. Real workflows close a list at the column of its key, and the readers of workflow
//! engines take both. Owns where such texts begin and end; must not know what they hold.

/// Returns the text with line breaks and comments inside flow collections and quoted texts made blanks, and a
/// lone `-` in a collection made a word; or `None` when there are none. The length in bytes stays.
pub(crate) fn on_one_line(text: &str) -> Option<String> {
    let mut lines =
        Lines { source: text.as_bytes(), bytes: text.as_bytes().to_vec(), at: 0, is_open_ended: false };
    let mut block: Option<usize> = None;
    while lines.at < lines.source.len() {
        let start = lines.at;
        let indent = lines.skip(|byte| byte == b' ');
        let is_blank = matches!(lines.peek(), None | Some(b'\n' | b'\r'));
        if is_blank || block.is_some_and(|parent| indent > parent) {
            lines.skip_line();
            continue;
        }
        block = lines.line().then_some(lines.parent(start));
        lines.skip_line();
    }
    if lines.bytes == text.as_bytes() { None } else { String::from_utf8(lines.bytes).ok() }
}

struct Lines<'t> {
    source: &'t [u8],
    bytes: Vec<u8>,
    at: usize,
    /// True once a collection did not end, so that none behind it can.
    is_open_ended: bool,
}

impl Lines<'_> {
    fn peek(&self) -> Option<u8> {
        self.source.get(self.at).copied()
    }

    fn skip(&mut self, is: impl Fn(u8) -> bool) -> usize {
        let start = self.at;
        while self.peek().is_some_and(&is) {
            self.at += 1;
        }
        self.at - start
    }

    fn skip_line(&mut self) {
        let rest = self.source.get(self.at..).unwrap_or_default();
        self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    }

    /// Returns the column of the key or entry that the line at `start` begins with, marks of entries left out.
    fn parent(&self, start: usize) -> usize {
        let line = self.source.get(start..).unwrap_or_default();
        let mut column = 0;
        loop {
            match (line.get(column), line.get(column + 1)) {
                (Some(b' '), _) => column += 1,
                // The text of an entry `- |` is indented by the mark's column at least.
                (Some(b'-'), Some(b' ')) if self.opens_block(start + column + 1) => return column,
                (Some(b'-'), Some(b' ')) => column += 1,
                _ => return column,
            }
        }
    }

    fn opens_block(&self, at: usize) -> bool {
        let rest = self.source.get(at..).unwrap_or_default();
        matches!(rest.iter().find(|byte| **byte != b' '), Some(b'|' | b'>'))
    }

    /// Reads the nodes that a line begins with. Returns whether a block scalar begins at its end.
    fn line(&mut self) -> bool {
        loop {
            self.skip(|byte| byte == b' ' || byte == b'\t');
            match self.peek() {
                Some(b'|' | b'>') => return true,
                Some(b'[' | b'{') if !self.is_open_ended => self.collection(),
                Some(b'"' | b'\'') => self.quoted(),
                Some(b'&' | b'!') => {
                    self.skip(|byte| !byte.is_ascii_whitespace());
                    continue;
                }
                Some(b'-' | b'?') if matches!(self.source.get(self.at + 1), Some(b' ' | b'\t')) => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            // What follows the next `: ` of the line is a node again.
            loop {
                self.skip(|byte| !matches!(byte, b':' | b'\n' | b'#'));
                let before = self.at.checked_sub(1).and_then(|before| self.source.get(before));
                match self.peek() {
                    Some(b':') => {
                        self.at += 1;
                        if matches!(self.peek(), Some(b' ' | b'\t')) {
                            break;
                        }
                    }
                    Some(b'#') if !before.is_some_and(u8::is_ascii_whitespace) => self.at += 1,
                    _ => return false,
                }
            }
        }
    }

    /// Reads a flow collection; leaves one that does not end as it is.
    fn collection(&mut self) {
        let start = self.at;
        let mut depth = 0usize;
        let mut is_token_start = true;
        while let Some(byte) = self.peek() {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                b'"' | b'\'' if is_token_start => {
                    self.quoted();
                    is_token_start = false;
                    continue;
                }
                // A dash alone is a text to most readers.
                b'-' if is_token_start
                    && matches!(self.source.get(self.at + 1), Some(b',' | b']' | b'}')) =>
                {
                    if let Some(dash) = self.bytes.get_mut(self.at) {
                        *dash = b'_';
                    }
                }
                b'#' if self.source.get(self.at - 1).is_some_and(u8::is_ascii_whitespace) => {
                    while self.peek().is_some_and(|byte| byte != b'\n') {
                        self.blank();
                    }
                    continue;
                }
                b'\n' | b'\r' | b'\t' => {
                    self.blank();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
            is_token_start = matches!(byte, b'[' | b'{' | b',' | b':') || (is_token_start && byte == b' ');
        }
        self.is_open_ended = true;
        self.bytes.truncate(start);
        self.bytes.extend(self.source.iter().skip(start));
        self.at = start + 1;
    }

    /// Reads a quoted text.
    fn quoted(&mut self) {
        let quote = self.peek();
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' if quote == Some(b'"') => self.at += 2,
                b'\n' | b'\r' => self.blank(),
                _ => {
                    self.at += 1;
                    if Some(byte) == quote && (byte == b'"' || self.peek() != quote) {
                        return;
                    }
                    if Some(byte) == quote {
                        self.at += 1;
                    }
                }
            }
        }
    }

    fn blank(&mut self) {
        if let Some(byte) = self.bytes.get_mut(self.at) {
            *byte = b' ';
        }
        self.at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::on_one_line;

    #[test]
    fn collections_and_quoted_texts_come_on_one_line() {
        let cases = [
            ("a: [\n  b, # c\n]\nd: e\n", "a: [   b,     ]\nd: e\n"),
            ("- &x {a: 'b\n]',\n\tc: it's}\n", "- &x {a: 'b ]',  c: it's}\n"),
            ("a: \"b\\\"\nc\"\nd: 'e''\n'\n", "a: \"b\\\" c\"\nd: 'e'' '\n"),
            ("\"k\": [\n1]\n", "\"k\": [ 1]\n"),
            ("a: [b, -, -]\n", "a: [b, _, _]\n"),
        ];
        for (text, expected) in cases {
            assert_eq!(on_one_line(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_brackets_stay() {
        let block = "a: |\n  b: [\n  ]\n- c: >-\n    d: [\n    ]\n- |\n [\n ]\n";
        for text in [block, "a: b [\n  c ]\n", "a: b # [\n", "a: http://b:[\n]\n", "a: [\n b\n", "a: [b]\n"] {
            assert_eq!(on_one_line(text), None, "{text}");
        }
    }

    #[test]
    fn open_ends_cost_one_search() {
        assert_eq!(on_one_line(&"[\n".repeat(500_000)), None);
        assert_eq!(on_one_line(&"- {\n".repeat(500_000)), None);
    }
}
