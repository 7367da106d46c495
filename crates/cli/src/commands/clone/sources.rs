//! How the registries of sources are reached: with the password that was given, and else as any command does.

use std::collections::BTreeSet;
use std::sync::Arc;

use image::{ImageReference, RegistryHost};
use operations::OperationError;
use operations::clone::CloneItem;
use registry::{ClientOptions, Credential, CredentialSource, FirstOf, GivenCredentials, Secret};

use crate::arguments::CloneArguments;
use crate::commands::{password, source_registries};

/// Returns the options of a client that reaches the sources of these images.
pub(super) fn client(arguments: &CloneArguments, images: &[CloneItem]) -> operations::Result<ClientOptions> {
    let mut sources: Vec<Arc<dyn CredentialSource>> = Vec::new();
    if let Some(username) = &arguments.source_username {
        let password = Secret::from(password::from_stdin("omics-ecr clone ...")?);
        let credential = Credential::Login { username: username.clone(), password };
        sources.push(Arc::new(GivenCredentials::default().with(only_host(images)?, credential)));
    }
    let options = source_registries::client(&arguments.registries.plain_http, &arguments.account.upstreams);
    sources.push(options.credentials.clone());
    Ok(ClientOptions { credentials: Arc::new(FirstOf::new(sources)), ..options })
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
