//! The value of a Basic `Authorization` header.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Returns the header of a user name and password, marked so that it is never printed.
pub(crate) fn basic(username: &str, password: &Secret) -> Option<HeaderValue> {
    let pair = Zeroizing::new(format!("{username}:{}", password.expose()));
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    sensitive(&text)
}

/// Returns the header of a bearer token, marked so that it is never printed.
pub(crate) fn bearer(token: &Secret) -> Option<HeaderValue> {
    sensitive(&Zeroizing::new(format!("Bearer {}", token.expose())))
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_do_not_print_what_they_hold() {
        let value = basic("AWS", &Secret::from("pw")).unwrap();
        assert_eq!(value.to_str().unwrap(), "Basic QVdTOnB3");
        assert!(!format!("{value:?}").contains("QVdT"));
        assert!(bearer(&Secret::from("line\nbreak")).is_none());
    }
}
