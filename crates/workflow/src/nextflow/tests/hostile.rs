//! Input that nobody wrote on purpose, or somebody did.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{config, scan, script};

/// Far more than any of these inputs takes, even unoptimised.
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn deep_nesting_costs_neither_stack_nor_time() {
    let deep = 100_000;
    let start = Instant::now();
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{", "}"),
        ("\"${", "}\""),
        ("a ? ", " : b"),
        ("!", ""),
        ("a ?: ", "b"),
        ("a + ", "b"),
        ("a.b", ""),
        ("a[", "]"),
        ("if (a) ", "b"),
        ("if (a) { ", "}"),
        ("f(", ")"),
        ("x = ", ""),
        ("'", ""),
        ("\"", ""),
        ("/", ""),
        ("$/", ""),
        ("/*", ""),
        ("\"\"\"${", ""),
        ("=/\\/", ""),
    ] {
        let value = format!("{}'a/b:1'{}", open.repeat(deep), close.repeat(deep));
        script(&format!("process X {{\n  container {value}\n}}\nprocess Y {{\n  container 'c/d:1'\n}}\n"));
        script(&format!("def x = {value}\n"));
        script(&value);
        config(&format!("process.container = {value}\n"));
        config(&value);
    }
    for open in ["a { ", "process { ", "profiles { ", "if (x) { ", "a.", "withName: x { "] {
        config(&open.repeat(deep));
    }
    assert!(start.elapsed() < LIMIT * 4, "{:?}", start.elapsed());
}

#[test]
fn what_is_too_deep_is_said() {
    let value = format!("{}'a/b:1'{}", "(".repeat(500), ")".repeat(500));
    let scanned =
        script(&format!("process X {{\n  container {value}\n}}\nprocess Y {{\n  container 'c/d:1'\n}}\n"));
    assert!(scanned.sorted().contains(&"c/d:1"));
    assert_eq!(scanned.warnings.len(), 1);
    assert!(scanned.warnings[0].message.contains("too deep"), "{:?}", scanned.warnings);
}

#[test]
fn broken_strings_are_not_read_again_and_again() {
    let start = Instant::now();
    for line in [
        "\"${\n",
        "'\n",
        "x = \"\"\"${ '\n",
        "'''\n",
        "$/ ${\n",
        "x = /a\\/\n",
        "process X {\n\"${\n",
        "/*\n",
        "{ \"${ (\n",
        "} ) ]\n",
    ] {
        let text = line.repeat(50_000);
        script(&text);
        config(&format!("params.x = 1\n{text}"));
    }
    assert!(start.elapsed() < LIMIT * 4, "{:?}", start.elapsed());
}

#[test]
fn circles_end() {
    for text in [
        "params.a = params.b\nparams.b = params.a\nprocess X { container params.a }\n",
        "params.a = \"x${params.a}\"\nprocess X { container params.a }\n",
        "def a = b\ndef b = a\nprocess X { container a }\n",
        "def f(x) { f(x) }\nprocess X { container f('a') }\n",
        "def f(x) { \"${f(x)}${f(x)}\" }\nprocess X { container f('a') }\n",
        "def f = { f() }\nprocess X { container f() }\n",
        "process X { def x = x\n container x ? x : \"$x\" }\n",
    ] {
        assert!(script(text).only().is_unresolved(), "{text}");
    }
    let ext = "process.ext.a = { task.ext.b }\nprocess.ext.b = { task.ext.a }\n";
    let scanned = scan(&[("main.nf", "process X { container task.ext.a }\n"), ("nextflow.config", ext)]);
    assert!(scanned.only().is_unresolved());
    scan(&[(
        "nextflow.config",
        "includeConfig 'nextflow.config'\ndocker.registry = 'x.io'\nprocess.container = 'a'\n",
    )]);
}

#[test]
fn doubling_ends() {
    let start = Instant::now();
    let mut text = String::from("params.p0 = 'abcdefgh'\n");
    for at in 1..64 {
        text += &format!("params.p{at} = \"${{params.p{}}}${{params.p{}}}\"\n", at - 1, at - 1);
    }
    for _ in 0..200 {
        text += "process X { container params.p63 }\n";
    }
    script(&text);
    let mut branches = String::from("params.p0 = true ? 'a' : 'b'\n");
    for at in 1..64 {
        branches += &format!("params.p{at} = x ? params.p{} : \"${{params.p{}}}x\"\n", at - 1, at - 1);
    }
    branches += "process X { container params.p63 }\n";
    assert!(script(&branches).references.len() <= 64);
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
}

const SAMPLE: &str = r#"
include { X as Y } from './x'
params { wf { tag = 'sha' } }
def f(a) { if (a) { return "q/${a}:1" } else { 'r' } }
process FOO {
    tag "$meta.id"
    label 'big'
    container "${ workflow.containerEngine in ['singularity', 'apptainer'] && !task.ext.pull ?
        'https://depot/x:1' :
        'biocontainers/x:1' }"
    input:
    tuple val(meta), path(reads)
    script:
    def args = task.ext.args ?: ''
    """
    echo ${args} '$meta' \$HOME
    """
}
process { withName: 'A|B' { container = { f("x") } ; ext.args = { "--x ${1 / 2}" } } }
profiles { docker { docker.registry = 'quay.io' } }
"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_scanned(text in "\\PC{0,400}") {
        scan(&[("a.nf", &format!("container params {text}")), ("nextflow.config", &text)]);
    }

    #[test]
    fn any_mix_of_groovy_is_scanned(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "process X {", "container ", "'", "\"", "\"\"\"", "'''", "${", "}", "{", "(", ")", "[", "]", "/",
                "$/", "/$", "\\", "\n", " ", "=", "?", ":", "?:", "->", ".", ",", "params.x", "task.ext.a", "if",
                "else", "switch", "case", "default", "return", "def ", "x", "ä", "1", "//", "/*", "*/", "withName:",
                "profiles {", "docker.registry", "includeConfig", "process.container", ";", "in", "!", "&&", "+",
            ]),
            0..120,
        )
    ) {
        let text = format!("container params {}", parts.concat());
        scan(&[("a.nf", &text), ("nextflow.config", &text)]);
    }

    #[test]
    fn damaged_workflows_are_scanned(cut in 0usize..900, length in 0usize..60, insert in "[\\PC\n]{0,6}") {
        let bounds: Vec<usize> = SAMPLE.char_indices().map(|(at, _)| at).chain([SAMPLE.len()]).collect();
        let start = bounds[cut.min(bounds.len() - 1)];
        let end = bounds[(cut + length).min(bounds.len() - 1)];
        let text = format!("{}{insert}{}", &SAMPLE[..start], &SAMPLE[end..]);
        scan(&[("a.nf", &text), ("nextflow.config", &text)]);
    }
}
