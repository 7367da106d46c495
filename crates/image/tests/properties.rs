//! What holds for every reference and every text.

use image::{Digest, EcrRepositoryPrefix, ImageReference, PullThroughCacheRule, RegistryHost};
use proptest::prelude::*;

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("docker.io".to_owned()),
        Just("localhost".to_owned()),
        Just("[::1]:5000".to_owned()),
        "[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,4})?\\.[a-z]{2,5}(:[1-9][0-9]{0,3})?",
    ]
}

fn path() -> impl Strategy<Value = String> {
    "[a-z0-9]{1,6}((\\.|_|__|-{1,3})[a-z0-9]{1,4})?(/[a-z0-9]{1,6}([._-][a-z0-9]{1,3})?){0,3}"
}

/// Paths whose first part is no host by Docker's rule: with another part behind it, it has no dot.
fn path_without_a_host() -> impl Strategy<Value = String> {
    path().prop_map(|path| match path.split_once('/') {
        Some((first, rest)) => format!("{}/{rest}", first.replace('.', "_")),
        None => path,
    })
}

fn suffix() -> impl Strategy<Value = String> {
    ("(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,20})?", "(@sha256:[0-9a-f]{64}|@sha512:[0-9a-f]{128})?")
        .prop_map(|(tag, digest)| tag + &digest)
}

proptest! {
    #[test]
    fn printing_and_parsing_is_the_identity(host in host(), path in path(), suffix in suffix()) {
        let reference: ImageReference = format!("{host}/{path}{suffix}").parse().unwrap();
        let printed = reference.to_string();
        prop_assert_eq!(&printed.parse::<ImageReference>().unwrap(), &reference);
        prop_assert_eq!(printed.parse::<ImageReference>().unwrap().to_string(), printed);
    }

    #[test]
    fn names_without_a_host_are_on_docker_hub(path in path_without_a_host(), suffix in suffix()) {
        let reference: ImageReference = format!("{path}{suffix}").parse().unwrap();
        prop_assert!(reference.host().is_docker_hub());
        prop_assert!(reference.repository().as_str().ends_with(&path));
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in ".{0,80}") {
        let places = [
            text.parse::<ImageReference>().err(),
            text.parse::<Digest>().err(),
            text.parse::<RegistryHost>().err(),
            text.parse::<EcrRepositoryPrefix>().err(),
        ];
        for error in places.into_iter().flatten() {
            prop_assert!(error.to_string().contains("is not"));
            prop_assert!(error.marked().contains('^'));
            prop_assert!(text.get(error.at()).is_some());
        }
    }

    #[test]
    fn near_references_never_panic(text in "[a-zA-Z0-9./:@_\\-\\[\\]{}$ é]{0,60}") {
        if let Ok(reference) = text.parse::<ImageReference>() {
            prop_assert_eq!(reference.to_string().parse::<ImageReference>().unwrap(), reference);
        }
    }

    #[test]
    fn a_rule_maps_there_and_back(prefix in "[a-z]{2,8}(/[a-z]{2,8})?", path in path()) {
        let reference: ImageReference = format!("quay.io/{path}").parse().unwrap();
        let rule = PullThroughCacheRule::new(prefix.parse().unwrap(), reference.host().clone());
        let repository = rule.ecr_repository(reference.host(), reference.repository()).unwrap();
        let back = rule.upstream_repository(&repository);
        prop_assert_eq!(back.as_ref(), Some(reference.repository()));
    }
}
