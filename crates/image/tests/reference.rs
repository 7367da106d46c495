//! What the parser of image references makes of what people write.

#![allow(clippy::panic, reason = "a test may fail")]

use image::{Digest, EcrHost, ImageReference, Problem, RegistryHost, Scheme};

const SHA: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn parse(text: &str) -> ImageReference {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn names_are_spelled_out_as_docker_spells_them() {
    let digest_of = |text: &str| text.replace("SHA", SHA);
    for (written, printed) in [
        ("ubuntu", "docker.io/library/ubuntu"),
        ("ubuntu:22.04", "docker.io/library/ubuntu:22.04"),
        ("library/ubuntu", "docker.io/library/ubuntu"),
        ("biocontainers/bwa:0.7.17", "docker.io/biocontainers/bwa:0.7.17"),
        ("docker.io/ubuntu", "docker.io/library/ubuntu"),
        ("index.docker.io/library/ubuntu", "docker.io/library/ubuntu"),
        ("registry-1.docker.io/a/b:1", "docker.io/a/b:1"),
        ("registry.hub.docker.com/library/python:3", "docker.io/library/python:3"),
        ("quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8", "quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8"),
        ("Quay.IO/a/b", "quay.io/a/b"),
        ("localhost/x", "localhost/x"),
        ("localhost:5000/x:1", "localhost:5000/x:1"),
        ("myhost:5000/x", "myhost:5000/x"),
        ("127.0.0.1:5000/a/b/c:t", "127.0.0.1:5000/a/b/c:t"),
        ("[::1]:5000/x:1", "[::1]:5000/x:1"),
        ("[::1]/x", "[::1]/x"),
        ("docker://ubuntu:22.04", "docker.io/library/ubuntu:22.04"),
        ("docker://quay.io/a/b:1", "quay.io/a/b:1"),
        ("oras://community.wave.seqera.io/library/x:1", "oras://community.wave.seqera.io/library/x:1"),
        ("ubuntu@SHA", "docker.io/library/ubuntu@SHA"),
        ("ubuntu:22.04@SHA", "docker.io/library/ubuntu:22.04@SHA"),
        ("ghcr.io/o/r:v1@SHA", "ghcr.io/o/r:v1@SHA"),
        ("a__b/c-d--e/f.g_h", "docker.io/a__b/c-d--e/f.g_h"),
        (
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/quay/biocontainers/bwa:1",
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/quay/biocontainers/bwa:1",
        ),
    ] {
        let reference = parse(&digest_of(written));
        assert_eq!(reference.to_string(), digest_of(printed), "{written}");
        assert_eq!(parse(&reference.to_string()), reference, "{written}");
    }
}

#[test]
fn tag_and_digest_are_both_kept() {
    let reference = parse(&format!("ubuntu:22.04@{SHA}"));
    assert_eq!(reference.repository().as_str(), "library/ubuntu");
    assert_eq!(reference.tag().map(|tag| tag.as_str()), Some("22.04"));
    assert_eq!(reference.digest().map(Digest::to_string).as_deref(), Some(SHA));
    assert_eq!(reference.tag_or_latest(), Some("22.04"));
    assert_eq!(parse("ubuntu").tag_or_latest(), Some("latest"));
    assert_eq!(parse(&format!("ubuntu@{SHA}")).tag_or_latest(), None);
    assert_eq!(parse("oras://ghcr.io/a/b:1").scheme(), Some(Scheme::Oras));
}

#[test]
fn bad_input_is_an_error_that_shows_the_place() {
    let long_tag = format!("a:{}", "t".repeat(129));
    let long_repository = format!("quay.io/{}", "r".repeat(256));
    let short_digest = format!("a@{}", &SHA[..SHA.len() - 1]);
    let capital_digest = format!("a@{}", SHA.replace('d', "D"));
    for (text, at, message) in [
        ("", 0, "empty text"),
        ("Ubuntu", 0, "capital letter `U` in the repository"),
        ("quay.io/Org/x:1", 8, "capital letter `O` in the repository"),
        ("UPPER/case:1", 0, "capital letter `U` in the repository"),
        ("a:1:2", 4, "second tag `2`"),
        ("quay.io/a/b:1:2", 14, "second tag `2`"),
        ("quay.io//b", 8, "empty part between slashes"),
        ("quay.io/b/", 10, "empty part between slashes"),
        ("/b", 0, "empty part between slashes"),
        ("quay.io/", 8, "empty repository"),
        ("a:", 2, "empty tag"),
        ("a@", 2, "as digests are"),
        ("a:.1", 2, "separator `.` out of place in the tag"),
        ("a@md5:abc", 2, "digest algorithm `md5` is neither sha256 nor sha512"),
        (short_digest.as_str(), 9, "64 hexadecimal digits for sha256, not 63"),
        (capital_digest.as_str(), 13, "capital letter `D` in the digest"),
        ("a b", 1, "` ` is not allowed in the repository"),
        ("{{bwa:latest}}", 0, "`{` is not allowed in the repository"),
        ("docker pull quay.io/a/b", 6, "` ` is not allowed in the host"),
        ("a..b/c", 2, "empty part of the host"),
        ("x/a..b", 3, "separator `..` out of place in the repository"),
        ("x/-a", 2, "separator `-` out of place"),
        ("x/a_", 3, "separator `_` out of place"),
        ("x/a___b", 3, "separator `___` out of place"),
        ("host:port/x", 5, "port `port` is not a number"),
        ("host:0/x", 5, "port `0` is not a number"),
        ("host:70000/x", 5, "port `70000` is not a number"),
        ("quay..io/x", 5, "empty part of the host"),
        ("-quay.io/x", 0, "separator `-quay` out of place in the host"),
        ("[::g]:1/x", 1, "an IPv6 address"),
        ("https://depot.example/x.img", 0, "`https://` does not lead to an image in a registry"),
        ("shub://a/b", 0, "`shub://` does not lead"),
        ("docker://docker://a", 16, "port `` is not a number"),
        ("é/x", 0, "`é` is not allowed in the repository"),
        (long_tag.as_str(), 2, "at most 128 characters"),
        (long_repository.as_str(), 8, "at most 255 characters"),
    ] {
        let error = text.parse::<ImageReference>().expect_err(text);
        let said = error.to_string();
        assert!(said.contains(message), "{text}: {said}");
        assert_eq!(error.at().start, at, "{text}: {said}");
        assert!(error.marked().contains('^'), "{text}");
    }
}

#[test]
fn the_owner_that_is_not_written_counts_for_the_length() {
    let longest = "a".repeat(255 - "library/".len());
    let reference: ImageReference = longest.parse().unwrap();
    assert_eq!(reference.to_string().parse::<ImageReference>().unwrap(), reference);
    let error = format!("{longest}a").parse::<ImageReference>().unwrap_err();
    assert!(error.to_string().contains("at most 247 characters"), "{error}");
    assert!(format!("quay.io/{longest}a").parse::<ImageReference>().is_ok());
}

#[test]
fn an_error_marks_the_wrong_place_below_the_text() {
    let error = "quay.io/Org/x:1".parse::<ImageReference>().unwrap_err();
    assert_eq!(error.marked(), "quay.io/Org/x:1\n        ^");
    assert_eq!(error.problem(), &Problem::Capital("repository"));
    assert_eq!(
        error.to_string(),
        "`quay.io/Org/x:1` is not an image reference: capital letter `O` in the repository (at character 9)"
    );
}

#[test]
fn an_endless_text_is_refused_without_repeating_it() {
    let error = "a".repeat(1 << 20).parse::<ImageReference>().unwrap_err();
    assert!(error.to_string().len() < 200);
}

#[test]
fn private_registries_are_known_in_every_partition() {
    for (host, region, partition) in [
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com", "us-east-1", "aws"),
        ("123456789012.dkr.ecr-fips.us-west-2.amazonaws.com", "us-west-2", "aws"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1", "aws"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", "aws-cn"),
        ("123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1", "aws-cn"),
        ("123456789012.dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1", "aws-us-gov"),
        ("123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", "aws-iso"),
        ("123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", "aws-iso-b"),
        ("123456789012.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1", "aws-iso-e"),
        ("123456789012.dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1", "aws-iso-f"),
        ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", "aws-eusc"),
    ] {
        let parsed: RegistryHost = host.parse().unwrap();
        let ecr = EcrHost::of(&parsed).unwrap_or_else(|| panic!("{host}"));
        assert_eq!((ecr.account().as_str(), ecr.region().as_str()), ("123456789012", region));
        assert_eq!(ecr.region().partition(), partition);
        if host.contains(".dkr.ecr.") {
            assert_eq!(ecr.host(), parsed);
        }
    }
    for host in [
        "123.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com.cn",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.example.com",
        "public.ecr.aws",
        "123456789012.dkr.ecr..amazonaws.com",
    ] {
        assert_eq!(host.parse().ok().and_then(|host| EcrHost::of(&host)), None, "{host}");
    }
}
