//! How settings become the defaults of flags.

use clap::{Arg, Command};

use super::{Effective, Settings};

impl Settings {
    /// Gives a command and all below it the settings as defaults.
    pub(crate) fn apply(&self, command: Command) -> Command {
        command.mut_args(|arg| self.with_default(arg)).mut_subcommands(|below| self.apply(below))
    }

    fn with_default(&self, arg: Arg) -> Arg {
        match self.found.iter().find(|found| !found.values.is_empty() && found.stands_for(&arg)) {
            Some(found) => arg.default_values(found.values.clone()),
            None => arg,
        }
    }
}

impl Effective {
    /// Returns whether a flag takes the values.
    fn stands_for(&self, arg: &Arg) -> bool {
        let choices = arg.get_possible_values();
        let is_choice = |value: &String| choices.iter().any(|choice| choice.matches(value, false));
        self.setting.is_of(arg) && (choices.is_empty() || self.values.iter().all(is_choice))
    }
}
