//! What is said of an image that this registry neither scans nor copies nor signs, and whose pulls are noted.

mod client;

use client::{Server, config, start, start_with};
use local_ecr::Data;
use serde_json::{Value, json};

const PROFILE: &str = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/release";
const ROLE: &str = "arn:aws:iam::000000000000:role/local-ecr";

fn image(tag: &str) -> Value {
    json!({ "repositoryName": "team/tool", "imageId": { "imageTag": tag } })
}

/// Starts a server with an image that was there before anything was set.
async fn with_image() -> (Server, String) {
    let server = start().await;
    server.repository("team/tool").await;
    let digest = server.push_image("team/tool", "old", b"old").await;
    (server, digest)
}

#[tokio::test]
async fn no_image_was_scanned_and_the_answer_says_so() {
    let (server, digest) = with_image().await;
    let (_, answer) = server.ecr_any("DescribeImageScanFindings", image("old")).await;
    assert_eq!(answer["__type"], "ScanNotFoundException");
    assert!(answer["message"].as_str().is_some_and(|text| text.contains(&digest)), "{answer}");
    for operation in
        ["DescribeImageScanFindings", "DescribeImageReplicationStatus", "DescribeImageSigningStatus"]
    {
        assert_eq!(server.refused(operation, image("none")).await, "ImageNotFoundException", "{operation}");
        let nameless = json!({ "repositoryName": "team/tool", "imageId": {} });
        assert_eq!(server.refused(operation, nameless).await, "InvalidParameterException", "{operation}");
        let missing = json!({ "repositoryName": "none", "imageId": { "imageTag": "1" } });
        assert_eq!(server.refused(operation, missing).await, "RepositoryNotFoundException", "{operation}");
    }
    let mut many = image("old");
    many["maxResults"] = json!(1001);
    assert_eq!(server.refused("DescribeImageScanFindings", many).await, "InvalidParameterException");
}

#[tokio::test]
async fn a_replica_that_is_not_made_is_a_failed_one() {
    let (server, digest) = with_image().await;
    let none = server.ecr("DescribeImageReplicationStatus", image("old")).await;
    let id = json!({ "imageDigest": digest, "imageTag": "old" });
    assert_eq!(none, json!({ "repositoryName": "team/tool", "imageId": id, "replicationStatuses": [] }));
    let to = |region: &str| json!({ "region": region, "registryId": "000000000000" });
    let only = |prefix: &str| json!([{ "filter": prefix, "filterType": "PREFIX_MATCH" }]);
    let configuration = json!({ "rules": [
        { "destinations": [to("eu-west-1"), to("eu-west-2")], "repositoryFilters": only("team/") },
        { "destinations": [to("eu-west-1")] },
        { "destinations": [to("us-west-2")], "repositoryFilters": only("other") },
    ] });
    server.ecr("PutReplicationConfiguration", json!({ "replicationConfiguration": configuration })).await;
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    server.push_image("team/tool", "new", b"new").await;
    let status = server.ecr("DescribeImageReplicationStatus", image("new")).await;
    let failed = |region: &str| json!({ "region": region, "registryId": "000000000000", "status": "FAILED", "failureCode": "ReplicationNotImplemented" });
    assert_eq!(status["replicationStatuses"], json!([failed("eu-west-1"), failed("eu-west-2")]));

    let id = "7f6dd4b3-8c1e-4d1c-a1c4-0123456789ab";
    assert_eq!(server.ecr("ListReplicationBackfills", json!({})).await["backfills"], json!([]));
    for operation in ["DescribeReplicationBackfillResults", "StopReplicationBackfill"] {
        let asked = json!({ "replicationBackfillId": id });
        assert_eq!(server.refused(operation, asked).await, "ReplicationBackfillNotFoundException");
        let bad = json!({ "replicationBackfillId": "../x" });
        assert_eq!(server.refused(operation, bad).await, "InvalidParameterException");
    }
}

#[tokio::test]
async fn a_signing_configuration_is_kept_and_its_signatures_are_failed_ones() {
    let (server, _) = with_image().await;
    for operation in ["GetSigningConfiguration", "DeleteSigningConfiguration"] {
        assert_eq!(server.refused(operation, json!({})).await, "SigningConfigurationNotFoundException");
    }
    let rule = |filter: &str| json!({ "signingProfileArn": PROFILE, "repositoryFilters": [{ "filter": filter, "filterType": "WILDCARD_MATCH" }] });
    let put = |rules: Value| json!({ "signingConfiguration": { "rules": rules } });
    for bad in [
        json!([{ "signingProfileArn": "arn:aws:iam::000000000000:role/a" }]),
        json!([rule("Team/*")]),
        json!(vec![rule("team/*"); 11]),
        json!([{ "signingProfileArn": PROFILE, "repositoryFilters": [] }]),
    ] {
        assert_eq!(
            server.refused("PutSigningConfiguration", put(bad.clone())).await,
            "InvalidParameterException",
            "{bad}"
        );
    }
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let rules = json!([rule("team/*"), rule("*tool"), rule("other*")]);
    assert_eq!(
        server.ecr("PutSigningConfiguration", put(rules.clone())).await["signingConfiguration"]["rules"],
        rules
    );
    let kept = server.ecr("GetSigningConfiguration", json!({})).await;
    assert_eq!(
        (&kept["registryId"], &kept["signingConfiguration"]["rules"]),
        (&json!("000000000000"), &rules)
    );
    server.push_image("team/tool", "new", b"new").await;
    assert_eq!(server.ecr("DescribeImageSigningStatus", image("old")).await["signingStatuses"], json!([]));
    let new = server.ecr("DescribeImageSigningStatus", image("new")).await;
    assert_eq!(new["signingStatuses"].as_array().map(Vec::len), Some(1), "a profile is named once: {new}");
    assert_eq!(
        (&new["signingStatuses"][0]["signingProfileArn"], &new["signingStatuses"][0]["status"]),
        (&json!(PROFILE), &json!("FAILED"))
    );
    assert_eq!(
        server.ecr("DeleteSigningConfiguration", json!({})).await["signingConfiguration"]["rules"],
        rules
    );
    assert_eq!(server.ecr("DescribeImageSigningStatus", image("new")).await["signingStatuses"], json!([]));
}

#[tokio::test]
async fn pulls_by_a_principal_on_the_list_are_not_noted() {
    let (server, _) = with_image().await;
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "ecr:*",
        "Principal": { "Service": "omics.amazonaws.com" } }] });
    let set = json!({ "repositoryName": "team/tool", "policyText": policy.to_string() });
    server.ecr("SetRepositoryPolicy", set).await;
    let pull = async |principal: Option<&str>| {
        let mut request = server.v2(reqwest::Method::GET, "team/tool/manifests/old");
        if let Some(principal) = principal {
            request = request.header("x-local-ecr-principal", principal);
        }
        assert_eq!(request.send().await.expect("an answer").status(), 200);
        let images = json!({ "repositoryName": "team/tool", "imageIds": [{ "imageTag": "old" }] });
        let described = server.ecr("DescribeImages", images).await;
        described["imageDetails"][0].get("lastRecordedPullTime").is_some()
    };
    let exclusion = || json!({ "principalArn": ROLE });
    let made = server.ecr("RegisterPullTimeUpdateExclusion", exclusion()).await;
    assert!(made["principalArn"] == ROLE && made["createdAt"].is_f64(), "{made}");
    assert_eq!(
        server.refused("RegisterPullTimeUpdateExclusion", exclusion()).await,
        "ExclusionAlreadyExistsException"
    );
    assert!(!pull(Some("omics.amazonaws.com")).await, "the list names the role that services act by");
    assert_eq!(server.ecr("DeregisterPullTimeUpdateExclusion", exclusion()).await, exclusion());
    assert_eq!(
        server.refused("DeregisterPullTimeUpdateExclusion", exclusion()).await,
        "ExclusionNotFoundException"
    );
    assert!(pull(Some("omics.amazonaws.com")).await);
    for bad in ["arn:aws:iam::000000000000:root", "arn:aws:iam::1:role/a", "role/a", ""] {
        let bad = json!({ "principalArn": bad });
        assert_eq!(
            server.refused("RegisterPullTimeUpdateExclusion", bad.clone()).await,
            "InvalidParameterException",
            "{bad}"
        );
    }
}

#[tokio::test]
async fn the_list_of_principals_comes_in_pages_has_an_end_and_outlives_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = async || {
        let mut config = config();
        config.data = Data::Folder(folder.path().to_owned());
        start_with(config).await
    };
    let server = kept().await;
    let arn =
        |number: usize| json!({ "principalArn": format!("arn:aws:iam::000000000000:user/team/{number:03}") });
    for number in 0..100 {
        server.ecr("RegisterPullTimeUpdateExclusion", arn(number)).await;
    }
    assert_eq!(server.refused("RegisterPullTimeUpdateExclusion", arn(100)).await, "LimitExceededException");
    let configuration = json!({ "rules": [{ "signingProfileArn": PROFILE }] });
    server.ecr("PutSigningConfiguration", json!({ "signingConfiguration": configuration })).await;
    server.handle.stop().await;
    let server = kept().await;
    assert_eq!(server.ecr("GetSigningConfiguration", json!({})).await["signingConfiguration"], configuration);
    let (mut found, mut body) = (Vec::new(), json!({ "maxResults": 30 }));
    loop {
        let page = server.ecr("ListPullTimeUpdateExclusions", body.clone()).await;
        let list = page["pullTimeUpdateExclusions"].as_array().expect("a list").clone();
        assert!(list.len() <= 30);
        found.extend(list);
        match page.get("nextToken") {
            Some(token) => body["nextToken"] = token.clone(),
            None => break,
        }
    }
    let expected: Vec<Value> = (0..100).map(|number| arn(number)["principalArn"].clone()).collect();
    assert_eq!(found, expected);
}
