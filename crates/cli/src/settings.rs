//! Settings: what stands for flags that are left away, from environment variables and from files.
//!
//! A setting becomes the default of every flag of its name, so that a flag that is typed comes before it and is read as
//! ever. Owns where settings are looked for and which comes first; knows no command.

mod defaults;
mod file;
mod origin;
mod table;

use std::path::{Path, PathBuf};

use operations::OperationError;

use self::file::Entry;
pub(crate) use self::file::{FileKind, SettingsFile};
pub(crate) use self::origin::Origin;
pub(crate) use self::table::{SETTINGS, Setting, Shape};
use crate::environment::variable;

/// The name of a file with settings.
pub(crate) const FILE_NAME: &str = "omics-ecr.toml";

/// What is set, and by what.
#[derive(Debug)]
pub(crate) struct Settings {
    found: Vec<Effective>,
}

/// A setting with the value that counts.
#[derive(Debug)]
pub(crate) struct Effective {
    /// Which setting it is.
    pub(crate) setting: &'static Setting,
    /// Its values: one, unless it is a list; none where a variable of others says it.
    pub(crate) values: Vec<String>,
    /// What sets it.
    pub(crate) origin: Origin,
}

impl Settings {
    /// Reads the settings of the environment and of the files that are there.
    ///
    /// # Errors
    /// When a file cannot be read or is no file of settings, or a value cannot stand for its flag.
    pub(crate) fn load() -> operations::Result<Self> {
        let mut files = Vec::new();
        for place in places().into_iter().filter(|place| place.path.is_file()) {
            files.push(place.read()?);
        }
        let found = SETTINGS.iter().filter_map(|setting| effective(setting, &files).transpose());
        Ok(Self { found: found.collect::<operations::Result<_>>()? })
    }

    /// Returns what is set, in the order of [`SETTINGS`].
    pub(crate) fn found(&self) -> &[Effective] {
        &self.found
    }
}

/// Returns what counts of a setting; nothing where nothing sets it.
fn effective(setting: &'static Setting, files: &[Vec<Entry>]) -> operations::Result<Option<Effective>> {
    let own = setting.variable();
    if let Some(text) = variable(&own) {
        let values = setting.split(&text);
        for value in &values {
            setting.check(value).map_err(|refused| {
                OperationError::new(format!("cannot use the environment variable {own}"))
                    .refused(refused)
                    .hint(format!("set {own} to a right value, or unset it"))
            })?;
        }
        return Ok(Some(Effective { setting, values, origin: Origin::Variable { name: own } }));
    }
    if let Some(name) = setting.variables.iter().find(|name| variable(name).is_some()) {
        let origin = Origin::Variable { name: (*name).to_owned() };
        return Ok(Some(Effective { setting, values: Vec::new(), origin }));
    }
    let entry =
        files.iter().find_map(|entries| entries.iter().find(|entry| entry.setting.key == setting.key));
    Ok(entry.map(|entry| Effective { setting, values: entry.values.clone(), origin: entry.origin.clone() }))
}

/// Returns where files with settings may be, the one that counts first at the front.
pub(crate) fn places() -> Vec<SettingsFile> {
    let user = user_file();
    let project = std::env::current_dir().ok().and_then(|folder| project_file(&folder));
    let project = project.filter(|path| user.as_ref() != Some(path));
    let project = project.map(|path| SettingsFile { kind: FileKind::Project, path });
    project.into_iter().chain(user.map(|path| SettingsFile { kind: FileKind::User, path })).collect()
}

/// Returns the user's own file, there or not; nothing where no home is known.
fn user_file() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    // What Windows and XDG call it; macOS's own place is for applications with windows.
    let strategy = etcetera::base_strategy::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("omics-ecr").join(FILE_NAME))
}

/// Returns the nearest file in a folder or above it.
fn project_file(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file())
}
