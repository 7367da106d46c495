//! Caches as tables for people.

use operations::cache::{
    Action, CacheList, CachePlan, CacheReport, ExistingRepository, Outcome, Step, StepKind, StepReport,
};

use crate::commands::remarks;
use crate::screen::{self, Screen, count};

/// Most repositories that are shown one by one.
const MOST_SHOWN: usize = 20;

/// Returns a plan as a table, with the repositories that are closed below it.
pub(super) fn plan(plan: &CachePlan, screen: Screen) -> String {
    let mut text = format!(
        "`{}` from {} in {}/{}\n\n{}",
        plan.prefix,
        upstream(&plan.upstream, &plan.upstream_prefix),
        plan.account,
        plan.region,
        table_of(&plan.steps, screen, detail)
    );
    text += &closed(&plan.closed_repositories, screen);
    if !plan.is_refused() && !plan.has_changes() {
        text += "\nnothing has to be changed\n";
    }
    text
}

/// Returns the steps of a removal as a table.
pub(super) fn removal(steps: &[Step], screen: Screen) -> String {
    table_of(steps, screen, |step| match (&step.action, step.kind) {
        (Action::Update { .. }, StepKind::RegistryPolicy) => {
            "the prefix's entry goes; the rest stays".to_owned()
        }
        _ => detail(step),
    })
}

fn table_of(steps: &[Step], screen: Screen, detail: impl Fn(&Step) -> String) -> String {
    let mut table = screen.table(&["STEP", "OBJECT", "ACTION", ""]);
    for step in steps {
        table.add_row([
            step.kind.label().to_owned(),
            step.object.clone(),
            step.action.label().to_owned(),
            detail(step),
        ]);
    }
    screen::render(&table)
}

fn detail(step: &Step) -> String {
    let words = match (&step.action, step.kind) {
        (Action::Nothing { reason }, _) => return reason.clone(),
        (Action::Refused { .. }, _) => "see below",
        (Action::Try, _) => "ECR signs in with the rule's secret",
        (Action::Create { .. }, StepKind::Template) => "HealthOmics may read what the rule makes",
        (Action::Create { .. } | Action::Update { .. }, StepKind::RegistryPolicy) => {
            "HealthOmics may make repositories and fill them; the rest stays"
        }
        (Action::Update { .. }, StepKind::Template) => "merged: HealthOmics may read; the rest stays",
        (Action::Create { .. } | Action::Update { .. }, StepKind::Repository) => {
            "merged: HealthOmics may read; the rest stays"
        }
        (Action::Update { before, after }, StepKind::Rule) => return differences(before, after),
        (Action::Replace { before, after }, StepKind::Rule) => {
            return format!("{}; repositories stay", differences(before, after));
        }
        (Action::Create { after }, StepKind::Rule) => {
            return after.get("credentialArn").and_then(|arn| arn.as_str()).unwrap_or_default().to_owned();
        }
        (Action::Delete { .. }, StepKind::Rule) => "its repositories stay",
        (Action::Delete { .. }, _) => "it is entirely ours",
        _ => "",
    };
    words.to_owned()
}

/// Returns what of a rule becomes something else.
fn differences(before: &serde_json::Value, after: &serde_json::Value) -> String {
    let shown = |value: Option<&serde_json::Value>| {
        value.and_then(|value| value.as_str()).unwrap_or("none").to_owned()
    };
    let keys = ["upstreamRegistryUrl", "upstreamRepositoryPrefix", "credentialArn", "customRoleArn"];
    let changed =
        keys.into_iter().filter(|key| after.get(key).is_some() && before.get(key) != after.get(key));
    changed
        .map(|key| format!("{key}: {} becomes {}", shown(before.get(key)), shown(after.get(key))))
        .collect::<Vec<_>>()
        .join("; ")
}

/// Returns a report as a table, with the verdict and the repositories that are closed still.
pub(super) fn report(report: &CacheReport, screen: Screen) -> String {
    let mut text = outcomes(&report.steps, screen);
    text += &closed(&report.closed_repositories, screen);
    let refused =
        report.steps.iter().any(|step| step.kind == StepKind::Validation && step.outcome == Outcome::Failed);
    let open = match (report.healthomics_takes_upstream, refused) {
        (true, false) => report.healthomics.all.label(),
        (true, true) => "no, ECR cannot sign in upstream",
        (false, _) => "no, it takes nothing through such a rule",
    };
    text += &format!(
        "\n`{}` from {} in {}/{}\nHealthOmics can pull through it: {open}\n",
        report.prefix,
        upstream(&report.upstream, &report.upstream_prefix),
        report.account,
        report.region
    );
    if report.healthomics_takes_upstream
        && let Some(reason) = report.healthomics.all.reason()
    {
        text += &format!("  because: {reason}\n");
    }
    text
}

fn upstream(url: &str, prefix: &str) -> String {
    if prefix == "ROOT" { url.to_owned() } else { format!("{url}/{prefix}") }
}

/// Returns steps that were tried as a table.
pub(super) fn outcomes(steps: &[StepReport], screen: Screen) -> String {
    let mut table = screen.table(&["STEP", "OBJECT", "ACTION", "OUTCOME"]);
    for step in steps {
        table.add_row([step.kind.label(), &step.object, step.action, step.outcome.label()]);
    }
    screen::render(&table)
}

fn closed(repositories: &[ExistingRepository], screen: Screen) -> String {
    if repositories.is_empty() {
        return String::new();
    }
    let mut table = screen.table(&["REPOSITORY THAT IS THERE", "HEALTHOMICS", "WHY"]);
    for repository in repositories.iter().take(MOST_SHOWN) {
        let access = &repository.access;
        table.add_row([repository.name.as_str(), access.label(), access.reason().unwrap_or_default()]);
    }
    let mut text = format!("\n{}", screen::render(&table));
    if let Some(more) = repositories.len().checked_sub(MOST_SHOWN).filter(|more| *more > 0) {
        text +=
            &format!("and {} more: --output json has them all\n", count(more, "repository", "repositories"));
    }
    text
}

/// Returns the rules as a table.
pub(super) fn list(list: &CacheList, screen: Screen) -> String {
    if list.rules.is_empty() {
        return format!("there is no pull through cache rule in {}/{}\n", list.account, list.region);
    }
    let mut table = screen.table(&["PREFIX", "UPSTREAM", "CREDENTIAL", "HEALTHOMICS", "CREATED"]);
    for rule in &list.rules {
        let created = rule.created.as_deref().and_then(|time| time.split('T').next()).unwrap_or_default();
        table.add_row([
            rule.prefix.as_str(),
            &upstream(&rule.upstream, &rule.upstream_prefix),
            rule.credential.label(),
            rule.healthomics.all.label(),
            created,
        ]);
    }
    screen::render(&table)
}

/// Tells why steps cannot be done.
pub(super) fn refusals(steps: &[Step]) {
    remarks::errors(steps.iter().filter_map(|step| match &step.action {
        Action::Refused { error } => Some(error),
        _ => None,
    }));
}

/// Tells why steps failed.
pub(super) fn errors(steps: &[StepReport]) {
    remarks::errors(steps.iter().filter_map(|step| step.error.as_ref()));
}
