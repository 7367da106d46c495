//! What registries write into `WWW-Authenticate`, and platforms. Each line of an input is one header.

use registry::Platform;
use registry::auth::challenge::Challenge;

use super::{Form, Target, hold, mark};

pub(super) const TARGET: Target = Target {
    name: "challenge",
    about: "challenges of registries, one a line, and platforms",
    form: Form::Text,
    waits: false,
    tokens: &[
        "Bearer ",
        "Basic ",
        "bearer",
        "BASIC",
        "Digest ",
        "Negotiate",
        "realm=",
        "service=",
        "scope=",
        "error=",
        "\"",
        "\\\"",
        "\\",
        ",",
        ", ",
        "=",
        "\"https://auth.example/token\"",
        "repository:a/b:pull,push",
        "realm",
        "\t",
        "é",
        "linux/amd64",
        "linux/arm/v7",
        "windows/amd64:10.0",
        "/",
        "realm=\"\"",
        "realm=\"http://127.0.0.1/\"",
    ],
    check,
};

/// As long as headers are looked at.
const LONGEST: usize = 8 * 1024;

fn check(input: &[u8]) -> Result<u64, String> {
    let text = String::from_utf8_lossy(input);
    let mut ways = Vec::new();
    for line in text.lines() {
        let found = Challenge::read_all(line);
        hold(line.len() <= LONGEST || found.is_empty(), || {
            "long: a header past the limit is read".to_owned()
        })?;
        for challenge in &found {
            if let Challenge::Bearer { realm, service, scope } = challenge {
                hold(!realm.is_empty(), || "realm: empty".to_owned())?;
                // Nothing is made up: what is read is written there, but for backslashes before letters.
                let plain = line.replace('\\', "");
                for part in [Some(realm), service.as_ref(), scope.as_ref()].into_iter().flatten() {
                    hold(plain.contains(&part.replace('\\', "")), || {
                        format!("made up: {part:?} out of {line:?}")
                    })?;
                }
                ways.push((1, service.is_some(), scope.is_some()));
            } else {
                ways.push((0, false, false));
            }
        }
        if let Ok(platform) = line.parse::<Platform>() {
            let printed = platform.to_string();
            hold(printed.parse::<Platform>().as_ref() == Ok(&platform), || format!("platform: {printed:?}"))?;
            ways.push((2, printed.matches('/').count() > 1, platform.is_unknown()));
        }
    }
    let chosen = Challenge::choose(text.lines());
    let bearer =
        text.lines().flat_map(Challenge::read_all).any(|one| matches!(one, Challenge::Bearer { .. }));
    hold(!bearer || matches!(chosen, Some(Challenge::Bearer { .. })), || format!("choice: {chosen:?}"))?;
    ways.truncate(6);
    Ok(mark((ways, chosen.is_some())))
}
