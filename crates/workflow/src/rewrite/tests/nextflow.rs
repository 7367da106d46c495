//! Nextflow: ternaries, registries, parameters, closures and every kind of string.

use super::{assert_left_alone, assert_rewritten, outcomes, rewritten, texts_after};
use crate::rewrite::Reason;

const TERNARY: &str = r#"process A {
    container "${ workflow.containerEngine == 'singularity' && !task.ext.singularity_pull_docker_container ?
        'https://depot.example/singularity/x:1' :
        'biocontainers/x:1' }"

    script:
    "docker pull biocontainers/x:1"
}
"#;

#[test]
fn of_a_ternary_the_side_of_docker_changes_to_a_name_with_a_host() {
    let config = "docker.registry = 'quay.io'\n";
    let files = [("main.nf", TERNARY), ("nextflow.config", config)];
    let rewriting = rewritten(&files, None);
    let after = texts_after(&files, &rewriting);
    let name = format!("'{}/quay/biocontainers/x:1' }}", super::REGISTRY);
    assert_eq!(after["main.nf"], TERNARY.replace("'biocontainers/x:1' }", &name));
    assert_eq!(after["nextflow.config"], config);
}

#[test]
fn a_registry_that_replaces_hosts_would_replace_the_new_one() {
    let config = "docker.registry = 'quay.io'\ndocker.registryOverride = true\n";
    assert_left_alone(
        &[("main.nf", "process A { container 'a/b:1' }"), ("nextflow.config", config)],
        &[("quay.io/a/b:1", Reason::NotFoundAgain)],
    );
}

#[test]
fn every_kind_of_string_is_taken() {
    let text = r#"
process A { container 'quay.io/a/b:1' }
process B { container "quay.io/a/c:1" }
process C { container '''quay.io/a/d:1''' }
process D { container """quay.io/a/e:1""" }
process E { container "quay.io/a/f:${params.version}" }
process F { container { task.ext.gpu ? 'quay.io/a/g:1' : "quay.io/a/h:1" } }
params.version = '3'
"#;
    assert_rewritten("main.nf", text, &[("quay.io/", "ECR/quay/")]);
    let slashy = "process {\n  withName: A { container = /ubuntu:1/ }\n  withName: B { container = /quay.io\\/a\\/b:1/ }\n}\n";
    let files = [("nextflow.config", slashy)];
    let rewriting = rewritten(&files, None);
    let ecr = super::REGISTRY;
    let expected = slashy
        .replace("/ubuntu:1/", &format!("/{ecr}\\/docker-hub\\/library\\/ubuntu:1/"))
        .replace("quay.io", &format!("{ecr}\\/quay"));
    assert_eq!(texts_after(&files, &rewriting)["nextflow.config"], expected);
}

#[test]
fn defaults_of_parameters_and_selectors_of_configurations_change() {
    let config = "params {\n    image = 'quay.io/a/b:1' // quay.io/a/b:1\n    base = \"quay.io/a\"\n}\nprocess {\n    \
                  withName: A { container = params.image }\n    withLabel: x { container = \"${params.base}/c:1\" }\n    \
                  withLabel: y { container = \"${params.base}/d:1\" }\n}\n";
    let pairs = [("'quay.io/a/b:1' //", "'ECR/quay/a/b:1' //"), ("\"quay.io/a\"", "\"ECR/quay/a\"")];
    assert_rewritten("nextflow.config", config, &pairs);
}

#[test]
fn a_parameter_that_a_name_outside_the_map_needs_stays() {
    let config = "params.base = 'a'\nprocess {\n  withName: A { container = \"quay.io/${params.base}/c:1\" }\n  \
                  withName: B { container = \"ghcr.io/${params.base}/c:1\" }\n}\n";
    let found = outcomes(&rewritten(&[("nextflow.config", config)], None));
    let expected = [("quay.io/a/c:1", None), ("ghcr.io/a/c:1", Some(Reason::NotInMap))];
    let expected: Vec<_> = expected.map(|(name, reason)| (name.to_owned(), reason)).into();
    assert_eq!(found, expected);

    let config = "params.host = 'quay.io/a'\nprocess {\n  withName: A { container = \"${params.host}/c:1\" }\n  \
                  withName: B { container = \"${params.host}/$params.unknown\" }\n}\n";
    let found = outcomes(&rewritten(&[("nextflow.config", config)], None));
    assert_eq!(found[0], ("quay.io/a/c:1".to_owned(), Some(Reason::Shared)));
}

#[test]
fn images_for_singularity_stay() {
    assert_left_alone(
        &[("main.nf", "process A { container 'https://depot.example/a:1' }")],
        &[("https://depot.example/a:1", Reason::Singularity)],
    );
}
