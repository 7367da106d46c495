use super::{names, only, scan, task};
use crate::reference::{Engine, Language, Resolution};

#[test]
fn a_plain_literal_is_its_own_place() {
    let text = task("1.0", "", "\"lab/ä:1\"");
    let scan = scan(&[("a/main.wdl", &text)]);
    let found = only(&scan);
    assert_eq!(found.resolution, Resolution::Literal);
    assert_eq!((found.language, found.engine), (Language::Wdl, Engine::Any));
    assert_eq!((found.file.as_str(), found.line, found.column), ("a/main.wdl", 7, 14));
    assert_eq!(found.text, "lab/ä:1");
    let literal = &found.literals[0];
    assert_eq!(&text[literal.start..literal.end], "lab/ä:1");
    assert_eq!((found.sites[0].line, found.sites[0].column), (7, 5));
}

#[test]
fn an_element_of_an_array_is_a_literal_and_a_branch_is_not() {
    let array = scan(&[("main.wdl", &task("1.2", "", "[\"lab/x:1\"]"))]);
    assert_eq!(only(&array).resolution, Resolution::Literal);
    let branch = scan(&[("main.wdl", &task("1.2", "", "if true then \"lab/x:1\" else \"lab/x:1\""))]);
    assert_eq!(super::chain(&branch.references[0]), ["expression of `docker` in task `align`"]);
}

#[test]
fn the_outermost_literal_with_text_of_its_own_comes_first() {
    let declarations = "input { String tag = \"1\" }\n  String name = \"lab/bwa:~{tag}\"";
    let text = task("1.0", declarations, "\"~{name}\"");
    let scan = scan(&[("main.wdl", &text)]);
    let found = only(&scan);
    assert_eq!(found.reference.as_deref(), Some("lab/bwa:1"));
    assert_eq!(found.text, "lab/bwa:~{tag}");
    let parts: Vec<&str> = found.literals.iter().map(|literal| &text[literal.start..literal.end]).collect();
    assert_eq!(parts, ["lab/bwa:~{tag}", "1"]);
    assert_eq!(
        super::chain(found),
        ["private declaration `name` of task `align`", "input `tag` of task `align`"]
    );
}

#[test]
fn literals_inside_functions_are_listed() {
    let text = task("1.0", "String base = \"lab/x:1\"", "sub(base, \":1\", \":2\")");
    let scan = scan(&[("main.wdl", &text)]);
    let found = only(&scan);
    let parts: Vec<&str> = found.literals.iter().map(|literal| &text[literal.start..literal.end]).collect();
    assert_eq!((found.reference.as_deref(), parts), (Some("lab/x:2"), vec!["lab/x:1", ":1", ":2"]));
}

#[test]
fn a_shared_literal_has_every_site_it_reaches() {
    let text = "version 1.0
workflow w {
  String docker = \"lab/x:1\"
  call a { input: docker = docker }
  call b { input: docker = docker }
}
task a { input { String docker } command <<< >>> runtime { docker: docker } }
task b { input { String docker } command <<< >>> runtime { docker: docker } }
";
    let scan = scan(&[("main.wdl", text)]);
    assert_eq!(names(&scan), ["lab/x:1"]);
    let sites: Vec<_> = only(&scan).sites.iter().map(|site| (site.line, site.name.as_deref())).collect();
    assert_eq!(sites, [(7, Some("a")), (8, Some("b"))]);
}

#[test]
fn every_span_holds_the_text_of_its_literal() {
    let text = "version 1.2
task t {
  input { String a = 'lab/a:1' String b = \"lab/~{\"b\"}:1\" String c = <<<
    lab/c:1
  >>> }
  command <<< >>>
  requirements { container: [a, b, c, 'lab/' + \"d\" + ':1'] }
}
";
    let scan = scan(&[("main.wdl", text)]);
    let mut found: Vec<_> = scan
        .references
        .iter()
        .map(|found| {
            let parts: Vec<_> = found.literals.iter().map(|at| text[at.start..at.end].trim()).collect();
            (found.reference.as_deref().unwrap_or_default(), parts)
        })
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            ("lab/a:1", vec!["lab/a:1"]),
            ("lab/b:1", vec!["lab/~{\"b\"}:1", "b"]),
            ("lab/c:1", vec!["lab/c:1"]),
            ("lab/d:1", vec!["lab/", "d", ":1"]),
        ]
    );
}
