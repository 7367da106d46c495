//! What the registry says that an image comes from: there, not there, not for us, not now, or nothing.
//!
//! Asks with HEAD, which no registry counts as a pull. Only where nothing is counted, the manifest is read for its
//! platforms.

use std::time::Duration;

use image::{Digest, ImageReference, RegistryHost};
use registry::{Cause, Client, ClientOptions, Error, RetryOptions, Side};

use super::nearest::nearest;
use super::report::{Evidence, UpstreamAnswer, UpstreamLook};
use crate::platform;

/// Most tags of a repository that are looked through for near ones.
const MOST_TAGS: usize = 10_000;

/// Tags that are offered in place of one that is not there.
const OFFERED: usize = 5;

/// Returns options by which a registry that does not answer is given up soon: who asks waits for the answer.
pub(super) fn impatient(options: ClientOptions) -> ClientOptions {
    let retry = RetryOptions { attempts: 2, patience: Duration::from_secs(3), ..options.retry };
    ClientOptions { retry, idle_timeout: options.idle_timeout.min(Duration::from_secs(15)), ..options }
}

/// Asks the registry of an image for it; what has the digest that is known already is not read for its platforms.
pub(crate) async fn look(
    client: &Client,
    image: &ImageReference,
    known: Option<&Digest>,
) -> (UpstreamLook, Vec<Evidence>) {
    let mut evidence = Vec::new();
    let with_login = has_login(client, image.host()).await;
    let answer = ask(client, image, known, &mut evidence).await;
    let limit = client.pull_limit(image.host());
    if let Some(limit) = &limit {
        let asked =
            format!("{}, pulls that it allows {}", image.host(), if with_login { "our login" } else { "us" });
        let window = limit.window.map(|window| format!(" in {} s", window.as_secs())).unwrap_or_default();
        evidence
            .push(Evidence::new(asked, format!("{} of {}{window} are left", limit.remaining, limit.limit)));
    }
    let pulls_left = limit.map(|limit| limit.remaining);
    (UpstreamLook { image: image.to_string(), answer, with_login, pulls_left }, evidence)
}

async fn has_login(client: &Client, host: &RegistryHost) -> bool {
    matches!(client.options().credentials.credential(host).await, Ok(Some(_)))
}

async fn ask(
    client: &Client,
    image: &ImageReference,
    known: Option<&Digest>,
    evidence: &mut Vec<Evidence>,
) -> UpstreamAnswer {
    let reference = match (image.digest(), image.tag_or_latest()) {
        (Some(digest), _) => digest.to_string(),
        (None, tag) => tag.unwrap_or("latest").to_owned(),
    };
    let remote = match client.repository(image.host(), image.repository()) {
        Ok(remote) => remote.on(Side::Source),
        Err(error) => return UpstreamAnswer::Unreachable { words: error.cause().to_string() },
    };
    let asked = format!("HEAD manifest of {image}");
    let head = match remote.head_manifest(&reference).await {
        Ok(head) => head,
        Err(error) => {
            let answer = refused(client, image.host(), &error);
            evidence.push(Evidence::new(asked, error.cause().to_string()));
            return answer;
        }
    };
    let told = head.digest.as_ref().map(|digest| format!(": {digest}")).unwrap_or_default();
    evidence.push(Evidence::new(asked, format!("{} answered HTTP {}{told}", image.host(), head.status)));
    match head.status {
        200 => {}
        404 => return not_found(&remote, &reference, evidence).await,
        status => {
            let words = format!("{} answered HTTP {status}", image.host());
            return UpstreamAnswer::Unreachable { words };
        }
    }
    let mut platforms = Vec::new();
    // Docker Hub counts the reading of a manifest, as does whoever tells a limit.
    if (known.is_none() || head.digest.as_ref() != known)
        && !image.host().is_docker_hub()
        && client.pull_limit(image.host()).is_none()
        && let Ok(manifest) = remote.read_manifest(&reference).await
    {
        platforms = platform::of(&remote, &manifest).await.unwrap_or_default();
        let words = match platforms.as_slice() {
            [] => "it names no platform".to_owned(),
            some => platform::words(some),
        };
        evidence.push(Evidence::new(format!("platforms of {image}"), words));
    }
    UpstreamAnswer::There {
        digest: head.digest.map(|digest| digest.to_string()),
        media_type: head.media_type,
        platforms: platforms.iter().map(ToString::to_string).collect(),
    }
}

async fn not_found(
    remote: &registry::Remote,
    reference: &str,
    evidence: &mut Vec<Evidence>,
) -> UpstreamAnswer {
    let asked = format!("tags of {remote}");
    let (repository_exists, nearest_tags) = match remote.tags(MOST_TAGS).await {
        Ok(Some(tags)) => {
            evidence.push(Evidence::new(asked, format!("{} tags", tags.len())));
            // A digest has no near ones.
            let near = if reference.contains(':') { Vec::new() } else { nearest(reference, &tags, OFFERED) };
            (Some(true), near)
        }
        Ok(None) => {
            evidence.push(Evidence::new(asked, "no such repository"));
            (Some(false), Vec::new())
        }
        Err(error) => {
            evidence.push(Evidence::new(asked, error.cause().to_string()));
            (None, Vec::new())
        }
    };
    UpstreamAnswer::NotFound { repository_exists, nearest_tags }
}

/// Returns what a refusal means.
fn refused(client: &Client, host: &RegistryHost, error: &Error) -> UpstreamAnswer {
    let words = error.cause().to_string();
    match error.cause() {
        Cause::Refused(refusal) => match refusal.status {
            401 | 403 => UpstreamAnswer::Denied { words },
            429 => {
                let none_left = client.pull_limit(host).is_some_and(|limit| limit.remaining == 0);
                let more = if none_left { "; no pulls are left in its window" } else { "" };
                UpstreamAnswer::RateLimited { words: words + more }
            }
            _ => UpstreamAnswer::Unreachable { words },
        },
        Cause::Credential(_) | Cause::Untrusted(_) => UpstreamAnswer::Denied { words },
        _ => UpstreamAnswer::Unreachable { words },
    }
}
