//! Previews of lifecycle policies over HTTP: what a policy would do to the images of a repository.

mod client;

use std::time::Duration;

use client::{INDEX, MANIFEST, Server, config, digest, manifest, start_with};
use local_ecr::Clock;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Starts a server whose clock can be turned.
async fn turned() -> (Server, Clock) {
    let clock = Clock::system();
    let mut config = config();
    config.clock = clock.clone();
    (start_with(config).await, clock)
}

fn policy(rules: &Value) -> String {
    json!({ "rules": rules }).to_string()
}

fn start(repository: &str, text: &str) -> Value {
    json!({ "repositoryName": repository, "lifecyclePolicyText": text })
}

/// Returns the results of a preview as digest, action, rule.
fn results(preview: &Value) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let results = preview["previewResults"].as_array().into_iter().flatten();
    let mut results: Vec<_> = results
        .map(|one| {
            let rule = one["appliedRulePriority"].as_u64().unwrap_or_default();
            (text(&one["imageDigest"]), text(&one["action"]["type"]), rule)
        })
        .collect();
    results.sort();
    results
}

#[tokio::test]
async fn a_preview_says_which_images_a_policy_would_touch_and_touches_none() {
    let (server, clock) = turned().await;
    server.repository("aa").await;
    let own = || json!({ "repositoryName": "aa" });
    assert_eq!(
        server.refused("GetLifecyclePolicyPreview", own()).await,
        "LifecyclePolicyPreviewNotFoundException"
    );
    assert_eq!(
        server.refused("StartLifecyclePolicyPreview", own()).await,
        "LifecyclePolicyNotFoundException"
    );
    let mut pushed = Vec::new();
    for number in 0..3 {
        pushed
            .push(server.push_image("aa", &format!("v{number}"), format!("layer {number}").as_bytes()).await);
        clock.advance(DAY);
    }
    let text = policy(&json!([
        { "rulePriority": 1, "selection": { "tagStatus": "tagged", "tagPrefixList": ["v0"], "countType": "sinceImagePushed",
            "countUnit": "days", "countNumber": 2 }, "action": { "type": "transition", "targetStorageClass": "archive" } },
        { "rulePriority": 7, "selection": { "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1 },
            "action": { "type": "expire" } },
    ]));
    let started = server.ecr("StartLifecyclePolicyPreview", start("aa", &text)).await;
    assert_eq!((&started["status"], &started["lifecyclePolicyText"]), (&json!("IN_PROGRESS"), &json!(text)));
    // What comes after the start is not part of it.
    server.push_image("aa", "v3", b"layer 3").await;
    let preview = server.ecr("GetLifecyclePolicyPreview", own()).await;
    assert_eq!(preview["status"], "COMPLETE");
    let mut expected =
        vec![(pushed[0].clone(), "TRANSITION".to_owned(), 1), (pushed[1].clone(), "EXPIRE".to_owned(), 7)];
    expected.sort();
    assert_eq!(results(&preview), expected);
    let counts = json!({ "expiringImageTotalCount": 1,
        "transitioningImageTotalCounts": [{ "targetStorageClass": "ARCHIVE", "imageTotalCount": 1 }] });
    assert_eq!(preview["summary"], counts);
    let named = json!({ "repositoryName": "aa", "imageIds": [{ "imageTag": "v0" }, { "imageTag": "v2" }] });
    let named = server.ecr("GetLifecyclePolicyPreview", named).await;
    assert_eq!(results(&named), [(pushed[0].clone(), "TRANSITION".to_owned(), 1)]);
    assert_eq!(named["previewResults"][0]["imageTags"], json!(["v0"]));
    assert_eq!(named["previewResults"][0]["action"]["targetStorageClass"], "ARCHIVE");
    assert_eq!(named["previewResults"][0]["storageClass"], "STANDARD");
    let untagged = json!({ "repositoryName": "aa", "filter": { "tagStatus": "UNTAGGED" } });
    assert_eq!(results(&server.ecr("GetLifecyclePolicyPreview", untagged).await), []);
    let images = server.ecr("DescribeImages", own()).await;
    assert_eq!(images["imageDetails"].as_array().map(Vec::len), Some(4), "nothing is removed");
    // The policy of the repository is what is meant where none is given.
    server.ecr("PutLifecyclePolicy", start("aa", &text)).await;
    assert_eq!(server.ecr("StartLifecyclePolicyPreview", own()).await["lifecyclePolicyText"], text);
    assert_eq!(results(&server.ecr("GetLifecyclePolicyPreview", own()).await).len(), 3);
}

#[tokio::test]
async fn images_of_an_index_and_what_refers_to_another_are_left_to_it() {
    let (server, clock) = turned().await;
    server.repository("aa").await;
    let member = server.push_image("aa", "member", b"member").await;
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX,
        "manifests": [{ "mediaType": MANIFEST, "digest": member, "size": manifest(b"{}", &[b"member"]).len() }] });
    server.push_manifest("aa", "index", INDEX, &index.to_string()).await;
    let mut signature: Value = serde_json::from_str(&manifest(b"{}", &[b"member"])).expect("JSON");
    signature["subject"] = json!({ "mediaType": MANIFEST, "digest": member, "size": 1 });
    let signature = signature.to_string();
    server.push_manifest("aa", &digest(signature.as_bytes()), MANIFEST, &signature).await;
    clock.advance(10 * DAY);
    let text = policy(
        &json!([{ "rulePriority": 1, "selection": { "tagStatus": "any", "countType": "sinceImagePushed",
        "countUnit": "days", "countNumber": 1 }, "action": { "type": "expire" } }]),
    );
    server.ecr("StartLifecyclePolicyPreview", start("aa", &text)).await;
    let preview = server.ecr("GetLifecyclePolicyPreview", json!({ "repositoryName": "aa" })).await;
    assert_eq!(results(&preview), [(digest(index.to_string().as_bytes()), "EXPIRE".to_owned(), 1)]);
    assert_eq!(preview["summary"], json!({ "expiringImageTotalCount": 1 }));
}

#[tokio::test]
async fn a_preview_comes_in_pages_and_breaks_no_limit() {
    let (server, clock) = turned().await;
    server.repository("aa").await;
    for number in 0..5 {
        server.push_image("aa", &format!("v{number}"), format!("layer {number}").as_bytes()).await;
    }
    clock.advance(2 * DAY);
    let text = policy(
        &json!([{ "rulePriority": 3, "selection": { "tagStatus": "any", "countType": "sinceImagePushed",
        "countUnit": "days", "countNumber": 1 }, "action": { "type": "expire" } }]),
    );
    server.ecr("StartLifecyclePolicyPreview", start("aa", &text)).await;
    let (mut found, mut body) = (Vec::new(), json!({ "repositoryName": "aa", "maxResults": 2 }));
    loop {
        let page = server.ecr("GetLifecyclePolicyPreview", body.clone()).await;
        assert!(page["previewResults"].as_array().is_some_and(|results| results.len() <= 2));
        assert_eq!(page["summary"]["expiringImageTotalCount"], 5, "of all pages");
        found.extend(results(&page));
        match page.get("nextToken") {
            Some(token) => body["nextToken"] = token.clone(),
            None => break,
        }
    }
    found.dedup();
    assert_eq!(found.len(), 5);
    for (operation, body) in [
        ("GetLifecyclePolicyPreview", json!({ "repositoryName": "aa", "maxResults": 101 })),
        ("GetLifecyclePolicyPreview", json!({ "repositoryName": "aa", "imageIds": [] })),
        ("GetLifecyclePolicyPreview", json!({ "repositoryName": "aa", "imageIds": [{}] })),
        ("GetLifecyclePolicyPreview", json!({ "repositoryName": "aa", "filter": { "tagStatus": "x" } })),
        ("GetLifecyclePolicyPreview", json!({ "repositoryName": "aa", "nextToken": "!" })),
        ("StartLifecyclePolicyPreview", start("aa", "{}")),
        ("StartLifecyclePolicyPreview", start("aa", &"x".repeat(200))),
        ("StartLifecyclePolicyPreview", start("aa", &"x".repeat(30_721))),
    ] {
        assert_eq!(
            server.refused(operation, body.clone()).await,
            "InvalidParameterException",
            "{operation} {body}"
        );
    }
    for operation in ["GetLifecyclePolicyPreview", "StartLifecyclePolicyPreview"] {
        let missing = server.refused(operation, json!({ "repositoryName": "none" })).await;
        assert_eq!(missing, "RepositoryNotFoundException");
    }
}
