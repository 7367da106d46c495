//! All files of a scan together: which parameters, `ext` settings and variables a place can see.
//!
//! Owns the bounds between several pipelines in one folder. Must not know how values are evaluated.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use super::candidate::MOST_NAMES;
use super::facts::{Assigned, ExtSetting, Facts, Function, Process, Setting};
use super::selector::Selector;
use crate::lines::LineIndex;
use crate::reference::Step;

/// One script or configuration file.
pub(super) struct File<'s> {
    /// Path relative to the scanned folder.
    pub(super) path: &'s str,
    /// The text.
    pub(super) source: &'s str,
    /// What it says.
    pub(super) facts: Facts<'s>,
    lines: OnceLock<LineIndex<'s>>,
    /// The nearest folder upwards with a `nextflow.config`, and the farthest.
    nearest: Option<&'s str>,
    farthest: Option<&'s str>,
}

impl<'s> File<'s> {
    /// Returns line and column of an offset, both counted from 1.
    pub(super) fn position(&self, offset: usize) -> (u32, u32) {
        self.lines.get_or_init(|| LineIndex::new(self.source)).position(offset)
    }

    /// Returns the step of a chain that stands at an offset.
    pub(super) fn step(&self, offset: usize, what: String) -> Step {
        Step { file: self.path.to_owned(), line: self.position(offset).0, what }
    }

    /// Returns whether it is a configuration and no script.
    pub(super) fn is_config(&self) -> bool {
        self.path.ends_with(".config")
    }

    /// Returns the folder it lies in.
    pub(super) fn folder(&self) -> &'s str {
        folder(self.path)
    }
}

/// Returns the folder of a path; the scanned folder itself is empty.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns a folder and all folders around it, the nearest first.
pub(super) fn folders_upwards(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |&folder| (!folder.is_empty()).then(|| self::folder(folder)))
}

/// Returns a relative path below a folder without `.` and `..`; none when it leads out of the scanned folder.
pub(super) fn join(folder: &str, path: &str) -> Option<String> {
    if path.contains("://") || path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// All files of a scan.
pub(super) struct Project<'s> {
    /// The files in the order of their paths.
    pub(super) files: Vec<File<'s>>,
    params: BTreeMap<String, Vec<(usize, usize)>>,
    ext: HashMap<String, Vec<(usize, usize)>>,
    variables: HashMap<&'s str, Vec<usize>>,
    aliases: HashMap<&'s str, Vec<&'s str>>,
}

impl<'s> Project<'s> {
    /// Returns the project of these files, each with path, text and facts, in the order of their paths;
    /// `homes` are the folders with a `nextflow.config`.
    pub(super) fn new(files: Vec<(&'s str, &'s str, Facts<'s>)>, homes: &BTreeSet<&'s str>) -> Self {
        let files: Vec<File<'s>> = files
            .into_iter()
            .map(|(path, source, facts)| {
                let mut around = folders_upwards(folder(path)).filter(|folder| homes.contains(folder));
                let nearest = around.next();
                let farthest = around.last().or(nearest);
                File { path, source, facts, lines: OnceLock::new(), nearest, farthest }
            })
            .collect();
        let mut project = Self {
            files: Vec::new(),
            params: BTreeMap::new(),
            ext: HashMap::new(),
            variables: HashMap::new(),
            aliases: HashMap::new(),
        };
        for (index, file) in files.iter().enumerate() {
            for (at, setting) in file.facts.params.iter().enumerate() {
                project.params.entry(setting.key.clone()).or_default().push((index, at));
            }
            for (at, ext) in file.facts.ext.iter().enumerate() {
                project.ext.entry(ext.setting.key.clone()).or_default().push((index, at));
            }
            if file.is_config() {
                for name in file.facts.variables.keys() {
                    project.variables.entry(name).or_default().push(index);
                }
            }
            for import in file.facts.imports.iter().filter(|import| import.name != import.alias) {
                project.aliases.entry(import.name).or_default().push(import.alias);
            }
        }
        for aliases in project.aliases.values_mut() {
            aliases.sort_unstable();
            aliases.dedup();
        }
        project.files = files;
        project
    }

    /// Returns the values of `params.key` that the file sees, each with the index of its file.
    pub(super) fn params(&self, file: usize, key: &str) -> Vec<(usize, &Setting<'s>)> {
        let Some(all) = self.params.get(key) else { return Vec::new() };
        let own_script = self.files.get(file).is_some_and(|file| !file.is_config())
            && all.iter().any(|&(other, _)| other == file);
        self.visible(file, all.iter().copied(), |&(other, _)| other)
            .into_iter()
            .filter_map(|(other, at)| {
                let found = self.files.get(other)?;
                // A script that has a default of its own does not take that of another script.
                let foreign = own_script && other != file && !found.is_config();
                (!foreign).then_some((other, found.facts.params.get(at)?))
            })
            .collect()
    }

    /// Returns the keys of the parameters right below a key: those of `params.a.*` for `a`.
    pub(super) fn params_below(&self, key: &str) -> Vec<&str> {
        let prefix = format!("{key}.");
        let start = self.params.range(prefix.clone()..).map(|(key, _)| key.as_str());
        start
            .take_while(|key| key.starts_with(&prefix))
            .filter(|key| !key.get(prefix.len()..).unwrap_or_default().contains('.'))
            .take(MOST_NAMES)
            .collect()
    }

    /// Returns the values of `ext.key` that a process or the processes of selectors can have, each with the
    /// index of its file.
    pub(super) fn ext(
        &self,
        file: usize,
        key: &str,
        subject: Subject<'_, 's>,
    ) -> Vec<(usize, &ExtSetting<'s>)> {
        let Some(all) = self.ext.get(key) else { return Vec::new() };
        let all = all.iter().filter_map(|&(other, at)| {
            let ext = self.files.get(other)?.facts.ext.get(at)?;
            self.selected(&ext.selectors, subject).then_some((other, ext))
        });
        let mut visible = self.visible(file, all, |&(other, _)| other);
        // `withName` wins over `withLabel`, which wins over settings for all; profiles come on top.
        let rank = |ext: &ExtSetting<'_>| ext.selectors.iter().map(Selector::rank).max().unwrap_or(0);
        let best = visible
            .iter()
            .filter(|(_, ext)| ext.setting.profile.is_none())
            .map(|(_, ext)| rank(ext))
            .max()
            .unwrap_or(0);
        visible.retain(|(_, ext)| rank(ext) >= best);
        visible
    }

    /// Returns the values that configuration files give a variable which the file sees.
    pub(super) fn variables(&self, file: usize, name: &str) -> Vec<(usize, &Assigned<'s>)> {
        let one = |index: usize| {
            let found = self.files.get(index).and_then(|file| file.facts.variables.get(name));
            found.into_iter().flatten().map(move |assigned| (index, assigned))
        };
        let own: Vec<_> = one(file).collect();
        if !own.is_empty() || !self.files.get(file).is_some_and(File::is_config) {
            return own;
        }
        let all = self.variables.get(name).into_iter().flatten().copied();
        self.visible(file, all, |&other| other).into_iter().flat_map(one).collect()
    }

    /// Returns the function that a file calls by this name, its own or an included one, with its file.
    pub(super) fn function(&self, file: usize, name: &str) -> Option<(usize, &Function<'s>)> {
        let here = self.files.get(file)?;
        if let Some(function) = here.facts.functions.get(name) {
            return Some((file, function));
        }
        let import = here.facts.imports.iter().find(|import| import.alias == name)?;
        let path = join(here.folder(), &import.path)?;
        [path.clone(), format!("{path}.nf"), format!("{path}/main.nf")].iter().find_map(|path| {
            let at = self.files.binary_search_by(|file| file.path.cmp(path)).ok()?;
            Some((at, self.files.get(at)?.facts.functions.get(import.name)?))
        })
    }

    fn selected(&self, selectors: &[Selector<'_>], subject: Subject<'_, 's>) -> bool {
        match subject {
            Subject::Process(process) => {
                let aliases = self.aliases.get(process.name.as_ref()).map(Vec::as_slice).unwrap_or_default();
                selectors.iter().all(|selector| selector.selects(process, aliases))
            }
            Subject::Selected(own) => selectors.iter().all(|selector| {
                own.iter().any(|other| {
                    selector.same(other) || other.plain_name().is_some_and(|name| selector.matches(name))
                })
            }),
        }
    }

    /// Returns of all items those of the pipelines around the file; when there are none those of its whole
    /// pipeline with what is nested in it; when there are none all.
    fn visible<T>(&self, file: usize, all: impl Iterator<Item = T>, of: fn(&T) -> usize) -> Vec<T> {
        let Some(viewer) = self.files.get(file) else { return Vec::new() };
        let tier = |other: usize| {
            let Some(other) = self.files.get(other) else { return 2 };
            let around = match other.nearest {
                None => true,
                Some(home) => contains(home, viewer.folder()),
            };
            if around {
                0
            } else if other.farthest == viewer.farthest {
                1
            } else {
                2
            }
        };
        let mut ranked: Vec<(u8, T)> = all.map(|item| (tier(of(&item)), item)).collect();
        let best = ranked.iter().map(|(tier, _)| *tier).min();
        ranked.retain(|(tier, _)| Some(*tier) == best);
        ranked.into_iter().map(|(_, item)| item).collect()
    }
}

/// Whose `task.ext` is asked for.
#[derive(Clone, Copy)]
pub(super) enum Subject<'p, 's> {
    /// That of a process.
    Process(&'p Process<'s>),
    /// That of the processes which these selectors mean.
    Selected(&'p [Selector<'s>]),
}

/// Returns whether `inner` is the folder or lies in it.
fn contains(folder: &str, inner: &str) -> bool {
    folder.is_empty()
        || inner.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
