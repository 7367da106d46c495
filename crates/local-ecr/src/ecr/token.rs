//! Authorization tokens: what GetAuthorizationToken gives out and the registry takes as a password.
//!
//! A token says whose it is and until when, under a key that only the server knows. Download URLs of layers
//! are signed the same way.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::identity::Caller;
use crate::clock::Timestamp;

/// How long an authorization token is good.
const LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// Makes and checks tokens.
pub(crate) struct Tokens {
    key: [u8; 64],
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

/// An authorization token.
#[derive(Debug)]
pub(crate) struct Token {
    /// Base64 of user and password.
    pub(crate) encoded: String,
    /// Until when it is good.
    pub(crate) expires_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    caller: Caller,
    expires_at: Timestamp,
}

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// The server did not make it.
    Invalid,
    /// Its time is over.
    Expired,
}

impl Tokens {
    /// Returns the maker of tokens under a key.
    pub(crate) fn new(key: [u8; 64]) -> Self {
        Self { key }
    }

    fn mac(&self, purpose: &str, text: &str) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&self.key.into());
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        mac
    }

    /// Returns a signature of a text for a purpose.
    pub(crate) fn sign(&self, purpose: &str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(purpose, text).finalize().into_bytes())
    }

    /// Returns whether a signature is that of a text for a purpose; takes the same time for every wrong one.
    pub(crate) fn verify(&self, purpose: &str, text: &str, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        self.mac(purpose, text).verify_slice(&signature).is_ok()
    }

    /// Returns a new authorization token of a caller.
    pub(crate) fn issue(&self, caller: &Caller, now: Timestamp) -> Token {
        let expires_at = now.plus(LIFETIME);
        let claims = serde_json::json!({ "caller": caller, "expires_at": expires_at });
        let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
        let signature = self.sign("authorization", &claims);
        Token { encoded: STANDARD.encode(format!("AWS:{claims}.{signature}")), expires_at }
    }

    /// Returns whose a password is.
    ///
    /// # Errors
    /// [`Rejected`] when the password is no token of this server, or no longer good.
    pub(crate) fn caller(&self, password: &str, now: Timestamp) -> Result<Caller, Rejected> {
        let (claims, signature) = password.split_once('.').ok_or(Rejected::Invalid)?;
        if !self.verify("authorization", claims, signature) {
            return Err(Rejected::Invalid);
        }
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| Rejected::Invalid)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| Rejected::Invalid)?;
        if claims.expires_at <= now {
            return Err(Rejected::Expired);
        }
        Ok(claims.caller)
    }
}

/// Returns user and password of the value of a Basic `Authorization` header.
pub(crate) fn read_basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(token: &Token) -> String {
        read_basic(&format!("Basic {}", token.encoded)).expect("it is Basic").1
    }

    #[test]
    fn a_token_says_whose_it_is_until_it_expires() {
        let tokens = Tokens::new([7; 64]);
        let caller = Caller::Service("omics.amazonaws.com".to_owned());
        let now = Timestamp(1_000_000);
        let token = tokens.issue(&caller, now);
        let password = password(&token);
        assert_eq!(tokens.caller(&password, now), Ok(caller));
        assert_eq!(tokens.caller(&password, now.plus(LIFETIME)), Err(Rejected::Expired));
    }

    #[test]
    fn what_the_server_did_not_make_is_refused() {
        let now = Timestamp(1);
        let token = password(&Tokens::new([1; 64]).issue(&Caller::Account, now));
        let other = Tokens::new([2; 64]);
        for bad in [token.as_str(), "", ".", "a.b", "password"] {
            assert_eq!(other.caller(bad, now), Err(Rejected::Invalid), "{bad}");
        }
        let own = Tokens::new([1; 64]);
        let (claims, signature) = token.split_once('.').expect("it has two parts");
        assert_eq!(own.caller(&format!("{claims}A.{signature}"), now), Err(Rejected::Invalid));
        assert!(!own.verify("download", claims, signature), "a signature is good for one purpose");
    }
}
