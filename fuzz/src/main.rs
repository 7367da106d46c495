//! Hostile input for everything that reads what others wrote: one process a target, new seeds every time.
//!
//! Owns the command line, and which targets run beside each other. Knows nothing of what a target reads.

mod arguments;
mod finding;
mod json;
mod mutation;
mod supervision;
mod targets;
mod trial;
mod work;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Mutex;

use arguments::{Arguments, Mode};
use targets::Target;

fn main() -> ExitCode {
    let arguments = match arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(words) => {
            say(&words);
            return ExitCode::from(2);
        }
    };
    match &arguments.mode {
        Mode::Search => search(&arguments),
        Mode::Work { target, folder } => work::work(target, folder, arguments.seed, arguments.seconds),
        Mode::Replay { target, file } => replay(target, file),
    }
}

/// Prints a line; a reader that went away is no failure.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Searches all targets that were asked for, some at a time.
fn search(arguments: &Arguments) -> ExitCode {
    let queue = Mutex::new(arguments.targets.iter().rev().copied().collect::<Vec<&Target>>());
    let findings = Mutex::new(0_usize);
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs {
            scope.spawn(|| {
                while let Some(target) = queue.lock().ok().and_then(|mut queue| queue.pop()) {
                    let found = match supervision::search(target, arguments.seed, arguments.seconds) {
                        Ok(found) => found,
                        Err(error) => {
                            say(&format!("{:<10} cannot be tried: {error}", target.name));
                            1
                        }
                    };
                    if let Ok(mut findings) = findings.lock() {
                        *findings += found;
                    }
                }
            });
        }
    });
    let findings = findings.into_inner().unwrap_or(1);
    say(&format!("{} targets, seed {}, {findings} findings", arguments.targets.len(), arguments.seed));
    ExitCode::from(u8::from(findings > 0))
}

/// Tries one input, and says what is wrong with it.
fn replay(target: &'static Target, file: &std::path::Path) -> ExitCode {
    let input = match std::fs::read(file) {
        Ok(input) => input,
        Err(error) => {
            say(&format!("cannot read `{}`: {error}", file.display()));
            return ExitCode::from(2);
        }
    };
    match trial::guarded(target, input) {
        Ok(_) => ExitCode::SUCCESS,
        Err(words) => {
            say(&words);
            ExitCode::FAILURE
        }
    }
}
