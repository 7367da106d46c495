//! Image references and the names of their parts.

use image::{Digest, EcrRepositoryPrefix, ImageError, ImageReference, PullThroughCacheRule, RegistryHost};

use super::{Form, Target, gist, hold, mark};

pub(super) const TARGET: Target = Target {
    name: "reference",
    about: "image references, digests, hosts and prefixes of rules",
    form: Form::Text,
    waits: false,
    tokens: &[
        "docker.io/",
        "index.docker.io",
        "registry-1.docker.io/",
        "library/",
        "localhost:5000/",
        "quay.io/",
        "111122223333.dkr.ecr.us-east-1.amazonaws.com/",
        "[::1]:5000",
        ":latest",
        ":",
        "@",
        "@sha256:",
        "@sha512:",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "docker://",
        "oras://",
        "library://",
        "shub://",
        "https://",
        "--",
        "__",
        "..",
        "//",
        "/",
        "ROOT",
        ".sif",
        "xn--",
        ":65535",
        ":65536",
        "A",
        "\u{0}",
    ],
    check,
};

fn check(input: &[u8]) -> Result<u64, String> {
    let text = String::from_utf8_lossy(input);
    let place = |error: &ImageError| {
        hold(error.marked().contains('^') && text.get(error.at()).is_some(), || {
            format!("place: {:?} is not in the text", error.at())
        })
    };
    for error in [
        text.parse::<Digest>().err(),
        text.parse::<RegistryHost>().err(),
        text.parse::<EcrRepositoryPrefix>().err(),
    ] {
        error.as_ref().map(place).transpose()?;
    }
    let reference = match text.parse::<ImageReference>() {
        Ok(reference) => reference,
        Err(error) => {
            place(&error)?;
            return Ok(mark(gist(&error)));
        }
    };
    let printed = reference.to_string();
    let again =
        printed.parse::<ImageReference>().map_err(|error| format!("printing: `{printed}`: {error}"))?;
    hold(again == reference && again.to_string() == printed, || {
        format!("printing: `{printed}` is read otherwise")
    })?;
    hold(!printed.chars().any(|letter| letter.is_control() || letter.is_whitespace()), || {
        format!("characters: {printed:?} has blanks")
    })?;
    for prefix in ["ROOT", "hub", "a/b"] {
        let prefix = prefix.parse().map_err(|error| format!("prefix: {error}"))?;
        let rule = PullThroughCacheRule::new(prefix, reference.host().clone());
        // A name that is too long for ECR with its prefix has none there.
        if let Some(repository) = rule.ecr_repository(reference.host(), reference.repository()) {
            let back = rule.upstream_repository(&repository);
            hold(back.as_ref() == Some(reference.repository()), || {
                format!("rule: {repository:?} leads to {back:?}")
            })?;
        }
    }
    let shape = (reference.scheme().map(|scheme| format!("{scheme:?}")), reference.tag().is_some());
    Ok(mark((
        shape,
        reference.digest().is_some(),
        printed.matches('/').count(),
        reference.host().is_docker_hub(),
    )))
}
