//! What one Nextflow file says that can matter to a container.
//!
//! Owns the shape of these facts. Must not know how they are read, nor what they come to together.

use std::borrow::Cow;
use std::collections::HashMap;

use super::expression::{Block, Expr};
use super::selector::Selector;

/// Everything one script or configuration file says.
#[derive(Debug, Default)]
pub(super) struct Facts<'s> {
    /// The container directives and settings.
    pub(super) attributes: Vec<Attribute<'s>>,
    /// The processes.
    pub(super) processes: Vec<Process<'s>>,
    /// Variables that the whole file sees.
    pub(super) variables: HashMap<&'s str, Vec<Assigned<'s>>>,
    /// Functions that the whole file sees.
    pub(super) functions: HashMap<&'s str, Function<'s>>,
    /// Values of parameters: `params.a.b` has the key `a.b`.
    pub(super) params: Vec<Setting<'s>>,
    /// Values of `ext` in a configuration.
    pub(super) ext: Vec<ExtSetting<'s>>,
    /// Values of `docker.registry`.
    pub(super) registries: Vec<Setting<'s>>,
    /// Whether `docker.registryOverride` is set.
    pub(super) registry_override: bool,
    /// The files that `includeConfig` names.
    pub(super) includes: Vec<Setting<'s>>,
    /// The configuration that nf-test is told to use.
    pub(super) test_config: Option<Expr<'s>>,
    /// What `include { A as B } from 'path'` brings in.
    pub(super) imports: Vec<Import<'s>>,
    /// Conditions of `if` around directives, settings and variables.
    pub(super) conditions: Vec<Expr<'s>>,
    /// What must hold of the conditions, each with what must hold around it.
    pub(super) guards: Vec<Guard>,
    /// Offset of the first thing that was nested too deep to be read.
    pub(super) too_deep: Option<usize>,
}

/// A process or function from another script.
#[derive(Debug)]
pub(super) struct Import<'s> {
    /// Its name there.
    pub(super) name: &'s str,
    /// Its name here.
    pub(super) alias: &'s str,
    /// The path of the other script as written, where it is plain text.
    pub(super) path: Cow<'s, str>,
}

/// A condition that must hold, or must not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guard {
    /// Index of the condition.
    pub(super) condition: usize,
    /// Whether it must hold.
    pub(super) holds: bool,
    /// Index of the guard around this one.
    pub(super) outer: Option<usize>,
}

/// A container directive or setting.
#[derive(Debug)]
pub(super) struct Attribute<'s> {
    /// Offset of the word `container`.
    pub(super) offset: usize,
    /// What it belongs to.
    pub(super) owner: Owner<'s>,
    /// The configuration profile around it.
    pub(super) profile: Option<Cow<'s, str>>,
    /// Its value.
    pub(super) value: Expr<'s>,
    /// Index of the guard around it.
    pub(super) guard: Option<usize>,
}

/// What a container attribute belongs to.
#[derive(Debug)]
pub(super) enum Owner<'s> {
    /// The process with this index in the same file.
    Process(usize),
    /// The processes that a configuration selects; all of them when there is no selector.
    Selected(Vec<Selector<'s>>),
}

/// A process.
#[derive(Debug)]
pub(super) struct Process<'s> {
    /// Its name.
    pub(super) name: Cow<'s, str>,
    /// Its labels, where they are plain text.
    pub(super) labels: Vec<Cow<'s, str>>,
    /// Variables of its own.
    pub(super) variables: Vec<(&'s str, Assigned<'s>)>,
    /// Its own `ext` directives.
    pub(super) ext: Vec<(Cow<'s, str>, Expr<'s>)>,
}

/// The value of a variable.
#[derive(Debug)]
pub(super) struct Assigned<'s> {
    /// The value.
    pub(super) value: Expr<'s>,
    /// Index of the guard around it.
    pub(super) guard: Option<usize>,
}

/// A function.
#[derive(Debug)]
pub(super) struct Function<'s> {
    /// The names of its parameters.
    pub(super) parameters: Vec<&'s str>,
    /// What it does.
    pub(super) body: Block<'s>,
}

/// The value of a setting.
#[derive(Debug)]
pub(super) struct Setting<'s> {
    /// The names behind the scope's name, joined by dots.
    pub(super) key: String,
    /// The configuration profile around it.
    pub(super) profile: Option<Cow<'s, str>>,
    /// Its value.
    pub(super) value: Expr<'s>,
}

/// The value of `ext.key` for the processes that a configuration selects.
#[derive(Debug)]
pub(super) struct ExtSetting<'s> {
    /// The selectors around it, the outermost first.
    pub(super) selectors: Vec<Selector<'s>>,
    /// Key, profile and value.
    pub(super) setting: Setting<'s>,
}
