//! Amazon ECR's operations: one file each.

macro_rules! operations {
    ($($module:ident: $operation:ident),* $(,)?) => {
        $(mod $module;)*

        /// The operations that are carried out.
        #[cfg(test)]
        const CARRIED_OUT: &[&str] = &[$(stringify!($operation)),*];

        /// Carries out the operation of a name.
        pub(super) async fn call(context: Context, name: &str, body: &[u8]) -> Result<Value, Fault> {
            if name == "BatchGetImage" {
                // Judged after what it imports.
                return batch_get_image::call(context, body).await;
            }
            if context.caller != Caller::Account {
                authorize(&context, name, repository_name(body)).await?;
            }
            // What may have to wait for an upstream registry.
            match name {
                "GetDownloadUrlForLayer" => return get_download_url_for_layer::call(context, body).await,
                "ListImageReferrers" => return list_image_referrers::call(context, body).await,
                "ValidatePullThroughCacheRule" => {
                    return validate_pull_through_cache_rule::call(context, body).await;
                }
                _ => {}
            }
            $(
                if name == stringify!($operation) {
                    return operation::call::<$module::$operation>(context, body).await;
                }
            )*
            if LEFT_OUT.contains(&name) {
                return Err(super::left_out("Amazon ECR", name));
            }
            Err(super::unknown(name))
        }
    };
}

mod template_settings;
mod validate_pull_through_cache_rule;
pub(crate) mod wire;

use serde_json::Value;

use super::{Context, operation};
use crate::ecr::identity::Caller;
use crate::fault::Fault;

operations! {
    batch_check_layer_availability: BatchCheckLayerAvailability,
    batch_delete_image: BatchDeleteImage,
    batch_get_image: BatchGetImage,
    batch_get_repository_scanning_configuration: BatchGetRepositoryScanningConfiguration,
    complete_layer_upload: CompleteLayerUpload,
    create_pull_through_cache_rule: CreatePullThroughCacheRule,
    create_repository: CreateRepository,
    create_repository_creation_template: CreateRepositoryCreationTemplate,
    delete_lifecycle_policy: DeleteLifecyclePolicy,
    delete_pull_through_cache_rule: DeletePullThroughCacheRule,
    delete_registry_policy: DeleteRegistryPolicy,
    delete_repository: DeleteRepository,
    delete_repository_creation_template: DeleteRepositoryCreationTemplate,
    delete_repository_policy: DeleteRepositoryPolicy,
    delete_signing_configuration: DeleteSigningConfiguration,
    deregister_pull_time_update_exclusion: DeregisterPullTimeUpdateExclusion,
    describe_image_replication_status: DescribeImageReplicationStatus,
    describe_image_scan_findings: DescribeImageScanFindings,
    describe_image_signing_status: DescribeImageSigningStatus,
    describe_images: DescribeImages,
    describe_pull_through_cache_rules: DescribePullThroughCacheRules,
    describe_registry: DescribeRegistry,
    describe_replication_backfill_results: DescribeReplicationBackfillResults,
    describe_repositories: DescribeRepositories,
    describe_repository_creation_templates: DescribeRepositoryCreationTemplates,
    get_account_setting: GetAccountSetting,
    get_authorization_token: GetAuthorizationToken,
    get_download_url_for_layer: GetDownloadUrlForLayer,
    get_lifecycle_policy: GetLifecyclePolicy,
    get_lifecycle_policy_preview: GetLifecyclePolicyPreview,
    get_registry_policy: GetRegistryPolicy,
    get_registry_scanning_configuration: GetRegistryScanningConfiguration,
    get_repository_policy: GetRepositoryPolicy,
    get_signing_configuration: GetSigningConfiguration,
    initiate_layer_upload: InitiateLayerUpload,
    list_image_referrers: ListImageReferrers,
    list_images: ListImages,
    list_pull_time_update_exclusions: ListPullTimeUpdateExclusions,
    list_replication_backfills: ListReplicationBackfills,
    list_tags_for_resource: ListTagsForResource,
    put_account_setting: PutAccountSetting,
    put_image: PutImage,
    put_image_scanning_configuration: PutImageScanningConfiguration,
    put_image_tag_mutability: PutImageTagMutability,
    put_lifecycle_policy: PutLifecyclePolicy,
    put_registry_policy: PutRegistryPolicy,
    put_registry_scanning_configuration: PutRegistryScanningConfiguration,
    put_replication_configuration: PutReplicationConfiguration,
    put_signing_configuration: PutSigningConfiguration,
    register_pull_time_update_exclusion: RegisterPullTimeUpdateExclusion,
    set_repository_policy: SetRepositoryPolicy,
    start_image_scan: StartImageScan,
    start_lifecycle_policy_preview: StartLifecyclePolicyPreview,
    stop_replication_backfill: StopReplicationBackfill,
    tag_resource: TagResource,
    untag_resource: UntagResource,
    update_image_storage_class: UpdateImageStorageClass,
    update_pull_through_cache_rule: UpdatePullThroughCacheRule,
    update_repository_creation_template: UpdateRepositoryCreationTemplate,
    upload_layer_part: UploadLayerPart,
}

/// The operations of Amazon ECR that are not even looked into: there is no other registry to copy to.
const LEFT_OUT: &[&str] = &["StartReplicationBackfill"];

/// Checks that the caller may do an operation, on a repository where it names one.
async fn authorize(context: &Context, operation: &str, repository: Option<String>) -> Result<(), Fault> {
    if operation == "GetAuthorizationToken" {
        // The action is for no resource, so no policy of a resource can grant it; the token carries the caller.
        return Ok(());
    }
    let (caller, action) = (context.caller.clone(), format!("ecr:{operation}"));
    let judged = context.app.blocking(move |ecr| {
        ecr.authorize(&ecr.storage.metadata.read()?, &caller, &action, repository.as_deref())
    });
    judged.await
}

/// Returns the repository that a request names.
fn repository_name(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    Some(body.get("repositoryName")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{CARRIED_OUT, LEFT_OUT};

    #[test]
    fn every_operation_of_the_model_is_here_once() {
        let mut all: Vec<_> = CARRIED_OUT.iter().chain(LEFT_OUT).collect();
        all.push(&"ValidatePullThroughCacheRule");
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 62, "the model of 2015-09-21 has 62 operations");
        assert_eq!(CARRIED_OUT.len() + LEFT_OUT.len() + 1, 62);
    }
}
