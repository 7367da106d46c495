//! The page that says what comes of each fault.

use std::fmt::Write as _;

use crate::fault::Fault;
use crate::lab::{Flow, Outcome};
use crate::matrix::{Cell, Met};

const HEAD: &str = "\
# Faults

What comes of each fault of a network at each step. This page is generated: a test runs every step with every fault,
holds what stands here, and then runs the same again.

- **While it lasts**: the fault meets every request of the step. **Once**: it meets one request; *the same* is what
  comes of it while it lasts.
- **refused**: nobody listens from this step on. **reset half-way**: the connection ends in the middle of the bytes.
  **stalled**: nothing more comes, and the connection stays. **wrong bytes**: as many, but others. **`kill -9`**: the
  program ends at once while it waits at the step.
- **waits for it**: it goes on trying for longer than the test looks on. An import through a rule is waited for half an
  hour, after which it is given up with a word; an interruption ends it before.
- In every row **the same command again completes** when the fault is over.
- In every row, before and after: **no tag stands for an image of which a part is missing** (but where a pull through
  rule has still to bring its layers), and **no bytes are kept under a digest that is not theirs**.
";

/// Returns what is said of a flow.
pub(crate) fn section(flow: Flow, cells: &[Cell]) -> String {
    let (title, words) = match flow {
        Flow::Clone => (
            "omics-ecr clone",
            "An image is copied from a registry for which there is no rule. `GetCallerIdentity` and `GetAuthorizationToken` come \
             first in every command, and are met here for all.",
        ),
        Flow::PullThrough => (
            "A pull through the local ECR",
            "A client pulls an image through a rule of `omics-ecr local`, which gets it upstream. `kill -9` is the server's.",
        ),
        Flow::Prime => {
            ("omics-ecr check --prime", "ECR is made to import an image through a rule that is there.")
        }
        Flow::Prepare => (
            "omics-ecr prepare",
            "Two images of a workflow are made ready: one through a rule that is made for it, one as a clone.",
        ),
    };
    let mut text =
        format!("\n## {title}\n\n{words}\n\n| who is asked | for what | fault | while it lasts | once |\n");
    text += "| --- | --- | --- | --- | --- |\n";
    // Faults of a step of which the same comes stand in one row.
    let mut rows: Vec<Vec<&Cell>> = Vec::new();
    for cell in cells {
        let same = |row: &&mut Vec<&Cell>| row[0].step == cell.step && row[0].met.looks_like(&cell.met);
        match rows.iter_mut().find(same) {
            Some(row) => row.push(cell),
            None => rows.push(vec![cell]),
        }
    }
    for row in rows {
        let names: Vec<&str> = row.iter().map(|cell| cell.fault.name()).collect();
        let (lasting, once) = match &row[0].met {
            Met::Nothing => ("its answer carries no bytes".to_owned(), "—".to_owned()),
            Met::Killed => ("—".to_owned(), "nothing half is left".to_owned()),
            Met::Came { lasting: Outcome::Done, .. } => ("done all the same".to_owned(), "—".to_owned()),
            Met::Came { lasting, .. } => (said(lasting), said_once(&row)),
        };
        let step = &row[0].step;
        writeln!(text, "| {} | `{}` | {} | {lasting} | {once} |", step.side, step.label, names.join(", "))
            .unwrap();
    }
    text
}

/// What comes of a moment in which nobody listens: whether the next try falls into it, is drawn by lot.
const BY_LOT: &str = "asked again, done, or left to the next run";
const DONE: &str = "asked again, done";
const NOT_DONE: &str = "but for ";

/// Returns what comes of faults that happen once.
fn said_once(row: &[&Cell]) -> String {
    if row.iter().all(|cell| cell.fault == Fault::Refused) {
        return BY_LOT.to_owned();
    }
    let done = |cell: &&&Cell| matches!(cell.met, Met::Came { once: Some(Outcome::Done), .. });
    let failing: Vec<&str> = row.iter().filter(|cell| !done(cell)).map(|cell| cell.fault.name()).collect();
    match failing.len() {
        0 => DONE.to_owned(),
        all if all == row.len() => "the same".to_owned(),
        _ => format!("{DONE}, {NOT_DONE}{}", failing.join(", ")),
    }
}

/// Returns whether a line is as it was, or a fault that happens once does less harm: pauses are drawn by lot, and one that
/// is long enough may save a run.
fn is_no_worse(had: &str, found: &str) -> bool {
    let split = |line: &str| {
        let (rest, once) =
            line.trim_end_matches(" |").rsplit_once(" | ").map(|(a, b)| (a.to_owned(), b.to_owned()))?;
        Some((rest, once))
    };
    let (Some((before, once)), Some((now, once_now))) = (split(had), split(found)) else {
        return had == found;
    };
    let failing = |once: &str| -> Vec<String> {
        let names = once.split_once(NOT_DONE).map_or("", |(_, names)| names);
        names.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    before == now
        && (once == once_now
            || once == "the same"
            || once_now.starts_with(DONE)
                && once.starts_with(DONE)
                && failing(&once_now).iter().all(|name| failing(&once).contains(name)))
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => "done all the same".to_owned(),
        Outcome::Failed(words) => format!("fails: {}", words.replace('|', "\\|")),
        Outcome::Unknown(words) => format!("cannot tell: {}", words.replace('|', "\\|")),
        Outcome::Waits => "waits for it".to_owned(),
    }
}

/// Of a hundred rows, how many may differ from the page: how far a run gets before a fault meets it is a matter of time.
const MOST_DIFFERENT: usize = 5;

/// Holds that the page says this; with `UPDATE=1` it takes it.
pub(crate) fn hold(sections: &[String]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/faults.md");
    let text = format!("{HEAD}{}", sections.concat());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    let had = rows(&page);
    let found = rows(&text);
    let different: Vec<&(&str, &str)> = found
        .iter()
        .filter(|(flow, row)| !had.iter().any(|(of, had)| of == flow && is_no_worse(had, row)))
        .collect();
    assert!(
        different.len() * 100 <= found.len() * MOST_DIFFERENT
            && found.len() * 100 >= had.len() * (100 - MOST_DIFFERENT),
        "run this test with UPDATE=1 and read what changes in {path}: {} rows where it has {}, and these differ: \
         {different:#?}",
        found.len(),
        had.len()
    );
}

/// Returns the rows of tables, each with the heading above it.
fn rows(page: &str) -> Vec<(&str, &str)> {
    let mut flow = "";
    let mut rows = Vec::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            flow = heading;
        } else if line.starts_with("| ") && !line.starts_with("| ---") {
            rows.push((flow, line));
        }
    }
    rows
}
