//! Findings about repositories and images that are there.

use super::Explanation;
use crate::finding::Code;

/// The explanations, in the order of the ids.
pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        code: Code::Access,
        title: "HealthOmics may not read a repository",
        why: "A run fails at the first task that needs an image of it. A template never changes a repository that is \
              there:\none that was made before the template stays closed until it is granted itself.",
        wrong: "$ aws ecr get-repository-policy --repository-name quay/biocontainers/bwa\n\
                RepositoryPolicyNotFoundException",
        right: "{\"Version\": \"2012-10-17\", \"Statement\": [{ \"Sid\": \"HealthOmicsReadAccess\",\n  \
                \"Effect\": \"Allow\", \"Principal\": { \"Service\": \"omics.amazonaws.com\" },\n  \"Action\": \
                [\"ecr:BatchGetImage\", \"ecr:GetDownloadUrlForLayer\",\n    \
                \"ecr:BatchCheckLayerAvailability\"] }]}",
        fix: "omics-ecr grant quay/biocontainers/bwa; a Deny has to be changed by hand.",
    },
    Explanation {
        code: Code::EmptyRepository,
        title: "a repository was made and has no image",
        why: "The copy into it failed after it was made. It does no harm, and the next clone uses it.",
        wrong: "tools/bwa: made, and no image in it",
        right: "tools/bwa:0.7.18",
        fix: "Run the clone again, or remove the repository.",
    },
    Explanation {
        code: Code::Settings,
        title: "a repository has other settings than those asked for",
        why: "It was there before. Encryption cannot be changed later, and other settings are left as somebody made them.",
        wrong: "omics-ecr clone IMAGE --to tools/bwa:1 --immutable   (tools/bwa is there and mutable)",
        right: "omics-ecr clone IMAGE --to tools/bwa-fixed:1 --immutable",
        fix: "Nothing, if the settings are right. Else name another repository, or change this one by hand.",
    },
    Explanation {
        code: Code::MountingOff,
        title: "ECR may not take layers from other repositories",
        why: "Layers that several images share are sent once for each repository instead of once.",
        wrong: "BLOB_MOUNTING = DISABLED",
        right: "BLOB_MOUNTING = ENABLED",
        fix: "omics-ecr clone --enable-mounting, which switches it on for the account.",
    },
    Explanation {
        code: Code::Platform,
        title: "the image runs nowhere in HealthOmics",
        why: "HealthOmics runs linux/amd64 alone. An image for ARM is refused when its task starts.",
        wrong: "linux/arm64",
        right: "linux/amd64, alone or in an index",
        fix: "Name a tag or an image that has linux/amd64.",
    },
    Explanation {
        code: Code::TooLarge,
        title: "the image is larger than some or all instances take",
        why: "Images run up to 45 GiB on instances without GPU and up to 95 GiB with one.",
        wrong: "52 GiB, on an instance without GPU",
        right: "12 GiB, on any instance",
        fix: "Make the image smaller, or run its task on a GPU instance.",
    },
    Explanation {
        code: Code::AccessIncomplete,
        title: "a repository does not grant all that the guide lists",
        why: "A pull needs two actions. HealthOmics' guide lists a third, `ecr:BatchCheckLayerAvailability`.",
        wrong: "\"Action\": [\"ecr:BatchGetImage\", \"ecr:GetDownloadUrlForLayer\"]",
        right: "\"Action\": [\"ecr:BatchGetImage\", \"ecr:GetDownloadUrlForLayer\", \
                \"ecr:BatchCheckLayerAvailability\"]",
        fix: "omics-ecr grant REPOSITORY",
    },
    Explanation {
        code: Code::ImmutableTags,
        title: "the tags of a cached repository cannot move",
        why: "ECR cannot refresh a tag that moved upstream, and runs get the image that was cached first.",
        wrong: "{ \"repositoryName\": \"quay/biocontainers/bwa\", \"imageTagMutability\": \"IMMUTABLE\" }",
        right: "{ \"repositoryName\": \"quay/biocontainers/bwa\", \"imageTagMutability\": \"MUTABLE\" }",
        fix: "aws ecr put-image-tag-mutability --repository-name NAME --image-tag-mutability MUTABLE",
    },
];
