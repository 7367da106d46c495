//! The answer to a request, with its reason as data.

use schemars::JsonSchema;
use serde::Serialize;

use crate::document::Effect;
use crate::kind::Kind;

/// Whether the request may go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may.
    Allowed,
    /// It may not.
    Denied,
    /// It hangs on something the request does not say; never to be taken for allowed.
    Depends,
}

/// A statement of one of the documents.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct StatementRef {
    /// The caller's name for the document.
    pub document: String,
    /// What the document is attached to.
    pub kind: Kind,
    /// Place in the document, the first statement being 0.
    pub index: usize,
    /// The statement's id, if it has one.
    pub sid: Option<String>,
}

/// A condition that holds only because the request lacks its key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub struct AbsentKey {
    /// The operator as written.
    pub operator: String,
    /// The condition key as written.
    pub key: String,
}

/// Something a result hangs on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Missing {
    /// The value of a condition key.
    Key {
        /// The key as written in the document.
        key: String,
    },
    /// The meaning of a condition operator this crate does not know.
    Operator {
        /// The operator as written.
        name: String,
    },
    /// Which session of the role makes the request.
    Session,
    /// Which of the resources asked about is meant: the statement is for some of them.
    PartOfResource {
        /// The pattern asked about.
        resource: String,
    },
}

/// A statement that applies or not, depending on what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Hanging {
    /// The statement.
    pub statement: StatementRef,
    /// Whether it would forbid rather than grant.
    pub forbids: bool,
    /// What it hangs on.
    pub missing: Vec<Missing>,
}

/// A Deny that applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Denial {
    /// The statement.
    pub statement: StatementRef,
    /// Its conditions that hold only because the request lacks their keys.
    pub absent: Vec<AbsentKey>,
    /// How to spare AWS services, where the statement seems not to mean them.
    pub remedy: Option<Remedy>,
}

/// A change by hand that lifts a Deny from an AWS service and from nobody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Remedy {
    /// Add this condition to the statement.
    AddCondition {
        /// The operator.
        operator: String,
        /// The condition key.
        key: String,
        /// The value.
        value: String,
    },
    /// Add this service to the statement's `NotPrincipal`.
    AddToNotPrincipal {
        /// The service principal.
        service: String,
    },
}

/// A part of a statement that the request does not meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "part")]
pub enum Miss {
    /// The statement is for others.
    Principal,
    /// The statement is for other actions.
    Action,
    /// The statement is for other resources.
    Resource,
    /// A condition does not hold.
    Condition {
        /// The operator as written.
        operator: String,
        /// The condition key as written.
        key: String,
        /// The values of the statement.
        wanted: Vec<String>,
        /// The values of the request; none when it lacks the key.
        found: Vec<String>,
    },
}

/// An Allow that would have granted but for what it lists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NearMiss {
    /// The statement.
    pub statement: StatementRef,
    /// Every part that the request does not meet.
    pub missed: Vec<Miss>,
}

/// Which policies a grant is missing from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// No policy that could grant does.
    Any,
    /// The resource's account must grant too, and does not.
    Resource,
    /// The identity's own policies must grant too, and do not.
    Identity,
    /// The resource's policy leaves it to the account, whose identity policies do not grant.
    Delegation,
}

/// Why a decision came out as it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Reason {
    /// These statements grant; more than one where both sides must.
    Granted {
        /// The first granting statement of each side.
        by: Vec<StatementRef>,
    },
    /// A Deny applies, whatever else grants.
    ExplicitDeny {
        /// Every Deny that applies, in the order of the documents.
        denials: Vec<Denial>,
    },
    /// Nothing grants.
    NoGrant {
        /// Where the grant is missing.
        side: Side,
        /// The statements that came nearest.
        nearest: Vec<NearMiss>,
    },
    /// It is granted, and lies outside a policy that sets the most that may be done.
    OutsideLimit {
        /// What the limiting policy is.
        limit: Kind,
        /// Its statements that came nearest.
        nearest: Vec<NearMiss>,
    },
    /// It hangs on what the request does not say.
    Hangs {
        /// The statements that hang, grants first.
        on: Vec<Hanging>,
    },
}

/// Something to know beside the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "caution")]
pub enum Caution {
    /// The granting statement is for everybody, without a condition.
    Public {
        /// The statement.
        statement: StatementRef,
    },
    /// The granting statement allows every action of the service, or of all services.
    BroadAction {
        /// The statement.
        statement: StatementRef,
    },
    /// The principal is granted because a `NotPrincipal` does not list it.
    AllowedByNotPrincipal {
        /// The statement.
        statement: StatementRef,
    },
    /// The identity's policies were not given, and matter here.
    IdentityPoliciesNotGiven,
    /// The resource is in another account, whose policies were not given.
    ResourcePoliciesNotGiven,
}

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Decision {
    /// Whether the request may go through.
    pub verdict: Verdict,
    /// Why.
    pub why: Reason,
    /// What else to know.
    pub cautions: Vec<Caution>,
}

impl Decision {
    /// Returns the statement that decided; none when nothing grants.
    pub fn decided_by(&self) -> Option<&StatementRef> {
        match &self.why {
            Reason::Granted { by } => by.first(),
            Reason::ExplicitDeny { denials } => denials.first().map(|denial| &denial.statement),
            Reason::Hangs { on } => on.first().map(|hanging| &hanging.statement),
            Reason::NoGrant { .. } | Reason::OutsideLimit { .. } => None,
        }
    }

    /// Returns whether the request may go through for certain.
    pub fn is_allowed(&self) -> bool {
        self.verdict == Verdict::Allowed
    }

    /// Returns the condition keys the answer hangs on, each once, as written in the documents.
    pub fn missing_keys(&self) -> Vec<&str> {
        let Reason::Hangs { on } = &self.why else { return Vec::new() };
        let mut keys: Vec<&str> = Vec::new();
        for missing in on.iter().flat_map(|hanging| &hanging.missing) {
            if let Missing::Key { key } = missing
                && !keys.iter().any(|known| known.eq_ignore_ascii_case(key))
            {
                keys.push(key);
            }
        }
        keys
    }
}

impl Hanging {
    /// Returns a hanging statement of this effect.
    pub(crate) fn new(statement: StatementRef, effect: Effect, missing: Vec<Missing>) -> Hanging {
        Hanging { statement, forbids: effect == Effect::Deny, missing }
    }
}
