//! Findings about a workflow's files and maps.

use super::Explanation;
use crate::finding::Code;

/// The explanations, in the order of the ids.
pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        code: Code::Unresolved,
        title: "no file gives the container attribute a value",
        why: "The image of this task is known only when a run passes it. Nothing is prepared for it, and the run \
              may fail\nat this task.",
        wrong: "input { String docker_image }\nruntime { docker: docker_image }",
        right: "input { String docker_image = \"quay.io/biocontainers/samtools:1.19--h50ea8bc_1\" }\n\
                runtime { docker: docker_image }",
        fix: "Give the input a default, or put it into the inputs file beside the workflow.",
    },
    Explanation {
        code: Code::Malformed,
        title: "the text is no valid image reference",
        why: "No registry can be asked for it, so the task can never start.",
        wrong: "container 'quay.io/Biocontainers/bwa:0.7.17:latest'",
        right: "container 'quay.io/biocontainers/bwa:0.7.17--hed695b0_7'",
        fix: "Write HOST/REPOSITORY:TAG with a repository in small letters and one tag.",
    },
    Explanation {
        code: Code::DoubledHost,
        title: "the host of a registry stands in the name twice",
        why: "A module names the host, and the pipeline puts a registry before it; no registry has such a name.",
        wrong: "docker.registry = 'quay.io'\ncontainer 'quay.io/biocontainers/fastqc:0.12.1--hdfd78af_0'",
        right: "docker.registry = 'quay.io'\ncontainer 'biocontainers/fastqc:0.12.1--hdfd78af_0'",
        fix: "Take the host out of the module, or the registry out of the configuration.",
    },
    Explanation {
        code: Code::LeftOut,
        title: "a file was left out of a scan",
        why: "Images that only this file names are not in the answer.",
        wrong: "tasks/qc.wdl: the file is longer than what is read of one file",
        right: "tasks/qc.wdl: read in full",
        fix: "Look into the file for containers, or make it shorter.",
    },
    Explanation {
        code: Code::NoRoute,
        title: "the image cannot come into the private registry",
        why: "It is no image of a registry, so no rule and no clone can bring it.",
        wrong: "container 'https://depot.galaxyproject.org/singularity/bwa:0.7.17'",
        right: "container 'quay.io/biocontainers/bwa:0.7.17--hed695b0_7'",
        fix: "Name the image in a registry.",
    },
    Explanation {
        code: Code::DigestThroughRule,
        title: "a digest through a pull through cache rule",
        why: "ECR does not find an image that it has not cached when it is asked for by digest: the first pull fails.",
        wrong: "container 'quay.io/biocontainers/bwa@sha256:9479b73e...'",
        right: "container 'quay.io/biocontainers/bwa:0.7.17--hed695b0_7'",
        fix: "Pull the tag once before the run, or clone the image: `omics-ecr clone IMAGE`.",
    },
    Explanation {
        code: Code::CredentialNeeded,
        title: "a rule for the registry needs a credential",
        why: "ECR makes no rule for Docker Hub, GHCR, GitLab, Azure and Chainguard without a secret, even for public \
              images.",
        wrong: "omics-ecr cache create docker.io --prefix docker-hub",
        right: "omics-ecr cache create docker.io --prefix docker-hub --credential \\\n  \
                arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/docker-hub-AbCdEf",
        fix: "Make a secret with `omics-ecr secret create`, or take the image from `public.ecr.aws` or Quay.",
    },
    Explanation {
        code: Code::Placeholder,
        title: "the account or the Region is a placeholder",
        why: "The names in the answer lead nowhere until the placeholder is replaced.",
        wrong: "ACCOUNT.dkr.ecr.REGION.amazonaws.com/quay/biocontainers/bwa:0.7.17--hed695b0_7",
        right: "123456789012.dkr.ecr.us-east-1.amazonaws.com/quay/biocontainers/bwa:0.7.17--hed695b0_7",
        fix: "Pass --account and --region.",
    },
    Explanation {
        code: Code::KeptEntry,
        title: "an entry of an existing map differs and was kept",
        why: "The map sends this image to another place than a new map would.",
        wrong: "\"docker.io/library/ubuntu:22.04\": \"OLD/ubuntu:22.04\"   (kept)",
        right: "\"docker.io/library/ubuntu:22.04\": \"NEW/docker-hub/library/ubuntu:22.04\"   (with --replace)",
        fix: "Nothing, if the entry is meant. Else write the map with --replace.",
    },
    Explanation {
        code: Code::TooLong,
        title: "a value is longer than HealthOmics takes",
        why: "HealthOmics refuses the whole map.",
        wrong: "\"sourceImage\": \"a name of more than 750 characters\"",
        right: "\"sourceImage\": \"quay.io/biocontainers/bwa:0.7.17--hed695b0_7\"",
        fix: "Use shorter names.",
    },
];
