//! Validations for people: a table of prefixes, and the findings by severity.

use comfy_table::Cell;
use operations::validate::{Applied, FixPlan, Outcome, RepositoryCount, ValidateReport, Verdict};
use operations::{Finding, Severity};

use crate::screen::{self, Paint, Screen, count};

/// From how many findings of one kind on only the first few are shown.
const MANY: usize = 8;

/// How many of them are.
const SHOWN: usize = 4;

/// Returns a report as text.
pub(super) fn report(report: &ValidateReport, screen: Screen) -> String {
    let mut text = String::new();
    if !report.prefixes.is_empty() {
        let mut table = screen.table(&["PREFIX", "UPSTREAM", "CREDENTIAL", "HEALTHOMICS", "REPOSITORIES"]);
        for prefix in &report.prefixes {
            let upstream = match &prefix.upstream_prefix {
                Some(part) => format!("{}/{part}", prefix.upstream),
                None => prefix.upstream.clone(),
            };
            let access =
                if prefix.taken_by_healthomics { prefix.healthomics.all.label() } else { "not taken" };
            table.add_row([
                Cell::new(&prefix.prefix),
                Cell::new(upstream),
                Cell::new(prefix.credential.label()),
                Cell::new(access),
                Cell::new(prefix.repositories.map(repositories).unwrap_or_default()),
            ]);
        }
        text += &screen::render(&table);
        text.push('\n');
    }
    for (severity, title, paint) in [
        (Severity::Error, "errors", Paint::Red),
        (Severity::Warning, "warnings", Paint::Yellow),
        (Severity::Note, "notes", Paint::Blue),
    ] {
        let of: Vec<&Finding> =
            report.findings.iter().filter(|finding| finding.severity == severity).collect();
        if !of.is_empty() {
            text += &format!("{}\n{}\n", screen.paint(title, paint), findings(&of, screen));
        }
    }
    text + &conclusion(report, screen)
}

fn repositories(count: RepositoryCount) -> String {
    let parts = [(count.closed, "closed"), (count.depends, "depends"), (count.unknown, "unknown")];
    let told = parts.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = told.map(|(number, word)| format!("{number} {word}")).collect();
    match parts.is_empty() {
        true => count.total.to_string(),
        false => format!("{} ({})", count.total, parts.join(", ")),
    }
}

/// Returns findings as lines, those of one kind together.
fn findings(findings: &[&Finding], screen: Screen) -> String {
    let mut text = String::new();
    for alike in findings.chunk_by(|a, b| a.code == b.code) {
        let shown = if alike.len() >= MANY { SHOWN } else { alike.len() };
        for finding in alike.iter().take(shown) {
            let id = screen.paint(finding.code.id(), Paint::Bold);
            text += &format!("  {id} {}: {}\n", finding.subject, finding.message);
            if let Some(hint) = &finding.hint {
                text += &format!("        hint: {hint}\n");
            }
        }
        if shown < alike.len() {
            text += &format!("        and {} more like these: --output json has them\n", alike.len() - shown);
        }
    }
    text
}

fn conclusion(report: &ValidateReport, screen: Screen) -> String {
    let (errors, warnings) = (report.count(Severity::Error), report.count(Severity::Warning));
    let found = format!(
        "{}, {}, {} in {}/{}",
        count(errors, "error", "errors"),
        count(warnings, "warning", "warnings"),
        count(report.count(Severity::Note), "note", "notes"),
        report.account,
        report.region
    );
    let verdict = match report.verdict {
        Verdict::Ok => screen.paint("ok", Paint::Green),
        Verdict::Problems => screen.paint("HealthOmics cannot pull everything", Paint::Red),
        Verdict::CouldNotLook => {
            screen.paint("not everything could be looked at, so there is no answer", Paint::Red)
        }
    };
    let mut text = format!("{verdict}: {found}\n");
    if let Some(first) = report.findings.first() {
        text += &format!("`omics-ecr explain {}` tells more", first.code.id());
        if report.verdict == Verdict::Problems {
            text += "; `omics-ecr validate --fix` shows what can be repaired";
        }
        text.push('\n');
    }
    text
}

/// Returns a plan of repairs as text.
pub(super) fn plan(plan: &FixPlan, screen: Screen) -> String {
    let mut text = String::new();
    if plan.changes.is_empty() && plan.refused.is_empty() && plan.by_hand.is_empty() {
        text += "there is nothing to repair\n";
    } else if plan.changes.is_empty() {
        text += "there is nothing that can be repaired without taking something away\n";
    } else {
        let mut table = screen.table(&["OBJECT", "CHANGE"]);
        for change in &plan.changes {
            table.add_row([change.object(), change.words()]);
        }
        text += &screen::render(&table);
    }
    for error in &plan.refused {
        text += &crate::failure::text(error);
        text.push('\n');
    }
    if !plan.by_hand.is_empty() {
        let by_hand: Vec<&Finding> = plan.by_hand.iter().collect();
        text += &format!("\nleft for a person:\n{}", findings(&by_hand, screen));
    }
    text
}

/// Returns what came of changes as text.
pub(super) fn applied(applied: &[Applied], screen: Screen) -> String {
    let mut text = String::new();
    for one in applied {
        let (mark, more) = match &one.outcome {
            Outcome::Done => (screen.paint("done", Paint::Green), String::new()),
            Outcome::Unchanged => ("unchanged".to_owned(), String::new()),
            Outcome::Failed { error } => {
                (screen.paint("failed", Paint::Red), format!("\n{}", crate::failure::text(error)))
            }
        };
        text += &format!("{mark}: {}{more}\n", one.change.object());
    }
    text
}
