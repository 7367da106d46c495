//! Values that hang on inputs, and templates.

use super::{chain, found, names, scan};
use crate::reference::{ContainerReference, Resolution};

fn depends_on(reference: &ContainerReference) -> Vec<&str> {
    match &reference.resolution {
        Resolution::Unresolved { depends_on, .. } => depends_on.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

fn tool(image: &str, inputs: &str) -> String {
    format!(
        "id: tool\nclass: CommandLineTool\nhints:\n  DockerRequirement:\n    dockerPull: {image}\ninputs: {inputs}\n"
    )
}

#[test]
fn unknown_inputs_leave_a_value_unresolved() {
    let cases = [
        ("$(inputs.docker)", "{docker: string}", vec!["inputs.docker"]),
        ("'$(inputs.a)/b:$(inputs.c)'", "{a: {default: x}}", vec!["inputs.a", "inputs.c"]),
        ("\"$(inputs.gpu ? 'a:gpu' : 'a:cpu')\"", "{gpu: {default: true}}", vec!["inputs.gpu"]),
        ("|\n      ${\n        return inputs.a[0];\n      }", "[]", vec!["inputs.a"]),
        ("$(runtime.image)", "[]", vec!["runtime.image"]),
        ("$(inputs.a)", "{a: {default: null}}", vec!["inputs.a"]),
        ("$(inputs.a)", "{a: {default: ''}}", vec!["inputs.a"]),
        ("$(inputs.a)", "{a: {default: $(inputs.a)}}", vec!["inputs.a"]),
        ("$(inputs.a)", "{a: {default: {class: File, path: x}}}", vec!["inputs.a"]),
    ];
    for (image, inputs, expected) in cases {
        let references = found(&tool(image, inputs));
        assert_eq!(references.len(), 1, "{image}");
        assert!(references[0].is_unresolved(), "{image}");
        assert_eq!(depends_on(&references[0]), expected, "{image}");
        assert_eq!(references[0].sites[0].line, 4);
    }
    assert_eq!(found(&tool("$(inputs.a)", "[]"))[0].line, 5);
}

#[test]
fn defaults_of_inputs_count() {
    for inputs in [
        "{docker: {type: string, default: 'quay.io/a/b:1'}}",
        "[{id: docker, type: string, default: quay.io/a/b:1}]",
        "[{id: '#tool/docker', default: quay.io/a/b:1}]",
        "\n  docker:\n    type: string?\n    default: >-\n      quay.io/a/b:1",
    ] {
        let references = found(&tool("$(inputs.docker)", inputs));
        assert_eq!(names(&references), ["quay.io/a/b:1"], "{inputs}");
        assert_eq!(references[0].text, "quay.io/a/b:1");
        assert_eq!(chain(&references[0]).len(), 1);
    }
    let references = found(&tool("$(inputs.docker)", "{docker: {default: a:1}}"));
    assert_eq!(chain(&references[0]), ["tool.cwl:6 default of input `docker`"]);
    assert_eq!((references[0].line, references[0].column), (6, 28));
}

#[test]
fn sums_have_every_literal() {
    let text = tool(
        "quay.io/$(inputs.name):$(inputs['the-tag'])-x",
        "{name: {default: a/b}, the-tag: {default: '1'}}",
    );
    let references = found(&text);
    assert_eq!(names(&references), ["quay.io/a/b:1-x"]);
    let pieces: Vec<_> = references[0].literals.iter().map(|at| &text[at.start..at.end]).collect();
    assert_eq!(pieces, ["quay.io/", ":", "-x", "a/b", "1"]);
    assert_eq!((references[0].line, &*references[0].text), (5, "quay.io/"));
    assert_eq!(references[0].literals[1].column, 39);
    let text = tool("${return inputs.r + \"/b\" + ':1';}", "{r: {default: quay.io/a}}");
    assert_eq!(names(&found(&text)), ["quay.io/a/b:1"]);
}

#[test]
fn what_callers_give_counts() {
    let flow = "\
cwlVersion: v1.2
class: Workflow
id: flow
inputs:
  registry: {type: string, default: quay.io}
  unknown: string
  image: {type: string, default: given:1}
steps:
  one: {run: tool.cwl, in: {docker: {default: from-step:1}}}
  two: {run: tool.cwl, in: {docker: image}}
  three: {run: tool.cwl, in: [{id: docker, source: '#flow/image'}]}
  four: {run: tool.cwl, in: {registry: registry, docker: {valueFrom: $(inputs.registry + '/a/b:2')}}}
  five: {run: tool.cwl, in: {docker: {valueFrom: 'fixed:1'}}}
  six: {run: tool.cwl, in: {docker: unknown}}
  seven: {run: tool.cwl, in: {docker: six/out}}
  eight: {run: sub/inner.cwl, in: {img: {source: [image]}}}
  nine: {run: other.cwl, in: {docker: {default: not-this:1}}}
";
    let inner =
        "class: Workflow\ninputs: {img: string}\nsteps: [{id: s, run: ../tool.cwl, in: {docker: img}}]\n";
    let tool = tool("$(inputs.docker)", "{docker: string}");
    let (references, warnings) = scan(&[("flow.cwl", flow), ("sub/inner.cwl", inner), ("tool.cwl", &tool)]);
    assert_eq!(warnings, []);
    assert_eq!(names(&references), ["given:1", "from-step:1", "quay.io/a/b:2", "fixed:1"]);
    let given = &references[0];
    assert_eq!((&*given.file, given.line), ("flow.cwl", 7));
    assert_eq!(chain(given)[0], "flow.cwl:10 input `docker` of step `two`");
    assert!(references.iter().all(|found| found.sites.len() == 1 && found.sites[0].file == "tool.cwl"));
}

#[test]
fn callers_of_packed_and_inline_processes_count() {
    let text = "\
cwlVersion: v1.0
$graph:
- id: '#main'
  class: Workflow
  inputs: [{id: '#main/image', default: packed:1}]
  steps:
  - {id: '#main/s', run: '#tool', in: [{id: '#main/s/docker', source: '#main/image'}]}
  - id: '#main/t'
    in: {docker: {default: inline:1}}
    run: {class: CommandLineTool, inputs: {docker: string}, hints: {DockerRequirement: {dockerPull: $(inputs.docker)}}}
- id: '#tool'
  class: CommandLineTool
  inputs: [{id: '#tool/docker', type: string}]
  hints: [{class: DockerRequirement, dockerPull: $(inputs.docker)}]
";
    assert_eq!(names(&found(text)), ["packed:1", "inline:1"]);
}

#[test]
fn templates_are_unresolved_as_they_are_written() {
    let cases = [
        (
            "\"{{ docker_repository }}/tool:{{ tool }}\"",
            "{{ docker_repository }}/tool:{{ tool }}",
            vec!["docker_repository", "tool"],
        ),
        ("{{ image }}", "{{ image }}", vec!["image"]),
        ("{{ image }} # note }", "{{ image }}", vec!["image"]),
        ("'{{ a | default(\"x\") }}'", "{{ a | default(\"x\") }}", vec!["a"]),
    ];
    for (image, template, expected) in cases {
        let references = found(&tool(image, "[]"));
        assert_eq!((names(&references), depends_on(&references[0])), (vec![template], expected), "{image}");
        assert_eq!((references[0].line, &*references[0].text), (5, template), "{image}");
        assert_eq!(references[0].reference, None);
    }
}
