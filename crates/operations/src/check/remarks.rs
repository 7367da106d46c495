//! What is to be said beside an answer, and how what ECR has is shown.

use image::{Digest, ImageReference, RepositoryName};

use super::reading::Place;
use super::report::{StoredImage, UpstreamLook};
use super::stored::{Contents, Found, Stored};
use crate::finding::{Code, Finding, Fix, Severity};
use crate::moment::rfc3339;

/// Programs that hand a command on as it is, or are a shell; an ENTRYPOINT of these lets runs start.
const HARMLESS: [&str; 12] = [
    "bash",
    "sh",
    "env",
    "tini",
    "dumb-init",
    "env-execute",
    "_entrypoint.sh",
    "entrypoint.sh",
    "docker-entrypoint.sh",
    "micromamba",
    "nvidia_entrypoint.sh",
    "shell",
];

/// Returns what ECR has, as reports show it.
pub(super) fn stored(found: &Found) -> StoredImage {
    let detail = &found.detail;
    let contents = found.contents.as_ref().and_then(|contents| contents.as_ref().ok());
    StoredImage {
        digest: detail.digest.to_string(),
        media_type: detail.manifest_media_type.clone(),
        size_bytes: contents.and_then(|own| own.size_bytes).or(detail.size_bytes),
        pushed_at: detail.pushed.and_then(rfc3339),
        last_pulled_at: detail.last_pulled.and_then(rfc3339),
        tags: detail.tags.clone(),
        archived: !found.is_active(),
        platforms: contents
            .map(|own| own.platforms.iter().map(ToString::to_string).collect())
            .unwrap_or_default(),
        entrypoint: contents.map(|own| own.entrypoint.clone()).unwrap_or_default(),
        user: contents.and_then(|own| own.user.clone()),
    }
}

/// Returns what is to be known of how an image starts.
pub(super) fn start(subject: &str, contents: &Contents) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(program) = contents.entrypoint.first() {
        let name = program.rsplit('/').next().unwrap_or(program);
        if !HARMLESS.contains(&name) {
            let words = format!(
                "its ENTRYPOINT is `{}`: runs hand it a shell script, which it must execute",
                contents.entrypoint.join(" ")
            );
            let hint = "make an image without ENTRYPOINT if its tasks fail to start";
            findings.push(Finding::new(Severity::Warning, Code::Entrypoint, subject, words).hint(hint));
        }
    }
    if let Some(user) = &contents.user
        && !matches!(user.split(':').next(), Some("root" | "0"))
    {
        let words = format!("it starts as the user `{user}`, who may not write everywhere that root may");
        findings.push(Finding::new(Severity::Note, Code::User, subject, words));
    }
    findings
}

/// Returns the remark on a cache whose tags never move.
pub(super) fn never_renewed(repository: &RepositoryName) -> Finding {
    let words = "its tags never move, so ECR keeps what it once brought, whatever upstream has by then";
    let fix = Fix::command(format!(
        "aws ecr put-image-tag-mutability --repository-name {repository} --image-tag-mutability MUTABLE"
    ));
    Finding::new(Severity::Note, Code::ImmutableTags, repository.as_str(), words).fix(fix)
}

/// Returns the remark on a name whose tag stands for another image than its digest.
pub(super) fn tag_elsewhere(
    image: &ImageReference,
    digest: &Digest,
    tag: Option<&Stored>,
) -> Option<Finding> {
    let name = image.tag()?;
    let words = match tag? {
        Stored::There(found) if found.detail.digest != *digest => {
            format!("the tag `{name}` stands for {}; the digest counts", found.detail.digest)
        }
        Stored::NoImage => format!("there is no tag `{name}`; the digest counts"),
        _ => return None,
    };
    Some(Finding::new(Severity::Note, Code::TagElsewhere, image.to_string(), words))
}

/// Returns the remark on an image of which a rule has brought a part.
pub(super) fn still_coming(subject: &str, missing: &str) -> Finding {
    let words = format!("ECR has not got {missing} yet: the next pull has them brought");
    let fix = Fix::command(format!("omics-ecr check --prime {subject}"));
    Finding::new(Severity::Note, Code::Incomplete, subject, words).fix(fix)
}

/// Returns the remark on a registry that allows no pulls any more.
pub(super) fn pulls_left(place: &Place, look: &UpstreamLook, has_credential: bool) -> Option<Finding> {
    if look.pulls_left? > 0 {
        return None;
    }
    let host = place.upstream.as_ref()?.host();
    let whom = if look.with_login { "our login" } else { "us" };
    let words = match has_credential {
        true => format!("{host} allows {whom} no more pulls now; ECR pulls with the credential of its rule"),
        false => format!("{host} allows {whom} no more pulls now"),
    };
    Some(Finding::new(Severity::Warning, Code::PullLimit, host.to_string(), words))
}
