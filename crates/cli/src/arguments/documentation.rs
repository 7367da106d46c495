//! Every command line in the documents, and in the help itself, is one that the command takes; and every test that the
//! documents name is there.

use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use super::Arguments;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A command line and where it stands.
struct Line {
    place: String,
    words: Vec<String>,
    /// Whether it stands in a sentence, where it may leave out what the sentence says.
    is_prose: bool,
}

/// Returns the words of a shell line up to what belongs to the shell alone.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            (None, '>') => {
                // What is redirected may be named by its number.
                words.pop_if(|last| last == "2");
                break;
            }
            (None, '|' | '<' | '&' | ';' | '(' | ')' | '#') => break,
            (_, c) => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the command lines of a shell line: at its start, behind a pipe, and inside `$(...)`.
fn commands(line: &str) -> impl Iterator<Item = &str> {
    let starts = line.match_indices("omics-ecr ").map(|(at, _)| at);
    starts.filter_map(move |at| {
        let before = line[..at].trim_end();
        let begins = before.is_empty() || before.ends_with(['(', '|', '$', ':', '&', ';']);
        begins.then(|| &line[at..])
    })
}

fn of_page(path: &Path) -> Vec<Line> {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).unwrap().replace("\\\n", " ");
    let mut lines = Vec::new();
    let mut in_block = false;
    for (number, line) in text.lines().enumerate() {
        let place = format!("{name}:{}: {line}", number + 1);
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            for command in commands(line.trim_start().trim_start_matches("- run: ")) {
                lines.push(Line { place: place.clone(), words: words(command), is_prose: false });
            }
        } else {
            for span in line.split('`').skip(1).step_by(2).filter(|span| span.starts_with("omics-ecr ")) {
                lines.push(Line { place: place.clone(), words: words(span), is_prose: true });
            }
        }
    }
    lines
}

fn of_help(command: &clap::Command, lines: &mut Vec<Line>) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default().replace("\\\n", " ");
    for line in help.lines() {
        for found in commands(line.trim_start()) {
            let place = format!("help of {}: {line}", command.get_name());
            lines.push(Line { place, words: words(found), is_prose: false });
        }
    }
    command.get_subcommands().for_each(|own| of_help(own, lines));
}

/// Returns whether a word stands for something that the reader fills in.
fn is_placeholder(word: &str) -> bool {
    word.contains("...")
        || word
            .split([':', '/', '='])
            .any(|part| part.len() > 2 && part.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
}

#[test]
fn every_command_line_of_the_documents_is_taken() {
    let mut pages = vec![root().join("README.md"), root().join("docs/troubleshooting.md")];
    for folder in ["docs/guide", "docs/reference"] {
        pages.extend(fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    let mut lines: Vec<Line> = pages
        .iter()
        .filter(|page| page.extension().is_some_and(|end| end == "md"))
        .flat_map(|page| of_page(page))
        .collect();
    of_help(&Arguments::command(), &mut lines);
    assert!(lines.len() > 100, "{} command lines are found", lines.len());
    let mut wrong = Vec::new();
    for line in &lines {
        let Err(error) = Arguments::try_parse_from(&line.words) else { continue };
        let is_open = line.words.iter().any(|word| is_placeholder(word));
        let is_fine = match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
            ErrorKind::ValueValidation => is_open || line.is_prose,
            ErrorKind::MissingRequiredArgument
            | ErrorKind::MissingSubcommand
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => line.is_prose,
            _ => false,
        };
        if !is_fine {
            wrong.push(format!("{}\n  {}", line.place, error.to_string().lines().next().unwrap_or_default()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_test_of_the_pitfalls_is_there() {
    let page = fs::read_to_string(root().join("docs/design/pitfalls.md")).unwrap();
    let mut rows = 0;
    for line in page.lines().filter(|line| line.starts_with("| ") && line.contains("::")) {
        rows += 1;
        for (path, test) in line.split('`').filter_map(|span| span.split_once("::")) {
            let text = fs::read_to_string(root().join("crates").join(path)).unwrap_or_default();
            assert!(text.contains(&format!("fn {test}()")), "{path} has no test {test}");
        }
    }
    assert!(rows >= 46, "{rows} rows");
}
