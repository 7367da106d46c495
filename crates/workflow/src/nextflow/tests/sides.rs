//! Which engine takes which side of a condition.

use super::{config, script};
use crate::reference::Engine;

const BOTH: [(&str, Engine); 2] = [("a/docker:1", Engine::Docker), ("s/singularity:1", Engine::Singularity)];

fn sides(value: &str) -> Vec<(String, Engine)> {
    let scanned = script(&format!("process X {{\n  container {value}\n}}\n"));
    let mut names: Vec<(String, Engine)> =
        scanned.names().into_iter().map(|(name, engine)| (name.to_owned(), engine)).collect();
    names.sort_by(|a, b| a.0.cmp(&b.0));
    names
}

fn expect(value: &str, expected: &[(&str, Engine)]) {
    let expected: Vec<(String, Engine)> =
        expected.iter().map(|(name, engine)| ((*name).to_owned(), *engine)).collect();
    assert_eq!(sides(value), expected, "{value}");
}

#[test]
fn conditions_on_the_engine_tell_the_sides_apart() {
    for condition in [
        "workflow.containerEngine == 'singularity'",
        "workflow.containerEngine == \"apptainer\"",
        "'singularity' == workflow.containerEngine",
        "workflow.containerEngine == 'singularity' && !task.ext.singularity_pull_docker_container",
        "!task.ext.pull && workflow.containerEngine == 'singularity'",
        "workflow.containerEngine in ['singularity', 'apptainer']",
        "(workflow.containerEngine in ['singularity', 'apptainer']) && !params.pull",
        "['singularity', 'apptainer'].contains(workflow.containerEngine)",
        "workflow.containerEngine == 'singularity' || workflow.containerEngine == 'apptainer'",
        "workflow.containerEngine =~ /singularity|apptainer/",
        "workflow.containerEngine.equals('singularity')",
        "workflow.containerEngine?.equals('singularity')",
        "(workflow.containerEngine ?: '') == 'singularity'",
        "\"$workflow.containerEngine\" == 'singularity'",
        "!(workflow.containerEngine != 'singularity')",
        "workflow.containerEngine != 'docker'",
        "!(workflow.containerEngine in ['docker', 'podman'])",
        "workflow.containerEngine !in ['docker']",
    ] {
        expect(&format!("{{ {condition} ? 's/singularity:1' : 'a/docker:1' }}"), &BOTH);
        expect(&format!("\"${{ {condition} ? 's/singularity:1' : 'a/docker:1' }}\""), &BOTH);
        expect(&format!("{condition} ?\n 's/singularity:1' :\n 'a/docker:1'"), &BOTH);
        expect(&format!("\"${{ {condition}\n ? 's/singularity:1'\n : 'a/docker:1' }}\""), &BOTH);
        expect(&format!("{{ !({condition}) ? 'a/docker:1' : 's/singularity:1' }}"), &BOTH);
    }
    expect("{ workflow.containerEngine == 'docker' ? 'a/docker:1' : 's/singularity:1' }", &BOTH);
}

#[test]
fn other_conditions_leave_both_sides_to_any_engine() {
    for condition in [
        "params.gpu",
        "task.accelerator",
        "workflow.profile.contains('singularity')",
        "workflow.profile == 'docker'",
        "params.engine == 'singularity'",
        "workflow.containerEngine",
    ] {
        expect(
            &format!("{{ {condition} ? 'a/x:1' : 'b/y:1' }}"),
            &[("a/x:1", Engine::Any), ("b/y:1", Engine::Any)],
        );
    }
}

#[test]
fn conditions_nest() {
    let gpu_inside = "\"${ workflow.containerEngine in ['singularity', 'apptainer'] && !task.ext.pull ?\n (task.accelerator ? 'https://s/gpu' : 'https://s/cpu') :\n (task.accelerator ? 'd/gpu:1' : 'd/cpu:1') }\"";
    expect(
        gpu_inside,
        &[
            ("d/cpu:1", Engine::Docker),
            ("d/gpu:1", Engine::Docker),
            ("https://s/cpu", Engine::Singularity),
            ("https://s/gpu", Engine::Singularity),
        ],
    );
    let gpu_outside = "\"${ task.accelerator ? 'd/gpu:1' :\n workflow.containerEngine == 'singularity' ?\n 'https://s/cpu' :\n 'd/cpu:1' }\"";
    expect(
        gpu_outside,
        &[("d/cpu:1", Engine::Docker), ("d/gpu:1", Engine::Any), ("https://s/cpu", Engine::Singularity)],
    );
    expect(
        "{ workflow.containerEngine == 'singularity' && !params.pull ? 'https://x' : workflow.containerEngine == 'singularity' ? 'docker://x:1' : 'x:1' }",
        &[("docker://x:1", Engine::Singularity), ("https://x", Engine::Singularity), ("x:1", Engine::Docker)],
    );
}

#[test]
fn the_kind_of_image_tells_the_engine_where_no_condition_does() {
    for (name, engine) in [
        ("https://depot.org/x:1", Engine::Singularity),
        ("oras://registry.org/x:1", Engine::Singularity),
        ("shub://a/b:1", Engine::Singularity),
        ("/images/x.sif", Engine::Singularity),
        ("x.img", Engine::Singularity),
        ("docker://a/b:1", Engine::Any),
        ("a/b:1", Engine::Any),
    ] {
        expect(&format!("'{name}'"), &[(name, engine)]);
    }
}

#[test]
fn closures_return_from_every_branch() {
    let both = &BOTH;
    expect(
        "{\n if (workflow.containerEngine == 'singularity') {\n return 's/singularity:1'\n }\n return 'a/docker:1'\n }",
        both,
    );
    expect(
        "{\n if (workflow.containerEngine == 'singularity') { 's/singularity:1' }\n else { 'a/docker:1' }\n }",
        both,
    );
    expect(
        "{\n def image = 'a/docker:1'\n if (workflow.containerEngine == 'singularity') { image = 's/singularity:1' }\n image\n }",
        &[("a/docker:1", Engine::Any), ("s/singularity:1", Engine::Singularity)],
    );
    expect(
        "{\n def isSingularity = workflow.containerEngine == 'singularity' && !params.pull\n isSingularity ? 's/singularity:1' : 'a/docker:1'\n }",
        both,
    );
    expect(
        "{\n switch (workflow.containerEngine) {\n case 'singularity':\n case 'apptainer':\n return 's/singularity:1'\n default:\n return 'a/docker:1'\n }\n }",
        both,
    );
    expect(
        "{ ->\n switch (params.mode) {\n case 'x': return 'a/x:1'\n case ~/y.*/: return 'a/y:1'\n }\n }",
        &[("a/x:1", Engine::Any), ("a/y:1", Engine::Any)],
    );
    expect(
        "{ task -> if (task.attempt > 1) { if (params.a) return 'a/x:1' else return 'a/y:1' } else if (params.b) 'a/z:1' else 'a/w:1' }",
        &[("a/w:1", Engine::Any), ("a/x:1", Engine::Any), ("a/y:1", Engine::Any), ("a/z:1", Engine::Any)],
    );
}

#[test]
fn closures_in_configurations_are_read_alike() {
    let text = "process { withName: 'X' {\n  container = {\n    workflow.containerEngine == 'singularity' && !task.ext.pull\n      ? 'https://s/x'\n      : 'd/x:1'\n  }\n} }\n";
    assert_eq!(config(text).names(), [("https://s/x", Engine::Singularity), ("d/x:1", Engine::Docker)]);
}
