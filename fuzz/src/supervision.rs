//! The search of one target from outside: survives what it dies of, and makes the input of it small.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::finding::{Finding, same_kind};
use crate::say;
use crate::targets::Target;
use crate::work::{CURRENT, FIGURES, WRONG};

/// How long an input is made smaller.
const SHRINKING: Duration = Duration::from_secs(120);

/// Searches a target in a process of its own; returns how many findings were written.
///
/// # Errors
/// When processes cannot be started or files not written.
pub(crate) fn search(target: &'static Target, seed: u64, seconds: u64) -> io::Result<usize> {
    let folder = tempfile::tempdir()?;
    let mut command = own(&["--work", target.name], folder.path())?;
    let status =
        command.args(["--seed", &seed.to_string(), &seconds.to_string()]).stdin(Stdio::null()).status()?;
    let read = |name: &str| std::fs::read(folder.path().join(name));
    if status.success() {
        let figures = String::from_utf8_lossy(&read(FIGURES)?).into_owned();
        let (tried, ways) = figures.split_once(' ').unwrap_or_default();
        say(&format!("{:<10} {tried} inputs, {ways} ways, nothing found", target.name));
        return Ok(0);
    }
    let input = read(CURRENT)?;
    let words = match read(WRONG) {
        Ok(words) => String::from_utf8_lossy(&words).into_owned(),
        Err(_) => format!("death: {status}"),
    };
    say(&format!("{:<10} {words}; made smaller now", target.name));
    let (input, words) = shrink(target, input, words)?;
    let finding = Finding { target: target.name, input, words, seed };
    let file = finding.write()?;
    say(&format!("{:<10} {}\n           in {}", target.name, finding.words, file.display()));
    Ok(1)
}

fn own(arguments: &[&str], path: &Path) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).arg(path);
    Ok(command)
}

/// Tries an input in a process of its own; returns what is wrong with it.
fn wrong(target: &Target, input: &[u8], folder: &Path) -> io::Result<Option<String>> {
    let file = folder.join("input");
    std::fs::write(&file, input)?;
    let output =
        own(&["--replay", target.name], &file)?.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(None);
    }
    let words = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(Some(if words.is_empty() { format!("death: {}", output.status) } else { words }))
}

/// Takes away what is not needed for the same kind of failure.
fn shrink(target: &Target, input: Vec<u8>, words: String) -> io::Result<(Vec<u8>, String)> {
    let folder = tempfile::tempdir()?;
    let end = Instant::now() + SHRINKING;
    let (mut input, mut words) = (input, words);
    match wrong(target, &input, folder.path())? {
        Some(again) if same_kind(&again, &words) => {}
        Some(again) => words = again,
        None => return Ok((input, format!("{words} (not when tried alone)"))),
    }
    let mut size = input.len().div_ceil(2).max(1);
    while Instant::now() < end {
        let mut at = 0;
        let before = input.len();
        while at < input.len() && Instant::now() < end {
            let mut smaller = input.clone();
            smaller.drain(at..(at + size).min(input.len()));
            match wrong(target, &smaller, folder.path())? {
                Some(again) if same_kind(&again, &words) => (input, words) = (smaller, again),
                _ => at += size,
            }
        }
        if size == 1 && input.len() == before {
            break;
        }
        size = (size / 2).max(1);
    }
    Ok((input, words))
}
