//! Input that is broken, huge in effect, or meant to harm.

use std::fmt::Write;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{names, scan};

const TOOL: &str = "cwlVersion: v1.2\nclass: CommandLineTool\nrequirements:\n  - &d\n    class: DockerRequirement\n    \
    dockerPull: \"quay.io/a/b:1\"\nhints:\n  DockerRequirement: {dockerPull: c:$(inputs.d)}\ninputs:\n  d: {type: \
    string, default: 'é'}\n  e:\n    - *d\n";

/// Scans a file and returns its references' names and warnings; fails when that takes long.
fn quickly(text: &str) -> (Vec<String>, Vec<String>) {
    let start = Instant::now();
    let (references, warnings) = scan(&[("tool.cwl", text)]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let names = names(&references).into_iter().map(str::to_owned).collect();
    (names, warnings.into_iter().map(|warning| warning.message).collect())
}

fn with_requirement(rest: &str) -> String {
    format!("cwlVersion: v1.2\nhints: {{DockerRequirement: {{dockerPull: a:1}}}}\n{rest}")
}

#[test]
fn deep_nesting_is_left_out_with_a_warning() {
    let n = 100_000;
    let cases = [
        with_requirement(&format!("x: {}", "[".repeat(n))),
        with_requirement(&format!("x: {}{}", "[".repeat(n), "]".repeat(n))),
        with_requirement(&format!("x: {}", "{a: ".repeat(n))),
        with_requirement(&format!("x:\n  {}", "- ".repeat(n))),
        with_requirement(&format!("x:\n  {}", "? ".repeat(n))),
        format!(
            "{{\"hints\":{{\"DockerRequirement\":{{\"dockerPull\":\"a:1\"}}}},\"x\":{}",
            "{\"a\":".repeat(n)
        ),
        (0..1_000).fold(String::from("# DockerRequirement\n"), |mut text, depth| {
            let _ = writeln!(text, "{}a:", " ".repeat(depth));
            text
        }),
    ];
    for text in cases {
        let (_, warnings) = quickly(&text);
        assert!(warnings.iter().any(|warning| warning.starts_with("left out")), "{warnings:?}");
    }
}

#[test]
fn alias_bombs_stay_as_small_as_they_are_written() {
    let mut bomb = String::from("cwlVersion: v1.2\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..60 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(bomb, "a{level}: &a{level} [{aliases}]");
    }
    bomb.push_str("hints: *a59\nrequirements:\n  DockerRequirement: {dockerPull: a:1}\nsteps: *a59\n");
    let (found, warnings) = quickly(&bomb);
    assert_eq!(found, ["a:1"]);
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn merge_bombs_and_rings_end() {
    let mut bomb = String::from("m0: &m0 {dockerPull: a:1}\n");
    for level in 1..60 {
        let _ = writeln!(bomb, "m{level}: &m{level} {{<<: [*m{0}, *m{0}, *m{0}]}}", level - 1);
    }
    bomb.push_str("hints: {DockerRequirement: *m59}\n");
    assert_eq!(quickly(&bomb).0, ["a:1"]);
    for ring in [
        "hints: &a [*a, *a]\n",
        "hints: &a {DockerRequirement: *a}\n",
        "hints: &a {DockerRequirement: {<<: *a}}\n",
        "&a\nsteps: [*a, {run: *a}]\nhints: {DockerRequirement: {dockerPull: a:1}}\n",
        "hints: {DockerRequirement: &a {dockerPull: *a}}\n",
    ] {
        quickly(ring);
    }
}

#[test]
fn many_of_anything_is_read_in_one_go() {
    let n = 20_000;
    let mut tools = String::from("cwlVersion: v1.2\n$graph:\n");
    let mut steps = String::from("class: Workflow\nsteps:\n");
    let mut imports = String::from("hints:\n");
    let mut inputs = String::from("hints: {DockerRequirement: {dockerPull: $(inputs.i7)}}\ninputs:\n");
    for number in 0..1_000 {
        let tool = "hints: [{class: DockerRequirement, dockerPull: a";
        let _ = writeln!(tools, "- {{id: t{number}, {tool}:{number}}}]}}");
    }
    for number in 0..n {
        let _ = writeln!(steps, "  s{number}: {{in: {{x: y}}, run: 'tool.cwl#s{number}'}}");
        let _ = writeln!(imports, "- $import: missing{number}.yml");
        let _ = writeln!(inputs, "  i{number}: {{default: 'a:{number}'}}");
    }
    assert_eq!(quickly(&tools).0.len(), 1_000);
    quickly(&format!("{steps}{}", "hints: {DockerRequirement: {dockerPull: $(inputs.x)}}\n"));
    quickly(&imports);
    assert_eq!(quickly(&inputs).0, ["a:7"]);
    quickly(&with_requirement(&"\t{{ a }}{%b%}[\n".repeat(n)));
    quickly(&with_requirement(&"a: \"\n".repeat(n)));
    quickly(&format!("hints: {{DockerRequirement: {{dockerPull: '{}'}}}}", "$(inputs.a)".repeat(n)));
    quickly(&format!("hints: {{DockerRequirement: {{dockerPull: '{}'}}}}", "{{".repeat(n)));
    quickly(&format!("hints: {{DockerRequirement: {{dockerPull: '{}'}}}}", "$(".repeat(n)));
}

#[test]
fn inputs_that_give_each_other_values_end() {
    let text = "cwlVersion: v1.2\n$graph:\n\
        - id: tool\n  class: CommandLineTool\n  inputs: {x: string}\n  hints: {DockerRequirement: {dockerPull: '$(inputs.x)$(inputs.x)'}}\n\
        - id: flow\n  class: Workflow\n  inputs: {x: {default: a}}\n  steps:\n    s: {run: '#tool', in: {x: x}}\n\
        \x20   t: {run: '#flow', in: {x: {source: x, valueFrom: $(inputs.x)}}}\n    u: {run: '#flow', in: {x: x}}\n";
    assert_eq!(quickly(text).0, ["aa"]);
}

#[test]
fn sums_of_many_values_are_bounded() {
    let mut text = String::from(
        "cwlVersion: v1.2\n$graph:\n- id: tool\n  class: CommandLineTool\n  inputs: {x: string}\n  \
         hints: {DockerRequirement: {dockerPull: '$(inputs.x)$(inputs.x)$(inputs.x)$(inputs.x)$(inputs.x)'}}\n\
         - id: flow\n  class: Workflow\n  inputs: {}\n  steps:\n",
    );
    for number in 0..300 {
        let _ = writeln!(text, "    s{number}: {{run: '#tool', in: {{x: {{default: v{number}}}}}}}");
    }
    let (found, _) = quickly(&text);
    assert!((1..=64).contains(&found.len()), "{}", found.len());
}

proptest! {
    #[test]
    fn any_text_is_survived(text in "(?s).{0,400}") {
        let files = [("a.cwl", &*text), ("b.yml", &*format!("cwlVersion: v1.0\n{text}")), ("c.cwl", &*format!("{text}\n# DockerRequirement"))];
        scan(&files);
    }

    #[test]
    fn any_change_to_a_tool_is_survived(at in 0..TOOL.len(), gone in 0..20usize, new in r#"[\[\]{}:,&*!|>'"%@`#\-?\n\t $().éa]{0,6}"#) {
        let from = (0..=at).rev().find(|&at| TOOL.is_char_boundary(at)).unwrap_or(0);
        let to = (at + gone..TOOL.len()).find(|&to| TOOL.is_char_boundary(to)).unwrap_or(TOOL.len());
        let text = format!("{}{new}{}", &TOOL[..from], &TOOL[to.max(from)..]);
        scan(&[("tool.cwl", &text)]);
    }
}
