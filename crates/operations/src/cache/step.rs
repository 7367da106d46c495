//! The steps of a plan, and what came of them, as data.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::opening::Written;
use super::registry_policy::ImportPlan;
use super::shown;
use super::template::{TemplatePlan, Work};
use crate::error::{OperationError, Result};

/// What a step is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// A repository creation template.
    Template,
    /// The registry's policy.
    RegistryPolicy,
    /// The pull through cache rule.
    Rule,
    /// Whether ECR can sign in upstream with the rule's secret.
    Validation,
    /// The policy of a repository that is there.
    Repository,
}

impl StepKind {
    /// Returns the kind in words, as tables show it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Template => "creation template",
            Self::RegistryPolicy => "registry policy",
            Self::Rule => "rule",
            Self::Validation => "login upstream",
            Self::Repository => "repository policy",
        }
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Nothing.
    Nothing {
        /// Why nothing has to be done, or may be.
        reason: String,
    },
    /// It is made.
    Create {
        /// What it will be.
        after: Value,
    },
    /// It is changed; what is not shown as different stays.
    Update {
        /// What it is.
        before: Value,
        /// What it will be.
        after: Value,
    },
    /// It is deleted and made anew, because ECR cannot change it.
    Replace {
        /// What it is.
        before: Value,
        /// What it will be.
        after: Value,
    },
    /// It is deleted.
    Delete {
        /// What it is.
        before: Value,
    },
    /// It is tried out, and nothing is changed.
    Try,
    /// It cannot be done, so nothing of the plan is.
    Refused {
        /// Why not.
        error: OperationError,
    },
}

impl Action {
    /// Returns the action in a word, as tables show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Nothing { .. } => "nothing",
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Replace { .. } => "delete and create",
            Self::Delete { .. } => "delete",
            Self::Try => "try",
            Self::Refused { .. } => "cannot",
        }
    }

    /// Returns whether it changes the account.
    pub fn is_change(&self) -> bool {
        !matches!(self, Self::Nothing { .. } | Self::Try | Self::Refused { .. })
    }

    /// Returns the action of a policy or another text that becomes another one.
    pub(super) fn of_policy(before: Option<&str>, after: &str) -> Self {
        match before {
            Some(before) => Self::Update { before: document(before), after: document(after) },
            None => Self::Create { after: document(after) },
        }
    }
}

/// Returns a policy as a document; a text that is none as it is.
pub(super) fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Step {
    /// What it is about.
    pub kind: StepKind,
    /// The object by its name in ECR: a prefix or a repository; the registry for its policy.
    pub object: String,
    /// What is to be done.
    #[serde(flatten)]
    pub action: Action,
}

impl Step {
    /// Returns a step.
    pub(super) fn new(kind: StepKind, object: impl Into<String>, action: Action) -> Self {
        Self { kind, object: object.into(), action }
    }

    /// Returns a step that cannot be done.
    pub(super) fn refused(kind: StepKind, object: impl Into<String>, error: OperationError) -> Self {
        Self::new(kind, object, Action::Refused { error })
    }

    /// Returns a step in which nothing is to be done.
    pub(super) fn nothing(kind: StepKind, object: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(kind, object, Action::Nothing { reason: reason.into() })
    }

    /// Returns the step that a template's plan is.
    pub(super) fn of_template(plan: TemplatePlan) -> Self {
        let action = match plan.work {
            Work::Nothing(reason) => Action::Nothing { reason },
            Work::Create { template, .. } => Action::Create { after: shown::template(&template) },
            Work::Update { before, after, .. } => {
                Action::Update { before: shown::template(&before), after: shown::template(&after) }
            }
            Work::Refused(error) => Action::Refused { error },
        };
        Self::new(StepKind::Template, plan.prefix, action)
    }

    /// Returns the step that the plan of the registry's policy is.
    pub(super) fn of_registry_policy(object: &str, before: Option<&str>, plan: Result<ImportPlan>) -> Self {
        let action = match plan.map(|plan| plan.text) {
            Ok(Ok(after)) => Action::of_policy(before, &after),
            Ok(Err(reason)) => Action::Nothing { reason },
            Err(error) => Action::Refused { error },
        };
        Self::new(StepKind::RegistryPolicy, object, action)
    }

    /// Returns the report on it where nothing was tried.
    pub(super) fn untried(&self) -> StepReport {
        let (outcome, error) = match &self.action {
            Action::Nothing { .. } => (Outcome::NotNeeded, None),
            Action::Refused { error } => (Outcome::Failed, Some(error.clone())),
            _ => (Outcome::NotDone, None),
        };
        self.report(outcome, error)
    }

    /// Returns the report on it.
    pub(super) fn report(&self, outcome: Outcome, error: Option<OperationError>) -> StepReport {
        StepReport {
            kind: self.kind,
            object: self.object.clone(),
            action: self.action.label(),
            outcome,
            error,
        }
    }

    /// Returns the report on what was tried.
    pub(super) fn tried(&self, outcome: Result<Outcome>) -> StepReport {
        match outcome {
            Ok(outcome) => self.report(outcome, None),
            Err(error) => self.report(Outcome::Failed, Some(error)),
        }
    }
}

/// What came of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// There was nothing to do.
    NotNeeded,
    /// It was done and found so afterwards.
    Done,
    /// It failed.
    Failed,
    /// It was not tried.
    NotDone,
    /// Nothing was to be changed, and it could not be looked at.
    CouldNotLook,
}

impl Outcome {
    /// Returns the outcome in words, as tables show it.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotNeeded => "not needed",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::NotDone => "not done",
            Self::CouldNotLook => "could not look",
        }
    }

    /// Returns whether things are as they were wanted, as far as could be seen.
    pub fn is_good(self) -> bool {
        matches!(self, Self::NotNeeded | Self::Done | Self::CouldNotLook)
    }
}

impl From<Written> for Outcome {
    fn from(written: Written) -> Self {
        match written {
            Written::Done => Self::Done,
            Written::NotNeeded => Self::NotNeeded,
        }
    }
}

/// The report on a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StepReport {
    /// What it is about.
    pub kind: StepKind,
    /// The object by its name in ECR.
    pub object: String,
    /// What was to be done.
    pub action: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// What failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OperationError")]
    pub error: Option<OperationError>,
}
