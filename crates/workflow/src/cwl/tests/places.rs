//! Where an image is written, in every style of scalar and every kind of file.

use super::{chain, found, names, scan};
use crate::reference::Resolution;

/// Returns the only reference of a tool whose `dockerPull` is written so.
fn pulled(value: &str) -> crate::ContainerReference {
    let text = format!("# Größe\nhints:\n  DockerRequirement:\n    dockerPull: {value}\n");
    let mut references = found(&text);
    assert_eq!(references.len(), 1, "{text}");
    references.remove(0)
}

#[test]
fn every_style_of_scalar_has_its_place() {
    // The value, the name it comes to, the source at the place, and the line and column of that.
    let cases = [
        ("quay.io/a/b:1", "quay.io/a/b:1", "quay.io/a/b:1", 4, 17),
        ("'quay.io/a/b:1'", "quay.io/a/b:1", "quay.io/a/b:1", 4, 18),
        ("\"quay.io/a/b:1\" # é", "quay.io/a/b:1", "quay.io/a/b:1", 4, 18),
        ("\" a:1 \"", "a:1", "a:1", 4, 19),
        ("a:1   # comment", "a:1", "a:1", 4, 17),
        ("!!str a:1", "a:1", "a:1", 4, 23),
        ("&image a:1", "a:1", "a:1", 4, 24),
        ("&image\n      'a:1'", "a:1", "a:1", 5, 8),
        ("\n      a:1", "a:1", "a:1", 5, 7),
        ("|\n      a:1", "a:1", "a:1", 5, 7),
        (">-\n\n      a:1\n\n", "a:1", "a:1", 6, 7),
        ("&image |2-\n      a:1\n", "a:1", "a:1", 5, 7),
        (">-\n      a:1\n    # no text", "a:1", "a:1", 5, 7),
        ("\"a\\x3a1\"", "a:1", "a\\x3a1", 4, 18),
        ("'it''s'", "it's", "it''s", 4, 18),
        (">\n      a\n      b", "a b", "a\n      b", 5, 7),
        ("\"a:\\\n      1\"", "a:1", "a:\\\n      1", 4, 18),
        ("docker pull a:1", "docker pull a:1", "docker pull a:1", 4, 17),
        ("Some/Image:Tag", "Some/Image:Tag", "Some/Image:Tag", 4, 17),
        ("12.10", "12.10", "12.10", 4, 17),
    ];
    for (value, name, text, line, column) in cases {
        let reference = pulled(value);
        assert_eq!(reference.reference.as_deref(), Some(name), "{value}");
        assert_eq!(reference.resolution, Resolution::Literal, "{value}");
        assert_eq!((&*reference.text, reference.line, reference.column), (text, line, column), "{value}");
        assert_eq!(reference.literals.len(), 1, "{value}");
    }
}

#[test]
fn marks_of_order_line_ends_and_wide_characters_do_not_move_a_place() {
    let wide = "ä".repeat(500);
    for text in [
        "\u{feff}hints:\r\n  - class: DockerRequirement\r\n    dockerPull: a:1\r\n".to_owned(),
        format!("doc: |\n  {wide}\n# {wide} 🧬\nhints: {{DockerRequirement: {{'dockerPull': \"a:1\"}}}}\n"),
        format!("doc: \"{wide}\\\n  {wide}\"\nhints: [{{dockerPull: a:1, class: DockerRequirement}}]"),
    ] {
        let references = found(&text);
        assert_eq!(references[0].text, "a:1");
        let literal = &references[0].literals[0];
        assert_eq!(&text[literal.start..literal.end], "a:1");
    }
}

#[test]
fn aliases_and_merged_keys_lead_to_the_anchored_text() {
    let text = "\
x-image: &image 'quay.io/a/b:1'
x-docker: &docker {class: DockerRequirement, dockerPull: c:1}
$graph:
  - {id: one, hints: {DockerRequirement: {dockerPull: *image}}}
  - {id: two, hints: [*docker]}
  - {id: three, hints: {DockerRequirement: {<<: *docker}}}
  - {id: four, hints: &all [{class: DockerRequirement, dockerPull: d:1}]}
  - {id: five, hints: *all}
  - {id: six, hints: [{<<: [{x: y}, *docker], dockerPull: own:1}]}
";
    let references = found(text);
    assert_eq!(names(&references), ["quay.io/a/b:1", "c:1", "d:1", "own:1"]);
    let sites = |at: usize| -> Vec<_> {
        references[at].sites.iter().map(|site| (site.line, site.name.clone().unwrap_or_default())).collect()
    };
    assert_eq!(chain(&references[0]), ["tool.cwl:4 alias `*image`"]);
    assert_eq!((references[0].line, references[0].column), (1, 18));
    assert_eq!(chain(&references[1]), ["tool.cwl:5 alias `*docker`"]);
    assert_eq!(sites(1), [(5, "two".to_owned()), (6, "three".to_owned())]);
    assert_eq!(references[2].resolution, Resolution::Literal);
    assert_eq!(sites(2), [(7, "four".to_owned()), (8, "five".to_owned())]);
    assert_eq!(references[3].resolution, Resolution::Literal);
}

#[test]
fn files_that_engines_read_though_yaml_forbids_them_give_all() {
    for before in [
        "arguments: [\n  -x,\n]\n",
        "x: {symbols: [a, -, b]}\n",
        "inputs:\n  a:\n    secondaryFiles: [.a,\n    ^.b, .c]\n",
        "doc: \"one\ntwo\"\n",
        "{\"label\": \"\\ud83d\\ude00\"}\n---\n",
    ] {
        let text = format!("{before}hints:\n- $import: docker.yml\n");
        let (references, warnings) =
            scan(&[("tool.cwl", &text), ("docker.yml", "class: DockerRequirement\ndockerPull: a:1\n")]);
        assert_eq!((names(&references), warnings), (vec!["a:1"], vec![]), "{text}");
    }
}

#[test]
fn files_with_templates_around_are_read_with_a_warning() {
    let text = "\
class: CommandLineTool
{% if gpu %}
{# a note #}
baseCommand: {{ command }}-run: x
{% endif %}
hints:
\t- class: DockerRequirement
\t  dockerPull: {{ repository }}/tool:{{ tag }}
\t- class: DockerRequirement
\t  dockerPull: \"plain:1\"
";
    let (references, warnings) = scan(&[("tool.cwl", text)]);
    assert_eq!(names(&references), ["{{ repository }}/tool:{{ tag }}", "plain:1"]);
    assert_eq!((references[0].line, references[0].column), (8, 16));
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].message.starts_with("not valid YAML"), "{warnings:?}");
}

#[test]
fn broken_files_give_what_their_lines_say_for_certain() {
    let text = "\
class: CommandLineTool
doc: |
  DockerRequirement:
    dockerPull: in-text:1
hints:
  DockerRequirement
    dockerPull: a:1   # the image
  - class: DockerRequirement
    # dockerPull: commented:1
    'dockerPull': 'b:1'
  - class: DockerRequirement
    dockerPull: docker pull c:1
  - class: DockerRequirement
    dockerFile: |
      dockerPull: built:1
  - class: DockerRequirement
    dockerPull: $(inputs.image)
  - class: Other
    dockerPull: other:1
dockerPull: on-top:1
";
    let (references, warnings) = scan(&[("broken.cwl", text)]);
    assert_eq!(names(&references), ["a:1", "b:1", "$(inputs.image)"]);
    let places: Vec<_> = references.iter().map(|found| (found.line, found.column, &*found.text)).collect();
    assert_eq!(places, [(7, 17, "a:1"), (10, 20, "b:1"), (17, 17, "$(inputs.image)")]);
    assert_eq!(references[0].sites[0].name.as_deref(), Some("broken"));
    assert_eq!((warnings.len(), &*warnings[0].file), (1, "broken.cwl"));
}
