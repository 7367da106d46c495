//! The schemas of the documents that commands print.

use operations::{
    cache, check, clone, decide, doctor, drift, grant, prepare, rewrite, role, secret, validate,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

use super::*;
use crate::document::DOCUMENTS;

/// Documents that are files of ours alone, and no command's answer.
const FILES: [&str; 2] = ["prepare-lock", "prepare-saved-plan"];

fn schema<T: JsonSchema>() -> Schema {
    // What is written is described, not what would be read.
    let generator: SchemaGenerator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    generator.into_root_schema_for::<T>()
}

fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("cache-list", schema::<cache::CacheList>()),
        ("cache-plan", schema::<cache::CachePlan>()),
        ("cache-removal-plan", schema::<cache::CacheRemoval>()),
        ("cache-removal-report", schema::<cache::CacheRemovalReport>()),
        ("cache-report", schema::<cache::CacheReport>()),
        ("check-report", schema::<check::CheckReport>()),
        ("clone-plan", schema::<clone::ClonePlan>()),
        ("clone-report", schema::<clone::CloneReport>()),
        ("doctor-report", schema::<doctor::DoctorReport>()),
        ("drift-plan", schema::<drift::DriftPlan>()),
        ("drift-report", schema::<drift::RefreshReport>()),
        ("grant-plan", schema::<grant::GrantPlan>()),
        ("grant-report", schema::<grant::GrantReport>()),
        ("policy-cases", schema::<decide::CasesReport>()),
        ("policy-decision", schema::<decide::DecisionReport>()),
        ("prepare-plan", schema::<prepare::PreparePlan>()),
        ("prepare-report", schema::<prepare::PrepareReport>()),
        ("rewrite-report", schema::<rewrite::RewriteReport>()),
        ("role-check", schema::<role::RoleCheck>()),
        ("role-policies", schema::<role::RolePolicies>()),
        ("scan-report", schema::<operations::ScanReport>()),
        ("secret-check", schema::<secret::SecretCheck>()),
        ("secret-plan", schema::<secret::SecretPlan>()),
        ("secret-report", schema::<secret::SecretReport>()),
        ("validate-report", schema::<validate::ValidateReport>()),
    ]
}

#[test]
fn the_schema_of_every_document_is_current() {
    let schemas = schemas();
    let named: Vec<&str> =
        DOCUMENTS.iter().map(|document| document.name).filter(|name| !FILES.contains(name)).collect();
    assert_eq!(schemas.iter().map(|(name, _)| *name).collect::<Vec<_>>(), named);
    for (name, schema) in schemas {
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        hold(&format!("schemas/{name}.json"), &text);
    }
}

#[test]
fn what_is_printed_is_as_its_schema_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let schema = schema::<operations::ScanReport>().to_value();
    for name in ["wdl", "nextflow", "cwl"] {
        let request = operations::ScanRequest { path: root.join(name), ..Default::default() };
        let report = operations::scan(&request).unwrap();
        let document = serde_json::to_value(&report).unwrap();
        assert!(jsonschema::is_valid(&schema, &document), "{name}: {document}");
        let mut wrong = document.clone();
        wrong["images"] = Value::from("none");
        assert!(!jsonschema::is_valid(&schema, &wrong));
    }
}
