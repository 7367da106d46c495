//! Findings about pull through cache rules.

use super::Explanation;
use crate::finding::Code;

/// The explanations, in the order of the ids.
pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        code: Code::NoRules,
        title: "the registry has no pull through cache rule",
        why: "Without a rule nothing comes into the registry by itself: every image has to be copied before a run.",
        wrong: "$ aws ecr describe-pull-through-cache-rules\n{ \"pullThroughCacheRules\": [] }",
        right: "$ aws ecr describe-pull-through-cache-rules\n{ \"pullThroughCacheRules\": [\n  { \
                \"ecrRepositoryPrefix\": \"quay\", \"upstreamRegistryUrl\": \"quay.io\" } ] }",
        fix: "omics-ecr cache create quay.io --prefix quay",
    },
    Explanation {
        code: Code::NestedRules,
        title: "the prefix of a rule lies below the prefix of another one",
        why: "The longer prefix takes every name below it. What the upstream registry of the shorter one has under \
              the same\npath cannot be pulled through, and a name leads somewhere else than it seems to.",
        wrong: "mirror      -> quay.io\nmirror/hub  -> registry-1.docker.io",
        right: "quay        -> quay.io\ndocker-hub  -> registry-1.docker.io",
        fix: "Make a rule with a prefix of its own, change maps to it, and remove the nested rule.",
    },
    Explanation {
        code: Code::SameUpstream,
        title: "several rules lead to the same upstream registry",
        why: "A registry map names one prefix for a registry, so images are cached twice, and only one of the prefixes\n\
              has what a run needs.",
        wrong: "quay  -> quay.io\nbio   -> quay.io",
        right: "quay  -> quay.io",
        fix: "Keep one rule. Repositories that another one filled stay until they are removed.",
    },
    Explanation {
        code: Code::UpstreamNotTaken,
        title: "HealthOmics takes no images through a rule for this registry",
        why: "ECR can pull from Chainguard and from other private ECR registries; HealthOmics does not take images\n\
              through such rules. Others may use them.",
        wrong: "{ \"ecrRepositoryPrefix\": \"partner\",\n  \"upstreamRegistryUrl\": \
                \"999999999999.dkr.ecr.us-east-1.amazonaws.com\" }",
        right: "{ \"ecrRepositoryPrefix\": \"quay\", \"upstreamRegistryUrl\": \"quay.io\" }",
        fix: "Copy what runs need: `omics-ecr clone IMAGE --to REPOSITORY:TAG`.",
    },
    Explanation {
        code: Code::CredentialLeftOut,
        title: "the upstream registry takes no credential",
        why: "ECR refuses a credential for registries whose images are all public, so the one that was given is left out.",
        wrong: "omics-ecr cache create public.ecr.aws --credential ecr-pullthroughcache/x",
        right: "omics-ecr cache create public.ecr.aws",
        fix: "Leave --credential away.",
    },
    Explanation {
        code: Code::ClosedPrefix,
        title: "HealthOmics cannot pull through a prefix, or it is not certain",
        why: "A rule alone is not enough: the registry policy must let HealthOmics make and fill repositories, and a\nrepository creation template must let it read them.",
        wrong: "rule quay -> quay.io, and nothing else",
        right: "rule quay -> quay.io, registry policy statement for repository/quay/*, template quay",
        fix: "omics-ecr cache create REGISTRY --prefix PREFIX completes what is missing; `omics-ecr validate` says\nwhat that is.",
    },
    Explanation {
        code: Code::InheritedSettings,
        title: "a new template copies the settings of the one before it",
        why: "The longest prefix wins: without a copy of its settings, repositories below the new prefix would lose\nthe encryption, tags and lifecycle of the wider template.",
        wrong: "template ROOT with a KMS key, and a new template quay without",
        right: "template quay with the KMS key of ROOT, and the grant",
        fix: "Nothing. Change the new template by hand where it should differ.",
    },
    Explanation {
        code: Code::RepositoriesStay,
        title: "repositories stay when their rule goes",
        why: "Deleting a rule deletes no repository. What was cached can still be pulled, and is never renewed.",
        wrong: "omics-ecr cache delete quay   (and 40 repositories below quay/ cost storage)",
        right: "omics-ecr cache delete quay   (and the repositories that are not needed are deleted)",
        fix: "Delete the repositories by hand, if nobody needs them.",
    },
    Explanation {
        code: Code::RulesUnknown,
        title: "the pull through cache rules could not be read",
        why: "Routes are named by the default prefixes, and may be others in this account.",
        wrong: "ECR answered AccessDeniedException: not authorized to perform: ecr:DescribePullThroughCacheRules",
        right: "{ \"Effect\": \"Allow\", \"Action\": \"ecr:DescribePullThroughCacheRules\", \"Resource\": \"*\" }",
        fix: "Allow `ecr:DescribePullThroughCacheRules` to the caller.",
    },
    Explanation {
        code: Code::UpstreamUnknown,
        title: "the upstream registry of a rule is none that is known",
        why: "HealthOmics documents seven upstream registries. What it does with a rule for another one is not known.",
        wrong: "{ \"ecrRepositoryPrefix\": \"corp\", \"upstreamRegistryUrl\": \"registry.example.com\" }",
        right: "{ \"ecrRepositoryPrefix\": \"ghcr\", \"upstreamRegistryUrl\": \"ghcr.io\" }",
        fix: "Copy what runs need: `omics-ecr clone IMAGE --to REPOSITORY:TAG`.",
    },
    Explanation {
        code: Code::NoSuchRule,
        title: "there is no rule with the prefix that was asked for",
        why: "Names below the prefix are pulled from nowhere, unless another rule covers them.",
        wrong: "omics-ecr validate --prefix qay",
        right: "omics-ecr validate --prefix quay",
        fix: "See `omics-ecr cache list`, or make the rule: `omics-ecr cache create quay.io --prefix quay`.",
    },
    Explanation {
        code: Code::RulesQuota,
        title: "the registry has nearly as many rules as it may",
        why: "A registry may have 50 pull through cache rules, and AWS does not raise that.",
        wrong: "50 rules: ECR answers LimitExceededException to the next one",
        right: "30 rules, each used",
        fix: "Remove rules that nobody uses. Their repositories stay.",
    },
];
