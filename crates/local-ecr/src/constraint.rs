//! The constraints of ECR's service model: patterns, lengths and allowed values, as the model writes them.

use std::sync::LazyLock;

use regex_lite::Regex;

use crate::fault::Fault;

/// A constraint on a text: its length in characters and its pattern, which must match the whole.
#[derive(Debug)]
pub(crate) struct Text {
    min: usize,
    max: usize,
    pattern: &'static str,
    regex: LazyLock<Option<Regex>>,
}

macro_rules! text {
    ($($(#[$doc:meta])* $name:ident: $min:literal, $max:expr, $pattern:expr;)*) => {
        $(
            $(#[$doc])*
            pub(crate) static $name: Text = Text {
                min: $min,
                max: $max,
                pattern: $pattern,
                regex: LazyLock::new(|| whole($pattern)),
            };
        )*

        /// Every constraint, by the name of its constant.
        #[cfg(test)]
        const ALL: &[(&str, &Text)] = &[$((stringify!($name), &$name)),*];
    };
}

fn whole(pattern: &str) -> Option<Regex> {
    Regex::new(&format!("^(?:{pattern})$")).ok()
}

/// A prefix of a rule or a template, or `ROOT`.
const PREFIX_PATTERN: &str =
    r"^([a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\/?|ROOT)$";
/// Where a limit of length is missing in the model, requests end anyway.
const UNBOUNDED: usize = usize::MAX;

text! {
    /// `RegistryId`.
    REGISTRY_ID: 12, 12, r"[0-9]{12}";
    /// `RepositoryName`.
    REPOSITORY_NAME: 2, 256, r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*";
    /// `PullThroughCacheRuleRepositoryPrefix`.
    RULE_PREFIX: 2, 30, PREFIX_PATTERN;
    /// `Prefix` of a repository creation template.
    TEMPLATE_PREFIX: 1, 256, PREFIX_PATTERN;
    /// `CredentialArn`.
    CREDENTIAL_ARN: 50, 612,
        r"^arn:aws(-\w+)*:secretsmanager:[a-zA-Z0-9-:]+:secret:ecr\-pullthroughcache\/[a-zA-Z0-9\/_+=.@-]+$";
    /// `CustomRoleArn`.
    CUSTOM_ROLE_ARN: 0, 2048, r"(?s).*";
    /// `LayerDigest`, and the digests of images.
    DIGEST: 0, UNBOUNDED, r"[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+";
    /// `ImageTag`, with the form that the registry takes.
    IMAGE_TAG: 1, 300, r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}";
    /// `ImageTagMutabilityExclusionFilterValue`.
    EXCLUSION_FILTER: 1, 128, r"^[0-9a-zA-Z._*-]{1,128}$";
    /// `RepositoryTemplateDescription`.
    TEMPLATE_DESCRIPTION: 0, 256, r"(?s).*";
    /// `RepositoryPolicyText` and `RegistryPolicyText`.
    POLICY_TEXT: 0, 10240, r"(?s).*";
    /// `LifecyclePolicyText`.
    LIFECYCLE_POLICY_TEXT: 100, 30720, r"(?s).*";
    /// `LifecyclePolicyTextForRepositoryCreationTemplate`.
    TEMPLATE_LIFECYCLE_POLICY_TEXT: 0, 30720, r"(?s).*";
    /// `KmsKey`.
    KMS_KEY: 1, 2048, r"(?s).*";
    /// `KmsKeyForRepositoryCreationTemplate`.
    TEMPLATE_KMS_KEY: 0, 2048, r"^$|arn:aws[a-z0-9-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/[a-z0-9-]+";
    /// `Region`.
    REGION: 2, 25, r"[0-9a-z-]{2,25}";
    /// `RepositoryFilterValue`.
    REPOSITORY_FILTER: 2, 256, r"^(?:[a-z0-9]+(?:[._-][a-z0-9]*)*/)*[a-z0-9]*(?:[._-][a-z0-9]*)*$";
    /// `ScanningRepositoryFilterValue`.
    SCANNING_FILTER: 1, 255, r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$";
    /// `AccountSettingName`.
    ACCOUNT_SETTING_NAME: 1, 64, r"(?s).*";
    /// `SigningProfileArn`.
    SIGNING_PROFILE_ARN: 0, 200,
        r"^arn:aws(-[a-z]+)*:signer:[a-z0-9-]+:[0-9]{12}:\/signing-profiles\/[a-zA-Z0-9_]{2,}$";
    /// `SigningRepositoryFilterValue`.
    SIGNING_FILTER: 1, 256, r"^(?:[a-z0-9*]+(?:[._-][a-z0-9*]+)*/)*[a-z0-9*]+(?:[._-][a-z0-9*]+)*$";
    /// `PrincipalArn`.
    PRINCIPAL_ARN: 0, 200, r"^arn:aws(-[a-z]+)*:iam::[0-9]{12}:(role|user)/[\w+=,.@-]+(/[\w+=,.@-]+)*$";
    /// `ReplicationBackfillId`.
    REPLICATION_BACKFILL_ID: 0, UNBOUNDED,
        r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
    /// `ArtifactType`.
    ARTIFACT_TYPE: 1, 255, r"(?s).*";
}

impl Text {
    /// Returns whether a text keeps the constraint.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let length = text.chars().count();
        (self.min..=self.max).contains(&length) && self.matches(text)
    }

    fn matches(&self, text: &str) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    /// Checks a parameter.
    ///
    /// # Errors
    /// `InvalidParameterException` that names the parameter and what it breaks.
    pub(crate) fn check(&self, name: &str, text: &str) -> Result<(), Fault> {
        let length = text.chars().count();
        if length < self.min {
            let rule = format!("Member must have length greater than or equal to {}", self.min);
            return Err(Fault::parameter(name, rule));
        }
        if length > self.max {
            let rule = format!("Member must have length less than or equal to {}", self.max);
            return Err(Fault::parameter(name, rule));
        }
        if !self.matches(text) {
            let rule = format!("must satisfy regular expression '{}'", self.pattern);
            return Err(Fault::parameter(name, rule));
        }
        Ok(())
    }

    /// Checks a parameter if it is given.
    pub(crate) fn check_given(&self, name: &str, text: Option<&String>) -> Result<(), Fault> {
        text.map_or(Ok(()), |text| self.check(name, text))
    }
}

/// Checks that a parameter is one of the values of an enumeration.
pub(crate) fn one_of(name: &str, value: &str, allowed: &[&str]) -> Result<(), Fault> {
    if allowed.contains(&value) {
        return Ok(());
    }
    Err(Fault::parameter(name, format!("Member must satisfy enum value set: [{}]", allowed.join(", "))))
}

/// Checks how many members a list has.
pub(crate) fn count(name: &str, length: usize, min: usize, max: usize) -> Result<(), Fault> {
    if length < min {
        let rule = format!("Member must have length greater than or equal to {min}");
        return Err(Fault::parameter(name, rule));
    }
    if length > max {
        let rule = format!("Member must have length less than or equal to {max}");
        return Err(Fault::parameter(name, rule));
    }
    Ok(())
}

/// Checks a number of results asked for, and returns it or the default.
pub(crate) fn max_results(asked: Option<i64>, default: usize, max: usize) -> Result<usize, Fault> {
    let Some(asked) = asked else { return Ok(default) };
    if asked < 1 {
        return Err(Fault::parameter("maxResults", "Member must have value greater than or equal to 1"));
    }
    match usize::try_from(asked) {
        Ok(asked) if asked <= max => Ok(asked),
        _ => {
            let rule = format!("Member must have value less than or equal to {max}");
            Err(Fault::parameter("maxResults", rule))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_one() {
        for (name, text) in ALL {
            assert!(text.regex.is_some(), "{name}");
        }
    }

    #[test]
    fn prefixes_and_names_follow_the_model() {
        for good in ["quay", "quay.io", "docker-hub", "a/b/", "ROOT", "a__b", "a---b"] {
            assert!(RULE_PREFIX.holds(good), "{good}");
        }
        for bad in ["q", "Quay", "a//b", "/a", "-a", "a.", "root!", "a_-b", "../a", "a\nb"] {
            assert!(!RULE_PREFIX.holds(bad), "{bad}");
        }
        assert!(!RULE_PREFIX.holds(&"a".repeat(31)));
        assert!(REPOSITORY_NAME.holds("library/ubuntu") && !REPOSITORY_NAME.holds("library/"));
        assert!(!REPOSITORY_NAME.holds("ROOT") && !REPOSITORY_NAME.holds("ab\n"));
    }

    #[test]
    fn a_credential_arn_must_name_a_secret_for_pull_through() {
        let good = "arn:aws:secretsmanager:us-east-1:000000000000:secret:ecr-pullthroughcache/hub-AbCdEf";
        assert!(CREDENTIAL_ARN.holds(good));
        let bad = "arn:aws:secretsmanager:us-east-1:000000000000:secret:docker-hub-creds-AbCdEf";
        let fault = CREDENTIAL_ARN.check("credentialArn", bad).expect_err("the prefix is missing");
        assert!(fault.message.starts_with("Invalid parameter at 'credentialArn'"), "{fault}");
    }
}
