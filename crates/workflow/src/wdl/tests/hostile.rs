use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{names, scan, task};
use crate::scan::Scan;

const MANY: usize = 100_000;

/// Scans one file and sees to it that neither stack nor patience ends.
fn scan_in_time(text: &str) -> Scan {
    let start = Instant::now();
    let scan = scan(&[("main.wdl", text)]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    scan
}

fn nested(open: &str, inside: &str, close: &str) -> String {
    format!("{}{inside}{}", open.repeat(MANY), close.repeat(MANY))
}

#[test]
fn deep_expressions_cost_themselves_and_no_more() {
    for value in [
        nested("(", "x", ")"),
        nested("[", "x", "]"),
        nested("{x:", "x", "}"),
        nested("object{x:", "x", "}"),
        nested("f(", "x", ")"),
        nested("x[", "x", "]"),
        nested("\"~{", "x", "}\""),
        nested("'${", "x", "}'"),
        nested("<<<~{", "x", "}>>>"),
        nested("if x then ", "x", ""),
        nested("(x,", "x", ")"),
        nested("(", "", ""),
        nested("\"~{", "", ""),
        nested("[", "", ""),
        nested("{", "", ""),
    ] {
        let text = task("1.2", &format!("String x = {value}"), "\"lab/x:1\"");
        let text = format!("{text}task last {{ runtime {{ docker: \"lab/last:1\" }} }}\n");
        let scan = scan_in_time(&text);
        assert!(names(&scan).contains(&"lab/last:1"), "{}", &value[..40]);
        assert!(!scan.warnings.is_empty());
    }
}

#[test]
fn long_chains_are_read() {
    for value in [
        format!("{}x", "!".repeat(MANY)),
        format!("{}x", "-".repeat(MANY)),
        format!("x{}", " + x".repeat(MANY)),
        format!("x{}", " - x".repeat(MANY)),
        format!("x{}", ".x".repeat(MANY)),
        format!("x{}", "[0]".repeat(MANY)),
        format!("{}x", "if x then x else ".repeat(MANY)),
        format!("[{}x]", "x,".repeat(MANY)),
        format!("\"{}\"", "~{x}".repeat(MANY)),
    ] {
        let text = task("1.2", "input { String x = \"a\" }", &value);
        let text = format!("{text}task last {{ runtime {{ docker: \"lab/last:1\" }} }}\n");
        let scan = scan_in_time(&text);
        assert!(names(&scan).contains(&"lab/last:1"), "{}", &value[..40]);
        assert!(scan.warnings.iter().all(|warning| !warning.message.contains("gaps")), "{:?}", scan.warnings);
    }
}

#[test]
fn deep_blocks_and_types_and_metadata_are_passed_over() {
    let last = "task last { runtime { docker: \"lab/last:1\" } }\n";
    for body in [
        nested("if (x) {", "call last", "}"),
        nested("scatter (x in y) {", "call last", "}"),
        format!("{} x", nested("Array[", "Int", "]")),
        format!("meta {{ x: {} }}", nested("{x:", "1", "}")),
        format!("meta {{ x: {} }}", nested("[", "1", "]")),
        format!("hints {{ x: {} }}", nested("{x:", "1", "}")),
        format!("call x {{ null {} }}", "null null ".repeat(1000)),
    ] {
        let scan = scan_in_time(&format!("version 1.2\nworkflow w {{\n{body}\n}}\n{last}"));
        assert_eq!(names(&scan), ["lab/last:1"], "{}", &body[..20]);
    }
}

#[test]
fn declarations_that_double_each_other_end() {
    let mut declarations = String::from("String a0 = if true then 'x' else 'y'\n");
    for at in 1..200 {
        declarations += &format!("String a{at} = \"~{{a{}}}~{{a{}}}\"\n", at - 1, at - 1);
    }
    let scan = scan_in_time(&task("1.1", &declarations, "a199"));
    assert_eq!(scan.references.len(), 1);
}

#[test]
fn calls_that_double_each_other_end() {
    let mut text = String::from("version 1.0\n");
    let mut files = Vec::new();
    text += "task t { input { String d } command <<< >>> runtime { docker: d } }\n";
    text += "workflow w0 { input { String d } call t { input: d = d } }\n";
    files.push(("w0.wdl".to_owned(), text));
    for at in 1..60 {
        let before = at - 1;
        files.push((
            format!("w{at}.wdl"),
            format!(
                "version 1.0\nimport \"w{before}.wdl\" as before\nworkflow w{at} {{\n  input {{ String d }}
  call before.w{before} as a {{ input: d = d + \"a\" }}\n  call before.w{before} as b {{ input: d = d + \"b\" }}\n}}\n"
            ),
        ));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let start = Instant::now();
    let scan = scan(&files);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(scan.references.len(), 1);
    assert_eq!(scan.warnings.len(), 1, "{:?}", scan.warnings);
    assert!(scan.warnings[0].message.starts_with("followed in part"));
}

#[test]
fn long_ways_end() {
    let chain = |first: &str, next: &dyn Fn(usize) -> String| {
        let rest: String = (1..1000).map(|at| format!("{}\n", next(at))).collect();
        format!("{first}\n{rest}")
    };
    let wrapped = |at: usize| {
        let wraps = 50;
        let before = at - 1;
        format!("String a{at} = {}a{before}{}", "sub(\"~{".repeat(wraps), "}\", 'x', 'y')".repeat(wraps))
    };
    let defaults =
        chain("input { String a0 = 'lab/x:1'", &|at| format!("String a{at} = \"~{{a{}}}\"", at - 1));
    for declarations in [
        chain("String a0 = 'lab/x:1'", &|at| format!("String a{at} = a{}", at - 1)),
        chain("String a0 = 'lab/x:1'", &wrapped),
        format!("{defaults} }}"),
    ] {
        let scan = scan_in_time(&task("1.1", &declarations, "a999"));
        assert_eq!(scan.references.len(), 1);
    }
    let calls = chain("call t as a0 { input: d = 'lab/x:1' }", &|at| {
        format!("call t as a{at} {{ input: d = a{}.o }}", at - 1)
    });
    let task = "task t { input { String d } command <<< >>> output { String o = d } runtime { docker: d } }";
    let scan = scan_in_time(&format!("version 1.0\nworkflow w {{\n{calls}\n}}\n{task}\n"));
    assert_eq!(names(&scan), ["lab/x:1"]);
}

#[test]
fn many_tasks_and_calls_are_no_trouble() {
    let mut text = String::from("version 1.0\nworkflow w {\n  String d = \"lab/x:1\"\n");
    for at in 0..4000 {
        text += &format!("  call t{at} {{ input: d = d }}\n");
    }
    text += "}\n";
    for at in 0..4000 {
        text += &format!("task t{at} {{ input {{ String d }} command <<< >>> runtime {{ docker: d }} }}\n");
    }
    let scan = scan_in_time(&text);
    assert_eq!(scan.references.len(), 1);
    assert_eq!(scan.references[0].sites.len(), 4000);
}

const WHOLE: &str = "version 1.1
import \"a.wdl\" as a alias X as Y
struct S { String d Array[Int]+ n }
workflow w {
  input { String docker = \"lab/~{if true then \"x\" else 'y'}:1\" S? s }
  scatter (x in [1, 2]) { if (defined(s)) { call a.t as u after v { input: d = select_first([s.d, docker]) } } }
  call t { d = { \"k\": docker }[\"k\"] }
  output { String o = t.out[0] }
}
task t {
  input { String d }
  command <<< echo ~{d} >>>
  command { echo ${default=\"x\" d} }
  runtime { docker: sub(d, \":.*\", \"\") + \":2\" container: [d, 'b', <<< c >>>] }
  output { String out = read_string(stdout()) }
  meta { x: {y: [1, null]} }
}
";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_read(text in "\\PC*") {
        scan(&[("main.wdl", &text), ("a.json", &text)]);
    }

    #[test]
    fn any_row_of_tokens_is_read(tokens in prop::collection::vec(prop::sample::select(vec![
        "version", "1.0", "task", "workflow", "t", "w", "{", "}", "(", ")", "[", "]", "\"", "'", "~{", "${", "<<<",
        ">>>", "runtime", "docker", ":", "=", ",", "call", "input", "if", "then", "else", "scatter", "in", "import",
        "as", "String", "Array", "+", "-", "!", ".", "\\", "#", "\n", "null", "None", "object", "command", "meta",
        "output", "enum", "é", "*", "from", "?", "select_first",
    ]), 0..200)) {
        scan(&[("main.wdl", &tokens.join(" ")), ("b.wdl", &tokens.concat())]);
    }

    #[test]
    fn a_damaged_file_is_read(
        cuts in prop::collection::vec((0..WHOLE.len(), 0..40_usize, "[\\PC\n]{0,4}"), 0..6)
    ) {
        let mut text = WHOLE.to_owned();
        for (at, length, with) in cuts {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(end) {
                text.replace_range(at..end, &with);
            }
        }
        for found in scan(&[("main.wdl", &text), ("a.wdl", WHOLE)]).references {
            for literal in &found.literals {
                let file = if literal.file == "main.wdl" { text.as_str() } else { WHOLE };
                prop_assert!(file.get(literal.start..literal.end).is_some());
            }
        }
    }
}
