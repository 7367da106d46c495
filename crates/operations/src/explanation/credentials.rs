//! Findings about the credentials of rules.

use super::Explanation;
use crate::finding::Code;

/// The explanations, in the order of the ids.
pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        code: Code::SecretName,
        title: "the credential of a rule is no secret that ECR takes",
        why: "The role by which ECR pulls through may read secrets below `ecr-pullthroughcache/` and no others.",
        wrong: "arn:aws:secretsmanager:us-east-1:123456789012:secret:docker-hub-creds",
        right: "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/docker-hub-AbCdEf",
        fix: "Make a secret with a right name,\n`omics-ecr secret create docker-hub --registry docker.io --username USER`: secrets cannot be renamed.",
    },
    Explanation {
        code: Code::SecretElsewhere,
        title: "the credential of a rule is in another account or Region",
        why: "ECR reads secrets of the rule's own account and Region alone.",
        wrong: "rule in 123456789012/us-east-1\n\
                secret arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/ghcr-AbCdEf",
        right: "rule in 123456789012/us-east-1\n\
                secret arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/ghcr-AbCdEf",
        fix: "Make the secret in the Region of the rule.",
    },
    Explanation {
        code: Code::SecretMissing,
        title: "the secret of a rule does not exist",
        why: "ECR answers SecretNotFoundException to every pull that is not cached.",
        wrong: "$ aws secretsmanager describe-secret --secret-id ecr-pullthroughcache/ghcr\n\
                ResourceNotFoundException",
        right: "$ aws secretsmanager describe-secret --secret-id ecr-pullthroughcache/ghcr\n\
                { \"Name\": \"ecr-pullthroughcache/ghcr\" }",
        fix: "Make it again with `omics-ecr secret create`, and give the new ARN to the rule.",
    },
    Explanation {
        code: Code::SecretDeleted,
        title: "the secret of a rule waits for its deletion",
        why: "It cannot be read any more, so ECR cannot sign in upstream; in some days it is gone for good.",
        wrong: "{ \"Name\": \"ecr-pullthroughcache/ghcr\", \"DeletedDate\": \"2026-11-30T00:00:00Z\" }",
        right: "{ \"Name\": \"ecr-pullthroughcache/ghcr\" }",
        fix: "aws secretsmanager restore-secret --secret-id ARN",
    },
    Explanation {
        code: Code::SecretContent,
        title: "the secret holds no user name and access token",
        why: "ECR wants a JSON object with the keys `username` and `accessToken`, written exactly so.",
        wrong: "{\"username\": \"me\", \"password\": \"dckr_pat_...\"}",
        right: "{\"username\": \"me\", \"accessToken\": \"dckr_pat_...\"}",
        fix: "Write the secret again: `omics-ecr secret create docker-hub --registry docker.io --username USER\n--replace`, the token on standard input.",
    },
    Explanation {
        code: Code::SecretKey,
        title: "the secret is encrypted with a key that ECR cannot use",
        why: "The role by which ECR pulls through has no right on any key of yours: it reads secrets under the default \
              key\n`aws/secretsmanager` alone.",
        wrong: "{ \"Name\": \"ecr-pullthroughcache/ghcr\", \"KmsKeyId\": \"arn:aws:kms:...:key/1234abcd-...\" }",
        right: "{ \"Name\": \"ecr-pullthroughcache/ghcr\" }",
        fix: "aws secretsmanager update-secret --secret-id ARN --kms-key-id alias/aws/secretsmanager",
    },
    Explanation {
        code: Code::SecretUnknown,
        title: "a secret could not be looked at",
        why: "Whether it exists and holds what ECR reads is not known. It says nothing against the secret.",
        wrong: "AccessDeniedException: secretsmanager:DescribeSecret",
        right: "the caller may describe the secret",
        fix: "Allow the caller secretsmanager:DescribeSecret and secretsmanager:GetSecretValue, or ask somebody who may.",
    },
    Explanation {
        code: Code::LoginRefused,
        title: "ECR cannot sign in upstream with the credential",
        why: "The secret is there and has the right form, and the upstream registry does not take it: the token is \
              wrong,\nexpired, or not for this user. Cached images are still served, new ones and new tags are not.",
        wrong: "$ aws ecr validate-pull-through-cache-rule --ecr-repository-prefix ghcr\n\
                { \"isValid\": false, \"failure\": \"...\" }",
        right: "$ aws ecr validate-pull-through-cache-rule --ecr-repository-prefix ghcr\n{ \"isValid\": true }",
        fix: "Get a new token, and put it into the secret:\n`omics-ecr secret create ghcr --registry ghcr.io --username USER --replace`.",
    },
    Explanation {
        code: Code::LoginUnknown,
        title: "nobody tried whether upstream takes what a secret holds",
        why: "A token that was revoked is noticed only when an image is pulled.",
        wrong: "omics-ecr secret create docker-hub --username USER --no-check",
        right: "omics-ecr secret create docker-hub --registry docker.io --username USER",
        fix: "omics-ecr secret check NAME --registry REGISTRY",
    },
    Explanation {
        code: Code::CredentialMissing,
        title: "a rule that needs a credential has none",
        why: "ECR signs in at Docker Hub, GHCR, GitLab, Azure and Chainguard for public images too. Without a secret \
              every\npull that is not cached fails.",
        wrong: "{ \"ecrRepositoryPrefix\": \"ghcr\", \"upstreamRegistryUrl\": \"ghcr.io\" }",
        right: "{ \"ecrRepositoryPrefix\": \"ghcr\", \"upstreamRegistryUrl\": \"ghcr.io\",\n  \"credentialArn\": \
                \"arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/ghcr-AbCdEf\" }",
        fix: "omics-ecr secret create ghcr --registry ghcr.io --username USER, and give its ARN to the rule.",
    },
];
