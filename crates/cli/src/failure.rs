//! Exit codes, and how failures are printed.

use std::io::{self, Write as _};
use std::process::ExitCode;

use operations::OperationError;

use crate::arguments::Output;

/// The answer is no: exit code 1.
pub(crate) const NO: u8 = 1;
/// There is no answer: exit code 2.
pub(crate) const NO_ANSWER: u8 = 2;

/// It was interrupted: exit code 130.
pub(crate) const INTERRUPTED: u8 = 130;

/// Prints a failure on standard error, in three lines or as one JSON object, and returns the exit code.
pub(crate) fn report(error: &OperationError, output: Output) -> ExitCode {
    let text = match output {
        Output::Json => serde_json::json!({ "error": error }).to_string(),
        Output::Table => text(error),
    };
    remark(&text);
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

/// Writes a document to standard output as JSON.
///
/// # Errors
/// When standard output cannot be written to.
pub(crate) fn print_json(document: &impl serde::Serialize) -> operations::Result<()> {
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| OperationError::new("cannot print the report").refused(error))?;
    print(&(text + "\n"))
}

/// Writes a remark to standard error.
pub(crate) fn remark(text: &str) {
    // Nothing is left to do when standard error is closed.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
