//! Tokens of WDL, one at a time; strings and commands are left to the parser.
//!
//! Owns where a token begins and ends. Must not know what tokens mean together.

use memchr::memmem;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword.
    Word,
    /// A number.
    Number,
    /// The quote that opens a string.
    Quote,
    /// `<<<`.
    Heredoc,
    /// An operator or bracket.
    Symbol,
    /// A character that has no place in WDL.
    Unknown,
    /// The end of the text.
    End,
}

/// A token and its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    /// What it is.
    pub(super) kind: Kind,
    /// Its text.
    pub(super) text: &'a str,
    /// Offset of its first byte.
    pub(super) start: usize,
}

impl Token<'_> {
    /// Returns the offset just behind the token.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Returns whether it is this symbol.
    pub(super) fn is(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// Returns whether it is this word.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// A place in the text from which tokens are read.
#[derive(Clone, Copy)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// Returns a lexer at the start of the text, behind a byte order mark.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } }
    }

    /// Returns the whole text.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the offset of the next byte to be read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes on reading at `offset`.
    pub(super) fn seek(&mut self, offset: usize) {
        self.at = offset.min(self.text.len());
    }

    /// Returns the byte at a distance from the next byte to be read; 0 behind the end.
    pub(super) fn byte(&self, distance: usize) -> u8 {
        self.text.as_bytes().get(self.at + distance).copied().unwrap_or_default()
    }

    /// Returns whether the text is at its end.
    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Reads the next token, behind white space and comments.
    pub(super) fn next(&mut self) -> Token<'a> {
        self.skip_blank();
        let start = self.at;
        let bytes = &self.text.as_bytes()[start..];
        let Some(&first) = bytes.first() else {
            return Token { kind: Kind::End, text: "", start };
        };
        let (kind, length) = match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => (Kind::Word, word_length(bytes)),
            b'0'..=b'9' => (Kind::Number, number_length(bytes)),
            b'.' if bytes.get(1).is_some_and(u8::is_ascii_digit) && !self.follows_operand() => {
                (Kind::Number, number_length(bytes))
            }
            b'"' | b'\'' => (Kind::Quote, 1),
            b'<' if bytes.starts_with(b"<<<") => (Kind::Heredoc, 3),
            b'=' | b'!' | b'<' | b'>' if bytes.get(1) == Some(&b'=') => (Kind::Symbol, 2),
            b'&' | b'|' | b'*' if bytes.get(1) == Some(&first) => (Kind::Symbol, 2),
            b'{' | b'}' | b'[' | b']' | b'(' | b')' | b',' | b':' | b'=' | b'?' | b'!' | b'+' | b'-'
            | b'*' | b'/' | b'%' | b'<' | b'>' | b'.' => (Kind::Symbol, 1),
            _ => (Kind::Unknown, self.text[start..].chars().next().map_or(1, char::len_utf8)),
        };
        self.at = start + length;
        Token { kind, text: &self.text[start..self.at], start }
    }

    /// Moves just behind the next occurrence of `needle`, or to the end when there is none. Returns whether
    /// there was one.
    pub(super) fn skip_past(&mut self, needle: &[u8]) -> bool {
        let rest = &self.text.as_bytes()[self.at..];
        let found = memmem::find(rest, needle);
        self.at = found.map_or(self.text.len(), |at| self.at + at + needle.len());
        found.is_some()
    }

    /// Moves behind a string whose opening quote was just read, without looking into placeholders. A string
    /// ends with its line at the latest.
    pub(super) fn skip_string(&mut self, quote: u8) {
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let Some(stop) = memchr::memchr3(quote, b'\\', b'\n', rest) else {
                self.at = self.text.len();
                return;
            };
            match rest[stop] {
                b'\\' => self.seek_past_character(self.at + stop + 1),
                b'\n' => return self.at += stop,
                _ => return self.at += stop + 1,
            }
        }
    }

    /// Moves behind the character at `offset`.
    pub(super) fn seek_past_character(&mut self, offset: usize) {
        let character = self.text.get(offset..).and_then(|rest| rest.chars().next());
        self.seek(offset + character.map_or(1, char::len_utf8));
    }

    fn skip_blank(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b'#' => {
                    let rest = &bytes[self.at..];
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                }
                _ => return,
            }
        }
    }

    /// Returns whether the byte before this place ends an operand, so that a dot begins a member.
    fn follows_operand(&self) -> bool {
        let before = self.at.checked_sub(1).and_then(|at| self.text.as_bytes().get(at));
        before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b')' | b']'))
    }
}

fn word_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').unwrap_or(bytes.len())
}

fn number_length(bytes: &[u8]) -> usize {
    let mut length = 0;
    while let Some(byte) = bytes.get(length) {
        let exponent_sign =
            matches!(byte, b'+' | b'-') && length > 0 && matches!(bytes[length - 1], b'e' | b'E');
        if !(byte.is_ascii_alphanumeric() || *byte == b'.' || exponent_sign) {
            break;
        }
        length += 1;
    }
    length
}
