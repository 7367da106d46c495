//! What a string literal says, from how it is written.

use std::borrow::Cow;

/// Returns what a part of a quoted string says.
pub(super) fn unescape(written: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', written.as_bytes()).is_none() {
        return Cow::Borrowed(written);
    }
    let mut text = String::with_capacity(written.len());
    let mut rest = written;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let (character, length) = escape(after);
        text.extend(character);
        rest = after.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Returns what a part of a multi-line string says: lines that end in a backslash go on, and blanks around
/// the whole are no part of it.
pub(super) fn unescape_multiline(written: &str, first: bool, last: bool) -> Cow<'_, str> {
    let trimmed = match (first, last) {
        (true, true) => written.trim(),
        (true, false) => written.trim_start(),
        (false, true) => written.trim_end(),
        (false, false) => written,
    };
    if !trimmed.contains("\\\n") {
        return unescape(trimmed);
    }
    let mut lines = trimmed.split("\\\n");
    let mut joined = lines.next().unwrap_or_default().to_owned();
    lines.for_each(|line| joined.push_str(line.trim_start()));
    Cow::Owned(unescape(&joined).into_owned())
}

/// Returns the character that an escape stands for and the length of what follows the backslash. An escape
/// that is none stands for the character behind the backslash.
fn escape(after: &str) -> (Option<char>, usize) {
    let code = |from: usize, digits: usize, radix: u32| {
        let digits_end = from + digits;
        let code = after.get(from..digits_end).and_then(|digits| u32::from_str_radix(digits, radix).ok());
        code.and_then(char::from_u32).map(|character| (Some(character), digits_end))
    };
    let Some(first) = after.chars().next() else { return (None, 0) };
    let literal = (Some(first), first.len_utf8());
    match first {
        'n' => (Some('\n'), 1),
        't' => (Some('\t'), 1),
        'r' => (Some('\r'), 1),
        'x' => code(1, 2, 16).unwrap_or(literal),
        'u' => code(1, 4, 16).unwrap_or(literal),
        'U' => code(1, 8, 16).unwrap_or(literal),
        '0'..='7' => code(0, 3, 8).unwrap_or(literal),
        '\n' => (None, 1),
        _ => literal,
    }
}
