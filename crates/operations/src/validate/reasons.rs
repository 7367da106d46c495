//! Decisions of policies, sorted by what has to be done about them.

use policy::{Decision, Denial, Hanging, NearMiss, Reason, Remedy, StatementRef};

/// What stands in the way of some actions.
#[derive(Debug, Default)]
pub(super) struct Obstacles {
    /// The Deny statements that apply, each with the actions it forbids.
    pub(super) denials: Vec<(Denial, Vec<&'static str>)>,
    /// The actions that nothing grants.
    pub(super) ungranted: Vec<&'static str>,
    /// The statements that came nearest to granting them.
    pub(super) nearest: Vec<NearMiss>,
    /// What the rest hangs on, each with its actions.
    pub(super) hanging: Vec<(Hanging, Vec<&'static str>)>,
}

impl Obstacles {
    /// Sorts decisions, each with its action.
    pub(super) fn of(decisions: Vec<(&'static str, Decision)>) -> Self {
        let mut found = Self::default();
        for (action, decision) in decisions {
            match decision.why {
                Reason::Granted { .. } => {}
                Reason::ExplicitDeny { denials } => {
                    for denial in denials {
                        add(&mut found.denials, denial, action);
                    }
                }
                Reason::NoGrant { nearest, .. } | Reason::OutsideLimit { nearest, .. } => {
                    found.ungranted.push(action);
                    for miss in nearest {
                        if !found.nearest.contains(&miss) {
                            found.nearest.push(miss);
                        }
                    }
                }
                Reason::Hangs { on } => {
                    for hanging in on {
                        add(&mut found.hanging, hanging, action);
                    }
                }
            }
        }
        found
    }

    /// Returns what the ungranted actions are and which statements nearly grant them, in words.
    pub(super) fn lacking(&self) -> String {
        let mut text = format!("no statement grants {}", listed(&self.ungranted));
        // A statement for somebody else is no near miss that helps.
        let near: Vec<String> = self
            .nearest
            .iter()
            .filter(|miss| !miss.missed.contains(&policy::Miss::Principal))
            .take(3)
            .map(|miss| {
                let missed: Vec<String> = miss.missed.iter().map(ToString::to_string).collect();
                format!("{} does not: {}", statement(&miss.statement), missed.join("; "))
            })
            .collect();
        if !near.is_empty() {
            text += &format!("; {}", near.join("; "));
        }
        text
    }

    /// Returns what the answer hangs on, in words.
    pub(super) fn hangs(&self) -> String {
        let words = |(hanging, actions): &(Hanging, Vec<&'static str>)| {
            let effect = if hanging.forbids { "forbids" } else { "grants" };
            let on: Vec<String> = hanging.missing.iter().map(ToString::to_string).collect();
            format!(
                "{} {effect} {} depending on {}",
                statement(&hanging.statement),
                listed(actions),
                on.join(" and ")
            )
        };
        self.hanging.iter().map(words).collect::<Vec<_>>().join("; ")
    }
}

fn add<T: PartialEq>(all: &mut Vec<(T, Vec<&'static str>)>, item: T, action: &'static str) {
    match all.iter_mut().find(|(known, _)| *known == item) {
        Some((_, actions)) => actions.push(action),
        None => all.push((item, vec![action])),
    }
}

/// Returns the words for a statement: "statement 2 (`guard`) of the registry policy".
pub(super) fn statement(statement: &StatementRef) -> String {
    let sid = statement.sid.as_ref().map(|sid| format!(" (`{sid}`)")).unwrap_or_default();
    format!("statement {}{sid} of the {}", statement.index + 1, statement.document)
}

/// Returns why a Deny applies, in words.
pub(super) fn denied(denial: &Denial, actions: &[&'static str]) -> String {
    let mut text = format!("{} forbids {}", statement(&denial.statement), listed(actions));
    for (place, absent) in denial.absent.iter().enumerate() {
        let link = if place == 0 { ", because" } else { " and" };
        text += &format!(
            "{link} requests of an AWS service have no `{}`, and `{}` holds where its key is absent",
            absent.key, absent.operator
        );
    }
    text
}

/// Returns what lifts a Deny from HealthOmics and from nobody else.
pub(super) fn remedy(denial: &Denial) -> String {
    let place = statement(&denial.statement);
    match &denial.remedy {
        Some(Remedy::AddCondition { operator, key, value }) => {
            format!(r#"add the condition "{operator}": {{"{key}": "{value}"}} to {place}"#)
        }
        Some(Remedy::AddToNotPrincipal { service }) => {
            format!("add the service `{service}` to the NotPrincipal of {place}")
        }
        None => format!(
            "change {place} so that it spares the service `omics.amazonaws.com`: no grant outweighs a Deny"
        ),
    }
}

/// Returns words as a list: "a, b and c".
pub(super) fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}
