//! What the destination has already, asked with the fewest requests.

use image::{Digest, ImageReference};

use crate::client::manifests::Presence;
use crate::client::remote::Remote;
use crate::error::Result;
use crate::platform::PlatformChoice;

/// What is known of an image before anything is read from the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Known {
    /// The destination has what the source's reference stands for.
    Same(Digest),
    /// The source has to be read; the destination's tag stands for this, if for anything.
    Different(Option<Digest>),
}

/// Under which name an image is written: a tag, or nothing but its own digest.
pub(crate) fn written_tag(source: &ImageReference, destination: &ImageReference) -> Option<String> {
    match (destination.tag(), destination.digest()) {
        (Some(tag), _) => Some(tag.to_string()),
        (None, Some(_)) => None,
        (None, None) => source.tag_or_latest().map(str::to_owned),
    }
}

/// Returns what a source's reference asks for: the digest where there is one, otherwise the tag.
pub(crate) fn asked(source: &ImageReference) -> String {
    match source.digest() {
        Some(digest) => digest.to_string(),
        None => source.tag_or_latest().unwrap_or("latest").to_owned(),
    }
}

/// Compares both sides: one request where nothing is there, two where the image is.
///
/// The source is asked without reading it where that decides, or where reading counts against a limit. For one
/// platform of a source that may be an index only reading decides, so then the question would be wasted.
pub(crate) async fn survey(
    source: &Remote,
    destination: &Remote,
    from: &ImageReference,
    to: &ImageReference,
    choice: &PlatformChoice,
) -> Result<Known> {
    let tag = written_tag(from, to);
    let name = tag.or_else(|| to.digest().or(from.digest()).map(Digest::to_string));
    let existing = match &name {
        Some(name) => existing(destination, name).await?,
        None => None,
    };
    let Some(existing) = existing else { return Ok(Known::Different(None)) };
    if let Some(digest) = from.digest() {
        let same = *digest == existing;
        return Ok(if same { Known::Same(existing) } else { Known::Different(Some(existing)) });
    }
    let head_decides = *choice == PlatformChoice::All || source.registry().is_docker_hub();
    if head_decides && source.check_manifest(&asked(from)).await? == Presence::Present(existing.clone()) {
        return Ok(Known::Same(existing));
    }
    Ok(Known::Different(Some(existing)))
}

/// Returns the digest that a destination's tag stands for.
pub(crate) async fn existing(destination: &Remote, reference: &str) -> Result<Option<Digest>> {
    match destination.check_manifest(reference).await? {
        Presence::Present(digest) => Ok(Some(digest)),
        Presence::Absent => Ok(None),
        Presence::Unknown => {
            Ok(destination.read_manifest_if_there(reference).await?.map(|manifest| manifest.digest))
        }
    }
}
