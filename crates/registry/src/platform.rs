//! Platforms of images, and which of an index's manifests is meant by one.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// What a manifest's image runs on: operating system, architecture and variant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Platform {
    /// The operating system: `linux`.
    #[serde(default)]
    pub os: String,
    /// The architecture in Go's words: `amd64`.
    #[serde(default)]
    pub architecture: String,
    /// The variant of the architecture: `v8`.
    #[serde(default)]
    pub variant: Option<String>,
}

impl Platform {
    /// Returns `linux/amd64`.
    pub fn linux_amd64() -> Self {
        Self { os: "linux".to_owned(), architecture: "amd64".to_owned(), variant: None }
    }

    /// Returns whether an image of platform `other` is what this wish asks for.
    ///
    /// A wish without a variant takes any.
    pub fn accepts(&self, other: &Self) -> bool {
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant.is_none() || self.variant == other.variant)
    }

    /// Returns whether this stands for something that does not run, such as an attestation.
    pub fn is_unknown(&self) -> bool {
        let blank = |text: &str| text.is_empty() || text == "unknown";
        blank(&self.os) || blank(&self.architecture)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) if !variant.is_empty() => write!(f, "/{variant}"),
            _ => Ok(()),
        }
    }
}

/// A text that is no platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a platform: it must be `os/architecture` or `os/architecture/variant`")]
pub struct PlatformError(String);

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || PlatformError(text.chars().take(80).collect());
        let mut parts = text.split('/');
        let (Some(os), Some(architecture)) = (parts.next(), parts.next()) else { return Err(wrong()) };
        let variant = parts.next();
        let named =
            |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if parts.next().is_some() || ![Some(os), Some(architecture), variant].into_iter().flatten().all(named)
        {
            return Err(wrong());
        }
        Ok(Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        })
    }
}

/// Which platforms of an image are copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlatformChoice {
    /// The one manifest of this platform; an index is left behind, so the digest changes.
    One(Platform),
    /// The index with everything it names; the digest stays.
    All,
}

impl Default for PlatformChoice {
    fn default() -> Self {
        Self::One(Platform::linux_amd64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_read_and_printed() {
        for text in ["linux/amd64", "linux/arm64/v8"] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }
        for text in ["", "linux", "linux/", "/amd64", "linux/amd64/v1/x", "linux/a b"] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_wish_without_variant_takes_any() {
        let v8: Platform = "linux/arm64/v8".parse().unwrap();
        assert!("linux/arm64".parse::<Platform>().unwrap().accepts(&v8));
        assert!(!"linux/arm64/v7".parse::<Platform>().unwrap().accepts(&v8));
        assert!(!Platform::linux_amd64().accepts(&v8));
    }
}
