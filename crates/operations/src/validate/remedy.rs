//! The actions that findings offer, as commands of ours, tools, or commands of AWS's.

use aws::ecr::Rule;

use crate::finding::Fix;

/// Returns the making of all that a prefix needs.
pub(super) fn create_cache(registry: &str, prefix: &str, credential: Option<&str>) -> Fix {
    let mut command = format!("omics-ecr cache create {registry} --prefix {prefix}");
    let arguments = [("registry", registry.to_owned()), ("ecr_prefix", prefix.to_owned())];
    let fix = match credential {
        Some(arn) => {
            command += &format!(" --credential {arn}");
            let [registry, prefix] = arguments;
            return Fix::command(command)
                .tool("CreateECRPullThroughCache", [registry, prefix, ("credential_arn", arn.to_owned())]);
        }
        None => Fix::command(command),
    };
    fix.tool("CreateECRPullThroughCache", arguments)
}

/// Returns the repair of what HealthOmics needs below the prefix of a rule that is there.
pub(super) fn open_prefix(rule: &Rule) -> Fix {
    let prefix = &rule.names.ecr_repository_prefix;
    let same = create_cache(&rule.upstream_registry_url, prefix.as_str(), rule.credential_arn.as_deref());
    Fix { command: format!("omics-ecr validate --prefix {prefix} --fix"), ..same }
}

/// Returns the repair of everything that can be repaired.
pub(super) fn open_all() -> Fix {
    Fix::command("omics-ecr validate --fix")
}

/// Returns the grant of a repository to HealthOmics.
pub(super) fn grant(repository: &str) -> Fix {
    Fix::command(format!("omics-ecr grant {repository}"))
        .tool("GrantHealthOmicsECRAccess", [("repository_name", repository.to_owned())])
}

/// Returns the copying of images that no rule brings to HealthOmics.
pub(super) fn clone_instead(upstream: &str) -> Fix {
    Fix::command(format!("omics-ecr clone {upstream}/REPOSITORY:TAG"))
        .tool("CloneContainerToECR", [("source_uri", format!("{upstream}/REPOSITORY:TAG"))])
}

/// Returns the making of a secret that a rule can take, named after the rule's prefix.
pub(super) fn create_secret(rule: &Rule) -> Fix {
    let (prefix, url) = (&rule.names.ecr_repository_prefix, &rule.upstream_registry_url);
    Fix::command(format!("omics-ecr secret create {prefix} --registry {url} --username USER"))
}

/// Returns a new login for the secret that a rule has.
pub(super) fn renew_secret(rule: &Rule) -> Fix {
    let arn = rule.credential_arn.as_deref().unwrap_or_default();
    // Behind the name an ARN has a dash and six characters of Secrets Manager's.
    let name = arn.split_once(":secret:ecr-pullthroughcache/").map(|(_, name)| name);
    let name = name
        .and_then(|name| name.rsplit_once('-').filter(|(_, suffix)| suffix.len() == 6))
        .map(|(name, _)| name);
    let url = &rule.upstream_registry_url;
    Fix::command(format!(
        "omics-ecr secret create {} --registry {url} --username USER --replace",
        name.unwrap_or("NAME")
    ))
}
