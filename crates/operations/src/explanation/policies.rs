//! Findings about policies, of the registry above all.

use super::Explanation;
use crate::finding::Code;

/// The explanations, in the order of the ids.
pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        code: Code::NoRegistryPolicy,
        title: "the registry has no policy",
        why: "HealthOmics pulls as the service `omics.amazonaws.com`. Only the registry policy can let it make the \
              repository\nand import the image when something is pulled through for the first time.",
        wrong: "$ aws ecr get-registry-policy\nRegistryPolicyNotFoundException",
        right: GRANT,
        fix: "omics-ecr validate --fix",
    },
    Explanation {
        code: Code::ImportNotGranted,
        title: "HealthOmics may not pull through a prefix",
        why: "The registry policy grants other prefixes, other actions or other principals. The first pull of an image \
              fails,\nand ECR calls it not found.",
        wrong: "\"Action\": [\"ecr:BatchImportUpstreamImage\"],\n\
                \"Resource\": \"arn:aws:ecr:us-east-1:123456789012:repository/other/*\"",
        right: "\"Action\": [\"ecr:CreateRepository\", \"ecr:BatchImportUpstreamImage\"],\n\
                \"Resource\": \"arn:aws:ecr:us-east-1:123456789012:repository/quay/*\"",
        fix: "omics-ecr validate --prefix quay --fix",
    },
    Explanation {
        code: Code::ImportDenied,
        title: "a statement of the registry policy forbids it",
        why: "A Deny wins over every Allow. A guard on `aws:PrincipalOrgID` or `aws:SourceVpce` also stops AWS services: \
              their\nrequests do not have that key, and a negated operator holds where its key is absent.",
        wrong: "{\"Version\": \"2012-10-17\", \"Statement\": [{ \"Sid\": \"guard\", \"Effect\": \"Deny\",\n  \
                \"Principal\": \"*\", \"Action\": \"ecr:*\", \"Resource\": \"*\",\n  \"Condition\": { \
                \"StringNotEquals\": { \"aws:PrincipalOrgID\": \"o-a1b2c3d4e5\" } } }]}",
        right: "{\"Version\": \"2012-10-17\", \"Statement\": [{ \"Sid\": \"guard\", \"Effect\": \"Deny\",\n  \
                \"Principal\": \"*\", \"Action\": \"ecr:*\", \"Resource\": \"*\",\n  \"Condition\": { \
                \"StringNotEquals\": { \"aws:PrincipalOrgID\": \"o-a1b2c3d4e5\" },\n    \"Bool\": { \
                \"aws:PrincipalIsAWSService\": \"false\" } } }]}",
        fix: "Change the statement by hand: add the condition that the hint names, or except the service.",
    },
    Explanation {
        code: Code::ImportDepends,
        title: "whether HealthOmics may pull through hangs on a run",
        why: "A statement grants only under a condition whose key nobody knows before a run, or for a part of the prefix \
              alone.\nThat may be meant, and it is never called allowed.",
        wrong: "\"Condition\": { \"ArnLike\": { \"aws:SourceArn\": \
                \"arn:aws:omics:us-east-1:123456789012:workflow/1234567\" } }",
        right: "\"Condition\": { \"StringEquals\": { \"aws:SourceAccount\": \"123456789012\" } }",
        fix: "See that the condition holds for every workflow that needs the prefix, or loosen it.",
    },
    Explanation {
        code: Code::BroadGrant,
        title: "a policy grants more than a run needs",
        why: "A grant to everybody, of every action, or for repositories of any name works, and lets others do more than \
              pull.",
        wrong: "\"Principal\": \"*\", \"Action\": \"ecr:*\", \"Resource\": \"*\"",
        right: "\"Principal\": { \"Service\": \"omics.amazonaws.com\" },\n\
                \"Action\": [\"ecr:CreateRepository\", \"ecr:BatchImportUpstreamImage\"],\n\
                \"Resource\": \"arn:aws:ecr:us-east-1:123456789012:repository/quay/*\"",
        fix: "Grant what is needed with `omics-ecr validate --fix`, then narrow the broad statement by hand.",
    },
    Explanation {
        code: Code::PolicyUnreadable,
        title: "a policy cannot be read as one",
        why: "What it grants cannot be told, and nothing is merged into it, so that nothing of it is lost.",
        wrong: "{\"Version\": \"2012-10-17\", \"Statement\": [{ \"Effect\": \"Alow\" }]}",
        right: GRANT,
        fix: "Correct the policy by hand at the place that the message names.",
    },
    Explanation {
        code: Code::PolicyNearLimit,
        title: "a policy is nearly as long as it may be",
        why: "ECR takes 10,240 characters, white space included. The grant for one more prefix may not fit any more.",
        wrong: "\"Resource\": [\n        \"arn:aws:ecr:us-east-1:123456789012:repository/quay/biocontainers/bwa\",\n        \
                \"arn:aws:ecr:us-east-1:123456789012:repository/quay/biocontainers/samtools\" ]",
        right: "\"Resource\":\"arn:aws:ecr:us-east-1:123456789012:repository/quay/*\"",
        fix: "Join statements that are alike, take out what nobody needs, and write it without white space.",
    },
    Explanation {
        code: Code::PolicyScope,
        title: "the registry policy speaks of actions it is not asked about",
        why: "Under the older scope V1 a registry policy decides about making repositories, importing and replicating. \
              A grant\nof read actions in it does nothing there.",
        wrong: "scope V1\n\"Action\": [\"ecr:BatchGetImage\", \"ecr:GetDownloadUrlForLayer\"]",
        right: "scope V2, or the same statement in the policies of the repositories",
        fix: "Grant reads by templates and repository policies, or change the scope: \
              \naws ecr put-account-setting --name REGISTRY_POLICY_SCOPE --value V2",
    },
    Explanation {
        code: Code::OrphanPrincipal,
        title: "a policy names an identity that no longer exists",
        why: "AWS shows a deleted user or role by its unique id. The entry grants nothing, also not to a new role of the \
              same\nname.",
        wrong: "\"Principal\": { \"AWS\": \"AROAEXAMPLEROLEID0001\" }",
        right: "\"Principal\": { \"AWS\": \"arn:aws:iam::123456789012:role/omics-run\" }",
        fix: "Take the entry out, or name the role that took its place.",
    },
    Explanation {
        code: Code::NoSourceAccount,
        title: "a grant holds for the runs of every account",
        why: "The service `omics.amazonaws.com` works for all its customers. A condition on `aws:SourceAccount` binds the \
              grant\nto runs of the accounts that are meant.",
        wrong: "\"Principal\": { \"Service\": \"omics.amazonaws.com\" }",
        right: "\"Principal\": { \"Service\": \"omics.amazonaws.com\" },\n\
                \"Condition\": { \"StringEquals\": { \"aws:SourceAccount\": \"123456789012\" } }",
        fix: "Add the condition, unless other accounts run shared workflows with these images.",
    },
    Explanation {
        code: Code::PolicyProblem,
        title: "a policy has something that does not do what it seems to",
        why: "AWS refuses such a statement, or takes it for less than it says: a wildcard within a principal means nobody, \
              and\na condition operator that does not exist never holds.",
        wrong: "\"Principal\": { \"AWS\": \"arn:aws:iam::123456789012:role/omics-*\" }",
        right: "\"Principal\": { \"AWS\": \"arn:aws:iam::123456789012:role/omics-run\" }",
        fix: "Correct the statement by hand.",
    },
];

/// A registry policy that is enough.
const GRANT: &str = "{\"Version\": \"2012-10-17\", \"Statement\": [{ \"Sid\": \"HealthOmicsPullThrough\",\n  \
                     \"Effect\": \"Allow\", \"Principal\": { \"Service\": \"omics.amazonaws.com\" },\n  \
                     \"Action\": [\"ecr:CreateRepository\", \"ecr:BatchImportUpstreamImage\"],\n  \
                     \"Resource\": \"arn:aws:ecr:us-east-1:123456789012:repository/quay/*\" }]}";
