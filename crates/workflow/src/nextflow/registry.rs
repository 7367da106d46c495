//! Finds the registry that Nextflow puts before names without a host.
//!
//! Owns which `docker.registry` applies to which file, and the rule of the prefix. Must not know where container
//! references come from.

use std::collections::HashMap;

use super::candidate::Candidate;
use super::evaluate::{Evaluator, Scope};
use super::project::{Project, folders_upwards, join};

/// Files that the includes of one configuration may reach.
const MOST_INCLUDED: usize = 2_000;

/// The profiles that are taken first where only profiles set a registry: the ones meant for running with Docker.
const FIRST_PROFILES: [&str; 2] = ["standard", "docker"];

/// The first parts of names that pull through cache rules commonly have.
const CACHE_PREFIXES: [&str; 17] = [
    "quay",
    "quay-io",
    "dockerhub",
    "docker-hub",
    "docker_hub",
    "docker-io",
    "ecr-public",
    "ecr_public",
    "public-ecr",
    "ghcr",
    "github",
    "gitlab",
    "k8s",
    "kubernetes",
    "registry-k8s",
    "azure",
    "chainguard",
];

/// A value of `docker.registry`.
#[derive(Debug, Clone)]
struct Registry {
    profile: Option<String>,
    /// The registry; none when it comes from an empty or unknown parameter.
    host: Option<String>,
    overrides: bool,
}

/// What becomes of a name without a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// The name is asked for as it is.
    AsWritten,
    /// The registry is asked for this name.
    Name(String),
    /// The registry comes from a parameter, and the name is already one behind a pull through cache rule.
    AlreadyMapped,
}

/// The registries of all folders and files.
pub(super) struct Registries {
    of_file: HashMap<usize, Vec<Registry>>,
    of_folder: HashMap<String, Vec<Registry>>,
    /// Those of the configurations that nf-test is told to use.
    of_tests: HashMap<String, Vec<Registry>>,
}

impl Registries {
    /// Returns the registries that the configurations of a project set.
    pub(super) fn new(project: &Project<'_>) -> Self {
        let mut registries =
            Self { of_file: HashMap::new(), of_folder: HashMap::new(), of_tests: HashMap::new() };
        let mut evaluator = Evaluator::new(project);
        for (index, file) in project.files.iter().enumerate() {
            if !file.facts.registries.is_empty() {
                registries.of_file.insert(index, own(project, &mut evaluator, index));
            }
        }
        if registries.of_file.is_empty() {
            return registries;
        }
        let by_path: HashMap<&str, usize> =
            project.files.iter().enumerate().map(|(index, file)| (file.path, index)).collect();
        for (index, file) in project.files.iter().enumerate() {
            let name = file.path.rsplit('/').next().unwrap_or_default();
            if name == "nextflow.config" {
                let found = registries.with_includes(project, &mut evaluator, &by_path, index);
                if !found.is_empty() {
                    registries.of_folder.insert(file.folder().to_owned(), found);
                }
            } else if let Some(value) = &file.facts.test_config {
                let env = Scope::of_file(index, None, &file.facts);
                let names = evaluator.names(value, None, &env);
                let found: Vec<Registry> = names
                    .iter()
                    .filter_map(|name| {
                        by_path.get(included_path(name, file.folder(), file.folder())?.as_str())
                    })
                    .flat_map(|&index| registries.with_includes(project, &mut evaluator, &by_path, index))
                    .collect();
                if !found.is_empty() {
                    registries.of_tests.insert(file.folder().to_owned(), found);
                }
            }
        }
        registries
    }

    /// Returns the registries that a configuration and what it includes set, in their order.
    fn with_includes<'p, 's>(
        &self,
        project: &'p Project<'s>,
        evaluator: &mut Evaluator<'p, 's>,
        by_path: &HashMap<&str, usize>,
        main: usize,
    ) -> Vec<Registry> {
        let home = project.files.get(main).map_or("", |file| file.folder());
        let mut reached = vec![(main, None::<String>)];
        let mut next = 0;
        let mut found = Vec::new();
        while let Some((index, around)) = reached.get(next).cloned() {
            next += 1;
            let Some(file) = project.files.get(index) else { continue };
            for registry in self.of_file.get(&index).into_iter().flatten() {
                let profile = registry.profile.clone().or_else(|| around.clone());
                found.push(Registry { profile, ..registry.clone() });
            }
            let env = Scope::of_file(index, None, &file.facts);
            for include in &file.facts.includes {
                for name in evaluator.names(&include.value, None, &env) {
                    let path = included_path(&name, file.folder(), home);
                    if let Some(&included) = path.and_then(|path| by_path.get(path.as_str()))
                        && reached.len() < MOST_INCLUDED
                        && !reached.iter().any(|(seen, _)| *seen == included)
                    {
                        let profile = include.profile.as_deref().map(str::to_owned);
                        reached.push((included, profile.or_else(|| around.clone())));
                    }
                }
            }
        }
        found
    }

    /// Returns what the name of an image in this file becomes, when it is set in these profiles.
    pub(super) fn asked(&self, project: &Project<'_>, file: usize, profiles: &[String], name: &str) -> Asked {
        let folder = project.files.get(file).map_or("", |file| file.folder());
        let registries = self
            .of_file
            .get(&file)
            .or_else(|| folders_upwards(folder).find_map(|folder| self.of_folder.get(folder)))
            .or_else(|| folders_upwards(folder).find_map(|folder| self.of_tests.get(folder)));
        let Some(registry) = registries.and_then(|registries| choose(registries, profiles)) else {
            return Asked::AsWritten;
        };
        match &registry.host {
            Some(host) => with_registry(name, host, registry.overrides),
            None if is_behind_rule(name) => Asked::AlreadyMapped,
            None => Asked::AsWritten,
        }
    }
}

/// Returns the registries that a file itself sets.
fn own<'p, 's>(project: &'p Project<'s>, evaluator: &mut Evaluator<'p, 's>, index: usize) -> Vec<Registry> {
    let Some(file) = project.files.get(index) else { return Vec::new() };
    let env = Scope::of_file(index, None, &file.facts);
    let mut registries = Vec::new();
    for setting in &file.facts.registries {
        let names = evaluator.names(&setting.value, None, &env);
        let known = names.into_iter().find(|name| name.is_known() && !name.text.trim().is_empty());
        registries.push(Registry {
            profile: setting.profile.as_deref().map(str::to_owned),
            host: known.map(|name| name.text.trim().to_owned()),
            overrides: file.facts.registry_override,
        });
    }
    registries
}

/// Returns the registry that applies: that of the own profile, that of no profile, that of the profile for
/// Docker, or the first.
fn choose<'r>(registries: &'r [Registry], profiles: &[String]) -> Option<&'r Registry> {
    let of =
        |wanted: Option<&str>| registries.iter().rev().find(|registry| registry.profile.as_deref() == wanted);
    profiles
        .iter()
        .find_map(|profile| of(Some(profile)))
        .or_else(|| of(None))
        .or_else(|| FIRST_PROFILES.iter().find_map(|profile| of(Some(profile))))
        .or_else(|| registries.first())
}

/// Returns the path of an included file below the scanned folder; none when it is unknown or elsewhere.
fn included_path(name: &Candidate, folder: &str, home: &str) -> Option<String> {
    const HOMES: [&str; 6] = [
        "projectDir",
        "baseDir",
        "workflow.projectDir",
        "launchDir",
        "workflow.launchDir",
        "System.getenv('PWD')",
    ];
    let mut base = folder;
    let mut path = name.text.as_str();
    if let [only] = name.unknown.as_slice()
        && HOMES.contains(&only.as_str())
    {
        path =
            path.strip_prefix('{')?.strip_prefix(only.as_str())?.strip_prefix('}')?.trim_start_matches('/');
        base = home;
    } else if !name.is_known() {
        return None;
    }
    join(base, path)
}

/// Returns the part before the first slash where Nextflow takes it for a host.
fn host(name: &str) -> Option<&str> {
    name.split_once('/').map(|(first, _)| first).filter(|first| first.contains(['.', ':']))
}

fn with_registry(name: &str, registry: &str, overrides: bool) -> Asked {
    let registry = registry.trim_end_matches('/');
    match host(name) {
        None => Asked::Name(format!("{registry}/{name}")),
        Some(host) if overrides && host != registry => {
            let path = name.get(host.len() + 1..).unwrap_or_default();
            Asked::Name(format!("{registry}/{path}"))
        }
        Some(_) => Asked::AsWritten,
    }
}

/// Returns whether a name starts like the names behind pull through cache rules.
fn is_behind_rule(name: &str) -> bool {
    host(name).is_none() && name.split_once('/').is_some_and(|(first, _)| CACHE_PREFIXES.contains(&first))
}

#[cfg(test)]
mod tests {
    use super::{Asked, is_behind_rule, with_registry};

    #[test]
    fn the_registry_stands_before_names_without_a_host() {
        let asked = |name| with_registry(name, "quay.io/", false);
        let name = |name: &str| Asked::Name(name.to_owned());
        assert_eq!(asked("biocontainers/bwa:1"), name("quay.io/biocontainers/bwa:1"));
        assert_eq!(asked("ubuntu"), name("quay.io/ubuntu"));
        assert_eq!(asked("ubuntu:20.04"), name("quay.io/ubuntu:20.04"));
        assert_eq!(asked("localhost/x"), name("quay.io/localhost/x"));
        assert_eq!(asked("ghcr.io/a/b:1"), Asked::AsWritten);
        assert_eq!(asked("localhost:5000/x"), Asked::AsWritten);
    }

    #[test]
    fn an_override_takes_the_place_of_the_host() {
        assert_eq!(with_registry("ghcr.io/a/b:1", "quay.io", true), Asked::Name("quay.io/a/b:1".to_owned()));
        assert_eq!(with_registry("quay.io/a/b:1", "quay.io", true), Asked::AsWritten);
    }

    #[test]
    fn names_behind_rules_have_no_host() {
        assert!(is_behind_rule("quay/biocontainers/bwa:1"));
        assert!(!is_behind_rule("quay.io/biocontainers/bwa:1"));
        assert!(!is_behind_rule("biocontainers/bwa:1"));
        assert!(!is_behind_rule("quay"));
    }
}
