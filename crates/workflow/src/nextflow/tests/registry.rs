//! `docker.registry`: which one applies, and what it makes of a name.

use super::scan;

const MAIN: (&str, &str) = (
    "modules/x/main.nf",
    "process X {\n  container 'lab/x:1'\n}\nprocess Y {\n  container 'ghcr.io/lab/y:1'\n}\n",
);

#[test]
fn the_nearest_configuration_that_sets_it_counts() {
    for config in [
        "docker.registry = 'quay.io'\n",
        "docker { enabled = true\n  registry = 'quay.io/' }\n",
        "docker = [enabled: true, registry: 'quay.io']\n",
        "params.registry = 'quay.io'\ndocker.registry = \"${params.registry}\"\n",
        "profiles { docker { docker.registry = 'quay.io' }\n arm { docker.registry = 'quay.io' } }\n",
    ] {
        let scanned = scan(&[MAIN, ("nextflow.config", config)]);
        assert_eq!(scanned.effective(), [("lab/x:1", "quay.io/lab/x:1")], "{config}");
    }
    let nested = scan(&[
        MAIN,
        ("nextflow.config", "docker.registry = 'quay.io'\n"),
        ("modules/nextflow.config", "docker.registry = 'ghcr.io'\n"),
    ]);
    assert_eq!(nested.effective(), [("lab/x:1", "ghcr.io/lab/x:1")]);
    let sibling = scan(&[MAIN, ("other/nextflow.config", "docker.registry = 'quay.io'\n")]);
    assert_eq!(sibling.effective(), []);
    let commented =
        scan(&[MAIN, ("nextflow.config", "// docker.registry = 'quay.io'\npodman.registry = 'x.io'\n")]);
    assert_eq!(commented.effective(), []);
}

#[test]
fn includes_are_followed() {
    for include in [
        "includeConfig 'conf/docker.config'\n",
        "includeConfig \"${projectDir}/conf/docker.config\"\n",
        "includeConfig \"$baseDir/conf/docker.config\"\n",
        "profiles { docker { includeConfig './conf/docker.config' } }\n",
        "includeConfig params.own ? 'https://host/x.config' : 'conf/docker.config'\n",
        "includeConfig 'conf/a.config'\n",
    ] {
        let scanned = scan(&[
            MAIN,
            ("nextflow.config", include),
            ("conf/docker.config", "docker.registry = 'quay.io'\n"),
            ("conf/a.config", "includeConfig '../conf/docker.config'\nincludeConfig 'a.config'\n"),
        ]);
        assert_eq!(scanned.effective(), [("lab/x:1", "quay.io/lab/x:1")], "{include}");
    }
}

#[test]
fn a_profile_takes_its_own_registry() {
    let scanned = scan(&[(
        "nextflow.config",
        "docker.registry = 'quay.io'\nprofiles { own {\n  docker.registry = 'ghcr.io'\n  process.container = 'lab/x:1'\n} }\n",
    )]);
    assert_eq!(scanned.effective(), [("lab/x:1", "ghcr.io/lab/x:1")]);
}

#[test]
fn singularity_images_take_no_registry() {
    let scanned = scan(&[
        (
            "main.nf",
            "process X { container workflow.containerEngine == 'singularity' ? 'lab/x:1' : 'lab/y:1' }\n",
        ),
        ("nextflow.config", "docker.registry = 'quay.io'\n"),
    ]);
    assert_eq!(scanned.effective(), [("lab/y:1", "quay.io/lab/y:1")]);
}

#[test]
fn the_configuration_of_nf_test_counts_where_no_other_does() {
    let tests = [
        ("nf-test.config", "config {\n  testsDir = '.'\n  configFile = 'tests/config/test.config'\n}\n"),
        ("tests/config/test.config", "docker.registry = 'quay.io'\n"),
    ];
    let scanned = scan(&[MAIN, tests[0], tests[1]]);
    assert_eq!(scanned.effective(), [("lab/x:1", "quay.io/lab/x:1")]);
    let own = scan(&[MAIN, tests[0], tests[1], ("nextflow.config", "docker.registry = 'ghcr.io'\n")]);
    assert_eq!(own.effective(), [("lab/x:1", "ghcr.io/lab/x:1")]);
}

#[test]
fn names_behind_a_registry_from_a_parameter_are_mapped_already() {
    let scanned = scan(&[(
        "conf/cloud.config",
        "params { ecr_registry = '' }\ndocker { registry = params.ecr_registry }\nprocess {\n  withName: A { container = 'quay/biocontainers/a:1' }\n  withName: B { container = 'lab/b:1' }\n}\n",
    )]);
    let mapped: Vec<_> = scanned
        .references
        .iter()
        .map(|found| {
            (found.reference.as_deref().unwrap_or_default(), found.already_mapped, found.effective.as_deref())
        })
        .collect();
    assert_eq!(mapped, [("quay/biocontainers/a:1", true, None), ("lab/b:1", false, None)]);
}
