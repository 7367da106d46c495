//! Findings about repository creation templates.

use super::Explanation;
use crate::finding::Code;

/// The explanations, in the order of the ids.
pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        code: Code::TemplateMissing,
        title: "no template makes the repositories below a prefix",
        why: "ECR makes a repository with the first pull through a rule. Without a template it has no policy, and \
              HealthOmics\nmay not read what was just cached.",
        wrong: "$ aws ecr describe-repository-creation-templates\n{ \"repositoryCreationTemplates\": [] }",
        right: "{ \"prefix\": \"quay\", \"appliedFor\": [\"PULL_THROUGH_CACHE\"], \"repositoryPolicy\": \"...\" }",
        fix: "omics-ecr validate --prefix quay --fix",
    },
    Explanation {
        code: Code::TemplateNotApplied,
        title: "a template is not applied for pull through",
        why: "ECR takes a template for what its `appliedFor` lists and for nothing else.",
        wrong: "{ \"prefix\": \"quay\", \"appliedFor\": [\"REPLICATION\"] }",
        right: "{ \"prefix\": \"quay\", \"appliedFor\": [\"REPLICATION\", \"PULL_THROUGH_CACHE\"] }",
        fix: "omics-ecr validate --prefix quay --fix",
    },
    Explanation {
        code: Code::TemplateNotGranted,
        title: "HealthOmics may not read what a template makes",
        why: "The template's repository policy is missing, or lacks `ecr:BatchGetImage` or `ecr:GetDownloadUrlForLayer` \
              for the\nservice. Every new repository is closed to it.",
        wrong: "{ \"prefix\": \"quay\", \"appliedFor\": [\"PULL_THROUGH_CACHE\"] }",
        right: READ,
        fix: "omics-ecr validate --prefix quay --fix",
    },
    Explanation {
        code: Code::TemplateDenied,
        title: "a statement forbids HealthOmics to read what a template makes",
        why: "A Deny wins over every Allow, also over the grant that stands beside it.",
        wrong: "{\"Version\": \"2012-10-17\", \"Statement\": [{ \"Effect\": \"Deny\", \"Principal\": \"*\",\n  \
                \"Action\": \"ecr:BatchGetImage\",\n  \"Condition\": { \"StringNotEquals\": { \"aws:SourceVpce\": \
                \"vpce-0a1b2c3d\" } } }]}",
        right: "{\"Version\": \"2012-10-17\", \"Statement\": [{ \"Effect\": \"Deny\", \"Principal\": \"*\",\n  \
                \"Action\": \"ecr:BatchGetImage\",\n  \"Condition\": { \"StringNotEquals\": { \"aws:SourceVpce\": \
                \"vpce-0a1b2c3d\" },\n    \"Bool\": { \"aws:PrincipalIsAWSService\": \"false\" } } }]}",
        fix: "Change the statement by hand, as the hint says.",
    },
    Explanation {
        code: Code::TemplateDepends,
        title: "whether HealthOmics may read hangs on a run",
        why: "The template grants under a condition whose key nobody knows before a run.",
        wrong: "\"Condition\": { \"ArnLike\": { \"aws:SourceArn\": \
                \"arn:aws:omics:us-east-1:123456789012:workflow/1234567\" } }",
        right: "\"Condition\": { \"StringEquals\": { \"aws:SourceAccount\": \"123456789012\" } }",
        fix: "See that the condition holds for every workflow that needs the images, or loosen it.",
    },
    Explanation {
        code: Code::TemplateWithoutRole,
        title: "a template sets tags or a KMS key and names no role",
        why: "ECR needs a role to tag a repository or to use a key. Without one it makes no repository at all, and pulls \
              through\nfail.",
        wrong: "{ \"prefix\": \"quay\", \"resourceTags\": [{ \"Key\": \"team\", \"Value\": \"bio\" }] }",
        right: "{ \"prefix\": \"quay\", \"resourceTags\": [{ \"Key\": \"team\", \"Value\": \"bio\" }],\n  \
                \"customRoleArn\": \"arn:aws:iam::123456789012:role/ecr-templates\" }",
        fix: "aws ecr update-repository-creation-template --prefix quay --custom-role-arn ROLE",
    },
    Explanation {
        code: Code::TemplateImmutable,
        title: "a template makes repositories whose tags cannot move",
        why: "ECR asks upstream once a day whether a cached tag moved. Where tags are immutable it cannot follow, and \
              runs get\nthe old image.",
        wrong: "{ \"prefix\": \"quay\", \"imageTagMutability\": \"IMMUTABLE\" }",
        right: "{ \"prefix\": \"quay\", \"imageTagMutability\": \"MUTABLE\" }",
        fix: "aws ecr update-repository-creation-template --prefix quay --image-tag-mutability MUTABLE",
    },
    Explanation {
        code: Code::TemplateDiffers,
        title: "a more specific template makes other repositories",
        why: "The longest prefix wins: repositories below it get its settings and none of the shorter one's.",
        wrong: "quay                with a lifecycle policy\nquay/biocontainers  without one",
        right: "quay                with a lifecycle policy\nquay/biocontainers  with the same",
        fix: "Nothing, if the difference is meant. Else bring the templates together.",
    },
    Explanation {
        code: Code::TemplateIncomplete,
        title: "a template does not grant all that the guide lists",
        why: "A pull needs two actions. HealthOmics' guide lists a third, `ecr:BatchCheckLayerAvailability`; it costs \
              nothing\nto grant it.",
        wrong: "\"Action\": [\"ecr:BatchGetImage\", \"ecr:GetDownloadUrlForLayer\"]",
        right: "\"Action\": [\"ecr:BatchGetImage\", \"ecr:GetDownloadUrlForLayer\", \
                \"ecr:BatchCheckLayerAvailability\"]",
        fix: "omics-ecr validate --fix",
    },
];

/// A repository policy that is enough.
const READ: &str = "{\"Version\": \"2012-10-17\", \"Statement\": [{ \"Sid\": \"HealthOmicsReadAccess\",\n  \
                    \"Effect\": \"Allow\", \"Principal\": { \"Service\": \"omics.amazonaws.com\" },\n  \
                    \"Action\": [\"ecr:BatchGetImage\", \"ecr:GetDownloadUrlForLayer\", \
                    \"ecr:BatchCheckLayerAvailability\"] }]}";
