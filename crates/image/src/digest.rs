//! Content digests.

use std::fmt;
use std::str::FromStr;

use crate::error::{ImageError, Problem};
use crate::grammar::Cursor;

/// A digest algorithm that registries use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, 64 hexadecimal digits; what every registry uses.
    Sha256,
    /// SHA-512, 128 hexadecimal digits.
    Sha512,
}

impl Algorithm {
    /// Returns the name as it stands before the colon.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// Returns how many hexadecimal digits a digest has.
    pub fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

/// A content digest: `algorithm:hexadecimal digits in lower case`.
///
/// Spec: OCI image specification, descriptor digests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    encoded: String,
}

impl Digest {
    /// Returns the algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the hexadecimal digits.
    pub fn encoded(&self) -> &str {
        &self.encoded
    }

    /// Returns the digest of a SHA-256 sum.
    pub fn from_sha256(sum: &[u8; 32]) -> Self {
        let encoded = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { algorithm: Algorithm::Sha256, encoded }
    }

    /// Returns the digest that a cursor's whole text is.
    pub(crate) fn read(text: Cursor<'_>) -> Result<Self, ImageError> {
        let Some((algorithm, encoded)) = text.split_once(':') else {
            return Err(text.error(Problem::Form("`sha256:` and 64 hexadecimal digits, as digests are")));
        };
        let known = match algorithm.text() {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            "" => return Err(algorithm.error(Problem::Empty("digest algorithm"))),
            _ => return Err(algorithm.error(Problem::Algorithm)),
        };
        encoded.each_char("digest", |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))?;
        if encoded.text().len() != known.digits() {
            let rule = format!(
                "{} hexadecimal digits for {}, not {}",
                known.digits(),
                known.name(),
                encoded.text().len()
            );
            return Err(encoded.error(Problem::Length("digest", rule)));
        }
        Ok(Self { algorithm: known, encoded: encoded.text().to_owned() })
    }
}

impl FromStr for Digest {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        Self::read(Cursor::new("a digest", text))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.encoded)
    }
}
