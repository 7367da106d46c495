//! Whether a tag of a repository may move to another image.

use aws::ecr::TagMutability;

/// Returns whether a repository of this setting lets a tag move.
pub(crate) fn may_move(setting: &TagMutability, tag: &str) -> bool {
    let excepted = |filters: &[String]| filters.iter().any(|filter| matches(filter, tag));
    match setting {
        TagMutability::Immutable => false,
        TagMutability::ImmutableExcept(filters) => excepted(filters),
        TagMutability::MutableExcept(filters) => !excepted(filters),
        _ => true,
    }
}

/// Returns whether a tag is of a pattern in which `*` stands for anything.
fn matches(pattern: &str, tag: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| tag.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_tags() {
        for (pattern, tag, expected) in [
            ("latest", "latest", true),
            ("latest", "latest2", false),
            ("dev-*", "dev-1", true),
            ("*-dev", "1-dev", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("*", "", true),
            ("aa*aa", "aaa", false),
        ] {
            assert_eq!(matches(pattern, tag), expected, "{pattern} {tag}");
        }
    }

    #[test]
    fn the_setting_and_its_exceptions_decide() {
        let except = vec!["latest*".to_owned()];
        assert!(may_move(&TagMutability::Mutable, "1") && !may_move(&TagMutability::Immutable, "1"));
        assert!(may_move(&TagMutability::ImmutableExcept(except.clone()), "latest"));
        assert!(!may_move(&TagMutability::ImmutableExcept(except.clone()), "1"));
        assert!(!may_move(&TagMutability::MutableExcept(except), "latest-2"));
    }
}
