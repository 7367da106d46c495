//! Which Allow statements came nearest to granting a request, and what they lack.

use crate::condition::Notes;
use crate::decide::{meets_action, meets_principal, meets_resource};
use crate::decision::{Miss, NearMiss, StatementRef};
use crate::document::{Effect, Statement};
use crate::kind::{Kind, Source};
use crate::request::{KeyState, Request};
use crate::truth::Truth;

/// Near misses that are told at most.
const MAX_TOLD: usize = 8;

/// Returns the Allow statements of the wanted documents that lack the fewest parts.
pub(crate) fn nearest(
    documents: &[Source<'_>],
    wanted: impl Fn(Kind) -> bool,
    request: &Request,
) -> Vec<NearMiss> {
    let mut nearest: Vec<NearMiss> = Vec::new();
    for source in documents.iter().filter(|source| wanted(source.kind)) {
        let statements = source.document.map_or(&[][..], |document| document.statements());
        for (index, statement) in statements.iter().enumerate() {
            if statement.effect != Effect::Allow {
                continue;
            }
            let missed = misses(statement, source.kind, request);
            let fewest = nearest.first().map_or(usize::MAX, |first| first.missed.len());
            if missed.is_empty() || missed.len() > fewest {
                continue;
            }
            if missed.len() < fewest {
                nearest.clear();
            }
            if nearest.len() < MAX_TOLD {
                nearest.push(NearMiss { statement: reference(source, index, statement), missed });
            }
        }
    }
    nearest
}

/// Returns the reference of a statement of a source.
pub(crate) fn reference(source: &Source<'_>, index: usize, statement: &Statement) -> StatementRef {
    StatementRef { document: source.name.to_owned(), kind: source.kind, index, sid: statement.sid.clone() }
}

fn misses(statement: &Statement, kind: Kind, request: &Request) -> Vec<Miss> {
    let mut missed = Vec::new();
    if meets_principal(statement, kind, request).0 == Truth::No {
        missed.push(Miss::Principal);
    }
    if !meets_action(statement, kind, request) {
        missed.push(Miss::Action);
    }
    let mut notes = Notes::default();
    if meets_resource(statement, kind, request, &mut notes) == Truth::No {
        missed.push(Miss::Resource);
    }
    for condition in &statement.conditions {
        if condition.holds(request, &mut notes) == Truth::No {
            let found = match request.key(condition.key()) {
                KeyState::Values(values) => values.to_vec(),
                KeyState::Absent | KeyState::Present | KeyState::Unknown => Vec::new(),
            };
            missed.push(Miss::Condition {
                operator: condition.operator_name().to_owned(),
                key: condition.key().to_owned(),
                wanted: condition.values(),
                found,
            });
        }
    }
    missed
}
