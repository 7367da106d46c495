//! Rewriting of scanned files: what lies outside the literals of image names stays, byte for byte.

use workflow::{
    ContainerReference, Destination, Outcome, RewriteRequest, Rewriting, SourceTree, rewrite_tree, scan_tree,
};

use super::scan::{folder, places};
use super::{Form, Target, hold, mark};

pub(super) const TARGET: Target = Target {
    name: "rewrite",
    about: "rewriting of folders in any of the languages",
    form: Form::Text,
    waits: false,
    tokens: &[
        "\n=== main.nf\n",
        "\n=== main.wdl\n",
        "\n=== main.cwl\n",
        "\n=== nextflow.config\n",
        "docker",
        "container",
        "quay.io/a/b:1",
        "lab/tool:2",
        "ubuntu",
        "${",
        "~{",
        "\"",
        "'",
        "\"\"\"",
        "\\\"",
        "\\n",
        "+",
        "? ",
        " : ",
        "dockerPull: ",
        "|\n",
        ">\n",
        "runtime {",
        "process {",
        "task t {",
        "}",
        "[",
        "]",
        ", ",
        "def x = ",
        "String x = ",
        "params.x = ",
        "@sha256:",
        "\r\n",
        "&a ",
        "*a",
        "\\u0041",
    ],
    check,
};

const REGISTRY: &str = "111122223333.dkr.ecr.us-east-1.amazonaws.com/";

fn destination(name: &str) -> Destination {
    if name.starts_with(REGISTRY) {
        return Destination::Reached;
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-:@".contains(letter);
    match name.chars().all(plain) && !name.is_empty() {
        true => Destination::Name(format!("{REGISTRY}{name}")),
        false => Destination::Unmapped,
    }
}

fn check(input: &[u8]) -> Result<u64, String> {
    let files = folder(input);
    let tree = SourceTree::from_texts(files.clone());
    let scan = scan_tree(&tree);
    let request = RewriteRequest { destination: &destination, parameter: None };
    let rewriting = rewrite_tree(&tree, &request);
    for change in &rewriting.files {
        let before = files.iter().find(|(path, _)| *path == change.path).map(|(_, text)| text);
        hold(before == Some(&change.before), || format!("before: of `{}` it is another text", change.path))?;
        outside_stays(&change.path, &change.before, &change.after, &scan.references)?;
    }
    let mut after = files;
    for (path, text) in &mut after {
        if let Some(change) = rewriting.files.iter().find(|change| change.path == *path) {
            text.clone_from(&change.after);
        }
    }
    let new = scan_tree(&SourceTree::from_texts(after.clone()));
    places(&after, &new)?;
    names(&rewriting, &new.references)?;
    let outcomes: Vec<_> = rewriting
        .references
        .iter()
        .map(|one| match &one.outcome {
            Outcome::Rewritten { way, .. } => format!("{way:?}"),
            Outcome::LeftAlone { reason, .. } => format!("{reason:?}"),
        })
        .take(8)
        .collect();
    Ok(mark((outcomes, rewriting.files.len())))
}

/// Holds that the pieces of a text between the literals of image names are in the new one, in their order.
fn outside_stays(
    path: &str,
    before: &str,
    after: &str,
    references: &[ContainerReference],
) -> Result<(), String> {
    let literals = references.iter().flat_map(|reference| &reference.literals);
    let mut spans: Vec<(usize, usize)> =
        literals.filter(|literal| literal.file == path).map(|literal| (literal.start, literal.end)).collect();
    spans.sort_unstable();
    let (mut at, mut rest) = (0, after);
    for (start, end) in spans {
        if start < at {
            at = at.max(end);
            continue;
        }
        let piece = before.get(at..start).unwrap_or_default();
        let place = if at == 0 { rest.starts_with(piece).then_some(0) } else { rest.find(piece) };
        let Some(place) = place else { return Err(format!("outside: {piece:?} of `{path}` has changed")) };
        rest = rest.get(place + piece.len()..).unwrap_or_default();
        at = end;
    }
    let last = before.get(at..).unwrap_or_default();
    hold(rest.ends_with(last) && (at > 0 || rest == last), || {
        format!("outside: {last:?} of `{path}` has changed")
    })
}

/// Holds that a scan of the new texts finds the new names, and the names that were left alone.
fn names(rewriting: &Rewriting, after: &[ContainerReference]) -> Result<(), String> {
    let found = |name: &str| after.iter().any(|reference| reference.asked_for() == Some(name));
    for one in &rewriting.references {
        match &one.outcome {
            Outcome::Rewritten { destination, .. } => {
                hold(found(destination), || format!("new name: `{destination}` is not found"))?;
            }
            Outcome::LeftAlone { .. } => {
                let name = one.reference.asked_for();
                hold(name.is_none_or(found), || format!("old name: {name:?} is not found"))?;
            }
        }
    }
    Ok(())
}
