//! What a look at everything answers.

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::OperationError;
use crate::finding::Code;

/// What is to be thought of one thing, and of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is as it should be.
    Ok,
    /// Something is wrong, or will be in the way.
    Warning,
    /// It could not be looked at, and nothing follows about it.
    CannotTell,
}

impl Verdict {
    /// Returns the verdict in words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// The settings that say how AWS is asked; a line only where they cannot be used.
    Settings,
    /// Whose credentials these are.
    Credentials,
    /// The Region, and whether HealthOmics is offered there.
    Region,
    /// The clock of this machine.
    Clock,
    /// Whether a service of AWS answers.
    Service,
    /// Whether the private registry answers.
    Registry,
    /// The pull through cache rules.
    Rules,
    /// What the registry policy lets HealthOmics do.
    RegistryPolicy,
    /// What repository creation templates let HealthOmics read.
    Templates,
    /// The account's setting for mounting layers.
    BlobMounting,
    /// Whether a registry that images come from answers.
    Upstream,
    /// A file of logins to registries.
    Logins,
}

impl Aspect {
    /// Returns the aspect in words, as tables show it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Credentials => "credentials",
            Self::Region => "Region",
            Self::Clock => "clock",
            Self::Service => "service",
            Self::Registry => "registry",
            Self::Rules => "rules",
            Self::RegistryPolicy => "registry policy",
            Self::Templates => "templates",
            Self::BlobMounting => "blob mounting",
            Self::Upstream => "upstream",
            Self::Logins => "logins",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// What it is about.
    pub check: Aspect,
    /// Which one of its kind.
    pub subject: String,
    /// What is to be thought of it.
    pub verdict: Verdict,
    /// What was seen, in words.
    pub said: String,
    /// The finding that it is; none where all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Code")]
    pub code: Option<Code>,
    /// What to do next; always there where it is not well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub next_step: Option<String>,
}

impl Check {
    /// Returns a line for something that is as it should be.
    pub(super) fn ok(check: Aspect, subject: impl Into<String>, said: impl Into<String>) -> Self {
        let (subject, said) = (subject.into(), said.into());
        Self { check, subject, verdict: Verdict::Ok, said, code: None, next_step: None }
    }

    /// Returns a line for something that is wrong.
    pub(super) fn warning(
        check: Aspect,
        subject: impl Into<String>,
        code: Code,
        said: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        let own = Self { verdict: Verdict::Warning, code: Some(code), ..Self::ok(check, subject, said) };
        own.next(next_step)
    }

    /// Returns a line for something that could not be looked at.
    pub(super) fn cannot_tell(check: Aspect, subject: impl Into<String>, why: &OperationError) -> Self {
        let own = Self {
            verdict: Verdict::CannotTell,
            code: Some(Code::CouldNotLook),
            ..Self::ok(check, subject, words(why))
        };
        own.next(why.hint.as_deref().unwrap_or("wait a minute, and run it again"))
    }

    /// Adds what can be done next.
    pub(super) fn next(self, step: impl Into<String>) -> Self {
        Self { next_step: Some(step.into()), ..self }
    }
}

/// Returns what was tried and who refused, in one line.
pub(super) fn words(error: &OperationError) -> String {
    match &error.refused {
        Some(refused) => format!("{}: {refused}", error.tried),
        None => error.tried.clone(),
    }
}

/// What was found of everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DoctorReport {
    /// Version of this shape.
    pub schema_version: u32,
    /// What all lines come to: that something cannot be told counts most.
    pub verdict: Verdict,
    /// The account of the credentials, where AWS said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub account: Option<String>,
    /// The Region, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub region: Option<String>,
    /// The ARN of whoever asked, where AWS said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub caller: Option<String>,
    /// What was looked at, in the order in which trouble is best seen to.
    pub checks: Vec<Check>,
}

impl DoctorReport {
    /// Returns a report without a line.
    pub(super) fn empty() -> Self {
        Self {
            schema_version: 1,
            verdict: Verdict::Ok,
            account: None,
            region: None,
            caller: None,
            checks: Vec::new(),
        }
    }

    /// Draws the verdict from the lines.
    pub(super) fn conclude(self) -> Self {
        let verdict = self.checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Ok);
        Self { verdict, ..self }
    }

    /// Returns how many lines have a verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }
}
