//! Exit codes, and how failures are printed.

use std::io::{self, Write as _};
use std::process::ExitCode;

use operations::OperationError;

use crate::arguments::Output;
use crate::{document, manner};

/// The answer is no: exit code 1.
pub(crate) const NO: u8 = 1;
/// There is no answer: exit code 2.
pub(crate) const NO_ANSWER: u8 = 2;

/// It was interrupted: exit code 130.
pub(crate) const INTERRUPTED: u8 = 130;

/// Every exit code, and what it says.
pub(crate) const EXIT_CODES: [(u8, &str); 4] = [
    (0, "the answer is yes, or what was asked for is done"),
    (NO, "the answer is no, or a part of it could not be done"),
    (
        NO_ANSWER,
        "there is no answer: a wrong command line or setting, no credentials, a service that refuses",
    ),
    (INTERRUPTED, "interrupted"),
];

/// Returns the exit codes as a help text ends with them.
pub(crate) fn exit_codes() -> String {
    let lines = EXIT_CODES.iter().map(|(code, says)| format!("\n  {code:<4} {says}"));
    format!("Exit codes:{}", lines.collect::<String>())
}

/// Prints a failure on standard error, in three lines or as one JSON object, and returns the exit code.
pub(crate) fn report(error: &OperationError, output: Output) -> ExitCode {
    let document =
        output.notation().map(|notation| document::line(&serde_json::json!({ "error": error }), notation));
    let text = match document {
        Some(Ok(document)) => document.trim_end().to_owned(),
        _ => text(error),
    };
    say(&text);
    ExitCode::from(NO_ANSWER)
}

/// Returns a failure in three lines: what was tried, who refused, what helps.
pub(crate) fn text(error: &OperationError) -> String {
    let mut text = format!("error: {error}");
    if let Some(refused) = &error.refused {
        text += &format!("\n  caused by: {refused}");
    }
    if let Some(hint) = &error.hint {
        text += &format!("\n  hint: {hint}");
    }
    text
}

/// Writes to standard output. A reader that has gone is no failure: it has what it wanted.
pub(crate) fn print(text: &str) -> operations::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(OperationError::new("cannot write to standard output").refused(error))
        }
        _ => Ok(()),
    }
}

/// Prints a failure beside the answer on standard error, in three lines.
pub(crate) fn tell(error: &OperationError) {
    say(&text(error));
}

/// Writes a remark to standard error, unless only the answer is wanted.
pub(crate) fn remark(text: &str) {
    if !manner::get().quiet {
        say(text);
    }
}

/// Writes to standard error what is to be read in any case: an error, or a question and what it is about.
pub(crate) fn say(text: &str) {
    // Nothing is left to do when standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
