//! Whether one statement applies to a request.
//!
//! Knows a statement and the kind of document it stands in; how documents add up is not judged here.

use crate::condition::Notes;
use crate::decision::Missing;
use crate::document::{ActionElement, Effect, ResourceElement, Statement};
use crate::kind::Kind;
use crate::principal::Grip;
use crate::request::{Asked, Request};
use crate::truth::Truth;
use crate::variable::Filled;

/// How a statement applies to a request.
pub(crate) struct Application {
    /// Whether it applies.
    pub(crate) truth: Truth,
    /// How directly it means the principal.
    pub(crate) grip: Grip,
    /// What the truth hangs on, and which conditions hold for want of a key.
    pub(crate) notes: Notes,
}

/// Returns how the statement of a document of this kind applies to the request.
pub(crate) fn apply(statement: &Statement, kind: Kind, request: &Request) -> Application {
    let mut notes = Notes::default();
    let no = |notes| Application { truth: Truth::No, grip: Grip::Account, notes };
    if !meets_action(statement, kind, request) {
        return no(notes);
    }
    let (meant, grip) = meets_principal(statement, kind, request);
    if meant == Truth::Unknown {
        notes.missing.push(Missing::Session);
    }
    let resource = match meant {
        Truth::No => Truth::No,
        _ => meets_resource(statement, kind, request, &mut notes),
    };
    let mut truth = meant.and(resource);
    for condition in &statement.conditions {
        if truth == Truth::No {
            return no(notes);
        }
        truth = truth.and(condition.holds(request, &mut notes));
    }
    Application { truth, grip, notes }
}

/// Returns whether the statement is for the request's action.
pub(crate) fn meets_action(statement: &Statement, kind: Kind, request: &Request) -> bool {
    if let Kind::Registry(scope) = kind
        && !scope.speaks_for(request.action())
    {
        return false;
    }
    let ActionElement { negated, patterns } = &statement.action;
    patterns.iter().any(|pattern| pattern.matches(request.folded_action())) != *negated
}

/// Returns whether the statement means the request's principal.
///
/// Where the element is needed and missing, a Deny is taken to mean everybody and an Allow nobody.
pub(crate) fn meets_principal(statement: &Statement, kind: Kind, request: &Request) -> (Truth, Grip) {
    if !kind.names_principals() {
        return (Truth::Yes, Grip::Exact);
    }
    match &statement.principal {
        Some(element) => element.covers(request.principal()),
        None => (Truth::of(statement.effect == Effect::Deny), Grip::Everyone),
    }
}

/// Returns whether the statement is for the resource asked about.
///
/// Where the element is needed and missing, a Deny is taken to be for all resources and an Allow for none.
pub(crate) fn meets_resource(
    statement: &Statement,
    kind: Kind,
    request: &Request,
    notes: &mut Notes,
) -> Truth {
    let Some(ResourceElement { negated, templates }) = &statement.resource else {
        return Truth::of(kind.implies_resource() || statement.effect == Effect::Deny);
    };
    let mut missing = Vec::new();
    let mut listed = Truth::No;
    for template in templates {
        let (pattern, unknown) = match template.fill(request) {
            Filled::Whole(pattern) => (pattern, Vec::new()),
            Filled::Partly(pattern, unknown) => (std::borrow::Cow::Owned(pattern), unknown),
            Filled::Nothing => continue,
        };
        let found = match request.asked() {
            Asked::One(text) => Truth::of(pattern.matches(text)),
            Asked::All { pattern: asked, .. } if pattern.covers(asked) => Truth::Yes,
            Asked::All { text, pattern: asked } if pattern.meets(asked) => {
                missing.push(Missing::PartOfResource { resource: text.clone() });
                Truth::Unknown
            }
            Asked::All { .. } => Truth::No,
        };
        if found == Truth::Yes && !unknown.is_empty() {
            missing.extend(unknown.into_iter().map(|key| Missing::Key { key }));
            listed = listed.or(Truth::Unknown);
        } else {
            listed = listed.or(found);
        }
        if listed == Truth::Yes {
            break;
        }
    }
    if listed == Truth::Unknown {
        missing.dedup();
        notes.missing.extend(missing);
    }
    listed.negate_if(*negated)
}
