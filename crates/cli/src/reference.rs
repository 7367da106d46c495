//! The pages of reference that are written from the code, and the schemas of documents.
//!
//! With `UPDATE=1` these tests write them; without it they hold what is there against the code.

mod pages;
mod schemas;
mod variables;

use std::fs;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command, CommandFactory as _};

use crate::arguments::Arguments;

/// Returns the folder of the reference.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference")
}

/// Holds a file of the reference against what it must be.
fn hold(name: &str, text: &str) {
    let path = folder().join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == text,
        "{} is not what the code says: run this test with UPDATE=1 and commit it",
        path.display()
    );
}

/// Returns the command with all that clap adds, but its commands for help.
fn command() -> Command {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    command
}

/// Returns what a flag does, in one line.
fn meaning(arg: &Arg) -> String {
    let text = arg.get_long_help().or_else(|| arg.get_help()).map(ToString::to_string).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the names of an argument as they are typed, with what they take.
fn typed(arg: &Arg) -> String {
    let values = arg.get_value_names().unwrap_or_default();
    let value = values.first().map(|name| format!("<{name}>")).filter(|_| arg.get_action().takes_values());
    let Some(long) = arg.get_long() else {
        let value = value.unwrap_or_default();
        return if matches!(arg.get_action(), ArgAction::Append) {
            format!("`{value}...`")
        } else {
            format!("`{value}`")
        };
    };
    let flag = match (arg.is_require_equals_set(), value) {
        (_, None) => format!("--{long}"),
        (true, Some(value)) => format!("--{long}[={value}]"),
        (false, Some(value)) => format!("--{long} {value}"),
    };
    match arg.get_short() {
        Some(short) => format!("`-{short}`, `{flag}`"),
        None => format!("`{flag}`"),
    }
}

/// Returns what a flag may be and is when it is left away.
fn choices(arg: &Arg) -> String {
    let mut text = String::new();
    let possible: Vec<PossibleValue> =
        if arg.is_hide_possible_values_set() { Vec::new() } else { arg.get_possible_values() };
    if !possible.is_empty() && arg.get_action().takes_values() {
        let names: Vec<String> = possible.iter().map(|value| format!("`{}`", value.get_name())).collect();
        text += &format!(" One of {}.", names.join(", "));
    }
    let defaults: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() && arg.get_action().takes_values() && !arg.is_hide_default_value_set() {
        text += &format!(" Default: `{}`.", defaults.join(", "));
    }
    text
}
