//! What a service principal may pull, by registry policy and repository policy.

mod client;
mod upstream;

use client::{Server, code, config, digest, start, start_with};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use upstream::Upstream;

const SERVICE: &str = "omics.amazonaws.com";
const READ: [&str; 3] =
    ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"];

fn policy(effect: &str, actions: &[&str], resource: &str) -> String {
    json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "s", "Effect": effect,
        "Principal": { "Service": SERVICE }, "Action": actions, "Resource": resource }] })
    .to_string()
}

/// Pulls a manifest and its layer as the service; returns both statuses.
#[allow(clippy::expect_used, reason = "only tests use it")]
async fn pull(server: &Server, name: &str, layer: &[u8]) -> (StatusCode, StatusCode) {
    let get = |path: String| server.v2(Method::GET, &path).header("x-local-ecr-principal", SERVICE).send();
    let manifest = get(format!("{name}/manifests/1")).await.expect("an answer").status();
    let layer = get(format!("{name}/blobs/{}", digest(layer))).await.expect("an answer").status();
    (manifest, layer)
}

/// Calls an operation of ECR as the service, by an access key of its name.
#[allow(clippy::expect_used, reason = "only tests use it")]
async fn call(server: &Server, operation: &str, body: Value) -> Value {
    let key = format!(
        "AWS4-HMAC-SHA256 Credential={SERVICE}/20260101/us-east-1/ecr/aws4_request, SignedHeaders=host"
    );
    let request = server.http.post(server.handle.endpoint()).header("authorization", key);
    let request = request.header("x-amz-target", format!("AmazonEC2ContainerRegistry_V20150921.{operation}"));
    request.body(body.to_string()).send().await.expect("an answer").json().await.expect("JSON")
}

#[tokio::test]
async fn a_service_reads_what_the_repository_policy_grants() {
    let server = start().await;
    server.repository("aa").await;
    server.push_image("aa", "1", b"layer").await;
    let ask = || json!({ "repositoryName": "aa", "imageIds": [{ "imageTag": "1" }] });
    assert_eq!(pull(&server, "aa", b"layer").await, (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN));
    assert_eq!(call(&server, "BatchGetImage", ask()).await["__type"], "AccessDeniedException");
    let set = |text: String| {
        server.ecr("SetRepositoryPolicy", json!({ "repositoryName": "aa", "policyText": text }))
    };
    set(policy("Allow", &READ[..1], "*")).await;
    assert_eq!(pull(&server, "aa", b"layer").await, (StatusCode::OK, StatusCode::FORBIDDEN));
    set(policy("Allow", &READ, "*")).await;
    assert_eq!(pull(&server, "aa", b"layer").await, (StatusCode::OK, StatusCode::OK));
    assert_eq!(call(&server, "BatchGetImage", ask()).await["failures"], json!([]));
    let denied = call(&server, "DeleteRepository", json!({ "repositoryName": "aa", "force": true })).await;
    assert!(denied["message"].as_str().is_some_and(|text| text.contains("ecr:DeleteRepository")), "{denied}");
    assert_eq!(call(&server, "DescribeRepositories", json!({})).await["__type"], "AccessDeniedException");

    let deny = json!({ "policyText": policy("Deny", &["ecr:*"], "*") });
    server.ecr("PutRegistryPolicy", deny).await;
    let refused =
        server.v2(Method::GET, "aa/manifests/1").header("x-local-ecr-principal", SERVICE).send().await;
    assert_eq!(code(refused.expect("an answer")).await, "DENIED", "a Deny of the registry policy wins");
    assert_eq!(server.get("aa/manifests/1").await.status(), StatusCode::OK, "the account is not meant");
}

#[tokio::test]
async fn a_guard_that_forgets_services_locks_them_out() {
    let server = start().await;
    server.repository("aa").await;
    server.push_image("aa", "1", b"layer").await;
    let guarded = json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "read", "Effect": "Allow", "Principal": { "Service": SERVICE }, "Action": READ },
        { "Sid": "guard", "Effect": "Deny", "Principal": "*", "Action": "ecr:*",
          "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } } }] });
    server
        .ecr("SetRepositoryPolicy", json!({ "repositoryName": "aa", "policyText": guarded.to_string() }))
        .await;
    let answer =
        call(&server, "BatchGetImage", json!({ "repositoryName": "aa", "imageIds": [{ "imageTag": "1" }] }))
            .await;
    let message = answer["message"].as_str().expect("a message");
    assert!(message.contains("guard") && message.contains("aws:PrincipalOrgID"), "{message}");
}

#[tokio::test]
async fn a_first_pull_needs_the_registry_policy_and_the_template() {
    let upstream = Upstream::start().await;
    upstream.put_image("bio/tool", "1", b"layer");
    let mut config = config();
    config.pull_through.upstreams.insert("quay.io".parse().expect("a host"), upstream.url.clone());
    let server = start_with(config).await;
    server
        .ecr(
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" }),
        )
        .await;
    let ask = || json!({ "repositoryName": "quay/bio/tool", "imageIds": [{ "imageTag": "1" }] });
    let both = ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"];
    let grant = |actions: &[&str], resource: &str| {
        server.ecr("PutRegistryPolicy", json!({ "policyText": policy("Allow", actions, resource) }))
    };
    assert_eq!(call(&server, "BatchGetImage", ask()).await["__type"], "RepositoryNotFoundException");
    grant(&both[..1], "arn:aws:ecr:us-east-1:000000000000:repository/quay/*").await;
    assert_eq!(call(&server, "BatchGetImage", ask()).await["__type"], "RepositoryNotFoundException");
    grant(&both, "arn:aws:ecr:us-east-1:000000000000:repository/other/*").await;
    assert_eq!(call(&server, "BatchGetImage", ask()).await["__type"], "RepositoryNotFoundException");
    assert_eq!(upstream.gets("bio/tool/manifests/1"), 0, "upstream is not asked for who may not import");
    let template = json!({ "prefix": "quay", "appliedFor": ["PULL_THROUGH_CACHE"], "repositoryPolicy": policy("Allow", &READ, "*") });
    server.ecr("CreateRepositoryCreationTemplate", template).await;
    grant(&both, "arn:aws:ecr:us-east-1:000000000000:repository/quay/*").await;
    assert_eq!(call(&server, "BatchGetImage", ask()).await["failures"], json!([]));
    assert_eq!(pull(&server, "quay/bio/tool", b"layer").await, (StatusCode::OK, StatusCode::OK));
}

#[tokio::test]
async fn a_token_carries_its_caller() {
    let server = start().await;
    server.repository("aa").await;
    server.push_image("aa", "1", b"layer").await;
    let data = call(&server, "GetAuthorizationToken", json!({})).await;
    let token = data["authorizationData"][0]["authorizationToken"].as_str().expect("a token").to_owned();
    let get =
        || server.v2(Method::GET, "aa/manifests/1").header("authorization", format!("Basic {token}")).send();
    assert_eq!(get().await.expect("an answer").status(), StatusCode::FORBIDDEN);
    server
        .ecr(
            "SetRepositoryPolicy",
            json!({ "repositoryName": "aa", "policyText": policy("Allow", &READ, "*") }),
        )
        .await;
    assert_eq!(get().await.expect("an answer").status(), StatusCode::OK);
    let (status, _) = server.secrets("ListSecrets", json!({})).await;
    assert_eq!(status, StatusCode::OK);
}
