//! Which tags of a repository come nearest to one that is not there.

use std::cmp::Reverse;

/// How near a tag is; the smaller, the nearer.
///
/// The same version with a build behind it comes first, then the version without the build that was asked for, then
/// those that share most of the version.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Nearness {
    kind: u8,
    /// Parts of the version that are the same.
    shared: Reverse<usize>,
    /// The distance of the first part that differs.
    distance: u64,
    /// Later builds come before earlier ones.
    build: Reverse<Option<u64>>,
}

/// A part of a tag: a number, or the letters between numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Word(String),
    Number(u64),
}

/// Returns at most so many tags, the nearest first; none that have nothing in common with the wanted one.
pub(super) fn nearest(wanted: &str, tags: &[String], most: usize) -> Vec<String> {
    let wanted_parts = parts(wanted);
    let mut ranked: Vec<(Nearness, &String)> =
        tags.iter().filter_map(|tag| Some((nearness(wanted, &wanted_parts, tag)?, tag))).collect();
    ranked.sort();
    ranked.into_iter().take(most).map(|(_, tag)| tag.clone()).collect()
}

fn nearness(wanted: &str, wanted_parts: &[Part], tag: &str) -> Option<Nearness> {
    let tag_parts = parts(tag);
    let shared = wanted_parts.iter().zip(&tag_parts).take_while(|(a, b)| a == b).count();
    let distance = match (wanted_parts.get(shared), tag_parts.get(shared)) {
        (Some(Part::Number(a)), Some(Part::Number(b))) => a.abs_diff(*b),
        (None, _) | (_, None) => 0,
        _ => u64::MAX,
    };
    let kind = if tag.eq_ignore_ascii_case(wanted) || bare(tag) == bare(wanted) {
        0
    } else if continues(tag, wanted) {
        1
    } else if continues(wanted, tag) {
        2
    } else if shared > 0 {
        3
    } else if matches!(
        (wanted_parts.first(), tag_parts.first()),
        (Some(Part::Number(_)), Some(Part::Number(_)))
    ) {
        4
    } else {
        return None;
    };
    let build = match tag_parts.last() {
        Some(Part::Number(build)) => Some(*build),
        _ => None,
    };
    Some(Nearness { kind, shared: Reverse(shared), distance, build: Reverse(build) })
}

/// Returns whether a tag is the other one with something behind it: `0.7.17--h5bf99c6_8` and `0.7.17`.
fn continues(longer: &str, shorter: &str) -> bool {
    longer
        .strip_prefix(shorter)
        .and_then(|rest| rest.chars().next())
        .is_some_and(|next| matches!(next, '-' | '_' | '.' | '+'))
}

/// Returns a version without the `v` that some write before it.
fn bare(tag: &str) -> &str {
    match tag.strip_prefix(['v', 'V']) {
        Some(rest) if rest.starts_with(|first: char| first.is_ascii_digit()) => rest,
        _ => tag,
    }
}

fn parts(tag: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = bare(tag);
    while let Some(first) = rest.chars().next() {
        let of_kind = |c: char| match first {
            first if first.is_ascii_digit() => c.is_ascii_digit(),
            first if first.is_alphabetic() => c.is_alphabetic(),
            _ => !c.is_alphanumeric(),
        };
        let end = rest.find(|c: char| !of_kind(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (part, tail) = rest.split_at(end);
        rest = tail;
        match part.parse() {
            Ok(number) if first.is_ascii_digit() => parts.push(Part::Number(number)),
            _ if first.is_alphanumeric() => parts.push(Part::Word(part.to_ascii_lowercase())),
            // What stands between the parts only parts them.
            _ => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(wanted: &str, tags: &[&str]) -> Vec<String> {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        nearest(wanted, &tags, 4)
    }

    #[test]
    fn a_bare_version_finds_its_builds_the_newest_first() {
        let tags = [
            "0.7.15--1",
            "0.7.17--h5bf99c6_8",
            "0.7.17--he4a0461_11",
            "0.7.17--h7132678_9",
            "0.7.18--he4a0461_0",
            "latest",
        ];
        let near = of("0.7.17", &tags);
        let expected =
            ["0.7.17--he4a0461_11", "0.7.17--h7132678_9", "0.7.17--h5bf99c6_8", "0.7.18--he4a0461_0"];
        assert_eq!(near, expected);
    }

    #[test]
    fn the_same_version_written_otherwise_comes_first() {
        assert_eq!(of("1.17", &["1.16", "v1.17", "1.17--h1_0"])[0], "v1.17");
        assert_eq!(of("V2-Beta", &["v2-beta", "v2"])[0], "v2-beta");
        assert_eq!(of("0.7.17--h00000_0", &["0.7.17", "0.7.18"])[0], "0.7.17");
        assert_eq!(of("1.9.0", &["1.1.0", "1.8.0", "1.20.0"])[0], "1.8.0");
    }

    #[test]
    fn what_has_nothing_in_common_is_not_offered() {
        assert!(of("1.0", &["latest", "main"]).is_empty());
        assert!(of("", &["1", "latest"]).is_empty());
        assert_eq!(of("99999999999999999999999.1", &["99999999999999999999999.2"]).len(), 1);
        assert_eq!(of("é1", &["é2"]).len(), 1);
    }
}
