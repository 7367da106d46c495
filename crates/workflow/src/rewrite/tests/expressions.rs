//! The parameter as an input of CWL tools and workflows.

use std::collections::BTreeMap;

use super::{REGISTRY, names, outcomes, rewritten};
use crate::rewrite::{Parameter, Reason, Rewriting};

/// Returns a rewrite with the input `ecr_registry`.
fn expressed(files: &[(&str, &str)], default: Option<&str>) -> Rewriting {
    let parameter = Parameter::new("ecr_registry", REGISTRY, default).unwrap();
    rewritten(files, Some(parameter.with_cwl_expressions(true)))
}

/// Asserts the new texts of files, and with a default that a scan finds these names in them.
#[track_caller]
fn assert_expressed(files: &[(&str, &str)], expected: &[(&str, &str)], found: &[&str]) {
    let rewriting = expressed(files, None);
    let after: Vec<(&str, &str)> =
        rewriting.files.iter().map(|file| (file.path.as_str(), file.after.as_str())).collect();
    assert_eq!(after, expected, "{:?}", rewriting.references);
    let with_default = expressed(files, Some("reg.example/team"));
    let mut texts: BTreeMap<String, String> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    texts.extend(with_default.files.into_iter().map(|file| (file.path, file.after)));
    assert_eq!(names(&texts), found);
    let texts: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert_eq!(expressed(&texts, Some("reg.example/team")).files, [], "a second rewrite changes nothing");
}

/// Asserts that the only image is left alone because the input cannot be declared.
#[track_caller]
fn assert_undeclared(files: &[(&str, &str)]) {
    let rewriting = expressed(files, None);
    let reasons: Vec<_> = outcomes(&rewriting).into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, [Some(Reason::Undeclared)], "{:?}", rewriting.references);
    assert_eq!(rewriting.files, []);
}

#[test]
fn an_input_is_declared_and_passed_down() {
    let flow = "cwlVersion: v1.2\nclass: Workflow\ninputs:\n  # The reads.\n  reads: File\noutputs: []\nsteps:\n  \
                align:\n    run: tools/align.cwl\n    in:\n      reads: reads\n    out: [bam]\n  \
                again:\n    in: [{id: reads, source: reads}]\n    run: tools/align.cwl\n    out: [bam]\n  \
                other:\n    in: []\n    run: tools/other.cwl\n    out: []\n";
    let align = "cwlVersion: v1.2\nclass: CommandLineTool\nrequirements:\n- class: DockerRequirement\n  \
                 dockerPull: quay.io/a/b:1 # the aligner\ninputs:\n- id: reads\n  type: File\noutputs: []\n";
    let other = "cwlVersion: v1.2\nclass: CommandLineTool\nhints:\n  DockerRequirement: {dockerPull: ghcr.io/a/b:1}\ninputs: []\noutputs: []\n";
    let new_flow = flow
        .replace("  reads: File\n", "  ecr_registry: string\n  reads: File\n")
        .replace("      reads: reads\n", "      ecr_registry: ecr_registry\n      reads: reads\n")
        .replace("[{id: reads, ", "[{id: ecr_registry, source: ecr_registry}, {id: reads, ");
    let new_align = align
        .replace("quay.io/", "$(inputs.ecr_registry)/quay/")
        .replace("- id: reads", "- id: ecr_registry\n  type: string\n- id: reads");
    let files = [("flow.cwl", flow), ("tools/align.cwl", align), ("tools/other.cwl", other)];
    let changed = [("flow.cwl", new_flow.as_str()), ("tools/align.cwl", new_align.as_str())];
    assert_expressed(&files, &changed, &["ghcr.io/a/b:1", "reg.example/team/quay/a/b:1"]);
    let rewriting = expressed(&files, None);
    assert_eq!(rewriting.inputs, ["flow.ecr_registry"]);
    let declared: Vec<_> = rewriting.declared.iter().map(|declared| declared.what.as_str()).collect();
    assert_eq!(declared, ["workflow `flow`", "tool `align`"]);
}

#[test]
fn json_and_empty_lists_are_taken() {
    let tool = "{\n  \"cwlVersion\": \"v1.0\",\n  \"class\": \"CommandLineTool\",\n  \"hints\": [{\"class\": \"DockerRequirement\", \"dockerPull\": \"ubuntu:1\"}],\n  \
                \"inputs\": [\n    {\"id\": \"a\", \"type\": \"string\"}\n  ],\n  \"outputs\": []\n}\n";
    let new = tool.replace("ubuntu:1", "$(inputs.ecr_registry)/docker-hub/library/ubuntu:1").replace(
        "    {\"id\": \"a\"",
        "    {\"id\": \"ecr_registry\", \"type\": \"string\"},\n    {\"id\": \"a\"",
    );
    let empty = tool.replace("[\n    {\"id\": \"a\", \"type\": \"string\"}\n  ]", "{}");
    let new_empty = empty
        .replace("ubuntu:1", "$(inputs.ecr_registry)/docker-hub/library/ubuntu:1")
        .replace("{}", "{\"ecr_registry\": \"string\"}");
    let found = ["reg.example/team/docker-hub/library/ubuntu:1"];
    assert_expressed(&[("t.cwl", tool)], &[("t.cwl", &new)], &found);
    assert_expressed(&[("t.cwl", &empty)], &[("t.cwl", &new_empty)], &found);
}

#[test]
fn packed_and_embedded_tools_are_reached() {
    let text = "cwlVersion: v1.2\n$graph:\n- class: Workflow\n  id: main\n  inputs: {}\n  outputs: {}\n  steps:\n  - id: one\n    \
                run: '#tool'\n    in: {}\n    out: []\n  - id: two\n    in: {}\n    out: []\n    run:\n      class: CommandLineTool\n      \
                inputs: {}\n      outputs: {}\n      hints:\n        DockerRequirement:\n          dockerPull: 'quay.io/a/b:1'\n- class: CommandLineTool\n  id: tool\n  \
                inputs: {}\n  outputs: {}\n  hints: {DockerRequirement: {dockerPull: \"quay.io/a/c:1\"}}\n";
    let new = text
        .replace("quay.io/", "$(inputs.ecr_registry)/quay/")
        .replace("inputs: {}", "inputs: {ecr_registry: string}")
        .replace("in: {}", "in: {ecr_registry: ecr_registry}");
    let found = ["reg.example/team/quay/a/b:1", "reg.example/team/quay/a/c:1"];
    assert_expressed(&[("p.cwl", text)], &[("p.cwl", &new)], &found);
}

#[test]
fn imported_requirements_need_the_input_in_all_that_import_them() {
    let tool = "cwlVersion: v1.0\r\nclass: CommandLineTool\r\nrequirements:\r\n- $import: docker.yml\r\ninputs:\r\n  \"a\": string\r\noutputs: []\r\n";
    let docker = "class: DockerRequirement\ndockerPull: quay.io/a/b:1\n";
    let new = tool.replace("  \"a\"", "  ecr_registry: string\r\n  \"a\"");
    let files = [("a.cwl", tool), ("b.cwl", tool), ("docker.yml", docker)];
    let new_docker = docker.replace("quay.io/", "$(inputs.ecr_registry)/quay/");
    assert_expressed(
        &files,
        &[("a.cwl", &new), ("b.cwl", &new), ("docker.yml", &new_docker)],
        &["reg.example/team/quay/a/b:1"],
    );
    let draft = tool.replace("v1.0", "draft-3");
    assert_undeclared(&[("a.cwl", &draft), ("b.cwl", tool), ("docker.yml", docker)]);
}

#[test]
fn an_input_of_that_name_is_used_or_in_the_way() {
    let text = |input: &str| {
        format!(
            "cwlVersion: v1.2\nclass: CommandLineTool\ninputs:\n  ecr_registry: {input}\noutputs: []\n\
             hints:\n  DockerRequirement:\n    dockerPull: quay.io/a/b:1\n"
        )
    };
    for input in ["string", "{type: string}", "{type: string, doc: x}", "\n    type: string\n    doc: x"] {
        let text = text(input);
        let new = text.replace("quay.io/", "$(inputs.ecr_registry)/quay/");
        let rewriting = expressed(&[("t.cwl", &text)], None);
        assert_eq!(rewriting.files.first().map(|file| &file.after), Some(&new), "{input}");
        assert_eq!(rewriting.declared, []);
    }
    for input in ["File", "string?", "{type: int}", "[string, File]", "*x"] {
        assert_undeclared(&[("t.cwl", &text(input).replace("inputs:", "doc: &x string\ninputs:"))]);
    }
    let other = text("{type: string, default: h.example}");
    let found = outcomes(&expressed(&[("t.cwl", &other)], None));
    assert_eq!(found, [("quay.io/a/b:1".to_owned(), Some(Reason::NotFoundAgain))]);
}

#[test]
fn places_without_the_inputs_of_a_tool_are_left_alone() {
    let head = "cwlVersion: v1.2\nclass: Workflow\ninputs: {a: string}\noutputs: []\n";
    let tool = "cwlVersion: v1.2\nclass: CommandLineTool\ninputs: {a: string}\noutputs: []\n";
    let docker = "hints:\n  DockerRequirement:\n    dockerPull: ";
    assert_undeclared(&[("w.cwl", &format!("{head}steps: []\n{docker}quay.io/a/b:1\n"))]);
    assert_undeclared(&[("t.cwl", &format!("{tool}{docker}&image quay.io/a/b:1\n"))]);
    assert_undeclared(&[
        ("t.cwl", &format!("{tool}{docker}{{$include: i.txt}}\n")),
        ("i.txt", "quay.io/a/b:1"),
    ]);
    assert_undeclared(&[(
        "t.cwl",
        &format!("{tool}{docker}quay.io/a/b:1\n").replace("inputs: {", "inputs: &i {"),
    )]);
    assert_undeclared(&[(
        "t.cwl",
        &format!("{tool}{docker}quay.io/a/b:1\n").replace("inputs: {a: string}\n", ""),
    )]);
    let by_default = tool.replace("a: string", "a: {type: string, default: 'quay.io/a/b:1'}");
    assert_undeclared(&[("t.cwl", &format!("{by_default}{docker}$(inputs.a)\n"))]);
    let step = format!("{head}steps:\n  s:\n    in: {{a: a}}\n    out: []\n    run: t.cwl\n");
    let plain = format!("{tool}{docker}quay.io/a/b:1\n");
    assert_undeclared(&[
        ("t.cwl", tool),
        ("w.cwl", &format!("{step}    {}quay.io/a/b:1\n", docker.replace('\n', "\n    "))),
    ]);
    let given = step.replace("in: {", "in: {ecr_registry: {default: h.example}, ");
    assert_undeclared(&[("t.cwl", &plain), ("w.cwl", &given)]);
    let shared = step.replace("in: {", "in: &in {");
    assert_undeclared(&[("t.cwl", &plain), ("w.cwl", &shared)]);
}

#[test]
fn files_that_were_wrong_before_keep_nothing_from_being_rewritten() {
    let tool = "cwlVersion: v1.2\nclass: CommandLineTool\ninputs: []\noutputs: []\nhints:\n  DockerRequirement: {dockerPull: quay.io/a/b:1}\n";
    let broken =
        "cwlVersion: v1.2\nclass: Workflow\ninputs: []\nsteps:\n  one\n    run: other.cwl\n  two: {}\n";
    let rewriting = expressed(&[("t.cwl", tool), ("w.cwl", broken)], None);
    assert_eq!(outcomes(&rewriting), [("quay.io/a/b:1".to_owned(), None)]);
}
