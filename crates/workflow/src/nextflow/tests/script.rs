//! Directives of processes: the ways to write them, and what is none.

use super::{scan, script};
use crate::reference::{Engine, Resolution};

/// A process with this directive.
fn process(directive: &str) -> String {
    format!(
        "process ALIGN {{\n    tag 'x'\n    {directive}\n\n    input:\n    path reads\n\n    script:\n    \"\"\"\n    run\n    \"\"\"\n}}\n"
    )
}

#[test]
fn every_way_to_quote_is_read() {
    for directive in [
        "container 'a/b:1'",
        "container \"a/b:1\"",
        "container '''a/b:1'''",
        "container \"\"\"a/b:1\"\"\"",
        "container = 'a/b:1'",
        "container('a/b:1')",
        "container ('a/b:1')",
        "container { 'a/b:1' }",
        "container { return 'a/b:1' }",
        "container({ 'a/b:1' })",
        "container = /a\\/b:1/",
        "container = $/a/b:1/$",
        "container = 'a/b:1' as String",
        "container 'a/b:1' // comment",
        "container /* comment */ 'a/b:1'",
        "container 'a/b:1'; cpus 2",
        "cpus 2; container 'a/b:1'",
        "container 'a\\u002fb:1'",
    ] {
        let scanned = script(&process(directive));
        let only = scanned.only();
        assert_eq!(only.reference.as_deref(), Some("a/b:1"), "{directive}");
        assert_eq!(only.resolution, Resolution::Literal, "{directive}");
        assert_eq!(only.engine, Engine::Any);
        assert_eq!(only.line, 3);
        assert_eq!(only.sites.len(), 1);
        assert_eq!(only.sites[0].name.as_deref(), Some("ALIGN"));
        assert_eq!(only.sites[0].line, 3);
    }
}

#[test]
fn the_place_is_that_of_the_text_and_the_site_that_of_the_directive() {
    let text = process(
        "container \"${ workflow.containerEngine == 'singularity' && !task.ext.singularity_pull_docker_container ?\n        'https://depot/bwa:1' :\n        'quay.io/biocontainers/bwa:1' }\"",
    );
    let scanned = script(&text);
    assert_eq!(
        scanned.names(),
        [("https://depot/bwa:1", Engine::Singularity), ("quay.io/biocontainers/bwa:1", Engine::Docker)]
    );
    let docker = &scanned.references[1];
    assert_eq!((docker.line, docker.column), (5, 10));
    assert_eq!((docker.sites[0].line, docker.sites[0].column), (3, 5));
    assert_eq!(docker.text, "quay.io/biocontainers/bwa:1");
    assert_eq!(docker.resolution, Resolution::Literal);
    assert_eq!(docker.literals.len(), 1);
}

#[test]
fn words_that_are_no_directives_are_left_alone() {
    for text in [
        "// container 'a/b:1'\n",
        "/* process X { container 'a/b:1' } */",
        "params.container = 'a/b:1'\n",
        "workflow {\n  container = 'a/b:1'\n  X(container)\n}\n",
        "process X {\n  containerOptions '--gpus all'\n  script:\n  container = 'a/b:1'\n  \"\"\"\n  container 'x'\n  \"\"\"\n}\n",
        "process X {\n  input:\n  val container\n  stub:\n  container 'a/b:1'\n}\n",
        "def container = 'a/b:1'\n",
        "process X {\n  conda 'environment.yml'\n  container 'modules/x/.conda-lock/linux-64.txt'\n}\n",
        "process X {\n  container null\n}\n",
        "process X {\n  container ''\n}\n",
        "println '''\nprocess X {\n  container 'a/b:1'\n}\n'''\n",
    ] {
        let scanned = script(text);
        assert_eq!(scanned.names(), [], "{text}");
    }
}

#[test]
fn old_and_new_shapes_of_processes_are_read() {
    for text in [
        "process 'two words' {\n container 'a/b:1'\n \"\"\"\n run\n \"\"\"\n}\n",
        "process X\n{\n  container 'a/b:1'\n}\n",
        "if (params.x) {\n  process X {\n    container 'a/b:1'\n    output:\n    file 'x' into ch\n    'run'\n  }\n}\n",
        "nextflow.enable.types = true\nprocess X {\n  container 'a/b:1'\n  input:\n  record(meta: Record, reads: Set<Path>)\n  stage:\n  stageAs reads, 'in/*'\n  script:\n  'run'\n}\n",
        "#!/usr/bin/env nextflow\nprocess X { container 'a/b:1'\n script: 'run' }\n",
        "\u{feff}process X {\n  container 'a/b:1'\n}\n",
        "process X {\r\n  container 'a/b:1'\r\n}\r\n",
        "process X {\n  publishDir 'x',\n    mode: 'copy',\n    output: true\n  container 'a/b:1'\n}\n",
    ] {
        assert_eq!(script(text).sorted(), ["a/b:1"], "{text}");
    }
}

#[test]
fn several_processes_share_one_text_by_place_only() {
    let scanned = script("process A { container 'a/b:1' }\nprocess B { container 'a/b:1' }\n");
    assert_eq!(scanned.references.len(), 2);
}

#[test]
fn a_broken_file_loses_nothing_else() {
    for broken in [
        "def x = 'not closed\n",
        "def x = \"not ${closed\n",
        "def x = foo(1, 2\n",
        "process BAD {\n  script:\n  if (x) {\n  'run'\n}\n",
        "}}}\n",
        "def f() {\n  [1, 2\n}\n",
        "x = a / b / 'c'\n",
        "x = y =~ /it's/ ? 1 : 2\n",
        "x = ['it/s': /\"/]\n",
        "/* not closed\n",
    ] {
        for order in [
            format!("{broken}process GOOD {{\n  container 'a/b:1'\n}}\n"),
            format!("process GOOD {{\n  container 'a/b:1'\n}}\n{broken}"),
        ] {
            assert_eq!(script(&order).sorted(), ["a/b:1"], "{order}");
        }
    }
}

#[test]
fn strings_with_code_inside_end_where_they_end() {
    let text = r#"
process FIRST {
    container "a/b:1"
    script:
    def args = task.ext.args ?: "${meta.id ? "'${meta.id}'" : '"x"'}"
    def strip = reads.collect { it.replaceAll(/['"]$/, "") }.join("/'/")
    """
    echo "it's" '${args}' \$HOME $strip ${x ? "}" : '{'} | awk '{ print \$1 }'
    """
}
process SECOND {
    container 'c/d:2'
    script:
    template 'x.sh'
}
"#;
    assert_eq!(script(text).sorted(), ["a/b:1", "c/d:2"]);
}

#[test]
fn branches_in_a_process_are_followed() {
    let text = "process X {\n  if (workflow.containerEngine == 'singularity' && !params.pull) {\n    container 'https://depot/x:1'\n  } else {\n    container 'quay.io/x:1'\n  }\n  input:\n  path a\n}\n";
    assert_eq!(
        script(text).names(),
        [("https://depot/x:1", Engine::Singularity), ("quay.io/x:1", Engine::Docker)]
    );
    let without_braces =
        "process X {\n  if (params.gpu) container 'a/gpu:1'\n  else container 'a/cpu:1'\n}\n";
    assert_eq!(script(without_braces).sorted(), ["a/cpu:1", "a/gpu:1"]);
}

#[test]
fn scripts_and_configurations_are_told_by_their_endings() {
    let scanned = scan(&[
        ("notes.txt", "process X { container 'a/b:1' }"),
        ("Main.groovy", "process X { container 'a/b:1' }"),
        ("module.nf", "process X { container 'c/d:1' }"),
        ("app.config", "<?xml version=\"1.0\"?><configuration container=\"x\"/>"),
        ("tool.config", "[section]\ncontainer = 'e/f:1'\n"),
    ]);
    assert_eq!(scanned.sorted(), ["c/d:1"]);
    assert_eq!(scanned.warnings, []);
}
