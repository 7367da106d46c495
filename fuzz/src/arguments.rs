//! The command line of the harness.

use std::path::PathBuf;

use crate::targets::{self, Target};

/// What is to be done.
pub(crate) enum Mode {
    /// Search targets for inputs that break them.
    Search,
    /// Search one target in this process, which may not survive it.
    Work {
        /// The target.
        target: &'static Target,
        /// Where the current input and what is wrong with it are written.
        folder: PathBuf,
    },
    /// Try one input.
    Replay {
        /// The target.
        target: &'static Target,
        /// The file that holds it.
        file: PathBuf,
    },
}

/// What was asked for.
pub(crate) struct Arguments {
    pub(crate) mode: Mode,
    /// How long each target is searched.
    pub(crate) seconds: u64,
    /// What all chance comes from.
    pub(crate) seed: u64,
    /// How many targets at a time.
    pub(crate) jobs: usize,
    pub(crate) targets: Vec<&'static Target>,
}

const USAGE: &str = "usage: fuzz/run [--seed NUMBER] [--jobs NUMBER] [SECONDS] [TARGET...]\n       fuzz/run --replay TARGET FILE\ntargets:";

fn usage() -> String {
    targets::ALL
        .iter()
        .fold(USAGE.to_owned(), |text, target| text + &format!("\n  {:<10} {}", target.name, target.about))
}

/// Reads the arguments.
///
/// # Errors
/// The usage, when they are not understood.
pub(crate) fn read(arguments: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = arguments;
    let mut read =
        Arguments { mode: Mode::Search, seconds: 60, seed: fastrand::u64(..), jobs: 2, targets: Vec::new() };
    while let Some(argument) = arguments.next() {
        let mut next = || arguments.next().ok_or_else(usage);
        match argument.as_str() {
            "--seed" => read.seed = next()?.parse().map_err(|_| usage())?,
            "--jobs" => read.jobs = next()?.parse().map_err(|_| usage())?,
            "--replay" => {
                read.mode = Mode::Replay { target: target(&next()?)?, file: next()?.into() };
            }
            "--work" => {
                read.mode = Mode::Work { target: target(&next()?)?, folder: next()?.into() };
            }
            other => match other.parse() {
                Ok(seconds) => read.seconds = seconds,
                Err(_) => read.targets.push(target(other)?),
            },
        }
    }
    if read.targets.is_empty() {
        read.targets = targets::ALL.iter().collect();
    }
    Ok(read)
}

fn target(name: &str) -> Result<&'static Target, String> {
    targets::ALL.iter().find(|target| target.name == name).ok_or_else(usage)
}
