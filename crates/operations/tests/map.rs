//! The maps, from names to documents and files.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;

use image::{EcrHost, PullThroughCacheRule};
use operations::map::{self, Format, MapOptions, RegistryMap};
use operations::{Code, EcrTarget};
use serde_json::json;

const SHA: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn options() -> MapOptions {
    let target = EcrTarget {
        account: Some("123456789012".parse().unwrap()),
        region: Some("us-east-1".parse().unwrap()),
    };
    MapOptions { target, ..MapOptions::default() }
}

fn ecr(name: &str) -> String {
    format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}")
}

fn destination(map: &RegistryMap, image: &str) -> Option<String> {
    map.flat().get(image).and_then(|name| name.as_str().map(str::to_owned))
}

fn codes(map: &RegistryMap) -> Vec<Code> {
    map.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn the_flat_map_has_the_names_that_the_engine_asks_for() {
    let digest = format!("ghcr.io/o/r:1@{SHA}");
    let names = [
        "quay.io/biocontainers/bwa:0.7.17",
        "docker.io/library/python:3.9",
        "ubuntu:22.04",
        "broadinstitute/gatk",
        "public.ecr.aws/lts/ubuntu:22.04",
        "registry.k8s.io/pause:3.9",
        "acme.azurecr.io/tools/x:1",
        "us.gcr.io/broad-gotc-prod/samtools:1",
        "nvcr.io/nvidia/clara/clara-parabricks:4.6.0-1",
        "registry.example.org:5000/a/b:1",
        digest.as_str(),
    ];
    let map = map::of_names(names, &options());
    for (image, expected) in [
        ("quay.io/biocontainers/bwa:0.7.17", "quay/biocontainers/bwa:0.7.17".to_owned()),
        ("docker.io/library/python:3.9", "docker-hub/library/python:3.9".to_owned()),
        ("ubuntu:22.04", "docker-hub/library/ubuntu:22.04".to_owned()),
        ("broadinstitute/gatk", "docker-hub/broadinstitute/gatk:latest".to_owned()),
        ("public.ecr.aws/lts/ubuntu:22.04", "ecr-public/lts/ubuntu:22.04".to_owned()),
        ("registry.k8s.io/pause:3.9", "k8s/pause:3.9".to_owned()),
        ("acme.azurecr.io/tools/x:1", "azure-acme/tools/x:1".to_owned()),
        ("us.gcr.io/broad-gotc-prod/samtools:1", "us.gcr.io/broad-gotc-prod/samtools:1".to_owned()),
        (
            "nvcr.io/nvidia/clara/clara-parabricks:4.6.0-1",
            "nvcr.io/nvidia/clara/clara-parabricks:4.6.0-1".to_owned(),
        ),
        ("registry.example.org:5000/a/b:1", "registry.example.org-5000/a/b:1".to_owned()),
        (digest.as_str(), format!("ghcr/o/r:1@{SHA}")),
    ] {
        assert_eq!(destination(&map, image), Some(ecr(&expected)), "{image}");
    }
    let clones: Vec<_> = map.clones.iter().map(|clone| clone.source.as_str()).collect();
    assert_eq!(
        clones,
        [
            "nvcr.io/nvidia/clara/clara-parabricks:4.6.0-1",
            "registry.example.org:5000/a/b:1",
            "us.gcr.io/broad-gotc-prod/samtools:1"
        ]
    );
    assert!(codes(&map).contains(&Code::DigestThroughRule));
    assert!(codes(&map).contains(&Code::CredentialNeeded));
}

#[test]
fn private_images_of_the_region_need_no_entry() {
    let here = "210987654321.dkr.ecr.us-east-1.amazonaws.com/a:1";
    let there = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/a/b:1";
    let map = map::of_names([here, there], &options());
    assert_eq!(destination(&map, here), None);
    assert_eq!(destination(&map, there), Some(ecr("a/b:1")));
    assert_eq!(map.clones.len(), 1);
}

#[test]
fn what_cannot_be_mapped_is_said() {
    let map =
        map::of_names(["Bad/Image:1", "localhost/x", "oras://quay.io/a/b:1", "quay.io/a/b:1"], &options());
    assert_eq!(map.entries.len(), 1);
    assert_eq!(codes(&map), [Code::Malformed, Code::NoRoute, Code::NoRoute]);
}

#[test]
fn unknown_account_and_region_are_placeholders_and_said() {
    let map = map::of_names(["quay.io/a/b:1"], &MapOptions::default());
    let expected = "ACCOUNT.dkr.ecr.REGION.amazonaws.com/quay/a/b:1";
    assert_eq!(destination(&map, "quay.io/a/b:1").as_deref(), Some(expected));
    assert_eq!(codes(&map), [Code::Placeholder]);
    let china = EcrTarget { account: None, region: Some("cn-north-1".parse().unwrap()) };
    assert_eq!(china.host(), "ACCOUNT.dkr.ecr.cn-north-1.amazonaws.com.cn");
}

#[test]
fn the_healthomics_map_names_each_upstream_once_and_what_a_host_does_not_cover() {
    let digest = format!("quay.io/a/b@{SHA}");
    let names = [
        "quay.io/biocontainers/bwa:0.7.17",
        "quay.io/biocontainers/samtools",
        "Quay.io/x/y:1",
        digest.as_str(),
        "ubuntu:22.04",
        "docker.io/a/b:1",
        "registry-1.docker.io/a/c:1",
        "us.gcr.io/p/q:1",
    ];
    let document = map::of_names(names, &options()).document(Format::Healthomics);
    assert_eq!(
        document,
        json!({
            "registryMappings": [
                {"upstreamRegistryUrl": "quay.io", "ecrRepositoryPrefix": "quay"},
                {"upstreamRegistryUrl": "registry-1.docker.io", "ecrRepositoryPrefix": "docker-hub"},
            ],
            "imageMappings": [
                {"sourceImage": "Quay.io/x/y:1", "destinationImage": ecr("quay/x/y:1")},
                {"sourceImage": "docker.io/a/b:1", "destinationImage": ecr("docker-hub/a/b:1")},
                {"sourceImage": digest, "destinationImage": ecr(&format!("quay/a/b@{SHA}"))},
                {"sourceImage": "ubuntu:22.04", "destinationImage": ecr("docker-hub/library/ubuntu:22.04")},
                {"sourceImage": "us.gcr.io/p/q:1", "destinationImage": ecr("us.gcr.io/p/q:1")},
            ],
        })
    );
}

#[test]
fn given_rules_take_the_place_of_the_default_ones() {
    let mut bio = PullThroughCacheRule::new("bio".parse().unwrap(), "quay.io".parse().unwrap());
    bio.upstream_repository_prefix = "biocontainers".parse().unwrap();
    let rest = PullThroughCacheRule::new("q".repeat(2).parse().unwrap(), "quay.io".parse().unwrap());
    let names = ["quay.io/biocontainers/bwa:1", "quay.io/biocontainers/star:1", "quay.io/other/x:1"];

    let with_both = MapOptions { rules: vec![bio.clone(), rest], ..options() };
    let map = map::of_names(names, &with_both);
    assert_eq!(destination(&map, names[0]), Some(ecr("bio/bwa:1")));
    assert_eq!(destination(&map, names[2]), Some(ecr("qq/other/x:1")));
    let document = map.healthomics();
    assert_eq!(document.registry_mappings.len(), 1);
    assert_eq!(document.registry_mappings[0].upstream_repository_prefix.as_deref(), Some("biocontainers"));
    assert_eq!(document.image_mappings[0].source_image, names[2]);

    let with_one = MapOptions { rules: vec![bio], ..options() };
    let map = map::of_names(names, &with_one);
    assert_eq!(map.clones[0].source, names[2]);
    assert_eq!(destination(&map, names[2]), Some(ecr("quay.io/other/x:1")));
}

#[test]
fn a_credential_lets_healthomics_copy() {
    let image = "community.wave.seqera.io/library/bwa:0a1b";
    let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:omics-registry/seqera-AbCdEf";
    let host: image::RegistryHost = "community.wave.seqera.io".parse().unwrap();
    let with = MapOptions { credentials: [(host, arn.to_owned())].into(), ..options() };
    let map = map::of_names([image], &with);
    assert!(map.clones.is_empty());
    assert_eq!(
        map.document(Format::Healthomics),
        json!({
            "registryMappings": [{
                "upstreamRegistryUrl": "community.wave.seqera.io",
                "ecrRepositoryPrefix": "wave-community",
                "credentialArn": arn,
            }],
            "imageMappings": [],
        })
    );
    assert_eq!(map.document(Format::Flat), json!({}));

    let prefixed = MapOptions { clone_prefix: Some("mirror".parse().unwrap()), ..options() };
    let map = map::of_names([image], &prefixed);
    assert_eq!(destination(&map, image), Some(ecr("mirror/community.wave.seqera.io/library/bwa:0a1b")));
}

#[test]
fn lists_of_names_are_read() {
    let read = |text: &str| map::read_names(text);
    assert_eq!(read("a:1\n\n# no\n  b:2\r\n").unwrap(), ["a:1", "b:2"]);
    assert_eq!(read("[\"a:1\", \"\"]").unwrap(), ["a:1"]);
    let inspected = r#"{"processes":[{"name":"A","container":"quay.io/a/b:1"},{"name":"B","container":null},{"name":"C"}]}"#;
    assert_eq!(read(inspected).unwrap(), ["quay.io/a/b:1"]);
    assert!(read("{\"tasks\": []}").unwrap_err().hint.is_some());
    assert!(read("[1]").is_err());
}

#[test]
fn a_file_is_merged_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.json");
    let map = map::of_names(["quay.io/a/b:1", "quay.io/c/d:1"], &options());
    fs::write(&path, json!({"quay.io/a/b:1": "mine/a/b:1", "other:1": "mine/other:1"}).to_string()).unwrap();

    let written = map::write(&map, Format::Flat, &path, false).unwrap();
    assert_eq!((written.changed, written.findings[0].code), (1, Code::KeptEntry));
    let read = || serde_json::from_str::<serde_json::Value>(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(read()["quay.io/a/b:1"], "mine/a/b:1");
    assert_eq!(read()["other:1"], "mine/other:1");
    assert_eq!(read()["quay.io/c/d:1"], ecr("quay/c/d:1"));

    assert_eq!(map::write(&map, Format::Flat, &path, true).unwrap().changed, 1);
    assert_eq!(read()["quay.io/a/b:1"], ecr("quay/a/b:1"));
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(map::write(&map, Format::Flat, &path, false).unwrap().changed, 0);
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
}

#[test]
fn a_healthomics_file_keeps_what_others_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.json");
    let theirs = json!({
        "registryMappings": [
            {"upstreamRegistryUrl": "quay.io", "ecrRepositoryPrefix": "team-quay", "ecrAccountId": "210987654321"},
            {"upstreamRegistryUrl": "ghcr.io", "ecrRepositoryPrefix": "gh"},
        ],
        "imageMappings": [],
    });
    fs::write(&path, theirs.to_string()).unwrap();
    let map = map::of_names(["quay.io/a/b:1", "ubuntu:1"], &options());
    let written = map::write(&map, Format::Healthomics, &path, false).unwrap();
    assert_eq!(written.changed, 2);
    assert_eq!(written.findings.len(), 1);
    let read: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(read["registryMappings"][0], theirs["registryMappings"][0]);
    assert_eq!(read["registryMappings"][1], theirs["registryMappings"][1]);
    assert_eq!(read["registryMappings"][2]["upstreamRegistryUrl"], "registry-1.docker.io");
}

#[test]
fn a_file_that_is_no_map_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let map = map::of_names(["quay.io/a/b:1"], &options());
    for (format, text) in [
        (Format::Flat, "not json"),
        (Format::Flat, "[]"),
        (Format::Flat, r#"{"registryMappings": []}"#),
        (Format::Healthomics, r#"{"quay.io/a/b:1": "x"}"#),
        (Format::Healthomics, r#"{"registryMappings": [{"unknown": 1}]}"#),
    ] {
        let path = folder.path().join("map.json");
        fs::write(&path, text).unwrap();
        let error = map::write(&map, format, &path, true).unwrap_err();
        assert!(error.hint.is_some() && error.refused.is_some(), "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    let missing = folder.path().join("no/such/folder/map.json");
    assert!(map::write(&map, Format::Flat, &missing, false).is_err());
}

#[test]
fn a_private_registry_prints_its_host() {
    let host = EcrHost::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    assert_eq!(options().target.host(), host.to_string());
}
