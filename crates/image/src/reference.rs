//! Image references: the one parser of this workspace.

use std::fmt;
use std::str::FromStr;

use crate::digest::Digest;
use crate::error::{ImageError, Problem};
use crate::grammar::{Cursor, check_path};
use crate::host::RegistryHost;

/// A scheme that a reference may carry in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `oras://`: an artifact that holds an image file for engines like Singularity.
    Oras,
}

/// The name of a repository without its host: `library/ubuntu`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryName(String);

/// A tag: at most 128 letters, digits, underscores, dots and dashes, not begun by a dot or a dash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

/// The name of an image: `host/repository[:tag][@digest]`, normalised.
///
/// Docker's short names are spelled out (`ubuntu` is `docker.io/library/ubuntu`), the hosts of Docker Hub are
/// one, and `docker://` in front is dropped. A missing tag stays missing: ask [`Self::tag_or_latest`].
/// Printing and parsing give the same reference again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageReference {
    scheme: Option<Scheme>,
    host: RegistryHost,
    repository: RepositoryName,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

/// Longest reference that is looked at, in bytes.
const LONGEST: usize = 4096;
/// Longest repository name, in characters.
const LONGEST_REPOSITORY: usize = 255;
/// Where Docker Hub keeps the images that are named without an owner.
const OFFICIAL: &str = "library/";
/// Longest tag, in characters.
const LONGEST_TAG: usize = 128;

impl ImageReference {
    /// Returns the reference of a repository in a registry.
    pub fn new(
        host: RegistryHost,
        repository: RepositoryName,
        tag: Option<Tag>,
        digest: Option<Digest>,
    ) -> Self {
        Self { scheme: None, host, repository, tag, digest }
    }

    /// Returns the scheme it carries, if that changes what it names.
    pub fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// Returns the host of the registry.
    pub fn host(&self) -> &RegistryHost {
        &self.host
    }

    /// Returns the name of the repository.
    pub fn repository(&self) -> &RepositoryName {
        &self.repository
    }

    /// Returns the tag, if one is written.
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// Returns the digest, if one is written.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Returns the tag, `latest` where neither tag nor digest is written, and `None` for a digest alone.
    pub fn tag_or_latest(&self) -> Option<&str> {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => Some(tag.as_str()),
            (None, None) => Some("latest"),
            (None, Some(_)) => None,
        }
    }

    /// Returns tag and digest as they stand behind the repository: `:1.0`, `@sha256:...`, both or nothing.
    pub fn suffix(&self) -> String {
        let tag = self.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        let digest = self.digest.as_ref().map(|digest| format!("@{digest}")).unwrap_or_default();
        tag + &digest
    }
}

impl FromStr for ImageReference {
    type Err = ImageError;

    /// Reads a reference as workflows and people write it.
    ///
    /// # Errors
    /// [`ImageError`] with the place: capitals in the repository, a second tag, an empty part, a digest of
    /// the wrong length, a scheme that names no registry image, and whatever else the grammar has no room for.
    fn from_str(text: &str) -> Result<Self, ImageError> {
        let whole = Cursor::new("an image reference", text);
        if text.is_empty() {
            return Err(whole.error(Problem::Empty("text")));
        }
        if text.len() > LONGEST {
            let rule = format!("at most {LONGEST} bytes");
            return Err(Cursor::new("an image reference", "").error(Problem::Length("text", rule)));
        }
        let (scheme, rest) = read_scheme(whole)?;
        let (name, digest) = match rest.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (rest, None),
        };
        // Read from left to right, so that the error shows the first wrong place.
        let (host, path) = split_host(name)?;
        let (path, tag) = split_tag(path)?;
        let repository = RepositoryName::read(path, &host)?;
        let tag = tag.map(Tag::read).transpose()?;
        let digest = digest.map(read_digest).transpose()?;
        Ok(Self { scheme, host, repository, tag, digest })
    }
}

fn read_scheme(whole: Cursor<'_>) -> Result<(Option<Scheme>, Cursor<'_>), ImageError> {
    let text = whole.text();
    let Some(at) = text.find("://") else { return Ok((None, whole)) };
    let rest = whole.part(at + 3..text.len());
    match &text[..at] {
        "docker" => Ok((None, rest)),
        "oras" => Ok((Some(Scheme::Oras), rest)),
        _ => Err(whole.part(0..at + 3).error(Problem::Scheme)),
    }
}

fn read_digest(text: Cursor<'_>) -> Result<Digest, ImageError> {
    match text.split_once('@') {
        Some((_, second)) => Err(second.error(Problem::SecondDigest)),
        None => Digest::read(text),
    }
}

/// Splits the host off by Docker's rule; without one the image is on Docker Hub.
fn split_host(name: Cursor<'_>) -> Result<(RegistryHost, Cursor<'_>), ImageError> {
    match name.split_once('/') {
        Some((first, rest)) if RegistryHost::looks_like_host(first.text()) => {
            Ok((RegistryHost::read(first)?, rest))
        }
        _ => Ok((RegistryHost::docker_hub(), name)),
    }
}

fn split_tag(path: Cursor<'_>) -> Result<(Cursor<'_>, Option<Cursor<'_>>), ImageError> {
    let last = path.text().rfind('/').map_or(0, |slash| slash + 1);
    match path.part(last..path.text().len()).split_once(':') {
        None => Ok((path, None)),
        Some((name, tag)) => match tag.split_once(':') {
            Some((_, second)) => Err(second.error(Problem::SecondTag)),
            None => Ok((path.part(0..last + name.text().len()), Some(tag))),
        },
    }
}

fn check_repository(path: Cursor<'_>, longest: usize) -> Result<(), ImageError> {
    check_path(path, "repository")?;
    if path.text().len() > longest {
        let rule = format!("at most {longest} characters");
        return Err(path.error(Problem::Length("repository", rule)));
    }
    Ok(())
}

impl RepositoryName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(path: Cursor<'_>, host: &RegistryHost) -> Result<Self, ImageError> {
        let official = host.is_docker_hub() && !path.text().contains('/');
        let before = if official { OFFICIAL } else { "" };
        check_repository(path, LONGEST_REPOSITORY - before.len())?;
        Ok(Self(format!("{before}{}", path.text())))
    }
}

impl FromStr for RepositoryName {
    type Err = ImageError;

    /// Reads a repository name as it stands in a private registry; nothing is put before it.
    fn from_str(text: &str) -> Result<Self, ImageError> {
        check_repository(Cursor::new("a repository name", text), LONGEST_REPOSITORY)?;
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Tag {
    /// Returns the tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn read(text: Cursor<'_>) -> Result<Self, ImageError> {
        if text.text().is_empty() {
            return Err(text.error(Problem::Empty("tag")));
        }
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        text.each_char("tag", |byte| word(byte) || matches!(byte, b'.' | b'-'))?;
        if !text.text().starts_with(|first: char| first.is_ascii() && word(first as u8)) {
            return Err(text.part(0..1).error(Problem::Separator("tag")));
        }
        if text.text().len() > LONGEST_TAG {
            return Err(text.error(Problem::Length("tag", format!("at most {LONGEST_TAG} characters"))));
        }
        Ok(Self(text.text().to_owned()))
    }
}

impl FromStr for Tag {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        Self::read(Cursor::new("a tag", text))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scheme == Some(Scheme::Oras) {
            f.write_str("oras://")?;
        }
        write!(f, "{}/{}{}", self.host, self.repository, self.suffix())
    }
}
