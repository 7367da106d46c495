//! Prefixes that are open to runs of accounts that policies name, and not to the registry's own.

use std::collections::BTreeSet;

use image::{AccountId, EcrRepositoryPrefix};
use serde_json::Value;

use crate::account::{Account, RegistryState};
use crate::healthomics::{Access, Judge, PrefixAccess};

/// Most accounts that are tried.
const MOST: usize = 16;

/// Returns what HealthOmics may do below a prefix, for runs of the registry's account.
///
/// Where that is nothing and runs of another account may, which a condition on `aws:SourceAccount` names, it depends
/// on whose runs they are.
pub(super) fn of_any_account(
    account: &Account,
    state: &RegistryState,
    prefix: &EcrRepositoryPrefix,
) -> PrefixAccess {
    let judge = Judge::new(account.id().as_str(), &state.policy);
    let own = PrefixAccess::by(&judge, account, state, prefix);
    if !matches!(own.all, Access::NotAccessible { .. }) {
        return own;
    }
    for other in named(state) {
        let theirs = PrefixAccess::by(&judge.of_runs_in(other.as_str()), account, state, prefix);
        if theirs.all.is_open() {
            let reason =
                format!("it is open to runs of account {other}, and not to those of {}", account.id());
            return PrefixAccess { all: Access::Depends { reason }, ..theirs };
        }
    }
    own
}

/// Returns the accounts that conditions of the registry's policy and of its templates name.
fn named(state: &RegistryState) -> BTreeSet<AccountId> {
    let registry = state.policy.seen().and_then(|policy| policy.text.as_deref());
    let templates = state.templates.seen().map_or(&[][..], Vec::as_slice);
    let texts = templates.iter().filter_map(|template| template.repository_policy.as_deref()).chain(registry);
    let mut found = BTreeSet::new();
    for text in texts {
        if let Ok(document) = serde_json::from_str::<Value>(text) {
            collect(&document, &mut found);
        }
    }
    found.into_iter().take(MOST).collect()
}

/// Collects the accounts of one document; the statements of a document are its second floor.
fn collect(document: &Value, found: &mut BTreeSet<AccountId>) {
    let statements = match document.get("Statement") {
        Some(Value::Array(list)) => list.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => return,
    };
    let conditions = statements.iter().filter_map(|statement| statement.get("Condition")?.as_object());
    for (key, values) in
        conditions.flat_map(|operators| operators.values()).filter_map(Value::as_object).flatten()
    {
        if !key.eq_ignore_ascii_case("aws:SourceAccount") {
            continue;
        }
        let values = match values {
            Value::Array(list) => list.as_slice(),
            single => std::slice::from_ref(single),
        };
        found.extend(values.iter().filter_map(|value| value.as_str()?.parse::<AccountId>().ok()));
    }
}
