//! Requirements and texts that stand in other files.

use super::{chain, names, scan};
use crate::reference::Resolution;

const FRAGMENT: &str = "class: DockerRequirement\n# the image\ndockerPull: quay.io/a/b:1\n";

#[test]
fn imports_lead_to_the_file_that_holds_the_text() {
    let files = [
        ("tools/a.cwl", "id: a\nhints:\n  - $import: ../docker/b.yml\n"),
        ("tools/b.cwl", "id: b\nrequirements:\n  DockerRequirement: {$import: ./../docker//b.yml}\n"),
        ("tools/c.cwl", "id: c\nhints: {$import: list.yml}\n"),
        ("tools/d.cwl", "id: d\nhints: [{$import: list.yml}, {class: X}]\n"),
        ("tools/list.yml", "- $import: ../docker/b.yml\n- class: Y\n"),
        ("docker/b.yml", FRAGMENT),
        ("docker/unused.yml", FRAGMENT),
    ];
    let (references, warnings) = scan(&files);
    assert_eq!((names(&references), warnings), (vec!["quay.io/a/b:1"], vec![]));
    let reference = &references[0];
    assert_eq!((&*reference.file, reference.line, reference.column), ("docker/b.yml", 3, 13));
    assert_eq!(chain(reference), ["tools/a.cwl:3 `$import` of `../docker/b.yml`"]);
    let sites: Vec<_> = reference.sites.iter().map(|site| (&*site.file, site.line)).collect();
    assert_eq!(sites, [("tools/a.cwl", 3), ("tools/b.cwl", 3), ("tools/c.cwl", 2), ("tools/d.cwl", 2)]);
}

#[test]
fn includes_give_the_text_of_a_file() {
    let files = [
        ("a.cwl", "hints: {DockerRequirement: {dockerPull: {$include: my%20image.txt}}}\n"),
        ("my image.txt", "\u{feff}\n  quay.io/a/b:1\n\n"),
        ("b.cwl", "hints: {DockerRequirement: {dockerImageId: b, dockerFile: {$include: Dockerfile}}}\n"),
        ("Dockerfile", "FROM base:1\n"),
    ];
    let (references, warnings) = scan(&files);
    assert_eq!((names(&references), warnings), (vec!["{built from dockerFile}", "quay.io/a/b:1"], vec![]));
    let included = &references[1];
    assert_eq!((&*included.file, included.line, included.column), ("my image.txt", 2, 3));
    assert_eq!(chain(included), ["a.cwl:1 `$include` of `my%20image.txt`"]);
}

#[test]
fn a_mixin_gives_the_keys_that_are_not_its_own() {
    let files = [
        ("a.cwl", "hints:\n- {$mixin: docker.yml}\n- {$mixin: docker.yml, dockerPull: own:1}\n"),
        ("docker.yml", FRAGMENT),
    ];
    let (references, warnings) = scan(&files);
    assert_eq!((names(&references), warnings), (vec!["own:1", "quay.io/a/b:1"], vec![]));
    assert_eq!(references[0].resolution, Resolution::Literal);
    assert_eq!(chain(&references[1]), ["a.cwl:2 `$mixin` of `docker.yml`"]);
}

#[test]
fn what_a_step_runs_counts_where_no_version_makes_it_count_itself() {
    let tool = "class: CommandLineTool\nhints: {DockerRequirement: {dockerPull: a:1}}\n";
    let versioned = format!("cwlVersion: v1.0\n{tool}");
    let files = [
        (
            "flow.cwl",
            "class: Workflow\nsteps: {a: {run: tool.yml}, b: {run: own.yml}, c: {run: {$import: tool.yml}}}\n",
        ),
        ("tool.yml", tool),
        ("own.yml", &*versioned),
    ];
    let (references, warnings) = scan(&files);
    assert_eq!((names(&references), warnings), (vec!["a:1", "a:1"], vec![]));
    assert_eq!(references.iter().map(|found| &*found.file).collect::<Vec<_>>(), ["own.yml", "tool.yml"]);
}

#[test]
fn a_packed_process_is_imported_by_its_name() {
    let files = [
        ("a.cwl", "hints:\n- $import: packed.yml#two\n"),
        (
            "packed.yml",
            "$graph:\n- {id: '#one', class: DockerRequirement, dockerPull: one}\n- {id: two, class: DockerRequirement, dockerPull: two}\n",
        ),
    ];
    assert_eq!(names(&scan(&files).0), ["two"]);
}

#[test]
fn nothing_outside_the_folder_is_followed() {
    for target in [
        "../outside.yml",
        "a/../../outside.yml",
        "/etc/docker.yml",
        "file:///etc/docker.yml",
        "https://example.org/docker.yml",
        "missing.yml",
        "a.cwl/..",
        "",
    ] {
        let text =
            format!("hints:\n- $import: '{target}'\n- {{class: DockerRequirement, dockerPull: a:1}}\n");
        let (references, warnings) = scan(&[("a.cwl", &text)]);
        assert_eq!(names(&references), ["a:1"], "{target}");
        assert_eq!((warnings.len(), warnings[0].line), (1, Some(2)), "{target} {warnings:?}");
    }
}

#[test]
fn rings_of_imports_end_with_a_warning() {
    let files = [
        ("a.cwl", "hints: [{$import: b.yml}, {class: DockerRequirement, dockerPull: a:1}]\n"),
        ("b.yml", "$import: c.yml\n"),
        ("c.yml", "{$import: b.yml}\n"),
    ];
    let (references, warnings) = scan(&files);
    assert_eq!((names(&references), warnings.len()), (vec!["a:1"], 1));
    let files = [
        ("a.cwl", "hints: [{$import: list.yml}]\n"),
        ("list.yml", "[{$import: list.yml}, {$import: a.cwl}]\n"),
    ];
    scan(&files);
}

#[test]
fn broken_imports_are_warned_of_once() {
    let files = [
        ("a.cwl", "hints: [{$import: b.yml}]\n"),
        ("b.cwl", "hints: [{$import: b.yml}]\n"),
        ("b.yml", "class: [DockerRequirement\n"),
    ];
    let (references, warnings) = scan(&files);
    assert_eq!(references, []);
    assert_eq!(warnings.iter().map(|warning| &*warning.file).collect::<Vec<_>>(), ["b.yml"]);
}
