//! Every message of ours that the troubleshooting page quotes is one that the code prints.

use std::fs;

/// The part of the page whose headings quote what omics-ecr itself says.
const OURS: &str = "# What omics-ecr says";

/// Returns the literals of all sources, in one text: lines that go on are joined, escapes are taken away.
fn sources() -> String {
    let mut all = String::new();
    for path in crate::files(&crate::root().join("crates"), ".rs") {
        if path.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let mut lines = text.split("\\\n");
        all += lines.next().unwrap_or_default();
        lines.for_each(|line| all += line.trim_start());
        all.push('\n');
    }
    all.replace("\\\"", "\"")
}

/// Returns whether the pieces of a message stand near each other in this order; `...` is between them.
fn is_printed(message: &str, sources: &str) -> bool {
    /// How far apart two pieces of one message may stand, in bytes.
    const NEAR: usize = 300;
    let mut pieces = message.split("...").filter(|piece| !piece.trim().is_empty());
    let Some(first) = pieces.next() else { return false };
    let rest: Vec<&str> = pieces.collect();
    sources.match_indices(first).any(|(at, _)| {
        let mut from = at + first.len();
        rest.iter().all(|piece| match sources[from..].find(piece) {
            Some(distance) if distance <= NEAR => {
                from += distance + piece.len();
                true
            }
            _ => false,
        })
    })
}

#[test]
fn every_message_of_ours_is_printed_by_the_code() {
    let page = fs::read_to_string(crate::root().join("docs/troubleshooting.md")).unwrap();
    let (_, ours) = page.split_once(OURS).unwrap();
    let sources = sources();
    let mut quoted = 0;
    let mut wrong = Vec::new();
    for line in ours.lines() {
        // A heading is one message; a row of a table begins with one or more.
        let said = match (line.strip_prefix("## "), line.strip_prefix("| `")) {
            (Some(heading), _) => heading,
            (_, Some(_)) => line[2..].split(" |").next().unwrap_or_default(),
            _ => continue,
        };
        for message in said
            .split("``")
            .nth(1)
            .map_or_else(|| said.split('`').skip(1).step_by(2).collect(), |one| vec![one])
        {
            quoted += 1;
            if !is_printed(message.trim(), &sources) {
                wrong.push(message.to_owned());
            }
        }
    }
    assert!(quoted >= 50, "{quoted} messages are quoted");
    assert!(wrong.is_empty(), "the code prints none of these: {wrong:#?}");
}

#[test]
fn the_pieces_of_a_message_stand_together_and_in_order() {
    let sources = "cannot read `{}`: it is gone".to_owned() + &" ".repeat(400) + "far";
    assert!(is_printed("cannot read `...`: it is", &sources));
    for message in ["cannot write `...`", "it is...cannot", "cannot read...far", "...", ""] {
        assert!(!is_printed(message, &sources), "{message}");
    }
}
