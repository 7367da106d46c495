//! CWL: scalars of every style, JSON, anchors, imports and inputs.

use super::{assert_left_alone, assert_rewritten, rewritten, texts_after};
use crate::rewrite::Reason;

#[test]
fn every_style_of_scalar_is_taken() {
    for written in [
        "quay.io/a/b:1",
        "'quay.io/a/b:1'",
        "\"quay.io/a/b:1\" # quay.io/a/b:1 was here",
        ">-\n      quay.io/a/b:1",
        "|\n      quay.io/a/b:1",
        "&image quay.io/a/b:1",
        "!!str 'quay.io/a/b:1'",
        "\"quay.io\\/a\\x2fb:1\"",
    ] {
        let text = format!(
            "\u{feff}cwlVersion: v1.2\r\nclass: CommandLineTool\r\nhints:\r\n  DockerRequirement:\r\n    dockerPull: {written}\r\n"
        );
        let old = if written.contains('\\') { r"quay.io\/a\x2fb:1" } else { "quay.io/a/b:1" };
        let before = text.find(old).unwrap();
        let rewriting = rewritten(&[("t.cwl", &text)], None);
        let after = texts_after(&[("t.cwl", &text)], &rewriting);
        let mut expected = text.clone();
        expected.replace_range(before..before + old.len(), &format!("{}/quay/a/b:1", super::REGISTRY));
        assert_eq!(after["t.cwl"], expected);
    }
}

#[test]
fn json_and_flow_style_are_taken() {
    let json = "{\"cwlVersion\": \"v1.0\", \"class\": \"CommandLineTool\",\n \"hints\": [{\"class\": \"DockerRequirement\", \"dockerPull\": \"ubuntu:1\"}]}";
    assert_rewritten("t.cwl", json, &[("ubuntu:1", "ECR/docker-hub/library/ubuntu:1")]);
    let flow =
        "cwlVersion: v1.0\nclass: CommandLineTool\nhints: {DockerRequirement: {dockerPull: quay.io/a/b:1}}\n";
    assert_rewritten("t.cwl", flow, &[("quay.io/", "ECR/quay/")]);
}

#[test]
fn an_anchored_text_changes_once_for_all_its_aliases() {
    let text = "cwlVersion: v1.2\n$graph:\n- id: a\n  class: CommandLineTool\n  hints:\n  - &docker\n    class: DockerRequirement\n    \
                dockerPull: quay.io/a/b:1\n- id: b\n  class: CommandLineTool\n  hints:\n  - *docker\n";
    assert_rewritten("t.cwl", text, &[("quay.io/", "ECR/quay/")]);
}

#[test]
fn imported_requirements_and_defaults_of_inputs_change_where_they_stand() {
    let tool = "cwlVersion: v1.0\nclass: CommandLineTool\nrequirements:\n- $import: docker.yml\n";
    let import = "class: DockerRequirement\ndockerPull: quay.io/a/b:1\n";
    let sum = "cwlVersion: v1.2\nclass: CommandLineTool\ninputs:\n  tag: {type: string, default: '1'}\n  image: {type: string, default: ubuntu:1}\n\
               hints:\n  DockerRequirement: {dockerPull: \"quay.io/a/c:$(inputs.tag)\"}\n";
    let files = [("a.cwl", tool), ("b.cwl", sum), ("docker.yml", import)];
    let rewriting = rewritten(&files, None);
    let after = texts_after(&files, &rewriting);
    let to = format!("{}/quay/", super::REGISTRY);
    assert_eq!(after["docker.yml"], import.replace("quay.io/", &to));
    assert_eq!(after["b.cwl"], sum.replace("quay.io/", &to));
    assert_eq!(after["a.cwl"], tool);
}

#[test]
fn expressions_and_templates_stay() {
    let text = "cwlVersion: v1.0\nclass: CommandLineTool\nhints:\n  DockerRequirement:\n    dockerPull: $(\"quay.io/a/b:1\")\n";
    assert_left_alone(&[("t.cwl", text)], &[("quay.io/a/b:1", Reason::PutTogether)]);
    let text = "cwlVersion: v1.0\nclass: CommandLineTool\nhints:\n  DockerRequirement:\n    dockerPull: \"{{ r }}/b:1\"\n";
    assert_left_alone(&[("t.cwl", text)], &[("{{ r }}/b:1", Reason::Unresolved)]);
}
