//! How source registries are reached: logins, proxies, and where there is no TLS.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use image::{ImageReference, RegistryHost};
use operations::OperationError;
use operations::clone::CloneItem;
use registry::{
    ClientOptions, Credential, CredentialSource, DockerConfig, FirstOf, GivenCredentials, PlainHttp, Secret,
};

use crate::arguments::CloneArguments;
use crate::commands::{password, proxies};
use crate::environment::{self, variable};

/// Returns the options of a client that reaches the sources of these images.
pub(super) fn client(arguments: &CloneArguments, images: &[CloneItem]) -> operations::Result<ClientOptions> {
    let mut sources: Vec<Arc<dyn CredentialSource>> = Vec::new();
    if let Some(username) = &arguments.source_username {
        let password = Secret::from(password::from_stdin("omics-ecr clone ...")?);
        let credential = Credential::Login { username: username.clone(), password };
        sources.push(Arc::new(GivenCredentials::default().with(only_host(images)?, credential)));
    }
    sources.extend(
        login_files()
            .into_iter()
            .map(|path| -> Arc<dyn CredentialSource> { Arc::new(DockerConfig::new(path)) }),
    );
    let plain_http = match arguments.plain_http.as_slice() {
        [] => PlainHttp::Loopback,
        hosts => PlainHttp::Hosts(hosts.iter().cloned().collect()),
    };
    Ok(ClientOptions {
        credentials: Arc::new(FirstOf::new(sources)),
        plain_http,
        endpoints: arguments.account.upstreams.iter().cloned().collect(),
        proxies: proxies::of_environment(),
        ..ClientOptions::default()
    })
}

/// Returns the files in which Docker and Podman keep logins, those named by variables first.
fn login_files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        variable(environment::REGISTRY_AUTH_FILE).map(PathBuf::from).into_iter().collect();
    let home = variable(environment::HOME).map(PathBuf::from);
    match variable(environment::DOCKER_CONFIG) {
        Some(folder) => files.push(PathBuf::from(folder).join("config.json")),
        None => files.extend(home.as_ref().map(|home| home.join(".docker/config.json"))),
    }
    let runtime = variable(environment::XDG_RUNTIME_DIR);
    files.extend(runtime.map(|folder| PathBuf::from(folder).join("containers/auth.json")));
    files
}

/// Returns the one registry that all sources are at: a password goes nowhere else.
fn only_host(images: &[CloneItem]) -> operations::Result<RegistryHost> {
    let hosts: BTreeSet<RegistryHost> = images
        .iter()
        .filter_map(|item| Some(item.source.parse::<ImageReference>().ok()?.host().clone()))
        .collect();
    let mut names = hosts.iter();
    match (names.next(), names.next()) {
        (Some(host), None) => Ok(host.clone()),
        _ => Err(OperationError::new("cannot tell which registry the password is for")
            .refused(format!("the sources are at {} registries", hosts.len()))
            .hint("clone one registry's images at a time, or log in with `docker login`")),
    }
}
