//! The registry on `/v2/`, over HTTP.

mod client;

use client::{INDEX, MANIFEST, code, digest, manifest, start};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_pushed_is_pulled() {
    let server = start().await;
    server.repository("team/tool").await;
    let pushed = server.push_image("team/tool", "1.0", b"a layer").await;

    let response = server.get("team/tool/manifests/1.0").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["docker-content-digest"], pushed.as_str());
    assert_eq!(response.headers()["content-type"], MANIFEST);
    assert!(response.headers().contains_key("x-amzn-requestid"));
    assert_eq!(digest(&response.bytes().await.expect("bytes")), pushed);

    let blob = format!("team/tool/blobs/{}", digest(b"a layer"));
    assert_eq!(server.get(&blob).await.bytes().await.expect("bytes"), b"a layer".as_slice());
    let head = server.v2(Method::HEAD, &blob).send().await.expect("an answer");
    assert_eq!(head.headers()["content-length"], "7");
    let part = server.v2(Method::GET, &blob).header("range", "bytes=2-4").send().await.expect("an answer");
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], "bytes 2-4/7");
    assert_eq!(part.bytes().await.expect("bytes"), b"lay".as_slice());
    let outside = server.v2(Method::GET, &blob).header("range", "bytes=7-").send().await.expect("an answer");
    assert_eq!(outside.status(), StatusCode::RANGE_NOT_SATISFIABLE);
}

#[tokio::test]
async fn a_blob_comes_in_pieces_that_must_follow_each_other() {
    let server = start().await;
    server.repository("aa").await;
    let begun = server.v2(Method::POST, "aa/blobs/uploads/").send().await.expect("an answer");
    assert_eq!(begun.status(), StatusCode::ACCEPTED);
    let location = begun.headers()["location"].to_str().expect("text").trim_start_matches("/v2/").to_owned();
    let patch = |range: &'static str, body: &'static str| {
        server.v2(Method::PATCH, &location).header("content-range", range).body(body).send()
    };
    assert_eq!(patch("0-3", "abcd").await.expect("an answer").status(), StatusCode::ACCEPTED);
    let gap = patch("8-9", "xx").await.expect("an answer");
    assert_eq!(gap.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(gap.headers()["range"], "0-3");
    assert_eq!(patch("4-5", "ef").await.expect("an answer").headers()["range"], "0-5");
    let status = server.get(&location).await;
    assert_eq!(status.status(), StatusCode::NO_CONTENT);
    assert_eq!(status.headers()["range"], "0-5");
    let whole = digest(b"abcdefg");
    let done = server.v2(Method::PUT, &format!("{location}?digest={whole}")).body("g").send().await;
    assert_eq!(done.expect("an answer").status(), StatusCode::CREATED);
    assert_eq!(server.get(&format!("aa/blobs/{whole}")).await.text().await.expect("text"), "abcdefg");
    assert_eq!(code(server.get(&location).await).await, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn wrong_bytes_are_not_kept() {
    let server = start().await;
    server.repository("aa").await;
    let wrong = digest(b"other");
    let path = format!("aa/blobs/uploads/?digest={wrong}");
    let refused = server.v2(Method::POST, &path).body("bytes").send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(code(refused).await, "DIGEST_INVALID");
    for bytes in [b"other".as_slice(), b"bytes"] {
        assert_eq!(code(server.get(&format!("aa/blobs/{}", digest(bytes))).await).await, "BLOB_UNKNOWN");
    }
    let text = manifest(b"{}", &[]);
    assert_eq!(server.push_blob("aa", b"{}").await.status(), StatusCode::CREATED);
    let refused = server.push_manifest("aa", &wrong, MANIFEST, &text).await;
    assert_eq!(code(refused).await, "DIGEST_INVALID");
}

#[tokio::test]
async fn sha512_is_as_good_as_sha256() {
    use sha2::Digest;
    let server = start().await;
    server.repository("aa").await;
    let sum = sha2::Sha512::digest(b"{}");
    let digest = format!("sha512:{}", sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let path = format!("aa/blobs/uploads/?digest={digest}&digest-algorithm=sha512");
    let pushed = server.v2(Method::POST, &path).body("{}").send().await.expect("an answer");
    assert_eq!(pushed.status(), StatusCode::CREATED);
    assert_eq!(server.get(&format!("aa/blobs/{digest}")).await.text().await.expect("text"), "{}");
}

#[tokio::test]
async fn a_manifest_needs_what_it_names() {
    let server = start().await;
    server.repository("aa").await;
    let text = manifest(b"{}", &[b"missing"]);
    let refused = server.push_manifest("aa", "1", MANIFEST, &text).await;
    assert_eq!(code(refused).await, "MANIFEST_BLOB_UNKNOWN");
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX,
        "manifests": [{ "mediaType": MANIFEST, "digest": digest(text.as_bytes()), "size": text.len() }] });
    let refused = server.push_manifest("aa", "1", INDEX, &index.to_string()).await;
    assert_eq!(code(refused).await, "MANIFEST_UNKNOWN");
    assert_eq!(server.get("aa/manifests/1").await.status(), StatusCode::NOT_FOUND);
    for (media_type, text) in [(MANIFEST, "{"), (MANIFEST, ""), ("text/plain", "{}"), (INDEX, &text)] {
        let refused = server.push_manifest("aa", "1", media_type, text).await;
        assert_eq!(code(refused).await, "MANIFEST_INVALID", "{media_type} {text}");
    }
}

#[tokio::test]
async fn repositories_must_exist_unless_a_template_creates_them() {
    let server = start().await;
    assert_eq!(code(server.push_blob("new/one", b"x").await).await, "NAME_UNKNOWN");
    assert_eq!(code(server.get("new/one/tags/list").await).await, "NAME_UNKNOWN");
    let template = json!({ "prefix": "new", "appliedFor": ["CREATE_ON_PUSH"],
        "imageTagMutability": "IMMUTABLE", "resourceTags": [{ "Key": "team", "Value": "a" }] });
    server.ecr("CreateRepositoryCreationTemplate", template).await;
    server.push_image("new/one", "1", b"x").await;
    let made = server.ecr("DescribeRepositories", json!({ "repositoryNames": ["new/one"] })).await;
    assert_eq!(made["repositories"][0]["imageTagMutability"], "IMMUTABLE");
    let arn = &made["repositories"][0]["repositoryArn"];
    let tags = server.ecr("ListTagsForResource", json!({ "resourceArn": arn })).await;
    assert_eq!(tags["tags"], json!([{ "Key": "team", "Value": "a" }]));
}

#[tokio::test]
async fn tags_are_listed_page_by_page() {
    let server = start().await;
    server.repository("aa").await;
    for tag in ["b", "a", "d", "c", "e"] {
        server.push_image("aa", tag, b"x").await;
    }
    let mut path = "aa/tags/list?n=2".to_owned();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let response = server.get(&path).await;
        let link = response.headers().get("link").map(|link| link.to_str().expect("text").to_owned());
        let body: Value = response.json().await.expect("JSON");
        seen.extend(
            body["tags"].as_array().expect("a list").iter().map(|tag| tag.as_str().expect("text").to_owned()),
        );
        let Some(link) = link else { break };
        path = link.trim_start_matches("</v2/").split('>').next().expect("a link").to_owned();
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    let last: Value = server.get("aa/tags/list?last=c").await.json().await.expect("JSON");
    assert_eq!(last["tags"], json!(["d", "e"]));
    assert_eq!(server.get("aa/tags/list?n=x").await.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_refers_to_an_image_is_found() {
    let server = start().await;
    server.repository("aa").await;
    let subject = server.push_image("aa", "1", b"x").await;
    let artifact =
        json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.example.sbom",
        "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(b"{}"), "size": 2 },
        "layers": [], "subject": { "mediaType": MANIFEST, "digest": subject, "size": 1 },
        "annotations": { "k": "v" } })
        .to_string();
    let pushed = server.push_manifest("aa", &digest(artifact.as_bytes()), MANIFEST, &artifact).await;
    assert_eq!(pushed.headers()["oci-subject"], subject.as_str());
    let found = server.get(&format!("aa/referrers/{subject}")).await;
    assert_eq!(found.headers()["content-type"], INDEX);
    let found: Value = found.json().await.expect("JSON");
    assert_eq!(found["manifests"][0]["artifactType"], "application/vnd.example.sbom");
    assert_eq!(found["manifests"][0]["annotations"]["k"], "v");
    let filtered = server.get(&format!("aa/referrers/{subject}?artifactType=other")).await;
    assert_eq!(filtered.headers()["oci-filters-applied"], "artifactType");
    assert_eq!(filtered.json::<Value>().await.expect("JSON")["manifests"], json!([]));
    let listed = server
        .ecr("ListImageReferrers", json!({ "repositoryName": "aa", "subjectId": { "imageDigest": subject } }))
        .await;
    assert_eq!(listed["referrers"][0]["digest"], digest(artifact.as_bytes()));
}

#[tokio::test]
async fn a_tag_is_deleted_alone_and_an_image_with_its_tags() {
    let server = start().await;
    server.repository("aa").await;
    let image = server.push_image("aa", "1", b"x").await;
    server.push_image("aa", "2", b"x").await;
    let delete = |path: String| server.v2(Method::DELETE, &path).send();
    assert_eq!(delete("aa/manifests/1".into()).await.expect("an answer").status(), StatusCode::ACCEPTED);
    assert_eq!(server.get("aa/manifests/1").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(server.get(&format!("aa/manifests/{image}")).await.status(), StatusCode::OK);
    let layer = format!("aa/blobs/{}", digest(b"x"));
    let used = delete(layer.clone()).await.expect("an answer");
    assert_eq!(used.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(
        delete(format!("aa/manifests/{image}")).await.expect("an answer").status(),
        StatusCode::ACCEPTED
    );
    assert_eq!(server.get("aa/manifests/2").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(delete(layer.clone()).await.expect("an answer").status(), StatusCode::ACCEPTED);
    assert_eq!(delete(layer).await.expect("an answer").status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn blobs_are_mounted_where_ecr_mounts_them() {
    let server = start().await;
    for name in ["from", "into"] {
        server.repository(name).await;
    }
    server.push_image("from", "1", b"shared").await;
    server.push_blob("from", b"unused").await;
    let mount = |bytes: &[u8]| {
        let path = format!("into/blobs/uploads/?mount={}&from=from", digest(bytes));
        server.v2(Method::POST, &path).send()
    };
    assert_eq!(mount(b"shared").await.expect("an answer").status(), StatusCode::ACCEPTED, "off by default");
    server.ecr("PutAccountSetting", json!({ "name": "BLOB_MOUNTING", "value": "ENABLED" })).await;
    assert_eq!(mount(b"unused").await.expect("an answer").status(), StatusCode::ACCEPTED, "no image uses it");
    assert_eq!(mount(b"shared").await.expect("an answer").status(), StatusCode::CREATED);
    assert_eq!(server.get(&format!("into/blobs/{}", digest(b"shared"))).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn immutable_tags_stay_where_they_are() {
    let server = start().await;
    server.repository("aa").await;
    server.push_image("aa", "1", b"x").await;
    let mutability = json!({ "repositoryName": "aa", "imageTagMutability": "IMMUTABLE" });
    server.ecr("PutImageTagMutability", mutability).await;
    server.push_image("aa", "1", b"x").await;
    assert_eq!(server.push_blob("aa", b"y").await.status(), StatusCode::CREATED);
    let refused = server.push_manifest("aa", "1", MANIFEST, &manifest(b"{}", &[b"y"])).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(code(refused).await, "TAG_INVALID");
}

#[tokio::test]
async fn hostile_paths_are_refused() {
    let server = start().await;
    server.repository("aa").await;
    for path in [
        "..%2f..%2fetc/manifests/latest",
        "aa/blobs/sha256:..%2f..%2f..%2fetc%2fpasswd",
        "aa/blobs/sha256%3A%00",
        "aa/blobs/uploads/..%2f..%2fmetadata.redb",
        "aa/blobs/uploads/%2e%2e",
        "aa/manifests/..",
        "aa/manifests/sha256:zz",
        "AA/manifests/latest",
        "_catalog",
    ] {
        for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE, Method::POST] {
            let response = server.v2(method.clone(), path).body("x").send().await.expect("an answer");
            assert!(response.status().is_client_error(), "{method} {path}: {}", response.status());
        }
    }
    let long = "a/".repeat(5000);
    assert_eq!(server.get(&format!("{long}manifests/1")).await.status(), StatusCode::NOT_FOUND);
    let large = server.push_manifest("aa", "1", MANIFEST, &" ".repeat((4 << 20) + 1)).await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn an_archived_image_is_listed_and_not_pulled_until_it_is_back() {
    let server = client::start().await;
    server.repository("aa").await;
    let image = server.push_image("aa", "1", b"only here").await;
    let other = server.push_image("aa", "2", b"another").await;
    let class = |target: &str| json!({ "repositoryName": "aa", "imageId": { "imageTag": "1" }, "targetStorageClass": target });
    let answer = server.ecr("UpdateImageStorageClass", class("ARCHIVE")).await;
    assert_eq!(answer["imageStatus"], "ARCHIVED");
    assert_eq!(answer["imageId"], json!({ "imageDigest": image, "imageTag": "1" }));

    let described = server
        .ecr("DescribeImages", json!({ "repositoryName": "aa", "imageIds": [{ "imageTag": "1" }] }))
        .await;
    assert_eq!(described["imageDetails"][0]["imageStatus"], "ARCHIVED");
    assert!(described["imageDetails"][0]["lastArchivedAt"].is_number(), "{described}");
    for (status, digests) in [("ACTIVE", vec![&other]), ("ARCHIVED", vec![&image]), ("ACTIVATING", vec![])] {
        let filter = json!({ "repositoryName": "aa", "filter": { "imageStatus": status } });
        let listed = server.ecr("ListImages", filter.clone()).await;
        let listed: Vec<_> =
            listed["imageIds"].as_array().unwrap().iter().map(|id| &id["imageDigest"]).cloned().collect();
        assert_eq!(json!(listed), json!(digests), "{status}");
        let described = server.ecr("DescribeImages", filter).await;
        assert_eq!(described["imageDetails"].as_array().unwrap().len(), digests.len(), "{status}");
    }
    let got = server
        .ecr("BatchGetImage", json!({ "repositoryName": "aa", "imageIds": [{ "imageTag": "1" }] }))
        .await;
    assert_eq!(got["failures"][0]["failureCode"], "ImageInaccessible");
    for path in ["aa/manifests/1".to_owned(), format!("aa/manifests/{image}")] {
        let pulled = server.get(&path).await;
        assert_eq!(
            (pulled.status(), client::code(pulled).await.as_str()),
            (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN")
        );
    }
    // A layer that an image in use has too stays as it is.
    let (own, shared) = (digest(b"only here"), digest(b"{}"));
    let layers = server
        .ecr("BatchCheckLayerAvailability", json!({ "repositoryName": "aa", "layerDigests": [own, shared] }))
        .await;
    assert_eq!(layers["layers"][0]["layerAvailability"], "ARCHIVED");
    assert_eq!(layers["layers"][1]["layerAvailability"], "AVAILABLE");
    let url = json!({ "repositoryName": "aa", "layerDigest": own });
    assert_eq!(server.refused("GetDownloadUrlForLayer", url.clone()).await, "LayerInaccessibleException");
    assert_eq!(server.get(&format!("aa/blobs/{own}")).await.status(), StatusCode::NOT_FOUND);
    let head = server.v2(Method::HEAD, &format!("aa/blobs/{own}")).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::NOT_FOUND);
    assert_eq!(server.get(&format!("aa/blobs/{shared}")).await.status(), StatusCode::OK);

    assert_eq!(server.ecr("UpdateImageStorageClass", class("STANDARD")).await["imageStatus"], "ACTIVE");
    assert_eq!(server.get("aa/manifests/1").await.status(), StatusCode::OK);
    server.ecr("GetDownloadUrlForLayer", url).await;
    // Pushing it brings it back as well.
    server.ecr("UpdateImageStorageClass", class("ARCHIVE")).await;
    server.push_image("aa", "1", b"only here").await;
    assert_eq!(server.get("aa/manifests/1").await.status(), StatusCode::OK);

    assert_eq!(server.refused("UpdateImageStorageClass", class("COLD")).await, "InvalidParameterException");
    let missing =
        json!({ "repositoryName": "aa", "imageId": { "imageTag": "9" }, "targetStorageClass": "ARCHIVE" });
    assert_eq!(server.refused("UpdateImageStorageClass", missing).await, "ImageNotFoundException");
    let nowhere =
        json!({ "repositoryName": "bb", "imageId": { "imageTag": "1" }, "targetStorageClass": "ARCHIVE" });
    assert_eq!(server.refused("UpdateImageStorageClass", nowhere).await, "RepositoryNotFoundException");
}
