//! The pages.

use super::variables::VARIABLES;
use super::*;
use crate::failure::EXIT_CODES;
use crate::settings::{SETTINGS, Setting};

const WRITTEN: &str =
    "<!-- Written from the code by UPDATE=1 cargo test -p omics-ecr --bin omics-ecr reference -->\n\n";

#[test]
fn the_page_of_commands_is_current() {
    let command = command();
    let mut page = format!(
        "{WRITTEN}# Commands\n\nEvery command takes the [flags for all](#flags-for-all). What a flag is when it is left \
         away may also come from [variables](environment.md) and [files](configuration.md).\n\n## Flags for all\n\n"
    );
    let (global, _): (Vec<&Arg>, _) = command.get_arguments().partition(|arg| arg.is_global_set());
    global.iter().for_each(|arg| page += &item(arg));
    command.get_subcommands().for_each(|below| section(below, &mut page));
    hold("commands.md", &page);
}

fn item(arg: &Arg) -> String {
    format!("- {}: {}.{}\n", typed(arg), meaning(arg), choices(arg))
}

fn section(command: &Command, page: &mut String) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    *page += &format!("\n## {name}\n\n");
    let about = command.get_long_about().or_else(|| command.get_about()).map(ToString::to_string);
    *page += &about.map(|about| about.trim().to_owned() + "\n").unwrap_or_default();
    let own: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| {
            !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help" && arg.get_id() != "version"
        })
        .collect();
    let mut headings: Vec<Option<&str>> = Vec::new();
    for arg in &own {
        if !headings.contains(&arg.get_help_heading()) {
            headings.push(arg.get_help_heading());
        }
    }
    for heading in headings {
        *page += &heading.map(|heading| format!("\n{heading}:\n")).unwrap_or_default();
        *page += "\n";
        own.iter().filter(|arg| arg.get_help_heading() == heading).for_each(|arg| *page += &item(arg));
    }
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        let lines: Vec<&str> =
            examples.lines().skip(1).map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
        *page += &format!("\n```sh\n{}\n```\n", lines.join("\n").trim());
    }
    command.get_subcommands().for_each(|below| section(below, page));
}

#[test]
fn the_page_of_exit_codes_is_current() {
    let mut page = format!("{WRITTEN}# Exit codes\n\n| code | what it says |\n| --- | --- |\n");
    for (code, says) in EXIT_CODES {
        page += &format!("| {code} | {says} |\n");
    }
    page += "\nWhat is yes and no of each command is said by its `--help`, and on the page of [commands](commands.md).\n";
    hold("exit-codes.md", &page);
}

#[test]
fn the_page_of_variables_is_current() {
    let mut page = format!(
        "{WRITTEN}# Environment variables\n\nA flag that is typed comes before every variable, and a variable before the \
         [files with settings](configuration.md). A variable that is empty counts as not set.\n\n## Settings\n\n\
         | variable | the flag that it stands for |\n| --- | --- |\n"
    );
    for setting in &SETTINGS {
        page += &format!(
            "| `{}` | [`--{}`](configuration.md#{}) |\n",
            setting.variable(),
            setting.key,
            setting.key
        );
    }
    page += "\n## Others\n\n| variable | what it does |\n| --- | --- |\n";
    for (name, does) in VARIABLES {
        page += &format!("| `{name}` | {does} |\n");
    }
    page += "\nBeside these the AWS SDK reads its own for credentials, profiles and endpoints, as every program of AWS's does.\n";
    hold("environment.md", &page);
}

#[test]
fn every_variable_of_the_sources_is_on_its_page() {
    let source = include_str!("../environment.rs");
    let words = source.split('"').skip(1).step_by(2);
    let names: Vec<&str> = words
        .filter(|word| {
            word.contains('_') && !word.contains(' ') || ["SHELL", "HOME", "TERM", "CLICOLOR"].contains(word)
        })
        .collect();
    assert!(names.len() > 30, "{names:?}");
    let settings: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
    let is_listed = |name: &str| {
        VARIABLES.iter().any(|(listed, _)| *listed == name) || settings.iter().any(|listed| listed == name)
    };
    let missing: Vec<&str> = names.into_iter().filter(|name| !is_listed(name)).collect();
    assert!(missing.is_empty(), "not in VARIABLES: {missing:?}");
}

/// Returns a flag that a setting stands for, of the first command that has it.
fn flag(command: &Command, setting: &Setting) -> Option<Arg> {
    let own = command.get_arguments().find(|arg| setting.is_of(arg)).cloned();
    own.or_else(|| command.get_subcommands().find_map(|below| flag(below, setting)))
}

/// Collects the commands with a flag that a setting stands for.
fn users(command: &Command, setting: &Setting, found: &mut Vec<String>) {
    if command.get_arguments().any(|arg| setting.is_of(arg)) {
        found.push(format!("`{}`", command.get_bin_name().unwrap_or(command.get_name())));
    }
    command.get_subcommands().for_each(|below| users(below, setting, found));
}

#[test]
fn the_page_of_settings_is_current() {
    let command = command();
    let mut page = format!(
        "{WRITTEN}# Configuration file\n\n`omics-ecr.toml`, in TOML. How it is found and what comes before it is in the \
         [guide](../guide/configuration.md).\n"
    );
    for setting in &SETTINGS {
        let arg = flag(&command, setting).unwrap_or_else(|| panic!("no command has --{}", setting.key));
        page += &format!("\n## {}\n\n{}.{}\n\n", setting.key, meaning(&arg), choices(&arg));
        page += &format!("- Written as {}.\n- Variable: `{}`", setting.shape.title(), setting.variable());
        let after: Vec<String> = setting.variables.iter().map(|name| format!("`{name}`")).collect();
        page += &if after.is_empty() { ".\n".to_owned() } else { format!("; then {}.\n", after.join(", ")) };
        if setting.user_only {
            page += "- Only in the user's own file, not in a project's.\n";
        }
        let mut used = Vec::new();
        users(&command, setting, &mut used);
        let by = if arg.is_global_set() { "all".to_owned() } else { used.join(", ") };
        page += &format!("- Commands: {by}.\n");
    }
    hold("configuration.md", &page);
}
