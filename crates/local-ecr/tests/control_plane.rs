//! ECR's control plane over HTTP: what it answers, what it refuses, and by which name.

mod client;

use client::{INDEX, MANIFEST, digest, manifest, start};
use reqwest::StatusCode;
use serde_json::{Value, json};

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"read","Effect":"Allow","Principal":{"Service":"omics.amazonaws.com"},"Action":["ecr:BatchGetImage"],"Resource":"*"}]}"#;
const LIFECYCLE: &str = r#"{"rules":[{"rulePriority":1,"description":"keep few","selection":{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":3},"action":{"type":"expire"}}]}"#;

#[tokio::test]
async fn repositories_are_created_described_and_deleted() {
    let server = start().await;
    let asked = json!({ "repositoryName": "team/tool", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "dev-*" }],
        "imageScanningConfiguration": { "scanOnPush": true }, "tags": [{ "Key": "a", "Value": "b" }] });
    let made = server.ecr("CreateRepository", asked.clone()).await;
    let repository = &made["repository"];
    assert_eq!(repository["repositoryArn"], "arn:aws:ecr:us-east-1:000000000000:repository/team/tool");
    assert_eq!(repository["repositoryUri"], format!("{}/team/tool", server.handle.address()));
    assert_eq!(repository["registryId"], "000000000000");
    assert_eq!(repository["imageScanningConfiguration"]["scanOnPush"], true);
    assert_eq!(repository["encryptionConfiguration"]["encryptionType"], "AES256");
    assert!(repository["createdAt"].is_f64());
    assert_eq!(server.refused("CreateRepository", asked).await, "RepositoryAlreadyExistsException");
    let described = server.ecr("DescribeRepositories", json!({ "repositoryNames": ["team/tool"] })).await;
    assert_eq!(described["repositories"][0], *repository);
    let unknown = json!({ "repositoryNames": ["team/tool", "other"] });
    assert_eq!(server.refused("DescribeRepositories", unknown).await, "RepositoryNotFoundException");
    let deleted = server.ecr("DeleteRepository", json!({ "repositoryName": "team/tool" })).await;
    assert_eq!(deleted["repository"], *repository);
    assert_eq!(server.ecr("DescribeRepositories", json!({})).await["repositories"], json!([]));
}

#[tokio::test]
async fn parameters_that_break_the_model_are_refused_by_name() {
    let server = start().await;
    server.repository("aa").await;
    let long = "a".repeat(257);
    let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:docker-hub-creds-AbCdEf";
    let sum = digest(b"x");
    let text = "x".repeat(10_241);
    for (operation, body, exception) in [
        ("CreateRepository", json!({}), "InvalidParameterException"),
        ("CreateRepository", json!({ "repositoryName": "Team/Tool!" }), "InvalidParameterException"),
        ("CreateRepository", json!({ "repositoryName": "a" }), "InvalidParameterException"),
        ("CreateRepository", json!({ "repositoryName": long }), "InvalidParameterException"),
        ("CreateRepository", json!({ "repositoryName": "../aa" }), "InvalidParameterException"),
        ("CreateRepository", json!({ "repositoryName": 7 }), "SerializationException"),
        (
            "CreateRepository",
            json!({ "repositoryName": "bb", "imageTagMutability": "x" }),
            "InvalidParameterException",
        ),
        (
            "CreateRepository",
            json!({ "repositoryName": "bb", "imageTagMutability": "MUTABLE_WITH_EXCLUSION" }),
            "InvalidParameterException",
        ),
        (
            "CreateRepository",
            json!({ "repositoryName": "bb", "registryId": "12" }),
            "InvalidParameterException",
        ),
        (
            "CreateRepository",
            json!({ "repositoryName": "bb", "tags": [{ "Key": "aws:x", "Value": "" }] }),
            "InvalidTagParameterException",
        ),
        ("DescribeRepositories", json!({ "maxResults": 0 }), "InvalidParameterException"),
        ("DescribeRepositories", json!({ "maxResults": 1001 }), "InvalidParameterException"),
        ("DescribeRepositories", json!({ "nextToken": "!" }), "InvalidParameterException"),
        (
            "DescribeRepositories",
            json!({ "registryId": "123456789012", "repositoryNames": ["aa"] }),
            "RepositoryNotFoundException",
        ),
        (
            "ListImages",
            json!({ "repositoryName": "aa", "filter": { "tagStatus": "x" } }),
            "InvalidParameterException",
        ),
        ("BatchGetImage", json!({ "repositoryName": "aa", "imageIds": [] }), "InvalidParameterException"),
        (
            "BatchGetImage",
            json!({ "repositoryName": "aa", "imageIds": vec![json!({ "imageTag": "a" }); 101] }),
            "InvalidParameterException",
        ),
        ("PutImage", json!({ "repositoryName": "aa", "imageManifest": "{" }), "InvalidParameterException"),
        ("PutImage", json!({ "repositoryName": "aa", "imageManifest": "{}" }), "InvalidParameterException"),
        (
            "SetRepositoryPolicy",
            json!({ "repositoryName": "aa", "policyText": "{}" }),
            "InvalidParameterException",
        ),
        (
            "SetRepositoryPolicy",
            json!({ "repositoryName": "aa", "policyText": text }),
            "InvalidParameterException",
        ),
        ("GetRepositoryPolicy", json!({ "repositoryName": "aa" }), "RepositoryPolicyNotFoundException"),
        ("GetLifecyclePolicy", json!({ "repositoryName": "aa" }), "LifecyclePolicyNotFoundException"),
        (
            "PutLifecyclePolicy",
            json!({ "repositoryName": "aa", "lifecyclePolicyText": "{}" }),
            "InvalidParameterException",
        ),
        ("GetRegistryPolicy", json!({}), "RegistryPolicyNotFoundException"),
        ("PutRegistryPolicy", json!({ "policyText": "[]" }), "InvalidParameterException"),
        ("GetAccountSetting", json!({ "name": "OTHER" }), "InvalidParameterException"),
        (
            "PutAccountSetting",
            json!({ "name": "BLOB_MOUNTING", "value": "MAYBE" }),
            "InvalidParameterException",
        ),
        (
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "Quay", "upstreamRegistryUrl": "quay.io" }),
            "InvalidParameterException",
        ),
        (
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "q", "upstreamRegistryUrl": "quay.io" }),
            "InvalidParameterException",
        ),
        (
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "mcr", "upstreamRegistryUrl": "mcr.microsoft.com" }),
            "UnsupportedUpstreamRegistryException",
        ),
        (
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "docker.io" }),
            "UnsupportedUpstreamRegistryException",
        ),
        (
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "https://quay.io" }),
            "UnsupportedUpstreamRegistryException",
        ),
        (
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io", "upstreamRegistry": "k8s" }),
            "UnsupportedUpstreamRegistryException",
        ),
        (
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io" }),
            "UnsupportedUpstreamRegistryException",
        ),
        (
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "ghcr", "upstreamRegistryUrl": "ghcr.io" }),
            "UnsupportedUpstreamRegistryException",
        ),
        (
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": arn }),
            "InvalidParameterException",
        ),
        (
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io",
            "credentialArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:ecr-pullthroughcache/none-AbCdEf" }),
            "SecretNotFoundException",
        ),
        (
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "ROOT", "upstreamRegistryUrl": "quay.io", "upstreamRepositoryPrefix": "bio" }),
            "InvalidParameterException",
        ),
        (
            "DescribePullThroughCacheRules",
            json!({ "ecrRepositoryPrefixes": ["none"] }),
            "PullThroughCacheRuleNotFoundException",
        ),
        (
            "ValidatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "none" }),
            "PullThroughCacheRuleNotFoundException",
        ),
        ("UpdateRepositoryCreationTemplate", json!({ "prefix": "none" }), "TemplateNotFoundException"),
        (
            "CreateRepositoryCreationTemplate",
            json!({ "prefix": "quay", "appliedFor": ["PULL"] }),
            "InvalidParameterException",
        ),
        ("CreateRepositoryCreationTemplate", json!({ "prefix": "quay" }), "InvalidParameterException"),
        (
            "UploadLayerPart",
            json!({ "repositoryName": "aa", "uploadId": "../../x", "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": "eA==" }),
            "UploadNotFoundException",
        ),
        (
            "GetDownloadUrlForLayer",
            json!({ "repositoryName": "aa", "layerDigest": sum }),
            "LayersNotFoundException",
        ),
        (
            "GetDownloadUrlForLayer",
            json!({ "repositoryName": "aa", "layerDigest": "sha256:../../etc" }),
            "InvalidParameterException",
        ),
        ("ListTagsForResource", json!({ "resourceArn": "arn:aws:s3:::bucket" }), "InvalidParameterException"),
        ("NoSuchOperation", json!({}), "UnknownOperationException"),
    ] {
        assert_eq!(server.refused(operation, body.clone()).await, exception, "{operation} {body}");
    }
    let (status, left_out) = server.ecr_any("StartReplicationBackfill", json!({})).await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
    assert!(
        left_out["message"].as_str().is_some_and(|text| text.contains("StartReplicationBackfill")),
        "{left_out}"
    );
    let (status, unknown) = server.json("DynamoDB_20120810.ListTables", json!({})).await;
    assert_eq!((status, &unknown["__type"]), (StatusCode::BAD_REQUEST, &json!("UnknownOperationException")));
}

#[tokio::test]
async fn broken_bodies_are_refused() {
    let server = start().await;
    let deep = format!("{{\"repositoryName\":{}", "[".repeat(100_000));
    for body in ["", "{", "[]", "null", "\u{0}", deep.as_str(), "{\"repositoryName\":\"\u{7f}\"}"] {
        let request = server.http.post(server.handle.endpoint());
        let request = request.header("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.CreateRepository");
        let response = request.body(body.to_owned()).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{:.40}", body);
        assert!(response.json::<Value>().await.expect("JSON")["__type"].is_string());
    }
    let huge = server.http.post(server.handle.endpoint()).body(vec![b' '; 29 << 20]).send().await;
    assert!(huge.is_err() || huge.is_ok_and(|response| response.status().is_client_error()));
}

async fn all(server: &client::Server, operation: &str, mut body: Value, list: &str) -> Vec<Value> {
    let mut found = Vec::new();
    loop {
        let page = server.ecr(operation, body.clone()).await;
        let items = page[list].as_array().cloned().unwrap_or_default();
        assert!(items.len() <= 2, "{page}");
        found.extend(items);
        match page.get("nextToken") {
            Some(token) => body["nextToken"] = token.clone(),
            None => return found,
        }
    }
}

#[tokio::test]
async fn every_list_comes_in_pages() {
    let server = start().await;
    for number in 0..5 {
        server.repository(&format!("repo{number}")).await;
        let rule =
            json!({ "ecrRepositoryPrefix": format!("quay{number}"), "upstreamRegistryUrl": "quay.io" });
        server.ecr("CreatePullThroughCacheRule", rule).await;
        let template = json!({ "prefix": format!("quay{number}"), "appliedFor": ["REPLICATION"] });
        server.ecr("CreateRepositoryCreationTemplate", template).await;
        server.push_image("repo0", &format!("v{number}"), format!("layer {number}").as_bytes()).await;
    }
    let two = || json!({ "maxResults": 2 });
    let own = || json!({ "maxResults": 2, "repositoryName": "repo0" });
    for (operation, body, list) in [
        ("DescribeRepositories", two(), "repositories"),
        ("DescribePullThroughCacheRules", two(), "pullThroughCacheRules"),
        ("DescribeRepositoryCreationTemplates", two(), "repositoryCreationTemplates"),
        ("DescribeImages", own(), "imageDetails"),
        ("ListImages", own(), "imageIds"),
    ] {
        let found = all(&server, operation, body, list).await;
        assert_eq!(found.len(), 5, "{operation}");
        let distinct: std::collections::HashSet<_> = found.iter().map(Value::to_string).collect();
        assert_eq!(distinct.len(), 5, "{operation}");
    }
    let more = json!({ "ecrRepositoryPrefix": "more", "upstreamRegistryUrl": "quay.io" });
    for number in 5..50 {
        let rule =
            json!({ "ecrRepositoryPrefix": format!("quay{number}"), "upstreamRegistryUrl": "quay.io" });
        server.ecr("CreatePullThroughCacheRule", rule).await;
    }
    assert_eq!(server.refused("CreatePullThroughCacheRule", more).await, "LimitExceededException");
}

#[tokio::test]
async fn images_are_put_found_and_deleted() {
    let server = start().await;
    server.repository("aa").await;
    let first = server.push_image("aa", "1", b"one").await;
    let again =
        json!({ "repositoryName": "aa", "imageManifest": manifest(b"{}", &[b"one"]), "imageTag": "1" });
    assert_eq!(server.refused("PutImage", again.clone()).await, "ImageAlreadyExistsException");
    let mut wrong = again.clone();
    wrong["imageDigest"] = json!(digest(b"other"));
    assert_eq!(server.refused("PutImage", wrong).await, "ImageDigestDoesNotMatchException");
    let missing = json!({ "repositoryName": "aa", "imageManifest": manifest(b"{}", &[b"never"]) });
    assert_eq!(server.refused("PutImage", missing).await, "LayersNotFoundException");
    let mut second_tag = again;
    second_tag["imageTag"] = json!("2");
    let put = server.ecr("PutImage", second_tag).await;
    assert_eq!(put["image"]["imageId"], json!({ "imageDigest": first, "imageTag": "2" }));
    assert_eq!(put["image"]["imageManifestMediaType"], MANIFEST);
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [{ "mediaType": MANIFEST, "digest": first, "size": 1 }] });
    let put = server
        .ecr(
            "PutImage",
            json!({ "repositoryName": "aa", "imageManifest": index.to_string(), "imageTag": "index" }),
        )
        .await;
    let whole = put["image"]["imageId"]["imageDigest"].clone();

    let ids = json!([{ "imageTag": "1" }, { "imageDigest": first }, { "imageTag": "none" }, {}, { "imageDigest": "bad" },
        { "imageTag": "bad tag" }, { "imageTag": "1", "imageDigest": whole }]);
    let got = server.ecr("BatchGetImage", json!({ "repositoryName": "aa", "imageIds": ids })).await;
    assert_eq!(got["images"].as_array().map(Vec::len), Some(2));
    assert_eq!(got["images"][0]["imageManifest"], manifest(b"{}", &[b"one"]));
    let codes: Vec<_> = got["failures"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|failure| failure["failureCode"].clone())
        .collect();
    assert_eq!(
        codes,
        [
            "ImageNotFound",
            "MissingDigestAndTag",
            "InvalidImageDigest",
            "InvalidImageTag",
            "ImageTagDoesNotMatchDigest"
        ]
    );

    let details = server
        .ecr("DescribeImages", json!({ "repositoryName": "aa", "imageIds": [{ "imageTag": "index" }] }))
        .await;
    assert_eq!(
        details["imageDetails"][0]["imageSizeInBytes"], 5,
        "an index is as large as its largest image"
    );
    let none = json!({ "repositoryName": "aa", "imageIds": [{ "imageTag": "none" }] });
    assert_eq!(server.refused("DescribeImages", none).await, "ImageNotFoundException");

    let delete =
        |ids: Value| server.ecr("BatchDeleteImage", json!({ "repositoryName": "aa", "imageIds": ids }));
    let held = delete(json!([{ "imageDigest": first }])).await;
    assert_eq!(held["failures"][0]["failureCode"], "ImageReferencedByManifestList");
    let untagged = delete(json!([{ "imageTag": "1" }])).await;
    assert_eq!(untagged["imageIds"], json!([{ "imageDigest": first, "imageTag": "1" }]));
    assert_eq!(delete(json!([{ "imageTag": "index" }])).await["imageIds"][0]["imageDigest"], whole);
    assert_eq!(
        delete(json!([{ "imageTag": "2" }])).await["imageIds"][0]["imageDigest"],
        first,
        "the last tag takes the image along"
    );
    assert_eq!(server.ecr("ListImages", json!({ "repositoryName": "aa" })).await["imageIds"], json!([]));
}

#[tokio::test]
async fn layers_come_in_parts() {
    use base64::Engine;
    let server = start().await;
    server.repository("aa").await;
    let begun = server.ecr("InitiateLayerUpload", json!({ "repositoryName": "aa" })).await;
    assert!(begun["partSize"].as_u64().is_some_and(|size| size >= 5 << 20));
    let id = begun["uploadId"].as_str().expect("an id").to_owned();
    let part = |first: usize, bytes: &[u8]| {
        json!({ "repositoryName": "aa", "uploadId": id, "partFirstByte": first, "partLastByte": first + bytes.len() - 1,
            "layerPartBlob": base64::engine::general_purpose::STANDARD.encode(bytes) })
    };
    let large = vec![7; 5 << 20];
    let got = server.ecr("UploadLayerPart", part(0, &large)).await;
    assert_eq!(got["lastByteReceived"], (5 << 20) - 1);
    let (_, gap) = server.ecr_any("UploadLayerPart", part(6 << 20, b"x")).await;
    assert_eq!(gap["__type"], "InvalidLayerPartException");
    assert_eq!(gap["lastValidByteReceived"], (5 << 20) - 1);
    server.ecr("UploadLayerPart", part(5 << 20, b"the end")).await;
    let whole = [large.as_slice(), b"the end"].concat();
    let complete = |digest: String, id: &str| json!({ "repositoryName": "aa", "uploadId": id, "layerDigests": [digest] });
    let done = server.ecr("CompleteLayerUpload", complete(digest(&whole), &id)).await;
    assert_eq!(done["layerDigest"], digest(&whole));
    assert_eq!(
        server.refused("CompleteLayerUpload", complete(digest(&whole), &id)).await,
        "UploadNotFoundException"
    );

    let begin = async || {
        let begun = server.ecr("InitiateLayerUpload", json!({ "repositoryName": "aa" })).await;
        begun["uploadId"].as_str().expect("an id").to_owned()
    };
    let empty = begin().await;
    assert_eq!(
        server.refused("CompleteLayerUpload", complete(digest(b""), &empty)).await,
        "EmptyUploadException"
    );
    for (bytes, expected, exception) in [
        (vec![b"ab".as_slice(), b"cd"], digest(b"abcd"), "LayerPartTooSmallException"),
        (vec![b"abcd".as_slice()], digest(b"other"), "InvalidLayerException"),
        (vec![whole.as_slice()], digest(&whole), "LayerAlreadyExistsException"),
    ] {
        let id = begin().await;
        let mut first = 0;
        for bytes in bytes {
            let mut body = part(first, bytes);
            body["uploadId"] = json!(id);
            server.ecr("UploadLayerPart", body).await;
            first += bytes.len();
        }
        assert_eq!(server.refused("CompleteLayerUpload", complete(expected, &id)).await, exception);
    }
    let check = json!({ "repositoryName": "aa", "layerDigests": [digest(&whole), digest(b"none"), "bad"] });
    let check = server.ecr("BatchCheckLayerAvailability", check).await;
    assert_eq!(check["layers"][0]["layerSize"], whole.len());
    assert_eq!(check["failures"][0]["failureCode"], "MissingLayerDigest");
    assert_eq!(check["failures"][1]["failureCode"], "InvalidLayerDigest");
}

#[tokio::test]
async fn policies_and_settings_are_kept_and_returned() {
    let server = start().await;
    server.repository("aa").await;
    let own = || json!({ "repositoryName": "aa" });
    let with = |name: &str, text: &str| json!({ "repositoryName": "aa", name: text });
    server.ecr("SetRepositoryPolicy", with("policyText", POLICY)).await;
    assert_eq!(server.ecr("GetRepositoryPolicy", own()).await["policyText"], POLICY);
    assert_eq!(server.ecr("DeleteRepositoryPolicy", own()).await["policyText"], POLICY);
    assert_eq!(server.refused("GetRepositoryPolicy", own()).await, "RepositoryPolicyNotFoundException");
    server.ecr("PutLifecyclePolicy", with("lifecyclePolicyText", LIFECYCLE)).await;
    assert_eq!(server.ecr("GetLifecyclePolicy", own()).await["lifecyclePolicyText"], LIFECYCLE);
    server.ecr("DeleteLifecyclePolicy", own()).await;
    assert_eq!(server.refused("GetLifecyclePolicy", own()).await, "LifecyclePolicyNotFoundException");
    server.ecr("PutRegistryPolicy", json!({ "policyText": POLICY })).await;
    assert_eq!(server.ecr("GetRegistryPolicy", json!({})).await["policyText"], POLICY);
    server.ecr("DeleteRegistryPolicy", json!({})).await;
    assert_eq!(server.refused("DeleteRegistryPolicy", json!({})).await, "RegistryPolicyNotFoundException");
    assert_eq!(
        server.ecr("GetAccountSetting", json!({ "name": "BLOB_MOUNTING" })).await["value"],
        "DISABLED"
    );
    server.ecr("PutAccountSetting", json!({ "name": "BLOB_MOUNTING", "value": "ENABLED" })).await;
    assert_eq!(server.ecr("GetAccountSetting", json!({ "name": "BLOB_MOUNTING" })).await["value"], "ENABLED");
    let scanning = json!({ "scanType": "ENHANCED", "rules": [{ "scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{ "filter": "*", "filterType": "WILDCARD" }] }] });
    server.ecr("PutRegistryScanningConfiguration", scanning.clone()).await;
    assert_eq!(
        server.ecr("GetRegistryScanningConfiguration", json!({})).await["scanningConfiguration"],
        scanning
    );
    let replication =
        json!({ "rules": [{ "destinations": [{ "region": "eu-west-1", "registryId": "000000000000" }] }] });
    server.ecr("PutReplicationConfiguration", json!({ "replicationConfiguration": replication })).await;
    assert_eq!(server.ecr("DescribeRegistry", json!({})).await["replicationConfiguration"], replication);
    let itself =
        json!({ "rules": [{ "destinations": [{ "region": "us-east-1", "registryId": "000000000000" }] }] });
    assert_eq!(
        server.refused("PutReplicationConfiguration", json!({ "replicationConfiguration": itself })).await,
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn rules_and_templates_are_changed_and_deleted() {
    let server = start().await;
    let secret = json!({ "Name": "ecr-pullthroughcache/quay", "SecretString": "{\"username\":\"u\",\"accessToken\":\"t\"}" });
    let (_, secret) = server.secrets("CreateSecret", secret).await;
    let rule = json!({ "ecrRepositoryPrefix": "quay/", "upstreamRegistryUrl": "quay.io" });
    let made = server.ecr("CreatePullThroughCacheRule", rule.clone()).await;
    assert_eq!(made["ecrRepositoryPrefix"], "quay");
    assert_eq!(made["upstreamRegistry"], "quay");
    assert_eq!(made["upstreamRepositoryPrefix"], "ROOT");
    assert_eq!(
        server.refused("CreatePullThroughCacheRule", rule).await,
        "PullThroughCacheRuleAlreadyExistsException"
    );
    let key = json!({ "ecrRepositoryPrefix": "quay" });
    assert_eq!(server.refused("UpdatePullThroughCacheRule", key.clone()).await, "InvalidParameterException");
    let update = json!({ "ecrRepositoryPrefix": "quay", "credentialArn": secret["ARN"] });
    assert_eq!(server.ecr("UpdatePullThroughCacheRule", update).await["credentialArn"], secret["ARN"]);
    let described =
        server.ecr("DescribePullThroughCacheRules", json!({ "ecrRepositoryPrefixes": ["quay"] })).await;
    assert_eq!(described["pullThroughCacheRules"][0]["credentialArn"], secret["ARN"]);
    server.ecr("DeletePullThroughCacheRule", key.clone()).await;
    assert_eq!(
        server.refused("DeletePullThroughCacheRule", key).await,
        "PullThroughCacheRuleNotFoundException"
    );

    let template = json!({ "prefix": "quay", "appliedFor": ["PULL_THROUGH_CACHE"], "description": "d", "repositoryPolicy": POLICY });
    server.ecr("CreateRepositoryCreationTemplate", template.clone()).await;
    assert_eq!(
        server.refused("CreateRepositoryCreationTemplate", template).await,
        "TemplateAlreadyExistsException"
    );
    let updated =
        server.ecr("UpdateRepositoryCreationTemplate", json!({ "prefix": "quay", "description": "e" })).await;
    let updated = &updated["repositoryCreationTemplate"];
    assert_eq!((&updated["description"], &updated["repositoryPolicy"]), (&json!("e"), &json!(POLICY)));
    let none = server.ecr("DescribeRepositoryCreationTemplates", json!({ "prefixes": ["none"] })).await;
    assert_eq!(none["repositoryCreationTemplates"], json!([]));
    server.ecr("DeleteRepositoryCreationTemplate", json!({ "prefix": "quay" })).await;
    assert_eq!(
        server.refused("DeleteRepositoryCreationTemplate", json!({ "prefix": "quay" })).await,
        "TemplateNotFoundException"
    );
}

#[tokio::test]
async fn secrets_have_versions_and_are_deleted_with_a_window() {
    let server = start().await;
    let call = async |operation: &str, body: Value, expected: &str| {
        let (status, answer) = server.secrets(operation, body).await;
        match expected {
            "" => assert_eq!(status, StatusCode::OK, "{operation}: {answer}"),
            exception => assert_eq!(answer["__type"], exception, "{operation}: {answer}"),
        }
        answer
    };
    let name = "ecr-pullthroughcache/hub";
    let made =
        call("CreateSecret", json!({ "Name": name, "SecretString": "one", "Description": "login" }), "")
            .await;
    let arn = made["ARN"].as_str().expect("an ARN").to_owned();
    assert!(
        arn.starts_with("arn:aws:secretsmanager:us-east-1:000000000000:secret:ecr-pullthroughcache/hub-"),
        "{arn}"
    );
    call("CreateSecret", json!({ "Name": name }), "ResourceExistsException").await;
    call("CreateSecret", json!({ "Name": "a b" }), "ValidationException").await;
    call("PutSecretValue", json!({ "SecretId": name, "SecretString": "two" }), "").await;
    let partial = arn.rsplit_once('-').expect("a suffix").0;
    for id in [name, arn.as_str(), partial] {
        assert_eq!(call("GetSecretValue", json!({ "SecretId": id }), "").await["SecretString"], "two");
    }
    let previous = json!({ "SecretId": name, "VersionStage": "AWSPREVIOUS" });
    assert_eq!(call("GetSecretValue", previous, "").await["SecretString"], "one");
    call("UpdateSecret", json!({ "SecretId": name, "SecretBinary": "AAEC" }), "").await;
    assert_eq!(call("GetSecretValue", json!({ "SecretId": name }), "").await["SecretBinary"], "AAEC");
    call("PutSecretValue", json!({ "SecretId": name, "SecretBinary": "?" }), "InvalidParameterException")
        .await;
    call(
        "PutSecretValue",
        json!({ "SecretId": name, "SecretString": "x".repeat(65_537) }),
        "InvalidParameterException",
    )
    .await;
    let described = call("DescribeSecret", json!({ "SecretId": name }), "").await;
    assert_eq!(described["VersionIdsToStages"].as_object().map(serde_json::Map::len), Some(2));
    assert!(described.get("SecretString").is_none());
    let filter = json!({ "Filters": [{ "Key": "name", "Values": ["ecr-pullthroughcache/"] }] });
    assert_eq!(call("ListSecrets", filter, "").await["SecretList"][0]["Name"], name);
    call("GetSecretValue", json!({ "SecretId": "none" }), "ResourceNotFoundException").await;
    call("DeleteSecret", json!({ "SecretId": name, "RecoveryWindowInDays": 3 }), "InvalidParameterException")
        .await;
    call("DeleteSecret", json!({ "SecretId": name }), "").await;
    call("GetSecretValue", json!({ "SecretId": name }), "InvalidRequestException").await;
    call("DeleteSecret", json!({ "SecretId": name, "ForceDeleteWithoutRecovery": true }), "").await;
    call("DescribeSecret", json!({ "SecretId": name }), "ResourceNotFoundException").await;
    let (status, _) = server.secrets("RotateSecret", json!({})).await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
}

#[tokio::test]
async fn an_operation_that_is_left_out_says_so_by_its_name() {
    let server = start().await;
    server.repository("aa").await;
    server.push_image("aa", "1", b"one").await;
    let scan = |tag: &str| json!({ "repositoryName": "aa", "imageId": { "imageTag": tag } });
    assert_eq!(server.refused("StartImageScan", scan("none")).await, "ImageNotFoundException");
    let backfill = json!({ "destination": { "region": "eu-west-1", "registryId": "000000000000" } });
    for (name, body) in [("StartImageScan", scan("1")), ("StartReplicationBackfill", backfill)] {
        let (status, answer) = server.ecr_any(name, body).await;
        assert_eq!(status, StatusCode::NOT_IMPLEMENTED, "{name}: {answer}");
        assert_eq!(answer["__type"], "NotImplementedException");
        assert!(answer["message"].as_str().expect("words").starts_with(name), "{answer}");
    }
}
