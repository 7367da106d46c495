//! Findings about the account: where it is, and what the caller may do.

use super::Explanation;
use crate::finding::Code;

/// The explanations, in the order of the ids.
pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        code: Code::RegionNotServed,
        title: "HealthOmics is not offered in the Region",
        why: "HealthOmics takes images from a registry of its own Region alone, so no run can use this one.",
        wrong: "omics-ecr validate --region sa-east-1",
        right: "omics-ecr validate --region us-east-1",
        fix: "Use a Region with HealthOmics, and make rules and secrets there.",
    },
    Explanation {
        code: Code::RegionUnknown,
        title: "it could not be told whether HealthOmics is in the Region",
        why: "The Region is newer than the table of this version. Everything else was looked at all the same.",
        wrong: "omics-ecr validate --region xx-new-1",
        right: "omics-ecr validate --region us-east-1",
        fix: "See AWS's list of the Regions of HealthOmics, or use a newer version.",
    },
    Explanation {
        code: Code::CouldNotLook,
        title: "something could not be looked at",
        why: "Nothing follows about what is there: it may be missing, right or wrong. The exit code is 2, since the \
              answer is\nnot complete.",
        wrong: "ECR answered AccessDeniedException: not authorized to perform: ecr:GetRegistryPolicy",
        right: "{ \"Effect\": \"Allow\", \"Action\": \"ecr:GetRegistryPolicy\", \"Resource\": \"*\" }",
        fix: "Do what the hint says, and validate again.",
    },
    Explanation {
        code: Code::PermissionMissing,
        title: "the caller may not do what the answer needs",
        why: "A validation reads rules, templates, policies and secrets' descriptions. Each action that was denied is \
              listed.",
        wrong: "{ \"Effect\": \"Allow\", \"Action\": \"ecr:DescribeRepositories\", \"Resource\": \"*\" }",
        right: "{ \"Effect\": \"Allow\", \"Resource\": \"*\", \"Action\": [ \"ecr:DescribePullThroughCacheRules\",\n  \
                \"ecr:DescribeRepositoryCreationTemplates\", \"ecr:GetRegistryPolicy\", \
                \"ecr:GetAccountSetting\",\n  \"ecr:DescribeRepositories\", \"ecr:GetRepositoryPolicy\", \
                \"ecr:ValidatePullThroughCacheRule\",\n  \"secretsmanager:DescribeSecret\" ] }",
        fix: "Add the statement of the hint to a policy of the caller.",
    },
];
