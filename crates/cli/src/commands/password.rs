//! Passwords and tokens: from standard input or a terminal that does not show them, never from the arguments.

use std::io::{IsTerminal as _, Read as _};

use operations::OperationError;

/// Longest password that is read, in bytes.
const LONGEST: u64 = 64 << 10;

/// Returns the password that stands on standard input, without the end of its line; `command` is what reads it.
///
/// # Errors
/// When standard input cannot be read or is empty.
pub(crate) fn from_stdin(command: &str) -> operations::Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(LONGEST).read_to_string(&mut text);
    let tried = || OperationError::new("cannot read the password from standard input");
    read.map_err(|error| tried().refused(error))?;
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    if text.is_empty() {
        let hint = format!("pipe the password in: `cat password | {command}`");
        return Err(tried().refused("it is empty").hint(hint));
    }
    Ok(text)
}

/// Asks for a password on the terminal, or reads it from standard input where that is none.
///
/// # Errors
/// When nothing can be read, or it is empty.
pub(crate) fn asked_or_piped(question: &str, command: &str) -> operations::Result<String> {
    if !std::io::stdin().is_terminal() {
        return from_stdin(command);
    }
    let tried = || OperationError::new("cannot read the password from the terminal");
    let text = rpassword::prompt_password(question).map_err(|error| tried().refused(error))?;
    match text.is_empty() {
        true => Err(tried().refused("it is empty")),
        false => Ok(text),
    }
}
