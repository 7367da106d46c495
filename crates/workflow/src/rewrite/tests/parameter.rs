//! A parameter for the registry: declared, passed down, or refused.

use super::{REGISTRY, names, outcomes, rewritten};
use crate::rewrite::{Parameter, Reason};

fn parameter(default: Option<&str>) -> Option<Parameter> {
    Some(Parameter::new("ecr_registry", REGISTRY, default).unwrap())
}

/// Asserts the new texts of files, and with a default that a scan finds these names in them.
#[track_caller]
fn assert_parameterized(files: &[(&str, &str)], expected: &[(&str, &str)], found: &[&str]) {
    let rewriting = rewritten(files, parameter(None));
    let after: Vec<(&str, &str)> =
        rewriting.files.iter().map(|file| (file.path.as_str(), file.after.as_str())).collect();
    assert_eq!(after, expected, "{:?}", rewriting.references);
    let with_default = rewritten(files, parameter(Some("reg.example/team")));
    let mut texts: std::collections::BTreeMap<String, String> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    texts.extend(with_default.files.into_iter().map(|file| (file.path, file.after)));
    assert_eq!(names(&texts), found);
}

#[test]
fn an_input_is_declared_and_passed_down() {
    let flow = "version 1.0\nimport \"sub.wdl\"\nworkflow w {\n    input {\n        String s\n    }\n    \
                call sub.middle { input: s = s }\n    scatter (x in [1]) {\n        call sub.middle as again {\n            \
                input:\n                s = s\n        }\n    }\n}\n";
    let sub = "version 1.0\nworkflow middle {\n  input { String s }\n  call t\n  call t as u {}\n  call other\n}\n\
               task t {\n  command <<<>>>\n  runtime {\n    docker: \"quay.io/a/b:1\"\n  }\n}\n\
               task other { # no image of ours\n  command <<<>>>\n  runtime { docker: \"ghcr.io/a/b:1\" }\n}\n";
    let new_flow = "version 1.0\nimport \"sub.wdl\"\nworkflow w {\n    input {\n        String ecr_registry\n        String s\n    }\n    \
                call sub.middle { input: ecr_registry = ecr_registry, s = s }\n    scatter (x in [1]) {\n        call sub.middle as again {\n            \
                input:\n                ecr_registry = ecr_registry,\n                s = s\n        }\n    }\n}\n";
    let new_sub = "version 1.0\nworkflow middle {\n  input { String ecr_registry String s }\n  \
               call t { input: ecr_registry = ecr_registry }\n  call t as u { input: ecr_registry = ecr_registry }\n  call other\n}\n\
               task t {\n  input {\n    String ecr_registry\n  }\n\n  command <<<>>>\n  runtime {\n    docker: \"~{ecr_registry}/quay/a/b:1\"\n  }\n}\n\
               task other { # no image of ours\n  command <<<>>>\n  runtime { docker: \"ghcr.io/a/b:1\" }\n}\n";
    assert_parameterized(
        &[("flow.wdl", flow), ("sub.wdl", sub)],
        &[("flow.wdl", new_flow), ("sub.wdl", new_sub)],
        &["ghcr.io/a/b:1", "reg.example/team/quay/a/b:1"],
    );
    let rewriting = rewritten(&[("flow.wdl", flow), ("sub.wdl", sub)], parameter(None));
    assert_eq!(rewriting.inputs, ["w.ecr_registry"]);
    let declared: Vec<_> = rewriting.declared.iter().map(|declared| declared.what.as_str()).collect();
    assert_eq!(declared, ["workflow `w`", "workflow `middle`", "task `t`"]);
}

#[test]
fn an_input_of_that_name_is_used() {
    let text = "version 1.0\ntask t {\n  input {\n    String ecr_registry\n    String docker = \"quay.io/a/b:1\"\n  }\n  command <<<>>>\n  \
                runtime { docker: docker }\n}\nworkflow w {\n  input { String ecr_registry = \"x\" }\n  call t { input: ecr_registry = ecr_registry }\n}\n";
    let found = outcomes(&rewritten(&[("a.wdl", text)], parameter(None)));
    assert_eq!(
        found,
        [("quay.io/a/b:1".to_owned(), Some(Reason::NotFoundAgain))],
        "its default is another one"
    );
    let text = text.replace(" = \"x\"", "");
    let new = text.replace("\"quay.io/a", "\"~{ecr_registry}/quay/a");
    let rewriting = rewritten(&[("a.wdl", &text)], parameter(None));
    assert_eq!(rewriting.files[0].after, new);
    assert_eq!(rewriting.declared, []);
}

#[test]
fn what_has_that_name_and_is_something_else_is_in_the_way() {
    let text = "version 1.0\ntask t {\n  command <<<>>>\n  runtime { docker: \"quay.io/a/b:1\" }\n}\n\
                task free {\n  command <<<>>>\n  runtime { docker: \"quay.io/a/c:1\" }\n}\n\
                workflow w {\n  Int ecr_registry = 1\n  call t\n}\n";
    let rewriting = rewritten(&[("a.wdl", text)], parameter(None));
    let expected = [("quay.io/a/b:1", Some(Reason::Undeclared)), ("quay.io/a/c:1", None)];
    assert_eq!(outcomes(&rewriting), expected.map(|(name, reason)| (name.to_owned(), reason)));
}

#[test]
fn the_first_version_declares_without_a_section_and_keeps_line_ends() {
    let text = "task t {\r\n\tcommand { echo }\r\n\truntime { docker: \"ubuntu:1\" }\r\n}\r\nworkflow w {\r\n\tcall t\r\n}\r\n";
    let new = "task t {\r\n\tString ecr_registry\r\n\tcommand { echo }\r\n\truntime { docker: \"${ecr_registry}/docker-hub/library/ubuntu:1\" }\r\n}\r\n\
               workflow w {\r\n\tString ecr_registry\r\n\tcall t { input: ecr_registry = ecr_registry }\r\n}\r\n";
    assert_parameterized(
        &[("a.wdl", text)],
        &[("a.wdl", new)],
        &["reg.example/team/docker-hub/library/ubuntu:1"],
    );
}

#[test]
fn inputs_files_get_whole_names() {
    let text = "version 1.0\ntask t {\n  input {\n    String image\n  }\n  command <<<>>>\n  runtime { docker: image }\n}\n";
    let inputs = "{\"t.image\": \"quay.io/a/b:1\"}\n";
    let new = inputs.replace("quay.io", &format!("{REGISTRY}/quay"));
    assert_parameterized(
        &[("a.wdl", text), ("in.json", inputs)],
        &[("in.json", &new)],
        &[&format!("{REGISTRY}/quay/a/b:1")],
    );
}

#[test]
fn nextflow_declares_in_its_configuration_and_interpolates() {
    let script = "process A {\n    container \"${ workflow.containerEngine == 'singularity' ?\n        'https://depot.example/x:1' :\n        \
                  'biocontainers/x:1' }\"\n}\nprocess B { container params.image }\n";
    let config = "// The configuration.\n\ndocker.registry = 'quay.io'\nparams { image = 'quay.io/a/b:1' }\n";
    let new_script =
        script.replace("'biocontainers/x:1'", "\"${params.ecr_registry}/quay/biocontainers/x:1\"");
    let new_config = format!(
        "// The configuration.\n\nparams.ecr_registry = '{REGISTRY}'\n\ndocker.registry = 'quay.io'\n\
         params {{ image = \"${{params.ecr_registry}}/quay/a/b:1\" }}\n"
    );
    assert_parameterized(
        &[("main.nf", script), ("nextflow.config", config)],
        &[("main.nf", &new_script), ("nextflow.config", &new_config)],
        &[
            "https://depot.example/x:1",
            "reg.example/team/quay/a/b:1",
            "reg.example/team/quay/biocontainers/x:1",
        ],
    );
}

#[test]
fn a_parameter_that_is_declared_is_used() {
    let config = format!("params.ecr_registry = '{REGISTRY}'\nprocess.container = 'quay.io/a/b:1'\n");
    let rewriting = rewritten(&[("nextflow.config", &config)], parameter(None));
    let new = config.replace("'quay.io/a/b:1'", "\"${params.ecr_registry}/quay/a/b:1\"");
    assert_eq!(rewriting.files[0].after, new);
    assert_eq!(rewriting.declared, []);
    let config = "params.ecr_registry = ''\nprocess.container = 'quay.io/a/b:1'\n";
    let found = outcomes(&rewritten(&[("nextflow.config", config)], parameter(None)));
    assert_eq!(found, [("quay.io/a/b:1".to_owned(), Some(Reason::Undeclared))]);
}

#[test]
fn without_a_configuration_nothing_can_be_declared() {
    let found = outcomes(&rewritten(&[("main.nf", "process A { container 'ubuntu:1' }")], parameter(None)));
    assert_eq!(found, [("ubuntu:1".to_owned(), Some(Reason::Undeclared))]);
}

#[test]
fn modules_with_a_configuration_of_their_own_use_the_one_of_the_pipeline() {
    let module = "process A { container 'quay.io/a/b:1' }\n";
    let files = [
        ("main.nf", "workflow {\n}\n"),
        ("modules/a/main.nf", module),
        ("modules/a/nextflow.config", "process.cpus = 1\n"),
        ("nextflow.config", "manifest.name = 'x'\n"),
    ];
    let declared = rewritten(&files, parameter(None)).declared;
    let declared: Vec<_> = declared.iter().map(|declared| declared.file.as_str()).collect();
    assert_eq!(declared, ["nextflow.config"]);
}

#[test]
fn what_hung_on_the_parameter_gets_its_value() {
    let files = [
        ("one/main.nf", "workflow {\n}\nprocess A { container 'quay.io/a/b:1' }\n"),
        ("one/nextflow.config", "manifest.name = 'x'\n"),
        ("two/main.nf", "workflow {\n}\nprocess B { container \"${params.ecr_registry}/x:1\" }\n"),
        ("two/nextflow.config", "manifest.name = 'x'\n"),
    ];
    let rewriting = rewritten(&files, parameter(None));
    let expected = [("quay.io/a/b:1", None), ("${params.ecr_registry}/x:1", Some(Reason::Unresolved))];
    assert_eq!(outcomes(&rewriting), expected.map(|(name, reason)| (name.to_owned(), reason)));
    let paths: Vec<_> = rewriting.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["one/main.nf", "one/nextflow.config"]);

    let task = "version 1.0\ntask t {\n  input { String ecr_registry }\n  command <<<>>>\n  \
                runtime { docker: \"~{ecr_registry}/x:1\" }\n}\n\
                task u {\n  command <<<>>>\n  runtime { docker: \"ubuntu:1\" }\n}\n\
                workflow w {\n  input { String ecr_registry }\n  call t { input: ecr_registry = ecr_registry }\n  call u\n}\n";
    let rewriting = rewritten(&[("a.wdl", task)], parameter(None));
    assert_eq!(outcomes(&rewriting)[1], ("ubuntu:1".to_owned(), None), "{:?}", outcomes(&rewriting));
}

#[test]
fn cwl_takes_no_parameter() {
    let text =
        "cwlVersion: v1.2\nclass: CommandLineTool\nhints:\n  DockerRequirement: {dockerPull: ubuntu:1}\n";
    let found = outcomes(&rewritten(&[("t.cwl", text)], parameter(None)));
    assert_eq!(found, [("ubuntu:1".to_owned(), Some(Reason::NoParameter))]);
}
