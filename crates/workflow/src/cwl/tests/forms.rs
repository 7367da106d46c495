//! Where a requirement may stand, and which of its keys counts.

use super::{found, name, names, scan};
use crate::reference::{Engine, Language, Resolution};

/// Returns the names and the site names of what is found in a file.
fn asked(text: &str) -> Vec<(String, String)> {
    let site = |reference: &crate::ContainerReference| reference.sites[0].name.clone().unwrap_or_default();
    found(text).iter().map(|reference| (name(reference).to_owned(), site(reference))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, site)| ((*name).to_owned(), (*site).to_owned())).collect()
}

#[test]
fn lists_and_mappings_of_requirements_and_hints_count() {
    let text = "\
#!/usr/bin/env cwl-runner
cwlVersion: v1.0
class: CommandLineTool
id: trim
requirements:
  - class: InlineJavascriptRequirement
  - class: DockerRequirement
    dockerPull: quay.io/biocontainers/trim:1.0--0
hints:
  SoftwareRequirement: {packages: {trim: {version: ['1.0']}}}
  DockerRequirement:
    dockerPull: trim/trim
inputs: []
";
    let references = found(text);
    assert_eq!(names(&references), ["quay.io/biocontainers/trim:1.0--0", "trim/trim"]);
    let [listed, mapped] = &references[..] else { panic!("two references") };
    assert_eq!((listed.line, listed.column), (8, 17));
    assert_eq!((listed.sites[0].line, listed.sites[0].column), (7, 5));
    assert_eq!((mapped.sites[0].line, mapped.sites[0].column), (11, 3));
    assert!(references.iter().all(|found| found.sites[0].name.as_deref() == Some("trim")));
    assert!(references.iter().all(|found| found.resolution == Resolution::Literal));
    assert!(references.iter().all(|found| found.engine == Engine::Any && found.language == Language::Cwl));
}

#[test]
fn every_kind_of_process_counts() {
    for class in ["CommandLineTool", "ExpressionTool", "Workflow", "Operation"] {
        for version in ["cwlVersion: v1.2\n", "cwlVersion: 'cwl:draft-3'\n", "cwlVersion: v1.3.0-dev1\n", ""]
        {
            let text =
                format!("{version}class: {class}\nhints: [{{class: DockerRequirement, dockerPull: a:1}}]\n");
            assert_eq!(asked(&text), pairs(&[("a:1", "tool")]), "{text}");
        }
    }
}

#[test]
fn steps_and_inline_and_packed_processes_count() {
    let text = "\
cwlVersion: v1.2
$graph:
  - id: '#main'
    class: Workflow
    requirements: {DockerRequirement: {dockerPull: of-workflow:1}}
    steps:
      align:
        hints: {DockerRequirement: {dockerPull: of-step:1}}
        run:
          class: CommandLineTool
          hints: {DockerRequirement: {dockerPull: inline:1}}
      call:
        run: '#call'
  - id: file:///flows/packed.cwl#call
    class: Workflow
    steps:
      - id: '#call/sort'
        requirements: [{class: DockerRequirement, dockerPull: of-listed-step:1}]
        run: {class: Workflow, id: inner, steps: [{run: {label: Deep, class: CommandLineTool, hints: [{class: DockerRequirement, dockerPull: deep:1}]}}]}
";
    let expected = [
        ("of-workflow:1", "main"),
        ("of-step:1", "align"),
        ("inline:1", "align"),
        ("of-listed-step:1", "call/sort"),
        ("deep:1", "Deep"),
    ];
    assert_eq!(asked(text), pairs(&expected));
}

#[test]
fn json_counts_with_its_escapes_and_tabs() {
    let text = "{\n\t\"cwlVersion\": \"v1.0\",\n\t\"label\": \"\\ud83d\\ude00\",\n\t\"class\": \"CommandLineTool\",\n\t\"hints\": \
        [{\"class\": \"DockerRequirement\", \"dockerPull\": \"quay.io\\/a\\/b:1\"}]\n}";
    let references = found(text);
    assert_eq!(names(&references), ["quay.io/a/b:1"]);
    assert_eq!(references[0].text, "quay.io\\/a\\/b:1");
}

#[test]
fn yaml_and_json_files_count_by_their_version() {
    let body = "class: CommandLineTool\nhints: {DockerRequirement: {dockerPull: a:1}}\n";
    let with_version = format!("cwlVersion: v1.0\n{body}");
    let inner = format!("x:\n  cwlVersion: v1.0\ny: [cwlVersion]\n{body}");
    let json = r#"{"cwlVersion":"v1.2","hints":{"DockerRequirement":{"dockerPull":"b:1"}}}"#;
    let files = [
        ("a.yaml", &*with_version),
        ("b.yml", &*with_version),
        ("c.json", json),
        ("no/version.yml", body),
        ("no/inner.yml", &*inner),
        ("no/other.txt", &*with_version),
        ("upper.CWL", body),
    ];
    let (references, warnings) = scan(&files);
    let places: Vec<_> = references.iter().map(|found| (&*found.file, name(found))).collect();
    assert_eq!(places, [("a.yaml", "a:1"), ("b.yml", "a:1"), ("c.json", "b:1"), ("upper.CWL", "a:1")]);
    assert_eq!(warnings, []);
}

#[test]
fn documents_of_a_stream_count_one_by_one() {
    let one = "class: CommandLineTool\nhints: {DockerRequirement: {dockerPull: ";
    let text = format!("%YAML 1.2\n---\n{one}a:1}}}}\n...\n---\n{one}b:1}}}}\n--- # empty\n");
    assert_eq!(names(&found(&text)), ["a:1", "b:1"]);
}

#[test]
fn a_pull_hides_what_is_built_and_the_local_name() {
    let text = "hints:\n  DockerRequirement:\n    dockerImageId: local\n    dockerFile: FROM base:1\n    dockerPull: a:1\n";
    assert_eq!(names(&found(text)), ["a:1"]);
}

#[test]
fn what_is_built_is_unresolved_and_may_have_a_name() {
    let text = "\
class: CommandLineTool
hints:
  DockerRequirement:
    dockerImageId: local/tool:1
    dockerFile: |
      FROM ubuntu:22.04
      # dockerPull: not-this:1
requirements:
  - class: DockerRequirement
    dockerLoad: {class: File, location: image.tar}
  - dockerImport: http://example.org/image.tar.gz
    class: DockerRequirement
";
    let references = found(text);
    assert_eq!(
        names(&references),
        ["{built from dockerFile}", "{loaded by dockerLoad}", "{imported by dockerImport}"]
    );
    let [built, loaded, imported] = &references[..] else { panic!("three references") };
    assert!(references.iter().all(crate::ContainerReference::is_unresolved));
    assert_eq!(
        (built.line, built.reference.as_deref(), built.literals[0].line),
        (4, Some("local/tool:1"), 4)
    );
    assert_eq!((loaded.line, loaded.reference.as_deref(), loaded.text.as_str()), (9, None, "dockerLoad"));
    assert_eq!(imported.line, 11);
    let Resolution::Unresolved { depends_on, .. } = &imported.resolution else { panic!("unresolved") };
    assert_eq!(depends_on, &["dockerImport"]);
}

#[test]
fn a_name_alone_is_an_image_unless_it_is_local() {
    let text = |id: &str| format!("hints: {{DockerRequirement: {{dockerImageId: '{id}'}}}}\n");
    assert_eq!(found(&text("quay.io/a/b:1"))[0].reference.as_deref(), Some("quay.io/a/b:1"));
    let digest = "0123456789abcdef".repeat(4);
    for id in ["0123456789ab", &format!("sha256:{digest}"), "debian.sif", "stable-slim.img"] {
        assert!(found(&text(id))[0].is_unresolved(), "{id}");
    }
}

#[test]
fn prefixes_of_the_class_do_not_matter() {
    let text = "hints:\n  - class: cwl:DockerRequirement\n    dockerPull: a:1\n  - class: \
        'https://w3id.org/cwl/cwl#DockerRequirement'\n    dockerPull: b:1\n  - class: sbg:DockerRequirements\n    \
        dockerPull: c:1\n  - DockerRequirement: {dockerPull: d:1}\n";
    assert_eq!(names(&found(text)), ["a:1", "b:1", "d:1"]);
}

#[test]
fn keys_that_stand_twice_count_twice() {
    let text = "hints:\n  DockerRequirement:\n    dockerPull: a:1\n    dockerPull: b:1\nhints:\n  - class: \
        DockerRequirement\n    dockerPull: c:1\n";
    assert_eq!(names(&found(text)), ["a:1", "b:1", "c:1"]);
}

#[test]
fn requirements_of_expression_engines_count() {
    let text = "requirements:\n  - class: ExpressionEngineRequirement\n    requirements:\n      - class: \
        DockerRequirement\n        dockerPull: engine:1\n";
    assert_eq!(names(&found(text)), ["engine:1"]);
}

#[test]
fn overrides_count_in_the_inputs_of_a_run() {
    let text = "reads: a.fastq\ncwltool:overrides:\n  trim.cwl:\n    requirements:\n      DockerRequirement: \
        {dockerPull: other:1}\n";
    let (references, warnings) =
        scan(&[("job.yml", text), ("inputs.yml", "hints: {DockerRequirement: {dockerPull: a}}\n")]);
    assert_eq!(warnings, []);
    assert_eq!(names(&references), ["other:1"]);
    assert_eq!(references[0].sites[0].name.as_deref(), Some("trim.cwl"));
}

#[test]
fn look_alikes_do_not_count() {
    let text = "\
class: CommandLineTool
doc: |
  hints:
    DockerRequirement:
      dockerPull: in-text:1
# hints: {DockerRequirement: {dockerPull: in-comment:1}}
dockerPull: on-top:1
DockerRequirement: {dockerPull: no-hint:1}
inputs:
  hints:
    type: string
    default: {class: DockerRequirement, dockerPull: a-default:1}
hints:
  DockerRequirement:
    # dockerPull: commented:1
    dockerPull: real:1 # dockerPull: behind:1
  Other: {dockerPull: of-other:1}
";
    assert_eq!(names(&found(text)), ["real:1"]);
}

#[test]
fn a_requirement_without_image_is_warned_of() {
    for value in ["", " ''", " null", " [a]", " {a: b}"] {
        let text = format!("hints:\n  DockerRequirement:\n    dockerPull:{value}\n");
        let (references, warnings) = scan(&[("tool.cwl", &text)]);
        assert_eq!(references, [], "{text}");
        assert_eq!((warnings.len(), warnings[0].line), (1, Some(3)), "{text}");
    }
}
