//! Validations as SARIF 2.1.0, the format of static analysis results.
//!
//! Spec: OASIS SARIF 2.1.0. An account has no files: each result names its object as a logical location, and a place
//! of its own as the artifact, since code scanning services ask for one.

use std::collections::BTreeMap;

use operations::validate::{ValidateReport, Verdict};
use operations::{Code, Finding, Severity, explanation};
use serde::Serialize;

/// A log with one run.
#[derive(Serialize)]
pub(super) struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    automation_details: Id,
    invocations: [Invocation; 1],
    column_kind: &'static str,
    results: Vec<SarifResult>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    name: String,
    short_description: Message,
    full_description: Message,
    help: Help,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Id {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    level: &'static str,
    message: Message,
    associated_rule: RuleReference,
}

#[derive(Serialize)]
struct RuleReference {
    id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<&'static str, serde_json::Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
    logical_locations: [LogicalLocation; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

/// Returns a report as a log.
pub(super) fn log(report: &ValidateReport) -> Log {
    let mut codes: Vec<Code> = report.findings.iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let results = report.findings.iter().map(|finding| result(report, finding, &codes)).collect();
    let unseen = report.findings.iter().filter(|finding| finding.code == Code::CouldNotLook);
    let notification = |finding: &Finding| Notification {
        level: "error",
        message: Message { text: format!("{}: {}", finding.subject, finding.message) },
        associated_rule: RuleReference { id: finding.code.id() },
    };
    Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "omics-ecr",
                    version: env!("CARGO_PKG_VERSION"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: codes.iter().map(|code| rule(*code, report)).collect(),
                },
            },
            automation_details: Id { id: format!("omics-ecr/validate/{}/{}", report.account, report.region) },
            invocations: [Invocation {
                execution_successful: report.verdict != Verdict::CouldNotLook,
                tool_execution_notifications: unseen.map(notification).collect(),
            }],
            column_kind: "unicodeCodePoints",
            results,
        }],
    }
}

fn rule(code: Code, report: &ValidateReport) -> Rule {
    // Findings are sorted by severity: the first one is the worst.
    let worst = report.findings.iter().find(|finding| finding.code == code);
    let level = worst.map_or("warning", |finding| level(finding.severity));
    let explanation = explanation::of(code);
    let text = |part: Option<&str>| Message { text: part.unwrap_or("a finding").replace('\n', " ") };
    Rule {
        id: code.id(),
        name: format!("{code:?}"),
        short_description: text(explanation.map(|explanation| explanation.title)),
        full_description: text(explanation.map(|explanation| explanation.why)),
        help: Help {
            text: explanation.map(|explanation| explanation.fix.to_owned()).unwrap_or_default(),
            markdown: explanation.map(explanation::Explanation::markdown).unwrap_or_default(),
        },
        default_configuration: Configuration { level },
    }
}

fn result(report: &ValidateReport, finding: &Finding, codes: &[Code]) -> SarifResult {
    let hint = finding.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    let place = format!("ecr/{}/{}", report.account, report.region);
    let fingerprint = format!("{}:{}:{}", finding.code.id(), place, finding.subject);
    let mut properties = BTreeMap::new();
    if let Some(fix) = finding.fix.as_ref().and_then(|fix| serde_json::to_value(fix).ok()) {
        properties.insert("fix", fix);
    }
    SarifResult {
        rule_id: finding.code.id(),
        rule_index: codes.binary_search(&finding.code).unwrap_or_default(),
        level: level(finding.severity),
        message: Message { text: format!("{}: {}{hint}", finding.subject, finding.message) },
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri: place.clone() },
            },
            logical_locations: [LogicalLocation {
                name: finding.subject.clone(),
                fully_qualified_name: format!("{place}/{}", finding.subject),
                kind: "resource",
            }],
        }],
        partial_fingerprints: BTreeMap::from([("omicsEcrFinding/v1", fingerprint)]),
        properties,
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}
