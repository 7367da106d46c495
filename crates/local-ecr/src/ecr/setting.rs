//! What is set for the registry as a whole: policy, scanning, replication, account settings.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::fault::{Code, Fault};
use crate::storage::{Change, Rows, SETTINGS};

/// The key of the registry policy.
pub(crate) const REGISTRY_POLICY: &str = "registry-policy";
/// The key of the scanning configuration.
pub(crate) const SCANNING: &str = "scanning-configuration";
/// The key of the replication configuration.
pub(crate) const REPLICATION: &str = "replication-configuration";

/// The key of the moment at which the replication configuration was set.
pub(crate) const REPLICATION_SET_AT: &str = "replication-configuration/set-at";
/// The key of the signing configuration.
pub(crate) const SIGNING: &str = "signing-configuration";
/// What the keys of the principals begin with whose pulls are not noted.
pub(crate) const PULL_TIME_EXCLUSIONS: &str = "pull-time-update-exclusion/";

/// The account settings that exist, their values, and the value of a new registry.
pub(crate) const ACCOUNT_SETTINGS: [(&str, &[&str], &str); 3] = [
    ("BASIC_SCAN_TYPE_VERSION", &["AWS_NATIVE"], "AWS_NATIVE"),
    ("REGISTRY_POLICY_SCOPE", &["V2"], "V2"),
    ("BLOB_MOUNTING", &["ENABLED", "DISABLED"], "DISABLED"),
];

/// Returns the key of an account setting.
pub(crate) fn account_setting_key(name: &str) -> String {
    format!("account-setting/{name}")
}

/// Returns an account setting's value; `None` when there is no such setting.
pub(crate) fn account_setting(rows: &impl Rows, name: &str) -> Result<Option<String>, Fault> {
    let Some((_, _, default)) = ACCOUNT_SETTINGS.iter().find(|(known, _, _)| *known == name) else {
        return Ok(None);
    };
    let value = rows.get(&SETTINGS, &account_setting_key(name))?;
    Ok(Some(value.as_ref().and_then(Value::as_str).unwrap_or(default).to_owned()))
}

/// Returns the registry policy, if one is set.
pub(crate) fn registry_policy(rows: &impl Rows) -> Result<Option<String>, Fault> {
    let value = rows.get(&SETTINGS, REGISTRY_POLICY)?;
    Ok(value.as_ref().and_then(Value::as_str).map(str::to_owned))
}

/// Returns the scanning configuration.
pub(crate) fn scanning(rows: &impl Rows) -> Result<Value, Fault> {
    Ok(rows.get(&SETTINGS, SCANNING)?.unwrap_or_else(|| json!({ "scanType": "BASIC", "rules": [] })))
}

/// Returns the replication configuration.
pub(crate) fn replication(rows: &impl Rows) -> Result<Value, Fault> {
    Ok(rows.get(&SETTINGS, REPLICATION)?.unwrap_or_else(|| json!({ "rules": [] })))
}

/// Returns what is set under a key, in the type that it was set with.
pub(crate) fn get<T: DeserializeOwned>(rows: &impl Rows, key: &str) -> Result<Option<T>, Fault> {
    let value = rows.get(&SETTINGS, key)?;
    value.map(serde_json::from_value).transpose().map_err(|error| Fault::new(Code::Server, error.to_string()))
}

/// Sets what is kept under a key.
pub(crate) fn put(change: &Change, key: &str, value: &impl Serialize) -> Result<(), Fault> {
    let value = serde_json::to_value(value).map_err(|error| Fault::new(Code::Server, error.to_string()))?;
    Ok(change.put(&SETTINGS, key, &value)?)
}
