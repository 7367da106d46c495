//! Cuts Groovy text into tokens and pairs the brackets and quotes.
//!
//! Owns what a string, a comment and a bracket is, and how to go on behind a broken one: a string on one line
//! ends with the line, a quote or `${` that is never closed is taken as text. Must not know what the tokens
//! mean to Nextflow. Works in one pass with a stack of its own, so nesting costs heap and never call stack.

mod string;

use memchr::memmem;

/// How a string is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    /// `'text'`
    Single,
    /// `"text"`
    Double,
    /// `'''text'''`
    TripleSingle,
    /// `"""text"""`
    TripleDouble,
    /// `/text/`
    Slashy,
    /// `$/text/$`
    DollarSlashy,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword; `$` belongs to names.
    Name,
    /// A number.
    Number,
    /// The end of a line or a semicolon.
    Newline,
    /// Anything else that is no bracket.
    Operator,
    /// `(`, `[`, `{`, or `${` inside a string.
    Open,
    /// `)`, `]` or `}`.
    Close,
    /// The opening quote of a string.
    StringOpen(Quote),
    /// Text of a string, escapes as written.
    StringText,
    /// `name.name` behind a `$` in a string.
    StringName,
    /// The closing quote; empty where the string is broken off.
    StringClose,
}

/// One token: a span of the text, and for openers and quotes the index of the token that closes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: Kind,
    /// Offset of its first byte.
    pub(super) start: u32,
    /// Offset behind its last byte.
    pub(super) end: u32,
    /// Of an opener, the index of the closing token, or of the first token behind when nothing closes it; of
    /// any other token, its own index.
    pub(super) partner: u32,
}

/// Bytes that may be read twice because of broken strings before `${` is no longer looked at.
const SECOND_READING: usize = 8 << 20;
/// The same for each byte of the text, so that a small text costs little whatever it holds.
const SECOND_READING_PER_BYTE: usize = 64;

/// What some editors put at the start of a file.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Returns the tokens of `text`, which must be shorter than 4 GiB.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer::new(text);
    lexer.run();
    lexer.tokens
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    Bracket { token: usize, byte: u8 },
    Interpolation { token: usize },
    Text { token: usize, quote: Quote },
}

struct Lexer<'s> {
    text: &'s [u8],
    at: usize,
    tokens: Vec<Token>,
    frames: Vec<Frame>,
    budget: usize,
    no_block_comment_end: bool,
    no_dollar_slashy_end: bool,
    no_slash_until: usize,
}

impl<'s> Lexer<'s> {
    fn new(text: &'s str) -> Self {
        Self {
            text: text.as_bytes(),
            at: 0,
            tokens: Vec::with_capacity(text.len() / 5),
            frames: Vec::new(),
            budget: SECOND_READING.min(text.len().saturating_mul(SECOND_READING_PER_BYTE)),
            no_block_comment_end: false,
            no_dollar_slashy_end: false,
            no_slash_until: 0,
        }
    }

    fn run(&mut self) {
        if self.text.starts_with(BYTE_ORDER_MARK) {
            self.at = BYTE_ORDER_MARK.len();
        }
        if self.rest().starts_with(b"#!") {
            self.at = self.line_end();
        }
        loop {
            if self.at >= self.text.len() {
                if !self.reread_broken() {
                    break;
                }
                continue;
            }
            match self.frames.last() {
                Some(&Frame::Text { token, quote }) => self.string_text(token, quote),
                _ => self.code(),
            }
        }
        let behind = self.tokens.len();
        while let Some(frame) = self.frames.pop() {
            if let Frame::Text { token, .. } = frame {
                let close = self.push(Kind::StringClose, self.at, self.at);
                self.pair(token, close);
            } else {
                self.pair(frame.token(), behind);
            }
        }
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn line_end(&self) -> usize {
        memchr::memchr(b'\n', self.rest()).map_or(self.text.len(), |found| self.at + found)
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) -> usize {
        let index = self.tokens.len();
        self.tokens.push(Token { kind, start: start as u32, end: end as u32, partner: index as u32 });
        index
    }

    fn pair(&mut self, open: usize, close: usize) {
        if let Some(token) = self.tokens.get_mut(open) {
            token.partner = close as u32;
        }
    }

    /// Reads one token of code, or skips one blank or comment.
    fn code(&mut self) {
        let start = self.at;
        match self.byte(0) {
            b'\n' => {
                self.at += 1;
                self.newline(start);
            }
            b';' => {
                self.at += 1;
                self.newline(start);
            }
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'\\' if matches!(self.byte(1), b'\n' | b'\r') => {
                self.at = (self.line_end() + 1).min(self.text.len());
            }
            b'/' if self.byte(1) == b'/' => self.at = self.line_end(),
            b'/' if self.byte(1) == b'*' && self.block_comment() => {}
            b'/' if self.slashy_starts() => self.open_string(Quote::Slashy, 1),
            b'$' if self.byte(1) == b'/' && self.dollar_slashy_starts() => {
                self.open_string(Quote::DollarSlashy, 2);
            }
            b'\'' if self.rest().starts_with(b"'''") => self.open_string(Quote::TripleSingle, 3),
            b'"' if self.rest().starts_with(b"\"\"\"") => self.open_string(Quote::TripleDouble, 3),
            b'\'' => self.open_string(Quote::Single, 1),
            b'"' => self.open_string(Quote::Double, 1),
            byte @ (b'(' | b'[' | b'{') => {
                self.at += 1;
                let token = self.push(Kind::Open, start, self.at);
                self.frames.push(Frame::Bracket { token, byte });
            }
            byte @ (b')' | b']' | b'}') => {
                self.at += 1;
                let close = self.push(Kind::Close, start, self.at);
                self.close(byte, close);
            }
            byte if is_name_start(byte) => self.name(),
            b'0'..=b'9' => {
                self.at += 1;
                while self.byte(0).is_ascii_alphanumeric()
                    || self.byte(0) == b'_'
                    || (self.byte(0) == b'.' && self.byte(1).is_ascii_digit())
                {
                    self.at += 1;
                }
                self.push(Kind::Number, start, self.at);
            }
            _ => {
                self.at += operator_length(self.rest());
                self.push(Kind::Operator, start, self.at);
            }
        }
    }

    fn newline(&mut self, start: usize) {
        if self.tokens.last().is_some_and(|token| token.kind != Kind::Newline) {
            self.push(Kind::Newline, start, start + 1);
        }
    }

    fn name(&mut self) {
        let start = self.at;
        while is_name_start(self.byte(0)) || self.byte(0).is_ascii_digit() {
            self.at += 1;
        }
        let line_start = start == 0 || self.text.get(start - 1) == Some(&b'\n');
        let name = self.text.get(start..self.at).unwrap_or_default();
        if line_start
            && name == b"process"
            && self.budget > 0
            && !self.frames.is_empty()
            && self.process_header()
        {
            // A process at the start of a line means that something before it was not closed.
            let in_string = self.frames.iter().any(|frame| matches!(frame, Frame::Interpolation { .. }));
            if in_string && self.reread_broken() {
                return;
            }
            if !in_string {
                // The end of the line that the unclosed bracket hid.
                let here = self.push(Kind::Newline, start, start);
                while let Some(frame) = self.frames.pop() {
                    self.pair(frame.token(), here);
                }
            }
        }
        self.push(Kind::Name, start, self.at);
    }

    /// Returns whether ` NAME {` follows on the same line.
    fn process_header(&self) -> bool {
        let line = self.text.get(self.at..self.line_end()).unwrap_or_default();
        let line = line.trim_ascii();
        let name = line.strip_suffix(b"{").unwrap_or_default().trim_ascii();
        !name.is_empty() && name.iter().all(|&byte| is_name_start(byte) || byte.is_ascii_digit())
    }

    fn block_comment(&mut self) -> bool {
        if self.no_block_comment_end {
            return false;
        }
        match memmem::find(self.text.get(self.at + 2..).unwrap_or_default(), b"*/") {
            Some(found) => {
                self.at += found + 4;
                true
            }
            None => {
                self.no_block_comment_end = true;
                false
            }
        }
    }

    /// Pairs a closing bracket with its opener; what was opened in between and not closed ends here too.
    fn close(&mut self, byte: u8, close: usize) {
        // Parentheses never reach across a brace, so that a missing one harms its own block only.
        const REACH: usize = 64;
        let mut depth = None;
        for (above, frame) in self.frames.iter().rev().enumerate() {
            match *frame {
                Frame::Bracket { byte: open, .. } if closes(open, byte) => {
                    depth = Some(above);
                    break;
                }
                Frame::Interpolation { .. } if byte == b'}' => {
                    depth = Some(above);
                    break;
                }
                Frame::Bracket { byte: b'{', .. } | Frame::Interpolation { .. } | Frame::Text { .. } => break,
                Frame::Bracket { .. } if byte != b'}' && above >= REACH => break,
                Frame::Bracket { .. } => {}
            }
        }
        let Some(depth) = depth else {
            if byte == b'}' {
                self.drop_unclosed();
            }
            return;
        };
        for _ in 0..=depth {
            if let Some(frame) = self.frames.pop() {
                self.pair(frame.token(), close);
            }
        }
    }

    /// Ends parentheses that a stray `}` shows to be unclosed.
    fn drop_unclosed(&mut self) {
        let here = self.tokens.len() - 1;
        while let Some(&Frame::Bracket { token, byte }) = self.frames.last() {
            if byte == b'{' {
                break;
            }
            self.frames.pop();
            self.pair(token, here);
        }
    }

    /// Goes back to the outermost `${` or long string that nothing closed, to read it as plain text.
    ///
    /// Returns false when there is none, or when too much was read twice already.
    fn reread_broken(&mut self) -> bool {
        let interpolation = self.frames.iter().position(|frame| matches!(frame, Frame::Interpolation { .. }));
        let position = interpolation.or_else(|| {
            self.frames
                .iter()
                .position(|frame| matches!(frame, Frame::Text { quote, .. } if !quote.one_line()))
        });
        let Some((position, frame)) =
            position.and_then(|position| self.frames.get(position).map(|frame| (position, *frame)))
        else {
            return false;
        };
        let index = frame.token();
        let Some(&token) = self.tokens.get(index) else { return false };
        let back = self.at.saturating_sub(token.end as usize);
        let Some(left) = self.budget.checked_sub(back.max(position + 1)) else {
            self.budget = 0;
            return false;
        };
        self.budget = left;
        self.frames.truncate(position);
        self.at = token.end as usize;
        self.tokens.truncate(index);
        match frame {
            Frame::Text { quote, .. } => {
                // An empty string stands for the quotes, and code goes on behind them.
                let open = self.push(Kind::StringOpen(quote), token.start as usize, token.end as usize);
                let close = self.push(Kind::StringClose, self.at, self.at);
                self.pair(open, close);
            }
            _ => {
                self.push(Kind::StringText, token.start as usize, token.end as usize);
            }
        }
        true
    }
}

impl Frame {
    fn token(self) -> usize {
        match self {
            Frame::Bracket { token, .. } | Frame::Interpolation { token } | Frame::Text { token, .. } => {
                token
            }
        }
    }
}

fn closes(open: u8, close: u8) -> bool {
    matches!((open, close), (b'(', b')') | (b'[', b']') | (b'{', b'}'))
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// Returns the length of the operator at the start of `rest`, at least one.
fn operator_length(rest: &[u8]) -> usize {
    const LONG: [&[u8]; 32] = [
        b"===", b"!==", b"==~", b"<=>", b"<<=", b">>>", b"..<", b"**=", b"==", b"!=", b"=~", b"<=", b">=",
        b"&&", b"||", b"?:", b"?.", b"*.", b".&", b"::", b"->", b"=>", b"+=", b"-=", b"*=", b"/=", b"++",
        b"--", b"**", b"..", b"<<", b"?=",
    ];
    LONG.iter().find(|operator| rest.starts_with(operator)).map_or(1, |operator| operator.len())
}

#[cfg(test)]
mod tests {
    use super::Lexer;

    #[test]
    fn broken_strings_make_a_text_be_read_again_only_so_often() {
        let text = "\"${".repeat(3_000);
        let mut lexer = Lexer::new(&text);
        let before = lexer.budget;
        lexer.run();
        assert!(before - lexer.budget <= text.len() * 100, "{} bytes were read again", before - lexer.budget);
        assert_eq!(lexer.budget, 0, "the text wants more than it gets");
    }
}
