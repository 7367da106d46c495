//! Observations that an operation makes beside its answer.

use schemars::JsonSchema;
use serde::Serialize;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The run would fail, or part of the answer is missing.
    Error,
    /// Something to look at before a run.
    Warning,
    /// Good to know.
    Note,
}

/// What was observed; stable names that scripts may test for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// No file gives the container attribute a value.
    Unresolved,
    /// The text is no valid image reference.
    Malformed,
    /// The host of a registry stands in the name twice.
    DoubledHost,
    /// A digest through a pull through cache rule: ECR does not find it on the first pull.
    DigestThroughRule,
    /// A rule for the registry needs a credential.
    CredentialNeeded,
    /// The account or the Region is a placeholder.
    Placeholder,
    /// An entry of an existing map differs and was kept.
    KeptEntry,
    /// A value that is longer than HealthOmics takes.
    TooLong,
    /// The image cannot come into the private registry.
    NoRoute,
    /// A file was left out of a scan.
    LeftOut,
    /// The account does not let ECR take layers from other repositories.
    MountingOff,
    /// HealthOmics may not read a repository, or it is not certain.
    Access,
    /// A repository was made and has no image.
    EmptyRepository,
    /// The pull through cache rules could not be read.
    RulesUnknown,
    /// A source registry allows fewer pulls now than are needed.
    PullLimit,
    /// Signatures and other referrers do not go along.
    Referrers,
    /// The image is larger than some or all instances take.
    TooLarge,
    /// The image runs nowhere in HealthOmics.
    Platform,
    /// A repository has other settings than those asked for.
    Settings,
}

/// One observation, with an action where one helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What was observed.
    pub code: Code,
    /// The image, file or entry it is about.
    pub subject: String,
    /// The observation in words, in lower case.
    pub message: String,
    /// One action that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub hint: Option<String>,
}

impl Finding {
    /// Returns a finding without a hint.
    pub fn new(
        severity: Severity,
        code: Code,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { severity, code, subject: subject.into(), message: message.into(), hint: None }
    }

    /// Adds an action that helps.
    #[must_use]
    pub fn hint(self, action: impl Into<String>) -> Self {
        Self { hint: Some(action.into()), ..self }
    }
}
