//! A question on the terminal.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use tokio_util::sync::CancellationToken;

use crate::failure::{self, remark};

/// Returns whether somebody is there to be asked: both standard input and standard error are a terminal.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks on the terminal and returns whether the answer is yes; an interruption and the end of input are a no.
pub(crate) async fn ask(question: &str, cancel: &CancellationToken) -> bool {
    let mut screen = std::io::stderr().lock();
    // A terminal that takes no question gives no answer either.
    let _ = write!(screen, "{question} [y/N] ").and_then(|()| screen.flush());
    drop(screen);
    let answer = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    match cancel.run_until_cancelled(answer).await {
        Some(Ok(Ok(line))) => matches!(line.trim(), "y" | "Y" | "yes"),
        _ => false,
    }
}

/// Says that nothing was changed, and returns the exit code of a no, or of an interruption where that was the answer.
pub(crate) fn declined(cancel: &CancellationToken) -> ExitCode {
    remark("nothing was changed");
    ExitCode::from(if cancel.is_cancelled() { failure::INTERRUPTED } else { failure::NO })
}
