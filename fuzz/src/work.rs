//! The search of one target, in a process that may die of it: mutates what led to something new.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::mutation::Mutator;
use crate::targets::Target;
use crate::trial;

/// The file of the input under way.
pub(crate) const CURRENT: &str = "current";
/// The file of what is wrong with it.
pub(crate) const WRONG: &str = "wrong";
/// The file of how many inputs were tried and kept.
pub(crate) const FIGURES: &str = "figures";

/// Most inputs that are kept for mutation.
const MOST_KEPT: usize = 4000;

/// Searches a target until something is wrong or the time is over.
pub(crate) fn work(target: &'static Target, folder: &Path, seed: u64, seconds: u64) -> ExitCode {
    let own = folder.to_owned();
    let end = Instant::now() + Duration::from_secs(seconds);
    let outcome = trial::watched(
        move || search(target, &own, seed, end),
        |words| {
            let _ = std::fs::write(folder.join(WRONG), words);
        },
    );
    match outcome {
        Some(Ok(None)) => ExitCode::SUCCESS,
        Some(Ok(Some(words))) => match std::fs::write(folder.join(WRONG), words) {
            Ok(()) => ExitCode::FAILURE,
            Err(_) => ExitCode::from(3),
        },
        Some(Err(error)) => {
            crate::say(&format!("cannot write to `{}`: {error}", folder.display()));
            ExitCode::from(3)
        }
        None => ExitCode::from(3),
    }
}

/// Returns what is wrong with the input that was written last, if anything is.
fn search(
    target: &'static Target,
    folder: &Path,
    seed: u64,
    end: Instant,
) -> std::io::Result<Option<String>> {
    let mut current = File::create(folder.join(CURRENT))?;
    let mut mutator = Mutator::new(target, seed);
    let mut seen = HashSet::new();
    let mut kept = target.corpus()?;
    let (mut tried, mut next) = (0_u64, 0);
    let outcome = loop {
        let written = kept.get(next).cloned();
        let from_corpus = written.is_some();
        let input = written.unwrap_or_else(|| mutator.next(&kept));
        next += 1;
        current.seek(SeekFrom::Start(0))?;
        current.write_all(&input)?;
        current.set_len(input.len() as u64)?;
        tried += 1;
        match trial::once(target, &input) {
            Err(words) => break Some(words),
            Ok(mark) => {
                if seen.insert(mark) && !from_corpus && kept.len() < MOST_KEPT {
                    kept.push(input);
                    // What is kept is not tried a second time.
                    next = kept.len();
                }
            }
        }
        if Instant::now() > end {
            break None;
        }
    };
    std::fs::write(folder.join(FIGURES), format!("{tried} {}", seen.len()))?;
    Ok(outcome)
}
