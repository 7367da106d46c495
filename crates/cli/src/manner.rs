//! How the command behaves beside its answer: what it says, in which colour, with how much of progress.
//!
//! Set once at the start, from what was typed, and read wherever something is printed.

use std::sync::OnceLock;

use crate::arguments::{ColorChoice, GlobalArguments};
use crate::environment::{self, variable};

static MANNER: OnceLock<Manner> = OnceLock::new();

/// How the command behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Whether the answer, errors and questions are all that is said.
    pub(crate) quiet: bool,
    /// Whether progress is shown.
    pub(crate) progress: bool,
    /// How much is logged: 0 for nothing.
    pub(crate) verbosity: u8,
    color: ColorChoice,
}

impl Manner {
    const USUAL: Self = Self { quiet: false, progress: true, verbosity: 0, color: ColorChoice::Auto };

    /// Returns whether it logs, so that nothing else may draw on standard error.
    pub(crate) fn is_logging(self) -> bool {
        self.verbosity > 0
    }

    /// Returns whether a stream gets colour.
    pub(crate) fn colour(self, terminal: bool) -> bool {
        let is_dumb = variable(environment::TERM).is_some_and(|term| term == "dumb");
        let switch = |name| variable(name).map(|value| value != "0");
        colour(
            self.color,
            terminal && !is_dumb,
            variable(environment::NO_COLOR).is_some(),
            switch(environment::CLICOLOR),
            switch(environment::CLICOLOR_FORCE),
        )
    }
}

impl From<&GlobalArguments> for Manner {
    fn from(arguments: &GlobalArguments) -> Self {
        Self {
            quiet: arguments.quiet,
            progress: !arguments.no_progress && !arguments.quiet,
            verbosity: arguments.verbose,
            color: arguments.color,
        }
    }
}

/// Decides about colour: what was typed, then `NO_COLOR`, then `CLICOLOR_FORCE`, then `CLICOLOR`, then the stream.
fn colour(
    choice: ColorChoice,
    terminal: bool,
    no_color: bool,
    clicolor: Option<bool>,
    force: Option<bool>,
) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto if no_color => false,
        ColorChoice::Auto if force == Some(true) => true,
        ColorChoice::Auto => terminal && clicolor != Some(false),
    }
}

/// Sets the manner; the first one stays.
pub(crate) fn set(manner: Manner) {
    let _ = MANNER.set(manner);
}

/// Returns the manner; the usual one before any is set.
pub(crate) fn get() -> Manner {
    MANNER.get().copied().unwrap_or(Manner::USUAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_comes_before_variables_and_these_before_the_stream() {
        use ColorChoice::{Always, Auto, Never};
        for (choice, terminal, no_color, clicolor, force, wanted) in [
            (Auto, true, false, None, None, true),
            (Auto, false, false, None, None, false),
            (Auto, true, true, None, None, false),
            (Auto, false, true, None, Some(true), false),
            (Auto, false, false, None, Some(true), true),
            (Auto, false, false, None, Some(false), false),
            (Auto, true, false, Some(false), None, false),
            (Auto, true, false, Some(true), None, true),
            (Always, false, true, Some(false), None, true),
            (Never, true, false, None, Some(true), false),
        ] {
            let got = colour(choice, terminal, no_color, clicolor, force);
            assert_eq!(got, wanted, "{choice:?} {terminal} {no_color} {clicolor:?} {force:?}");
        }
    }
}
