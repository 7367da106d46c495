//! The settings that there are.

use std::str::FromStr;

use clap::{Arg, ValueEnum};
use image::{AccountId, Region, RegistryHost, RepositoryName};
use registry::Platform;

use crate::arguments::{ColorChoice, Output, Preference, read_prefix, read_secret};
use crate::environment;

/// A setting: a value for every flag of its name.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its name in a file, which is the flag's.
    pub(crate) key: &'static str,
    /// How its value is written.
    pub(crate) shape: Shape,
    /// What the flags that it stands for call their value; others of the same name mean something else.
    pub(crate) value_names: &'static [&'static str],
    /// The variables of other programs that come before files, the one that counts first at the front.
    pub(crate) variables: &'static [&'static str],
    /// Whether it may stand in the user's own file alone, since what is sent depends on it and a project's file may
    /// come from anyone.
    pub(crate) user_only: bool,
    check: fn(&str) -> Result<(), String>,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// true or false.
    Switch,
    /// A list of texts.
    List,
}

impl Shape {
    /// Returns what a value is called.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a whole number",
            Self::Switch => "true or false",
            Self::List => "a list of texts",
        }
    }
}

/// All settings.
pub(crate) const SETTINGS: [Setting; 15] = [
    Setting::text("account", &["ACCOUNT"], read::<AccountId>),
    Setting::text("region", &["REGION"], read::<Region>)
        .after(&[environment::AWS_REGION, environment::AWS_DEFAULT_REGION]),
    Setting::text("profile", &["NAME"], any).after(&["AWS_PROFILE"]),
    Setting::text("endpoint-url", &["URL"], url).after(&["AWS_ENDPOINT_URL"]).of_user_alone(),
    Setting::text("source-account", &["ACCOUNT"], read::<AccountId>),
    Setting::list("prefix", &["HOST[/PART]=PREFIX", "UPSTREAM=PREFIX"], |text| read_prefix(text).map(drop)),
    Setting::list("credential", &["HOST=ARN|NAME"], |text| read_secret(text).map(drop)),
    Setting::text("clone-prefix", &["REPOSITORY"], read::<RepositoryName>),
    Setting::text("prefer", &["ROUTE"], choice::<Preference>),
    Setting::text("platform", &["OS/ARCH"], read::<Platform>),
    Setting::list("plain-http", &["HOST"], read::<RegistryHost>).of_user_alone(),
    Setting { shape: Shape::Number, ..Setting::text("transfers", &["N"], transfers) },
    Setting::text("output", &["SHAPE"], choice::<Output>),
    Setting::text("color", &["WHEN"], choice::<ColorChoice>).after(&[
        environment::NO_COLOR,
        environment::CLICOLOR_FORCE,
        environment::CLICOLOR,
    ]),
    Setting { shape: Shape::Switch, ..Setting::text("no-progress", &[], any) },
];

impl Setting {
    const fn text(
        key: &'static str,
        value_names: &'static [&'static str],
        check: fn(&str) -> Result<(), String>,
    ) -> Self {
        Self { key, shape: Shape::Text, value_names, variables: &[], user_only: false, check }
    }

    const fn list(
        key: &'static str,
        value_names: &'static [&'static str],
        check: fn(&str) -> Result<(), String>,
    ) -> Self {
        Self { key, shape: Shape::List, value_names, variables: &[], user_only: false, check }
    }

    const fn after(mut self, variables: &'static [&'static str]) -> Self {
        self.variables = variables;
        self
    }

    const fn of_user_alone(mut self) -> Self {
        self.user_only = true;
        self
    }

    /// Returns the environment variable that is of this name.
    pub(crate) fn variable(&self) -> String {
        format!("OMICS_ECR_{}", self.key.replace('-', "_").to_ascii_uppercase())
    }

    /// Returns the values in the text of a variable, where those of a list are parted by commas.
    pub(super) fn split(&self, text: &str) -> Vec<String> {
        match self.shape {
            Shape::List => text.split(',').map(|value| value.trim().to_owned()).collect(),
            _ => vec![text.to_owned()],
        }
    }

    /// Says why a value cannot stand for the flag.
    ///
    /// # Errors
    /// When it cannot.
    pub(super) fn check(&self, value: &str) -> Result<(), String> {
        if self.shape == Shape::Switch && !["true", "false"].contains(&value) {
            return Err(format!("`{value}` is not {}", self.shape.title()));
        }
        (self.check)(value)
    }

    /// Returns whether it stands for a flag.
    pub(crate) fn is_of(&self, arg: &Arg) -> bool {
        let names = arg.get_value_names().unwrap_or_default();
        let is_named = match self.shape {
            Shape::Switch => !arg.get_action().takes_values(),
            _ => names.iter().any(|name| self.value_names.contains(&name.as_str())),
        };
        arg.get_long() == Some(self.key) && is_named
    }
}

fn read<T: FromStr<Err: ToString>>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(drop).map_err(|error| error.to_string())
}

fn any(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(()) }
}

fn url(text: &str) -> Result<(), String> {
    if !text.starts_with("http://") && !text.starts_with("https://") {
        return Err(format!("`{text}` is no URL with http:// or https://"));
    }
    match reqwest::Url::parse(text) {
        // What is wrong is told without the value, which may be a password.
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Err("it names a user or a password, and settings hold no secret".to_owned())
        }
        Ok(_) => Ok(()),
        Err(error) => Err(format!("it is no URL: {error}")),
    }
}

fn transfers(text: &str) -> Result<(), String> {
    match text.parse::<u16>() {
        Ok(1..=256) => Ok(()),
        _ => Err(format!("`{text}` is no number from 1 to 256")),
    }
}

fn choice<T: ValueEnum>(text: &str) -> Result<(), String> {
    T::from_str(text, false).map(drop).map_err(|_| {
        let names = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let names: Vec<String> = names.map(|value| value.get_name().to_owned()).collect();
        format!("`{text}` is none of {}", names.join(", "))
    })
}
