//! Every environment variable that the command reads, in one place; the folder for data is found by `etcetera`, which
//! reads `XDG_DATA_HOME` and its kin.

use std::env;

/// The Region; comes before [`AWS_DEFAULT_REGION`].
pub(crate) const AWS_REGION: &str = "AWS_REGION";
/// The Region where [`AWS_REGION`] is not set.
pub(crate) const AWS_DEFAULT_REGION: &str = "AWS_DEFAULT_REGION";
/// The account of the private registry.
pub(crate) const ACCOUNT: &str = "OMICS_ECR_ACCOUNT";
/// A file of certificates that AWS's tools trust in the place of the machine's.
pub(crate) const AWS_CA_BUNDLE: &str = "AWS_CA_BUNDLE";
/// The id of the access key that a local ECR takes.
pub(crate) const LOCAL_KEY_ID: &str = "OMICS_ECR_LOCAL_ACCESS_KEY_ID";
/// The secret of the access key that a local ECR takes.
pub(crate) const LOCAL_SECRET: &str = "OMICS_ECR_LOCAL_SECRET_ACCESS_KEY";
/// What says how the bucket of a local ECR is reached, beside [`AWS_REGION`] and [`AWS_DEFAULT_REGION`].
const BUCKET: [&str; 12] = [
    "AWS_ENDPOINT_URL_S3",
    "AWS_ALLOW_HTTP",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_ENDPOINT_URL_STS",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];
/// The shell of whoever runs this.
pub(crate) const SHELL: &str = "SHELL";
/// The folder of Docker's `config.json`.
pub(crate) const DOCKER_CONFIG: &str = "DOCKER_CONFIG";
/// A file of logins in the form of Docker's, as Podman and skopeo name it.
pub(crate) const REGISTRY_AUTH_FILE: &str = "REGISTRY_AUTH_FILE";
/// The folder in which Podman keeps its logins.
pub(crate) const XDG_RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";
/// The home of whoever runs this; Docker's folder is in it.
pub(crate) const HOME: &str = "HOME";
/// The proxy for plain HTTP, the first that has a value; the one in capitals is not taken, as other programs do.
pub(crate) const HTTP_PROXY: [&str; 2] = ["http_proxy", "all_proxy"];
/// The proxy for HTTPS, the first that has a value.
pub(crate) const HTTPS_PROXY: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
/// The hosts that need no proxy, the first that has a value.
pub(crate) const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// The place of a job in an array of AWS Batch, the first being 0.
pub(crate) const BATCH_INDEX: &str = "AWS_BATCH_JOB_ARRAY_INDEX";
/// The size of an array of AWS Batch.
pub(crate) const BATCH_SIZE: &str = "AWS_BATCH_JOB_ARRAY_SIZE";
/// The place of a pod in an Indexed Job of Kubernetes, the first being 0.
pub(crate) const KUBERNETES_INDEX: &str = "JOB_COMPLETION_INDEX";
/// The number of a task in an array of Slurm.
pub(crate) const SLURM_ID: &str = "SLURM_ARRAY_TASK_ID";
/// The least number in an array of Slurm.
pub(crate) const SLURM_MIN: &str = "SLURM_ARRAY_TASK_MIN";
/// The greatest number in an array of Slurm.
pub(crate) const SLURM_MAX: &str = "SLURM_ARRAY_TASK_MAX";
/// The size of an array of Slurm.
pub(crate) const SLURM_COUNT: &str = "SLURM_ARRAY_TASK_COUNT";
/// The token that clients of the MCP server have to show over HTTP.
pub(crate) const MCP_TOKEN: &str = "OMICS_ECR_MCP_TOKEN";
/// When set to anything, no colour is used.
pub(crate) const NO_COLOR: &str = "NO_COLOR";
/// When set to 0, no colour is used.
pub(crate) const CLICOLOR: &str = "CLICOLOR";
/// When set to anything but 0, colour is used on files and pipes too.
pub(crate) const CLICOLOR_FORCE: &str = "CLICOLOR_FORCE";
/// The kind of terminal; `dumb` has no colour.
pub(crate) const TERM: &str = "TERM";

/// Returns a variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Returns what is set of how a bucket is reached, the Region that counts last.
pub(crate) fn bucket() -> Vec<(String, String)> {
    let names = BUCKET.iter().chain(&[AWS_DEFAULT_REGION, AWS_REGION]);
    names.filter_map(|name| Some(((*name).to_owned(), variable(name)?))).collect()
}
