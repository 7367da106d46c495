//! What is wrong with a policy's text, whatever it grants.

use policy::{Caution, Decision, Document, Kind, Problem};

use super::reasons::statement;
use crate::finding::{Code, Finding, Severity};

/// From how many hundredths of its limit on a policy is called nearly full.
const NEARLY_FULL: usize = 90;

/// Reads a policy; a text that is none is a finding, and so is what a policy should not contain.
///
/// `subject` names the policy in findings.
pub(super) fn read(kind: Kind, text: &str, subject: &str, findings: &mut Vec<Finding>) -> Option<Document> {
    if let Some(limit) = kind.max_characters() {
        let characters = text.chars().count();
        if characters * 100 >= limit * NEARLY_FULL {
            let message = format!("it has {characters} of the {limit} characters that it may have");
            findings.push(
                Finding::new(Severity::Warning, Code::PolicyNearLimit, subject, message).hint(
                    "take statements out that nobody needs, join those that are alike, and write it without white space",
                ),
            );
        }
    }
    let document = match policy::parse(text) {
        Ok(document) => document,
        Err(error) => {
            findings.push(
                Finding::new(
                    Severity::Error,
                    Code::PolicyUnreadable,
                    subject,
                    format!("it cannot be read as a policy: {error}"),
                )
                .hint("correct it by hand: nothing is merged into a policy that cannot be read"),
            );
            return None;
        }
    };
    for problem in document.problems(kind) {
        findings.extend(finding(&problem, subject));
    }
    Some(document)
}

fn finding(problem: &Problem, subject: &str) -> Option<Finding> {
    let (severity, code, hint) = match problem {
        // Told by its length already.
        Problem::TooLong { .. } => return None,
        Problem::OrphanPrincipal { statement, .. } => (
            Severity::Note,
            Code::OrphanPrincipal,
            format!(
                "take the deleted identity out of statement {}, or name the one that took its place",
                statement + 1
            ),
        ),
        Problem::UnknownElement { .. } => {
            (Severity::Note, Code::PolicyProblem, "correct the element's name, or take it out".to_owned())
        }
        _ => (Severity::Warning, Code::PolicyProblem, "correct the statement by hand".to_owned()),
    };
    Some(Finding::new(severity, code, subject, problem.to_string()).hint(hint))
}

/// Tells of statements that grant more than HealthOmics needs, each once.
pub(super) fn broad(decisions: &[(&'static str, Decision)], subject: &str, findings: &mut Vec<Finding>) {
    let cautions = decisions.iter().flat_map(|(_, decision)| &decision.cautions);
    for caution in cautions {
        let message = match caution {
            Caution::Public { statement: by } => format!("{} grants to everybody", statement(by)),
            Caution::BroadAction { statement: by } => format!("{} grants every action", statement(by)),
            _ => continue,
        };
        let finding = Finding::new(Severity::Warning, Code::BroadGrant, subject, message)
            .hint("name the service `omics.amazonaws.com` and the actions that it needs");
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
}
