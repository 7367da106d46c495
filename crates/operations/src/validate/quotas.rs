//! How near the registry is to what it may have. The sizes of policies are looked at with the policies.

use super::observe::View;
use crate::finding::{Code, Finding, Severity};

/// How many pull through cache rules a registry may have; AWS does not raise it.
const MOST_RULES: usize = 50;

/// From how many rules on it is told.
const NEARLY: usize = 45;

/// Looks at the number of rules.
pub(super) fn check(view: &View<'_>, findings: &mut Vec<Finding>) {
    let rules = view.all_rules.len();
    if rules < NEARLY {
        return;
    }
    let message = match MOST_RULES.checked_sub(rules) {
        None | Some(0) => {
            format!("it has {rules} pull through cache rules and may have {MOST_RULES}: no more can be made")
        }
        Some(left) => format!(
            "it has {rules} pull through cache rules and may have {MOST_RULES}: {left} more can be made"
        ),
    };
    findings.push(
        Finding::new(Severity::Warning, Code::RulesQuota, "pull through cache rules", message)
            .hint("remove rules that nobody uses; AWS does not raise this quota"),
    );
}
