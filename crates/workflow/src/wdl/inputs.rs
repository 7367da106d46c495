//! Inputs files: JSON objects whose keys begin with the name of a workflow or task.
//!
//! Owns a reading of JSON that keeps the place of every string. It takes what it can of a damaged file and
//! never recurses deeper than a fixed bound. Must not know what the keys mean.

use std::borrow::Cow;

use super::document::Span;

/// Most objects and arrays that may stand inside each other.
const DEPTH: u32 = 32;

/// A value of an inputs file, as far as an image name can come of it.
#[derive(Debug, PartialEq)]
pub(super) enum Json<'a> {
    /// A string: what stands between its quotes, and what it says.
    Text(Span, Cow<'a, str>),
    /// An object.
    Object(Vec<(&'a str, Json<'a>)>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// Anything else.
    Other,
}

/// A member of the outermost object.
#[derive(Debug, PartialEq)]
pub(super) struct Entry<'a> {
    /// The key, as written.
    pub(super) key: &'a str,
    /// Offset of the key.
    pub(super) at: u32,
    /// The value.
    pub(super) value: Json<'a>,
}

/// Returns the members of the outermost object whose keys are wanted, up to where the text stops being JSON.
pub(super) fn entries<'a>(text: &'a str, wanted: impl Fn(&str) -> bool) -> Vec<Entry<'a>> {
    let mut reader = Reader { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
    let mut entries = Vec::new();
    if reader.take(b'{') {
        while let Some((key, at)) = reader.key() {
            let value = if wanted(key) { reader.value(0) } else { reader.skip().map(|()| Json::Other) };
            let Some(value) = value else { break };
            if value != Json::Other {
                entries.push(Entry { key, at, value });
            }
            if !reader.take(b',') {
                break;
            }
        }
    }
    entries
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Reads a key and its colon.
    fn key(&mut self) -> Option<(&'a str, u32)> {
        let content = self.string()?;
        self.take(b':').then(|| (content.of(self.text), content.start))
    }

    fn string(&mut self) -> Option<Span> {
        if !self.take(b'"') {
            return None;
        }
        let start = self.at;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            let stop = memchr::memchr2(b'"', b'\\', rest)?;
            self.at += stop + 1;
            if rest[stop] == b'"' {
                return Some(Span { start: start as u32, end: self.at as u32 - 1 });
            }
            self.at += 1;
        }
    }

    fn value(&mut self, depth: u32) -> Option<Json<'a>> {
        match self.peek()? {
            b'"' => {
                let content = self.string()?;
                Some(Json::Text(content, unescape(content.of(self.text))))
            }
            b'{' | b'[' if depth == DEPTH => self.skip().map(|()| Json::Other),
            b'{' => {
                self.at += 1;
                let mut members = Vec::new();
                while !self.take(b'}') {
                    let (key, _) = self.key()?;
                    members.push((key, self.value(depth + 1)?));
                    if !self.take(b',') && self.peek() != Some(b'}') {
                        return None;
                    }
                }
                Some(Json::Object(members))
            }
            b'[' => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.take(b']') {
                    items.push(self.value(depth + 1)?);
                    if !self.take(b',') && self.peek() != Some(b']') {
                        return None;
                    }
                }
                Some(Json::Array(items))
            }
            _ => self.skip().map(|()| Json::Other),
        }
    }

    /// Passes over a value, however deep it is.
    fn skip(&mut self) -> Option<()> {
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' if open > 0 => {
                    open -= 1;
                    self.at += 1;
                }
                b'}' | b']' => return None,
                b',' | b':' if open > 0 => {
                    self.at += 1;
                    continue;
                }
                b',' | b':' => return None,
                _ => self.skip_word(),
            }
            if open == 0 {
                return Some(());
            }
        }
    }

    /// Passes over a number, a truth value, or whatever stands there without blanks.
    fn skip_word(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b",:{}[]\"".contains(byte);
        self.at += rest.iter().position(ends).unwrap_or(rest.len()).max(1);
    }
}

/// Returns what a string says, from what stands between its quotes.
fn unescape(written: &str) -> Cow<'_, str> {
    if !written.contains('\\') {
        return Cow::Borrowed(written);
    }
    let mut text = String::with_capacity(written.len());
    let mut characters = written.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('u') => {
                let digits: String = characters.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                text.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    Cow::Owned(text)
}
