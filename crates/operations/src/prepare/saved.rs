//! A plan in a file: what was asked for, and what the account was like when the plan was made.
//!
//! The plan itself is made anew when it is carried out, and refused when it comes out otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::lock::write_whole;
use super::plan::PreparePlan;
use super::request::PrepareRequest;
use crate::cache::{Action, Step, StepKind};
use crate::error::{OperationError, Result};

/// The subject that is the registry's policy with the grants of all rules.
pub(crate) const REGISTRY_POLICY: &str = "registry policy";
/// Most characters of a value that a difference shows.
const SHOWN: usize = 160;

/// A plan in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The account that it is for.
    pub account: String,
    /// The Region.
    pub region: String,
    /// What was asked for.
    pub request: PrepareRequest,
    /// What the plan consisted of: rules, templates, the registry's policy, repositories, and each image with its route and
    /// its digests.
    pub state: BTreeMap<String, Value>,
}

/// Something of a plan that has changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is about.
    pub subject: String,
    /// What it was; none where the plan had nothing of it.
    pub before: Option<Value>,
    /// What it is now.
    pub after: Option<Value>,
}

impl Difference {
    /// Returns the difference in a line.
    pub fn words(&self) -> String {
        match (&self.before, &self.after) {
            (None, Some(after)) => format!("{}: new: {}", self.subject, short(after)),
            (Some(before), None) => format!("{}: gone: {}", self.subject, short(before)),
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
                let none = Value::Null;
                let words = keys.into_iter().filter_map(|key| {
                    let (before, after) = (before.get(key).unwrap_or(&none), after.get(key).unwrap_or(&none));
                    (before != after).then(|| format!("{key} was {}, is {}", short(before), short(after)))
                });
                format!("{}: {}", self.subject, words.collect::<Vec<_>>().join("; "))
            }
            (before, after) => {
                let words = |value: &Option<Value>| value.as_ref().map(short).unwrap_or_default();
                format!("{}: was {}, is {}", self.subject, words(before), words(after))
            }
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

impl SavedPlan {
    /// Returns what of a plan goes into a file.
    pub fn of(plan: &PreparePlan) -> Self {
        Self {
            schema_version: 1,
            account: plan.account.clone(),
            region: plan.region.clone(),
            request: plan.request.clone(),
            state: state(plan),
        }
    }

    /// Writes it, at once or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| OperationError::new("cannot write the plan").refused(error))?;
        write_whole(path, &format!("{text}\n"))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// When it is no plan, or one of another version.
    pub fn read(text: &str) -> Result<Self> {
        let tried = || OperationError::new("cannot read the plan");
        let hint = "name a file that `omics-ecr prepare --plan-out` wrote";
        let plan: Self = serde_json::from_str(text).map_err(|error| tried().refused(error).hint(hint))?;
        if plan.schema_version != 1 {
            let words = format!("it has the version {}, and 1 is known", plan.schema_version);
            return Err(tried().refused(words).hint("use the release that wrote it"));
        }
        Ok(plan)
    }

    /// Returns what has changed since: what of a plan made now for the same request is not as it was.
    pub fn differences(&self, now: &PreparePlan) -> Vec<Difference> {
        let mut state = state(now);
        state.insert("account".to_owned(), json!(now.account));
        state.insert("Region".to_owned(), json!(now.region));
        let mut before = self.state.clone();
        before.insert("account".to_owned(), json!(self.account));
        before.insert("Region".to_owned(), json!(self.region));
        let subjects: BTreeSet<&String> = before.keys().chain(state.keys()).collect();
        let difference = |subject: &String| {
            let (before, after) = (before.get(subject), state.get(subject));
            (before != after).then(|| Difference {
                subject: subject.clone(),
                before: before.cloned(),
                after: after.cloned(),
            })
        };
        subjects.into_iter().filter_map(difference).collect()
    }
}

/// Returns what a plan consists of, by subject.
fn state(plan: &PreparePlan) -> BTreeMap<String, Value> {
    let mut state = BTreeMap::new();
    for rule in &plan.rules {
        let credential = &rule.credential_arn;
        let value = json!({ "upstream": rule.upstream, "upstreamPrefix": rule.upstream_prefix,
            "credentialArn": credential, "isNew": rule.is_new });
        state.insert(format!("rule `{}`", rule.prefix), value);
    }
    for cache in &plan.caches {
        // What all rules make of the registry's policy together is shown once.
        let counts = |step: &&Step| match step.action {
            Action::Refused { .. } => true,
            _ => step.action.is_change() && step.kind != StepKind::RegistryPolicy,
        };
        for step in cache.steps.iter().filter(counts) {
            let subject =
                format!("{} of `{}` for the rule `{}`", step.kind.label(), step.object, cache.prefix);
            state.insert(subject, to_value(step));
        }
    }
    if let Some(policy) = &plan.registry_policy {
        state.insert(REGISTRY_POLICY.to_owned(), to_value(policy));
    }
    for repository in plan.clones.iter().flat_map(|clones| &clones.repositories) {
        state.insert(format!("repository `{}`", repository.name), to_value(repository));
    }
    for image in &plan.images {
        let problem = image.problem.as_ref().map(|problem| &problem.tried);
        // The account and the Region say which registry it is; a local one has another port every time.
        let destination = image.named.destination.as_deref();
        let destination = destination.map(|name| name.strip_prefix(plan.registry.as_str()).unwrap_or(name));
        let value = json!({ "route": image.named.route, "action": image.action, "destination": destination,
            "sourceDigest": image.named.source_digest, "digest": image.named.digest, "problem": problem });
        state.insert(format!("image `{}`", image.named.name), value);
    }
    state
}

/// Returns plain data as JSON; the types of a plan have no way to fail.
fn to_value(data: &impl Serialize) -> Value {
    serde_json::to_value(data).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_say_what_was_and_what_is() {
        let of = |before: Option<Value>, after: Option<Value>| {
            Difference { subject: "rule `quay`".to_owned(), before, after }.words()
        };
        let (one, other) = (json!({ "a": 1, "b": 2 }), json!({ "a": 1, "b": 3 }));
        assert_eq!(of(Some(one.clone()), Some(other)), "rule `quay`: b was 2, is 3");
        assert_eq!(of(None, Some(json!(1))), "rule `quay`: new: 1");
        assert_eq!(of(Some(one), None), "rule `quay`: gone: {\"a\":1,\"b\":2}");
        assert!(of(Some(json!("é".repeat(500))), None).chars().count() < 200);
    }

    #[test]
    fn what_is_no_plan_is_refused() {
        for text in ["", "[]", "{}", "{\"schema_version\": 1}"] {
            assert!(SavedPlan::read(text).is_err(), "{text}");
        }
    }
}
