//! What a page has for a reader to type, and what it shows them.

/// A piece of a page that does something, in the order of the page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A block marked `run`: commands, with the exit code they end with (`exit-1`), and what is shown of their output.
    Commands { line: usize, text: String, exit: i32, shown: Option<Shown> },
    /// A comment `<!-- ecr OPERATION {...} -->`: what an account has before.
    Ecr { operation: String, body: String },
}

/// A block marked `output`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The lines between its fences, counted from 0.
    pub(crate) lines: std::ops::Range<usize>,
    pub(crate) text: String,
    /// What stands before each line, in a list.
    pub(crate) indent: String,
}

/// Returns what a page has to run.
pub(crate) fn pieces(page: &str) -> Vec<Piece> {
    let lines: Vec<&str> = page.lines().collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let indent = &line[..line.len() - line.trim_start().len()];
        if let Some(call) = line.strip_prefix("<!-- ecr ").and_then(|rest| rest.strip_suffix(" -->")) {
            let (operation, body) = call.split_once(' ').unwrap();
            pieces.push(Piece::Ecr { operation: operation.to_owned(), body: body.to_owned() });
        }
        at += 1;
        let Some(info) = line.trim_start().strip_prefix("```") else { continue };
        let start = at;
        while at < lines.len() && lines[at].trim() != "```" {
            at += 1;
        }
        let inner = start..at;
        at += 1;
        let text: String = lines[inner.clone()]
            .iter()
            .map(|line| format!("{}\n", line.strip_prefix(indent).unwrap_or(line)))
            .collect();
        let marks: Vec<&str> = info.split(',').collect();
        if marks.contains(&"run") {
            let exit = marks.iter().find_map(|mark| mark.strip_prefix("exit-")?.parse().ok()).unwrap_or(0);
            pieces.push(Piece::Commands { line: start, text, exit, shown: None });
        } else if marks.contains(&"output") {
            let Some(Piece::Commands { shown: shown @ None, .. }) = pieces.last_mut() else {
                panic!("line {start}: nothing before it prints it");
            };
            *shown = Some(Shown { lines: inner, text, indent: indent.to_owned() });
        }
    }
    pieces
}

/// Returns whether an output is as it is shown: `...` stands for anything in a line, and alone for any lines.
pub(crate) fn is_as_shown(shown: &str, printed: &str) -> bool {
    let lines = |text: &str| -> Vec<String> { text.lines().map(|line| line.trim_end().to_owned()).collect() };
    all_match(&lines(shown.trim_end()), &lines(printed.trim_end()))
}

fn all_match(shown: &[String], printed: &[String]) -> bool {
    match (shown.split_first(), printed.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((first, rest)), _) if first.trim() == "..." => {
            (0..=printed.len()).any(|skipped| all_match(rest, &printed[skipped..]))
        }
        (Some(_), None) => false,
        (Some((first, rest)), Some((line, others))) => line_matches(first, line) && all_match(rest, others),
    }
}

fn line_matches(shown: &str, printed: &str) -> bool {
    let Some((start, rest)) = shown.split_once("...") else { return shown == printed };
    let Some(mut left) = printed.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split("...").collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
}

#[test]
fn dots_stand_for_what_differs_and_for_nothing_else() {
    for (shown, printed) in [
        ("a\nb", "a\nb\n"),
        ("took ... s", "took 0.3 s"),
        ("...", ""),
        ("a\n...\nd", "a\nb\nc\nd"),
        ("...\nc\n...", "a\nb\nc\nd"),
        ("sha256:... of ...:1", "sha256:aa of x:1"),
    ] {
        assert!(is_as_shown(shown, printed), "{shown:?} {printed:?}");
    }
    for (shown, printed) in [
        ("a", "b"),
        ("a", "a\nb"),
        ("a\nb", "a"),
        ("took ... s", "took 0.3 ms"),
        ("a\n...\nd", "a\nb\nc"),
        ("a\n  b", "a\n b"),
    ] {
        assert!(!is_as_shown(shown, printed), "{shown:?} {printed:?}");
    }
}

#[test]
fn a_page_has_commands_with_their_exit_codes_and_outputs() {
    let page = "```sh\nno\n```\n<!-- ecr Op {\"a\": 1} -->\n1. x\n\n   ```sh,run,exit-2\n   one\n   ```\n\n   ```text,output\n   out\n   ```\n```sh,run\ntwo\n```\n";
    let wanted = [
        Piece::Ecr { operation: "Op".to_owned(), body: "{\"a\": 1}".to_owned() },
        Piece::Commands {
            line: 7,
            text: "one\n".to_owned(),
            exit: 2,
            shown: Some(Shown { lines: 11..12, text: "out\n".to_owned(), indent: "   ".to_owned() }),
        },
        Piece::Commands { line: 14, text: "two\n".to_owned(), exit: 0, shown: None },
    ];
    assert_eq!(pieces(page), wanted);
}
