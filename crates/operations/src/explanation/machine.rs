//! Findings about this machine: its credentials, its settings, its clock, and what it reaches.

use super::Explanation;
use crate::finding::Code;

/// The explanations, in the order of the ids.
pub(super) const TABLE: &[Explanation] = &[
    Explanation {
        code: Code::CredentialsUnusable,
        title: "there are no credentials, or AWS does not take them",
        why: "Every command that works on an account signs its requests. Credentials of a sign-in end after some \
              hours.",
        wrong: "ExpiredToken: The security token included in the request is expired",
        right: "$ aws sso login --profile lab\n$ omics-ecr doctor --profile lab",
        fix: "Sign in again, name a profile with --profile, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    },
    Explanation {
        code: Code::OtherAccount,
        title: "the credentials are of another account than the one named",
        why: "A command refuses to work on an account that was not meant.",
        wrong: "omics-ecr doctor --profile clinic --account 123456789012",
        right: "omics-ecr doctor --profile lab --account 123456789012",
        fix: "Use credentials of that account, or leave --account and OMICS_ECR_ACCOUNT away.",
    },
    Explanation {
        code: Code::SettingsUnusable,
        title: "the settings of this machine give no way to AWS",
        why: "Without a Region, or with a profile that does not exist, nothing can be asked. A Region is never guessed.",
        wrong: "$ omics-ecr doctor",
        right: "$ omics-ecr doctor --region us-east-1",
        fix: "Give --region or AWS_REGION, name a profile that exists, and correct what the hint names.",
    },
    Explanation {
        code: Code::ClockSkew,
        title: "the clock of this machine is wrong",
        why: "AWS refuses requests that were signed more than five minutes away from its own time, and tokens seem to \
              have\nended, or not to hold yet.",
        wrong: "Signature expired: 20260101T120000Z is now earlier than 20260101T121500Z",
        right: "$ timedatectl set-ntp true",
        fix: "Set the clock; a virtual machine that slept needs its time service started again.",
    },
    Explanation {
        code: Code::Unreachable,
        title: "a service or a registry cannot be reached from this machine",
        why: "A network without a way out needs a proxy, or endpoints in the VPC. ECR pulls through rules by itself, \
              while\n`clone`, `check` and `drift` ask upstream registries from here.",
        wrong: "$ omics-ecr doctor",
        right: "$ HTTPS_PROXY=http://proxy.example.org:3128 omics-ecr doctor",
        fix: "Name the proxy in HTTPS_PROXY, or make the endpoints `ecr.api`, `ecr.dkr`, `secretsmanager` and `sts`.",
    },
    Explanation {
        code: Code::LoginFile,
        title: "a file of logins to registries cannot be read",
        why: "Docker's config.json and Podman's auth.json have the logins with which images are copied; without them \
              private\nimages are refused, and Docker Hub allows fewer pulls.",
        wrong: "{ \"credsStore\": \"a-helper-that-is-not-there\" }",
        right: "{ \"auths\": { \"quay.io\": { \"auth\": \"...\" } } }",
        fix: "Correct the file, install the helper that it names, or put it aside and run `docker login`.",
    },
];
