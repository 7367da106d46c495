//! The front of the local ECR's control plane, AWS JSON. Each line of an input is `OPERATION BODY`.

use super::loopback::{Loopback, MOST_REQUESTS, runtime};
use super::{Form, Target, gist, hold, mark};

pub(super) const TARGET: Target = Target {
    name: "json",
    about: "operations of the local ECR's control plane: `OPERATION BODY` a line",
    form: Form::Json,
    waits: true,
    tokens: &[
        "BatchCheckLayerAvailability ",
        "BatchDeleteImage ",
        "BatchGetImage ",
        "CompleteLayerUpload ",
        "CreatePullThroughCacheRule ",
        "CreateRepository ",
        "CreateRepositoryCreationTemplate ",
        "DeletePullThroughCacheRule ",
        "DeleteRepository ",
        "DescribeImages ",
        "DescribePullThroughCacheRules ",
        "DescribeRegistry ",
        "DescribeRepositories ",
        "GetAuthorizationToken ",
        "GetAccountSetting ",
        "GetDownloadUrlForLayer ",
        "GetRegistryPolicy ",
        "InitiateLayerUpload ",
        "ListImageReferrers ",
        "ListImages ",
        "ListTagsForResource ",
        "PutAccountSetting ",
        "PutImage ",
        "PutImageTagMutability ",
        "PutLifecyclePolicy ",
        "PutRegistryPolicy ",
        "SetRepositoryPolicy ",
        "TagResource ",
        "UntagResource ",
        "UpdatePullThroughCacheRule ",
        "UploadLayerPart ",
        "ValidatePullThroughCacheRule ",
        "secretsmanager.CreateSecret ",
        "secretsmanager.GetSecretValue ",
        "secretsmanager.ListSecrets ",
        "secretsmanager.DeleteSecret ",
        "repositoryName",
        "repositoryNames",
        "registryId",
        "imageIds",
        "imageId",
        "imageTag",
        "imageDigest",
        "imageManifest",
        "layerDigest",
        "layerDigests",
        "uploadId",
        "partFirstByte",
        "partLastByte",
        "layerPartBlob",
        "policyText",
        "ecrRepositoryPrefix",
        "upstreamRegistryUrl",
        "upstreamRegistry",
        "upstreamRepositoryPrefix",
        "credentialArn",
        "maxResults",
        "nextToken",
        "subjectId",
        "tags",
        "tagKeys",
        "resourceArn",
        "prefix",
        "prefixes",
        "appliedFor",
        "imageTagMutability",
        "encryptionConfiguration",
        "name",
        "value",
        "Name",
        "SecretString",
        "SecretId",
        "team/tool",
        "quay",
        "quay.io",
        "ROOT",
        "000000000000",
        "PULL_THROUGH_CACHE",
        "KMS",
        "arn:aws:ecr:us-east-1:000000000000:repository/team/tool",
        "{\"Version\":\"2012-10-17\",\"Statement\":[]}",
        "../../etc/passwd",
        "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "ecr-pullthroughcache/lab",
        "IMMUTABLE",
        "-1",
        "AAAA",
    ],
    check,
};

/// The one status past 499 that is an answer: the operation is known and not there.
const NOT_IMPLEMENTED: u16 = 501;

fn check(input: &[u8]) -> Result<u64, String> {
    runtime()?.block_on(async {
        let server = Loopback::start().await?;
        let mut ways = Vec::new();
        for line in input.split(|byte| *byte == b'\n').take(MOST_REQUESTS) {
            let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
            let (operation, body) = line.split_at(end);
            let Ok(operation) = std::str::from_utf8(operation) else { continue };
            // What is no header of HTTP never comes to the control plane.
            if operation.is_empty() || !operation.bytes().all(|byte| byte.is_ascii_graphic()) {
                continue;
            }
            let answer = server.control(operation, body).await?;
            let status = answer.status;
            hold((200..500).contains(&status) || status == NOT_IMPLEMENTED, || {
                format!("status: {status} to {operation}: {}", answer.words())
            })?;
            let told = answer.json();
            let kind = told["__type"].as_str().map(str::to_owned);
            let message = told["message"].as_str().or(told["Message"].as_str());
            hold(told.is_object() && (status == 200 || (kind.is_some() && message.is_some())), || {
                format!("form: {status} to {operation}: {}", answer.words())
            })?;
            ways.push((operation.to_owned(), status, kind, message.map(|words| gist(&words))));
        }
        let last = server.control("DescribeRepositories", b"{}").await?;
        hold(last.status == 200, || format!("last: {} to DescribeRepositories", last.status))?;
        ways.sort_unstable();
        ways.dedup();
        Ok(mark(ways))
    })
}
