//! Declares a parameter in the configuration of every pipeline that needs it.
//!
//! Owns which configuration is a pipeline's own and where a declaration stands in it. Must not know what the
//! parameter is for.

use std::collections::{BTreeMap, BTreeSet};

use super::project::{folder, folders_upwards};
use super::token::{Kind, tokens};
use crate::rewrite::{self, Declarations, Edit, Parameter, Place};
use crate::source::{SourceFile, SourceTree};

/// The name of the configuration that Nextflow reads by itself.
const CONFIGURATION: &str = "nextflow.config";

/// Where a parameter has a value already.
enum Declared<'a> {
    Nowhere,
    /// The value that it is to have.
    Same,
    /// Another one, in this file.
    Other(&'a str),
}

/// Declares parameters in the configurations of a tree.
pub(crate) struct Declarer<'a> {
    tree: &'a SourceTree,
    /// The folders with a configuration.
    configured: BTreeSet<&'a str>,
    /// Those of them with a script beside it that Nextflow can be told to run.
    pipelines: BTreeSet<&'a str>,
}

impl<'a> Declarer<'a> {
    /// Returns a declarer for a tree.
    pub(crate) fn new(tree: &'a SourceTree) -> Self {
        let paths = || tree.files().iter().map(SourceFile::path);
        let configured: BTreeSet<&str> =
            paths().filter(|path| path.rsplit('/').next() == Some(CONFIGURATION)).map(folder).collect();
        let runs = |file: &&SourceFile| {
            file.path().ends_with(".nf")
                && configured.contains(folder(file.path()))
                && tree.text(file).is_some_and(is_entry)
        };
        let pipelines = tree.files().iter().filter(runs).map(|file| folder(file.path())).collect();
        Self { tree, configured, pipelines }
    }

    /// Returns what it takes to have the parameter in the files of all these places.
    pub(crate) fn declare(&self, places: &[Place<'_>], parameter: &Parameter) -> Declarations {
        let mut declarations = Declarations::default();
        let mut homes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, (file, _)) in places.iter().enumerate() {
            match self.home(file) {
                Some(home) => homes.entry(home).or_default().push(index),
                None => {
                    let message =
                        format!("no `{CONFIGURATION}` lies in a folder around `{file}`, to declare it in");
                    declarations.refused.push((index, message));
                }
            }
        }
        for (home, indexes) in homes {
            match self.declared(home, parameter) {
                Declared::Same => {}
                Declared::Other(file) => {
                    let name = parameter.name();
                    let message = format!("`{file}` gives the parameter `{name}` another value");
                    declarations.refused.extend(indexes.into_iter().map(|index| (index, message.clone())));
                }
                Declared::Nowhere => {
                    let Some(edit) = self.declaration(home, parameter) else { continue };
                    let what = format!("parameter `{}`", parameter.name());
                    declarations.declared.push(rewrite::Declared { file: edit.file.clone(), what });
                    declarations.probes.push(edit.clone());
                    declarations.edits.push(edit);
                }
            }
        }
        declarations
    }

    /// Returns the folder whose configuration applies to a file: the nearest one with a script to run
    /// beside it, else the outermost one.
    fn home(&self, file: &str) -> Option<&'a str> {
        let around = || folders_upwards(folder(file));
        let pipeline = around().find_map(|folder| self.pipelines.get(folder));
        pipeline.or_else(|| around().filter_map(|folder| self.configured.get(folder)).last()).copied()
    }

    /// Returns where in a pipeline the parameter has a value.
    fn declared(&self, home: &str, parameter: &Parameter) -> Declared<'a> {
        let mut declared = Declared::Nowhere;
        for file in self.tree.files() {
            let is_code = file.path().ends_with(".config") || file.path().ends_with(".nf");
            if !is_code || self.home(file.path()) != Some(home) {
                continue;
            }
            let Some(text) = self.tree.text(file) else { continue };
            if memchr::memmem::find(text.as_bytes(), parameter.name().as_bytes()).is_none() {
                continue;
            }
            let Some(facts) = super::read(file.path(), text) else { continue };
            for setting in facts.params.iter().filter(|setting| setting.key == parameter.name()) {
                if super::parse::plain_text(&setting.value) != Some(parameter.value()) {
                    return Declared::Other(file.path());
                }
                declared = Declared::Same;
            }
        }
        declared
    }

    /// Returns the edit that declares the parameter before anything else in the configuration, so that all
    /// that follows can use it.
    fn declaration(&self, home: &str, parameter: &Parameter) -> Option<Edit> {
        let path = if home.is_empty() { CONFIGURATION.to_owned() } else { format!("{home}/{CONFIGURATION}") };
        let text = self.tree.text(self.tree.get(&path)?)?;
        u32::try_from(text.len()).ok()?;
        let first = tokens(text).into_iter().find(|token| token.kind != Kind::Newline);
        let at = first.map_or(text.len(), |token| token.start as usize);
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let before = text.get(..at).unwrap_or_default();
        let is_line_start = before.is_empty() || before == "\u{feff}" || before.ends_with('\n');
        let start = if is_line_start { "" } else { newline };
        let (name, value) = (parameter.name(), parameter.value());
        Some(Edit::insert(&path, at, format!("{start}params.{name} = '{value}'{newline}{newline}")))
    }
}

/// Returns whether a script has a workflow without a name, by which Nextflow runs it.
fn is_entry(text: &str) -> bool {
    text.lines()
        .any(|line| line.strip_prefix("workflow").is_some_and(|rest| rest.trim_start().starts_with('{')))
}
