//! The AWS SDK for Rust as a client: answers become its types, errors its modelled exceptions, lists its paginators.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

use aws_sdk_ecr::Client;
use aws_sdk_ecr::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_ecr::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecr::primitives::Blob;
use aws_sdk_ecr::types::{ImageIdentifier, ImageTagMutability, LayerAvailability, LayerFailureCode};
use local_ecr::{Config, Handle, LocalEcr};
use sha2::Digest;

async fn start() -> (Handle, Client) {
    let config =
        Config::new("000000000000".parse().expect("an account"), "us-east-1".parse().expect("a Region"));
    let server = LocalEcr::start(config).await.expect("the server starts");
    let options = aws_sdk_ecr::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(server.endpoint())
        .build();
    (server, Client::from_conf(options))
}

fn digest(bytes: &[u8]) -> String {
    let sum = sha2::Sha256::digest(bytes);
    format!("sha256:{}", sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Returns the name of the exception that a call was refused with.
fn code<T, E: ProvideErrorMetadata>(answer: Result<T, SdkError<E>>) -> String {
    match answer {
        Err(SdkError::ServiceError(error)) => error.err().code().unwrap_or_default().to_owned(),
        Err(_) => "no answer of the service".to_owned(),
        Ok(_) => "no refusal".to_owned(),
    }
}

async fn push_layer(client: &Client, name: &str, bytes: &[u8]) {
    let begun = client.initiate_layer_upload().repository_name(name).send().await.expect("an upload");
    let id = begun.upload_id().expect("an id");
    client
        .upload_layer_part()
        .repository_name(name)
        .upload_id(id)
        .part_first_byte(0)
        .part_last_byte(i64::try_from(bytes.len()).expect("a small layer") - 1)
        .layer_part_blob(Blob::new(bytes))
        .send()
        .await
        .expect("the part is taken");
    let done = client
        .complete_layer_upload()
        .repository_name(name)
        .upload_id(id)
        .layer_digests(digest(bytes))
        .send();
    assert_eq!(done.await.expect("the layer is taken").layer_digest(), Some(digest(bytes).as_str()));
}

#[tokio::test]
async fn an_image_goes_in_and_comes_out() {
    let (_server, client) = start().await;
    let made = client.create_repository().repository_name("team/tool").send().await.expect("a repository");
    let made = made.repository().expect("a repository");
    assert_eq!(made.image_tag_mutability(), Some(&ImageTagMutability::Mutable));
    assert!(made.repository_arn().is_some_and(|arn| arn.ends_with(":repository/team/tool")));
    assert!(made.created_at().is_some());
    for bytes in [b"{}".as_slice(), b"layer"] {
        push_layer(&client, "team/tool", bytes).await;
    }
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":2}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{}","size":5}}]}}"#,
        digest(b"{}"),
        digest(b"layer")
    );
    let put = || client.put_image().repository_name("team/tool").image_manifest(&manifest).image_tag("1");
    let image = put().send().await.expect("the image is taken");
    let image = image.image().and_then(|image| image.image_id()).expect("its id");
    assert_eq!(image.image_digest(), Some(digest(manifest.as_bytes()).as_str()));
    let again = put().send().await.expect_err("it is there");
    assert!(again.into_service_error().is_image_already_exists_exception());

    let ids = ["1", "none"].map(|tag| ImageIdentifier::builder().image_tag(tag).build());
    let got = client.batch_get_image().repository_name("team/tool").set_image_ids(Some(ids.to_vec()));
    let got = got.send().await.expect("an answer");
    assert_eq!(got.images()[0].image_manifest(), Some(manifest.as_str()));
    assert_eq!(got.failures()[0].failure_code().map(|code| code.as_str()), Some("ImageNotFound"));
    let layers = client
        .batch_check_layer_availability()
        .repository_name("team/tool")
        .layer_digests(digest(b"layer"))
        .layer_digests(digest(b"none"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(layers.layers()[0].layer_availability(), Some(&LayerAvailability::Available));
    assert_eq!(layers.failures()[0].failure_code(), Some(&LayerFailureCode::MissingLayerDigest));
    let details = client.describe_images().repository_name("team/tool").send().await.expect("an answer");
    let detail = &details.image_details()[0];
    assert_eq!((detail.image_tags(), detail.image_size_in_bytes()), (["1".to_owned()].as_slice(), Some(7)));
}

#[tokio::test]
async fn paginators_see_everything_once() {
    let (_server, client) = start().await;
    let mut names: Vec<String> = (0..23).map(|number| format!("page/{number:02}")).collect();
    for name in &names {
        client.create_repository().repository_name(name).send().await.expect("a repository");
    }
    let mut seen = Vec::new();
    let mut pages = client.describe_repositories().into_paginator().page_size(5).send();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        assert!(page.repositories().len() <= 5);
        seen.extend(page.repositories().iter().filter_map(|one| one.repository_name().map(str::to_owned)));
    }
    seen.sort();
    names.sort();
    assert_eq!(seen, names);
    for number in 0..7 {
        let rule = client.create_pull_through_cache_rule().ecr_repository_prefix(format!("quay{number}"));
        rule.upstream_registry_url("quay.io").send().await.expect("a rule");
    }
    let rules = client.describe_pull_through_cache_rules().into_paginator().page_size(3).items().send();
    assert_eq!(rules.try_collect().await.expect("pages").len(), 7);
}

#[tokio::test]
async fn refusals_are_modelled_exceptions() {
    let (_server, client) = start().await;
    let missing = client.describe_repositories().repository_names("none/such").send().await;
    assert!(missing.expect_err("there is none").into_service_error().is_repository_not_found_exception());
    client.create_repository().repository_name("team/tool").send().await.expect("a repository");
    let twice = client.create_repository().repository_name("team/tool").send().await;
    assert!(twice.expect_err("it is there").into_service_error().is_repository_already_exists_exception());
    let wrong = client.create_repository().repository_name("Team!").send().await;
    assert!(wrong.expect_err("no name").into_service_error().is_invalid_parameter_exception());
    let none = client.get_registry_policy().send().await;
    assert!(none.expect_err("none is set").into_service_error().is_registry_policy_not_found_exception());
    let rule = |url: &str| {
        client.create_pull_through_cache_rule().ecr_repository_prefix("hub").upstream_registry_url(url)
    };
    let hub = rule("registry-1.docker.io").send().await;
    assert!(hub.expect_err("no secret").into_service_error().is_unsupported_upstream_registry_exception());
    let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:ecr-pullthroughcache/none-AbCdEf";
    let hub = rule("registry-1.docker.io").credential_arn(arn).send().await;
    assert!(hub.expect_err("no such secret").into_service_error().is_secret_not_found_exception());
    let layer = client.get_download_url_for_layer().repository_name("team/tool").layer_digest(digest(b"x"));
    assert!(layer.send().await.expect_err("no layer").into_service_error().is_layers_not_found_exception());
    let empty = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
    let put = client.put_image().repository_name("team/tool").image_tag("1").image_manifest(empty);
    put.send().await.expect("an index of nothing");
    let scan = client.start_image_scan().repository_name("team/tool");
    let scan = scan.image_id(ImageIdentifier::builder().image_tag("1").build()).send().await;
    assert_eq!(code(scan), "NotImplementedException", "what is left out says so");
}
