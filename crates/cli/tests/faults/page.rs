//! The page that says what comes of each fault.

use std::fmt::Write as _;

use crate::fault::Fault;
use crate::lab::{Flow, Outcome};
use crate::matrix::{Cell, Met};

const HEAD: &str = "\
# Faults

What comes of each fault of a network at each step. This page is generated: a test runs every step with every fault,
holds what stands here, and then runs the same again.

- **While it lasts**: the fault meets every request of the step. **Once**: it meets one request.
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
    let mut rows: Vec<(&Cell, Vec<Fault>)> = Vec::new();
    for cell in cells {
        match rows.iter_mut().find(|(first, _)| first.step == cell.step && first.met.looks_like(&cell.met)) {
            Some((_, faults)) => faults.push(cell.fault),
            None => rows.push((cell, vec![cell.fault])),
        }
    }
    for (cell, faults) in rows {
        let faults: Vec<&str> = faults.into_iter().map(Fault::name).collect();
        let (lasting, once) = match &cell.met {
            Met::Nothing => ("its answer carries no bytes".to_owned(), "—".to_owned()),
            Met::Killed => ("—".to_owned(), "nothing half is left".to_owned()),
            Met::Came { lasting, once } => {
                let once = match once {
                    None => "—",
                    Some(Outcome::Done) => "asked again, done",
                    Some(Outcome::Failed(_)) => "fails so at once",
                    Some(Outcome::Unknown(_)) => "cannot tell either",
                    Some(Outcome::Waits) => "waits for it",
                };
                (said(lasting), once.to_owned())
            }
        };
        let step = &cell.step;
        writeln!(text, "| {} | `{}` | {} | {lasting} | {once} |", step.side, step.label, faults.join(", "))
            .unwrap();
    }
    text
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => "done all the same".to_owned(),
        Outcome::Failed(words) => format!("fails: {}", words.replace('|', "\\|")),
        Outcome::Unknown(words) => format!("cannot tell: {}", words.replace('|', "\\|")),
        Outcome::Waits => "waits for it".to_owned(),
    }
}

/// Holds that the page says this; with `UPDATE=1` it takes it.
pub(crate) fn hold(sections: &[String]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/faults.md");
    let text = format!("{HEAD}{}", sections.concat());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    for (had, found) in page.lines().zip(text.lines()) {
        assert_eq!(had, found, "run this test with UPDATE=1 and read what changes in {path}");
    }
    assert_eq!(page, text, "run this test with UPDATE=1 and read what changes in {path}");
}
