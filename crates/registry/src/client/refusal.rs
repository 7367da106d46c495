//! A registry's no, read into words.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;

use crate::error::Refusal;

/// Largest error body that is read, in bytes.
pub(crate) const LARGEST_ERROR: u64 = 64 * 1024;

/// Longest piece of a registry's words that is repeated, in characters.
const LONGEST_WORDS: usize = 300;

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    errors: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// Returns what an error answer says; a body that is not the specification's JSON is taken as text.
pub(crate) fn read(host: &str, status: u16, headers: &HeaderMap, body: &[u8]) -> Refusal {
    let (code, words) = match serde_json::from_slice::<Envelope>(body) {
        Ok(Envelope { errors }) => match errors.into_iter().next() {
            Some(entry) => (Some(entry.code).filter(|code| !code.is_empty()), entry.message),
            None => (None, String::new()),
        },
        Err(_) => (None, plain(body)),
    };
    Refusal {
        host: host.to_owned(),
        status,
        code: code.map(|code| clean(&code)),
        words: clean(&words),
        retry_after: retry_after(headers),
    }
}

fn plain(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    // A page for people says nothing in one line.
    if text.trim_start().starts_with('<') { String::new() } else { text.into_owned() }
}

/// Puts text from outside on one short line without control characters.
fn clean(text: &str) -> String {
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() > LONGEST_WORDS {
        return words.chars().take(LONGEST_WORDS).chain("...".chars()).collect();
    }
    words
}

/// Returns how long an answer asks to wait, in seconds or until a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(body: &str) -> (Option<String>, String) {
        let refusal = read("quay.io", 404, &HeaderMap::new(), body.as_bytes());
        (refusal.code, refusal.words)
    }

    #[test]
    fn bodies_are_read_as_json_or_text() {
        let json = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"repository  name not\nknown"}]}"#;
        assert_eq!(words(json), (Some("NAME_UNKNOWN".to_owned()), "repository name not known".to_owned()));
        assert_eq!(words("Too Many Requests\r\n\u{7}"), (None, "Too Many Requests".to_owned()));
        assert_eq!(words("<html>no</html>"), (None, String::new()));
        assert_eq!(words(""), (None, String::new()));
        assert!(words(&"word ".repeat(1000)).1.len() < LONGEST_WORDS + 4);
        assert_eq!(words(&"x".repeat(100_000)).1.len(), LONGEST_WORDS + 3);
    }

    #[test]
    fn the_wait_is_seconds_or_a_date() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "7".parse().unwrap());
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(90));
        headers.insert(RETRY_AFTER, date.parse().unwrap());
        assert!(retry_after(&headers).unwrap() > Duration::from_secs(80));
        headers.insert(RETRY_AFTER, "soon".parse().unwrap());
        assert_eq!(retry_after(&headers), None);
    }
}
