//! Strings: where they start, what they interpolate, and where they end.

use memchr::memmem;

use super::{Frame, Kind, Lexer, Quote, is_name_start};

impl Quote {
    /// Returns whether `$` interpolates.
    pub(in crate::nextflow) fn interpolates(self) -> bool {
        !matches!(self, Quote::Single | Quote::TripleSingle)
    }

    /// Returns whether the text ends at the end of the line at the latest.
    pub(super) fn one_line(self) -> bool {
        matches!(self, Quote::Single | Quote::Double | Quote::Slashy)
    }

    pub(super) fn closing(self) -> &'static [u8] {
        match self {
            Quote::Single => b"'",
            Quote::Double => b"\"",
            Quote::TripleSingle => b"'''",
            Quote::TripleDouble => b"\"\"\"",
            Quote::Slashy => b"/",
            Quote::DollarSlashy => b"/$",
        }
    }
}

impl Lexer<'_> {
    /// Returns whether a value may stand here, so that `/` opens a string and is no division.
    pub(super) fn value_may_start(&self) -> bool {
        let Some(last) = self.tokens.last() else { return true };
        match last.kind {
            Kind::Newline | Kind::Open => true,
            Kind::Operator => {
                !matches!(self.text.get(last.start as usize..last.end as usize), Some(b"++" | b"--"))
            }
            Kind::Name => matches!(
                self.text.get(last.start as usize..last.end as usize),
                Some(b"return" | b"in" | b"case" | b"assert" | b"else" | b"throw")
            ),
            _ => false,
        }
    }

    pub(super) fn slashy_starts(&mut self) -> bool {
        if self.at < self.no_slash_until || !self.value_may_start() {
            return false;
        }
        let mut at = self.at + 1;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            at += memchr::memchr3(b'/', b'\\', b'\n', rest).unwrap_or(rest.len());
            match self.text.get(at) {
                Some(b'/') => return true,
                Some(b'\\') if self.text.get(at + 1) != Some(&b'\n') => at += 2,
                _ => break,
            }
        }
        self.no_slash_until = at;
        false
    }

    pub(super) fn dollar_slashy_starts(&mut self) -> bool {
        if self.no_dollar_slashy_end || !self.value_may_start() {
            return false;
        }
        let found = memmem::find(self.text.get(self.at + 2..).unwrap_or_default(), b"/$").is_some();
        self.no_dollar_slashy_end = !found;
        found
    }

    pub(super) fn open_string(&mut self, quote: Quote, length: usize) {
        let token = self.push(Kind::StringOpen(quote), self.at, self.at + length);
        self.at += length;
        self.frames.push(Frame::Text { token, quote });
    }

    fn close_string(&mut self, open: usize, length: usize) {
        let close = self.push(Kind::StringClose, self.at, self.at + length);
        self.pair(open, close);
        self.at += length;
        self.frames.pop();
    }

    /// Reads text of a string up to its end, to an interpolation, or to where it is broken off.
    pub(super) fn string_text(&mut self, open: usize, quote: Quote) {
        let start = self.at;
        let closing = quote.closing();
        let first = closing.first().copied().unwrap_or(b'"');
        loop {
            match self.text.get(self.at).copied() {
                None => break,
                Some(b'\n') if quote.one_line() => break,
                Some(b'\\') if quote != Quote::DollarSlashy => {
                    // In a slashy string only the slash is escaped.
                    let skip = if quote == Quote::Slashy && self.byte(1) != b'/' { 1 } else { 2 };
                    let broken = quote.one_line() && quote != Quote::Slashy && self.byte(1) == b'\n';
                    self.at = (self.at + if broken { 1 } else { skip }).min(self.text.len());
                }
                Some(b'$') if quote == Quote::DollarSlashy && matches!(self.byte(1), b'$' | b'/') => {
                    self.at += 2;
                }
                Some(b'$') if quote.interpolates() => {
                    if self.byte(1) == b'{' && self.budget > 0 {
                        self.text_token(start);
                        let token = self.push(Kind::Open, self.at, self.at + 2);
                        self.at += 2;
                        self.frames.push(Frame::Interpolation { token });
                        return;
                    }
                    if is_name_start(self.byte(1)) && self.byte(1) != b'$' {
                        self.text_token(start);
                        self.at += 1;
                        self.string_name();
                        return;
                    }
                    self.at += 1;
                }
                Some(byte) if byte == first && self.rest().starts_with(closing) => {
                    self.text_token(start);
                    self.close_string(open, closing.len());
                    return;
                }
                Some(_) => self.at += 1,
            }
        }
        self.text_token(start);
        if self.at < self.text.len() {
            self.close_string(open, 0);
        }
    }

    fn text_token(&mut self, start: usize) {
        if self.at > start {
            self.push(Kind::StringText, start, self.at);
        }
    }

    fn string_name(&mut self) {
        let start = self.at;
        loop {
            while self.byte(0) != b'$' && (is_name_start(self.byte(0)) || self.byte(0).is_ascii_digit()) {
                self.at += 1;
            }
            if self.byte(0) == b'.' && self.byte(1) != b'$' && is_name_start(self.byte(1)) {
                self.at += 1;
            } else {
                break;
            }
        }
        self.push(Kind::StringName, start, self.at);
    }
}
