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
        code: Code::Referrers,
        title: "signatures and other referrers do not go along",
        why: "Where a rule fetches an image, ECR asks upstream for its referrers by itself when somebody lists them;\nthey are not copied.",
        wrong: "omics-ecr clone quay.io/x/y:1 --referrers   (a rule covers quay.io)",
        right: "omics-ecr clone quay.io/x/y:1 --referrers --to tools/y:1",
        fix: "Name a target, if the referrers have to be copied.",
    },
    Explanation {
        code: Code::WrongPlace,
        title: "a name leads to a registry that HealthOmics cannot read",
        why: "HealthOmics pulls from private ECR in the Region of the run. Another Region, or another kind of\nregistry, is refused.",
        wrong: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/tools/bwa:1, for a run in us-east-1",
        right: "123456789012.dkr.ecr.us-east-1.amazonaws.com/tools/bwa:1",
        fix: "omics-ecr clone IMAGE, into the Region of the run.",
    },
    Explanation {
        code: Code::Archived,
        title: "the image is archived",
        why: "An archived image cannot be pulled before it is restored, which takes a while.",
        wrong: "imageStatus: ARCHIVED",
        right: "imageStatus: ACTIVE",
        fix: "aws ecr update-image-storage-class --repository-name NAME --image-id imageTag=TAG --target-storage-class\nSTANDARD",
    },
    Explanation {
        code: Code::Incomplete,
        title: "manifests or layers of the image are missing in ECR",
        why: "The image is there by name, and a pull of it fails.",
        wrong: "an index whose linux/amd64 manifest was deleted",
        right: "an index with all that it names",
        fix: "Clone the image again, or pull it through its rule once more: omics-ecr drift --refresh.",
    },
    Explanation {
        code: Code::TagElsewhere,
        title: "the tag stands for another image than the digest beside it",
        why: "Of a name with tag and digest the digest counts. Who reads the tag is misled.",
        wrong: "tools/bwa:0.7.17@sha256:aaa... where 0.7.17 is sha256:bbb...",
        right: "tools/bwa:0.7.17@sha256:bbb...",
        fix: "Correct the name, or leave the tag away.",
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
        code: Code::Entrypoint,
        title: "the image's ENTRYPOINT may keep the run's command from running",
        why: "HealthOmics starts the image with a shell and the task's script. An ENTRYPOINT that is no shell gets\nthem as arguments.",
        wrong: "ENTRYPOINT [\"bwa\"]",
        right: "no ENTRYPOINT, or ENTRYPOINT [\"/bin/bash\"]",
        fix: "Use an image without ENTRYPOINT; most workflow images have one.",
    },
    Explanation {
        code: Code::User,
        title: "the image starts as another user than root",
        why: "Tasks write into mounted folders; a user who may not write there fails.",
        wrong: "USER nobody",
        right: "no USER in the image",
        fix: "Use an image that starts as root, or try the task once.",
    },
    Explanation {
        code: Code::NotAnImage,
        title: "what is in ECR is no container image",
        why: "Artifacts such as signatures, charts and files have manifests too, and cannot be run.",
        wrong: "artifactType: application/vnd.cncf.helm.chart",
        right: "an image with a config and layers",
        fix: "Name the image itself.",
    },
    Explanation {
        code: Code::TagMoved,
        title: "a cached tag stands for another image upstream by now",
        why: "Runs get the image that was cached. ECR asks upstream again after 24 hours, when somebody pulls.",
        wrong: "quay/x/y:latest cached as sha256:aaa..., upstream sha256:bbb...",
        right: "the same digest on both sides, or a name by digest",
        fix: "omics-ecr drift --refresh, or pin the digest in the workflow.",
    },
    Explanation {
        code: Code::TagGone,
        title: "a cached tag is not there upstream any more",
        why: "The cached image still works. Once it is deleted here it cannot be had again.",
        wrong: "quay/x/y:1 cached, and not found upstream",
        right: "the image cloned into a repository of your own",
        fix: "omics-ecr clone IMAGE --to REPOSITORY:TAG keeps it whatever upstream does.",
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
