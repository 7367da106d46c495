//! Digests computed while bytes pass by.

use image::{Algorithm, Digest};
use sha2::{Digest as _, Sha256, Sha512};

/// A digest in the making.
#[derive(Clone)]
pub(crate) enum Digester {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Digester {
    /// Returns a digester of the algorithm that a digest is of.
    pub(crate) fn like(digest: &Digest) -> Self {
        match digest.algorithm() {
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
            Algorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    /// Takes the next bytes in.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    /// Returns the sum in hexadecimal digits.
    pub(crate) fn encoded(self) -> String {
        use std::fmt::Write as _;
        let sum = match self {
            Self::Sha256(hash) => hash.finalize().to_vec(),
            Self::Sha512(hash) => hash.finalize().to_vec(),
        };
        sum.iter().fold(String::with_capacity(sum.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// Returns the SHA-256 digest of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_sha256(&Sha256::digest(bytes).into())
}

/// Returns whether bytes have a digest; otherwise, the digest that they have.
pub(crate) fn verify(bytes: &[u8], wanted: &Digest) -> Result<(), Digest> {
    let mut digester = Digester::like(wanted);
    digester.update(bytes);
    check(digester, wanted)
}

/// Returns whether a finished digester stands at a digest; otherwise, the digest that it stands at.
pub(crate) fn check(digester: Digester, wanted: &Digest) -> Result<(), Digest> {
    let encoded = digester.encoded();
    if encoded == wanted.encoded() {
        return Ok(());
    }
    // The text is of the algorithm's form by making, so parsing gives it back.
    let found = format!("{}:{encoded}", wanted.algorithm().name());
    match found.parse() {
        Ok(found) => Err(found),
        Err(_) => Err(sha256(b"")),
    }
}
