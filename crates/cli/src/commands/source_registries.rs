//! How the registries that images come from are reached: logins, proxies, and where there is no TLS.

use std::path::PathBuf;
use std::sync::Arc;

use image::RegistryHost;
use registry::{ClientOptions, CredentialSource, DockerConfig, FirstOf, PlainHttp};

use crate::commands::proxies;
use crate::environment::{self, variable};

/// Returns the options of a client with the logins of Docker and Podman and the proxies of the environment.
///
/// `upstreams` answer elsewhere than their hosts say.
pub(super) fn client(plain_http: &[RegistryHost], upstreams: &[(RegistryHost, String)]) -> ClientOptions {
    let login = |path| -> Arc<dyn CredentialSource> { Arc::new(DockerConfig::new(path)) };
    let plain_http = match plain_http {
        [] => PlainHttp::Loopback,
        hosts => PlainHttp::Hosts(hosts.iter().cloned().collect()),
    };
    ClientOptions {
        credentials: Arc::new(FirstOf::new(login_files().into_iter().map(login).collect())),
        plain_http,
        proxies: proxies::of_environment(),
        endpoints: upstreams.iter().cloned().collect(),
        ..ClientOptions::default()
    }
}

/// Returns the files in which Docker and Podman keep logins, those named by variables first.
pub(super) fn login_files() -> Vec<PathBuf> {
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
