//! `omics-ecr config`

use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;
use serde_json::Value;

use crate::arguments::{ConfigArguments, ConfigCommand, ConfigShowArguments, Output};
use crate::document;
use crate::environment::variable;
use crate::failure::print;
use crate::screen::{self, Screen};
use crate::settings::{self, Effective, FileKind, Origin, SETTINGS, Setting, Settings, Shape};

/// What is set.
#[derive(Debug, Serialize)]
struct Shown {
    schema_version: u32,
    settings: Vec<ShownSetting>,
}

#[derive(Debug, Serialize)]
struct ShownSetting {
    name: &'static str,
    /// As flags take it; null where nothing sets it.
    value: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
}

/// Where settings may be.
#[derive(Debug, Serialize)]
struct Places {
    schema_version: u32,
    /// The one that counts first at the front.
    files: Vec<Place>,
}

#[derive(Debug, Serialize)]
struct Place {
    kind: &'static str,
    path: PathBuf,
    exists: bool,
}

/// Returns the shape of what is printed.
pub(crate) fn output(arguments: &ConfigArguments) -> Output {
    match &arguments.command {
        ConfigCommand::Show(arguments) => arguments.output.shape,
        ConfigCommand::Path(arguments) => arguments.output.shape,
    }
}

/// Shows settings, or where they are looked for.
pub(crate) fn run(
    arguments: &ConfigArguments,
    settings: operations::Result<Settings>,
) -> operations::Result<ExitCode> {
    match &arguments.command {
        ConfigCommand::Show(arguments) => show(arguments, &settings?)?,
        ConfigCommand::Path(arguments) => places(arguments.output.shape)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn show(arguments: &ConfigShowArguments, settings: &Settings) -> operations::Result<()> {
    let of = |setting: &Setting| settings.found().iter().find(|found| found.setting.key == setting.key);
    if let Some(notation) = arguments.output.shape.notation() {
        let settings = SETTINGS.iter().map(|setting| ShownSetting {
            name: setting.key,
            value: of(setting).map_or(Value::Null, value),
            origin: of(setting).map(|found| found.origin.clone()),
        });
        return document::print(&Shown { schema_version: 1, settings: settings.collect() }, notation);
    }
    let mut table = Screen::of_stdout().table(&["SETTING", "VALUE", "FROM"]);
    for setting in &SETTINGS {
        match of(setting) {
            Some(found) => {
                table.add_row([setting.key.to_owned(), texts(found).join("\n"), found.origin.to_string()])
            }
            None => table.add_row([setting.key, "", "not set"]),
        };
    }
    print(&screen::render(&table))
}

/// Returns the values of a setting; a variable of other programs is told as it is.
fn texts(found: &Effective) -> Vec<String> {
    match &found.origin {
        Origin::Variable { name } if found.values.is_empty() => variable(name).into_iter().collect(),
        _ => found.values.clone(),
    }
}

fn value(found: &Effective) -> Value {
    let mut texts = texts(found);
    if found.setting.shape == Shape::List {
        return texts.into();
    }
    match (found.setting.shape, texts.pop()) {
        (_, None) => Value::Null,
        (Shape::Switch, Some(text)) => (text == "true").into(),
        (Shape::Number, Some(text)) => text.parse::<u64>().map_or(Value::Null, Value::from),
        (_, Some(text)) => text.into(),
    }
}

fn places(output: Output) -> operations::Result<()> {
    let files = settings::places().into_iter().map(|file| Place {
        kind: match file.kind {
            FileKind::User => "user",
            FileKind::Project => "project",
        },
        exists: file.path.is_file(),
        path: file.path,
    });
    let files: Vec<Place> = files.collect();
    if let Some(notation) = output.notation() {
        return document::print(&Places { schema_version: 1, files }, notation);
    }
    let mut table = Screen::of_stdout().table(&["FILE", "OF", ""]);
    for file in &files {
        let state = if file.exists { "read" } else { "not there" };
        table.add_row([&file.path.display().to_string(), file.kind, state]);
    }
    print(&screen::render(&table))
}
