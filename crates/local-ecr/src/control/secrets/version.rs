//! Versions of secrets: values, ids and stages.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::clock::Timestamp;
use crate::fault::{Code, Fault};
use crate::storage::{SecretRow, SecretValue, SecretVersion};

/// Most bytes of a value.
const LARGEST: usize = 65_536;
/// Most versions that are kept.
const MOST: usize = 100;

/// Returns the value that a request gives, if it gives one.
///
/// # Errors
/// `InvalidParameterException` for both kinds at once, no base64, and more than 65,536 bytes.
pub(super) fn value(text: Option<String>, binary: Option<String>) -> Result<Option<SecretValue>, Fault> {
    let invalid = |text: &str| Fault::new(Code::InvalidParameter, text);
    let (value, size) = match (text, binary) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(invalid("You can't specify both a binary secret value and a string secret value."));
        }
        (Some(text), None) => {
            let size = text.len();
            (SecretValue::String(text), size)
        }
        (None, Some(binary)) => {
            let size = STANDARD.decode(&binary).map_err(|_| invalid("SecretBinary is not base64."))?.len();
            (SecretValue::Binary(binary), size)
        }
    };
    if size == 0 || size > LARGEST {
        return Err(invalid("A secret value must have 1 to 65536 bytes."));
    }
    Ok(Some(value))
}

/// Returns the id of a new version: the request's token, or a new one.
///
/// # Errors
/// `InvalidParameterException` for a token of another length than 32 to 64.
pub(super) fn id(token: Option<String>) -> Result<String, Fault> {
    match token {
        None => Ok(uuid::Uuid::new_v4().to_string()),
        Some(token) if (32..=64).contains(&token.len()) => Ok(token),
        Some(_) => {
            let text = "ClientRequestToken must be 32-64 characters long.";
            Err(Fault::new(Code::InvalidParameter, text))
        }
    }
}

/// Adds a version to a secret, which takes its stages from the others; the same version twice is one.
///
/// # Errors
/// `ResourceExistsException` for a version of the same id with another value.
pub(super) fn add(
    row: &mut SecretRow,
    id: &str,
    value: SecretValue,
    stages: Vec<String>,
    now: Timestamp,
) -> Result<(), Fault> {
    if let Some(known) = row.versions.iter().find(|version| version.id == id) {
        if known.value == value {
            return Ok(());
        }
        let text = "You can't use the ClientRequestToken of a version with another secret value.";
        return Err(Fault::new(Code::ResourceExists, text));
    }
    let was_current = row.staged("AWSCURRENT").map(|version| version.id.clone());
    let becomes_current = stages.iter().any(|stage| stage == "AWSCURRENT");
    for version in &mut row.versions {
        let taken = |own: &String| stages.contains(own) || (becomes_current && own == "AWSPREVIOUS");
        version.stages.retain(|own| !taken(own));
        if becomes_current && was_current.as_ref() == Some(&version.id) {
            version.stages.push("AWSPREVIOUS".to_owned());
        }
    }
    row.versions.push(SecretVersion { id: id.to_owned(), value, stages, created_at: now });
    if row.versions.len() > MOST
        && let Some(oldest) = row.versions.iter().position(|version| version.stages.is_empty())
    {
        row.versions.remove(oldest);
    }
    row.changed_at = now;
    Ok(())
}
