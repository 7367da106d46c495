//! AWS Secrets Manager's operations, as far as pull through cache rules need them: one file each.

mod create_secret;
mod delete_secret;
mod describe_secret;
mod get_secret_value;
mod list_secrets;
mod put_secret_value;
mod update_secret;
mod version;

use serde_json::Value;

use super::{Context, operation};
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};
use crate::storage::{Rows, SecretRow};

/// The operations of Secrets Manager that are not carried out.
const LEFT_OUT: &[&str] = &[
    "BatchGetSecretValue",
    "CancelRotateSecret",
    "DeleteResourcePolicy",
    "GetRandomPassword",
    "GetResourcePolicy",
    "ListSecretVersionIds",
    "PutResourcePolicy",
    "RemoveRegionsFromReplication",
    "ReplicateSecretToRegions",
    "RestoreSecret",
    "RotateSecret",
    "StopReplicationToReplica",
    "TagResource",
    "UntagResource",
    "UpdateSecretVersionStage",
    "ValidateResourcePolicy",
];

/// Carries out the operation of a name.
pub(super) async fn call(context: Context, name: &str, body: &[u8]) -> Result<Value, Fault> {
    if let Caller::Service(service) = &context.caller {
        let text = format!("User: {service} is not authorized to perform: secretsmanager:{name}");
        return Err(Fault::new(Code::AccessDenied, text));
    }
    match name {
        "CreateSecret" => operation::call::<create_secret::CreateSecret>(context, body).await,
        "DeleteSecret" => operation::call::<delete_secret::DeleteSecret>(context, body).await,
        "DescribeSecret" => operation::call::<describe_secret::DescribeSecret>(context, body).await,
        "GetSecretValue" => operation::call::<get_secret_value::GetSecretValue>(context, body).await,
        "ListSecrets" => operation::call::<list_secrets::ListSecrets>(context, body).await,
        "PutSecretValue" => operation::call::<put_secret_value::PutSecretValue>(context, body).await,
        "UpdateSecret" => operation::call::<update_secret::UpdateSecret>(context, body).await,
        name if LEFT_OUT.contains(&name) => Err(super::left_out("AWS Secrets Manager", name)),
        name => Err(super::unknown(name)),
    }
}

/// Returns a secret by name or ARN.
///
/// # Errors
/// `ResourceNotFoundException`, also for one whose time to be recovered is over.
fn find(ecr: &Ecr, rows: &impl Rows, id: &str) -> Result<(String, SecretRow), Fault> {
    let text = "Secrets Manager can't find the specified secret.";
    ecr.find_secret(rows, id)?
        .filter(|(_, row)| row.deleted_at.is_none_or(|gone| gone > ecr.clock.now()))
        .ok_or_else(|| Fault::new(Code::ResourceNotFound, text))
}

/// Returns a secret that is not being deleted.
///
/// # Errors
/// `ResourceNotFoundException` and `InvalidRequestException`.
fn find_usable(ecr: &Ecr, rows: &impl Rows, id: &str) -> Result<(String, SecretRow), Fault> {
    let (name, row) = find(ecr, rows, id)?;
    if row.deleted_at.is_some() {
        let text = "You can't perform this operation on the secret because it was marked for deletion.";
        return Err(Fault::new(Code::InvalidRequest, text));
    }
    Ok((name, row))
}
