//! The canonical form of a request, over which AWS's signature version 4 goes.
//!
//! Knows nothing of keys or of what a signature proves.

use axum::http::request::Parts;
use axum::http::{HeaderName, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// What stays as it is in a canonical query.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns the canonical request of a request with these signed headers, in their order, and this hash of its
/// body; `None` when a signed header is missing.
pub(super) fn request(parts: &Parts, signed_headers: &[&str], body_hash: &str) -> Option<String> {
    let mut text = String::with_capacity(512);
    text += parts.method.as_str();
    text.push('\n');
    path(parts.uri.path(), &mut text);
    text.push('\n');
    text += &query(parts.uri.query().unwrap_or_default());
    text.push('\n');
    for name in signed_headers {
        text += name;
        text.push(':');
        values(parts, name, &mut text)?;
        text.push('\n');
    }
    text.push('\n');
    text += &signed_headers.join(";");
    text.push('\n');
    text += body_hash;
    Some(text)
}

/// Writes a path as all services but S3 sign it: every segment percent-encoded once more.
fn path(path: &str, text: &mut String) {
    let path = if path.is_empty() { "/" } else { path };
    for (number, segment) in path.split('/').enumerate() {
        if number > 0 {
            text.push('/');
        }
        text.extend(percent_encode(segment.as_bytes(), UNRESERVED));
    }
}

/// Returns a query with its parameters encoded one way and sorted.
fn query(query: &str) -> String {
    let encode = |text: &str| {
        let bytes: Vec<u8> = percent_decode_str(text).collect();
        percent_encode(&bytes, UNRESERVED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort_unstable();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Writes the values of a header with single blanks, joined by commas.
fn values(parts: &Parts, name: &str, text: &mut String) -> Option<()> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let mut found = false;
    for value in parts.headers.get_all(&name) {
        if found {
            text.push(',');
        }
        found = true;
        let value = std::str::from_utf8(value.as_bytes()).ok()?;
        for (number, word) in value.split_ascii_whitespace().enumerate() {
            if number > 0 {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    if !found && name == header::HOST {
        // A request with an absolute target has its host there.
        text.push_str(parts.uri.authority()?.as_str());
        found = true;
    }
    found.then_some(())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    /// Returns the canonical request of a target with a header.
    fn canonical(target: &str, value: &str) -> Option<String> {
        let request = Request::get(target).header("host", "example.amazonaws.com").header("my-header", value);
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        super::request(&parts, &["host", "my-header"], "hash")
    }

    #[test]
    fn queries_are_sorted_and_encoded_one_way() {
        assert_eq!(query("b=2&a=2&a=1&c"), "a=1&a=2&b=2&c=");
        assert_eq!(query("%41=%2f/+ &-._~=%e1"), "-._~=%E1&A=%2F%2F%2B%20");
        assert_eq!(query(""), "");
    }

    #[test]
    fn headers_have_single_blanks_and_paths_are_encoded_again() {
        assert_eq!(
            canonical("/a%20b/c", "  one   two "),
            Some(
                "GET\n/a%2520b/c\n\nhost:example.amazonaws.com\nmy-header:one two\n\nhost;my-header\nhash"
                    .to_owned()
            )
        );
        let (parts, ()) = Request::get("/").body(()).expect("a request").into_parts();
        assert_eq!(request(&parts, &["host"], "hash"), None, "a signed header must be there");
    }
}
