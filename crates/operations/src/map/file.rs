//! Maps in files: merged into what is there, written at once or not at all.

use std::io::Write as _;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::healthomics::ContainerRegistryMap;
use super::{ImageMapping, RegistryMap, RegistryMapping};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};

/// The shape of a map in a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The flat image map: `{"quay.io/a/b:1": "ACCOUNT.dkr.ecr.REGION.amazonaws.com/quay/a/b:1"}`.
    #[default]
    Flat,
    /// HealthOmics' container registry map: `{"registryMappings": [...], "imageMappings": [...]}`.
    Healthomics,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// How many entries were added or changed.
    pub changed: usize,
    /// Entries that were there with another value, and were kept.
    pub findings: Vec<Finding>,
}

impl RegistryMap {
    /// Returns the map as a document of a format.
    pub fn document(&self, format: Format) -> Value {
        match format {
            Format::Flat => Value::Object(self.flat()),
            Format::Healthomics => to_value(self.healthomics()),
        }
    }
}

/// Writes a map into a file, merged into what is there: entries of others stay, and an entry with another
/// value stays too and becomes a finding, unless `replace` says otherwise. Nothing is written when nothing
/// changes, and the file is changed at once or not at all.
///
/// # Errors
/// When the file holds something that is no map of the format, or cannot be read or written.
pub fn write(map: &RegistryMap, format: Format, path: &Path, replace: bool) -> Result<Written> {
    let before = read(path)?;
    let mut merged = Merge { replace, path, changed: 0, findings: Vec::new() };
    let after = match format {
        Format::Flat => merged.flat(before.clone(), map)?,
        Format::Healthomics => merged.healthomics(before.clone(), map)?,
    };
    if before.as_ref() != Some(&after) {
        save(path, &after)?;
    }
    Ok(Written { changed: merged.changed, findings: merged.findings })
}

struct Merge<'a> {
    replace: bool,
    path: &'a Path,
    changed: usize,
    findings: Vec<Finding>,
}

impl Merge<'_> {
    fn flat(&mut self, before: Option<Value>, map: &RegistryMap) -> Result<Value> {
        let mut document = match before {
            None => Map::new(),
            Some(Value::Object(entries)) if entries.values().all(Value::is_string) => entries,
            Some(_) => return Err(self.not_a_map("a flat image map: one object of names to names")),
        };
        for (image, after) in map.flat() {
            match document.get(&image) {
                Some(before) if *before == after => {}
                Some(before) if !self.replace => self.kept(&image, before.as_str().unwrap_or_default()),
                _ => {
                    document.insert(image, after);
                    self.changed += 1;
                }
            }
        }
        Ok(Value::Object(document))
    }

    fn healthomics(&mut self, before: Option<Value>, map: &RegistryMap) -> Result<Value> {
        let Some(before) = before else {
            let after = map.healthomics();
            self.changed = after.registry_mappings.len() + after.image_mappings.len();
            return Ok(to_value(after));
        };
        let shape = "a container registry map: an object of registryMappings and imageMappings";
        let Value::Object(mut document) = before else { return Err(self.not_a_map(shape)) };
        let known: ContainerRegistryMap = match document.keys().all(|key| MEMBERS.contains(&key.as_str())) {
            true => serde_json::from_value(document.clone().into()).map_err(|_| self.not_a_map(shape))?,
            false => return Err(self.not_a_map(shape)),
        };
        let registries = self.merge_list(
            known.registry_mappings,
            &map.healthomics.registry_mappings,
            |mapping: &RegistryMapping| mapping.upstream_registry_url.clone(),
            |mapping| mapping.ecr_repository_prefix.clone(),
        );
        let images = self.merge_list(
            known.image_mappings,
            &map.healthomics.image_mappings,
            |mapping: &ImageMapping| mapping.source_image.clone(),
            |mapping| mapping.destination_image.clone(),
        );
        document.insert(MEMBERS[0].to_owned(), to_value(&registries));
        document.insert(MEMBERS[1].to_owned(), to_value(&images));
        Ok(Value::Object(document))
    }

    fn merge_list<T: Clone + PartialEq>(
        &mut self,
        mut before: Vec<T>,
        ours: &[T],
        key: impl Fn(&T) -> String,
        value: impl Fn(&T) -> String,
    ) -> Vec<T> {
        for mapping in ours {
            match before.iter_mut().find(|there| key(there) == key(mapping)) {
                Some(there) if there == mapping => {}
                Some(there) if !self.replace => self.kept(&key(there), &value(there)),
                Some(there) => {
                    *there = mapping.clone();
                    self.changed += 1;
                }
                None => {
                    before.push(mapping.clone());
                    self.changed += 1;
                }
            }
        }
        before
    }

    fn kept(&mut self, key: &str, value: &str) {
        let message = format!("the file maps it to `{value}` already, which was kept");
        let hint = "pass `--replace` to write the new value";
        self.findings.push(Finding::new(Severity::Warning, Code::KeptEntry, key, message).hint(hint));
    }

    fn not_a_map(&self, shape: &str) -> OperationError {
        OperationError::new(format!("cannot write the map into `{}`", self.path.display()))
            .refused(format!("the file is there and is not {shape}"))
            .hint("name another file, or the format that the file has")
    }
}

/// The members of a container registry map.
const MEMBERS: [&str; 2] = ["registryMappings", "imageMappings"];

fn read(path: &Path) -> Result<Option<Value>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let tried = format!("cannot read the map `{}`", path.display());
            return Err(OperationError::new(tried)
                .refused(error)
                .hint("name a file that may be read and written"));
        }
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    serde_json::from_str(&text).map(Some).map_err(|error| {
        OperationError::new(format!("cannot merge the map into `{}`", path.display()))
            .refused(format!("the file is not JSON: {error}"))
            .hint("name another file, or repair this one")
    })
}

/// Returns the JSON in a file that holds a map.
///
/// # Errors
/// When the file cannot be read, or is no JSON.
pub(crate) fn read_document(path: &Path) -> Result<Value> {
    let failed = |words: String| {
        OperationError::new(format!("cannot read the map `{}`", path.display()))
            .refused(words)
            .hint("name a file that `omics-ecr map` wrote")
    };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let text = text.trim_start_matches('\u{feff}');
    serde_json::from_str(text).map_err(|error| failed(format!("the file is not JSON: {error}")))
}

fn save(path: &Path, document: &Value) -> Result<()> {
    let failed = |error: std::io::Error| {
        OperationError::new(format!("cannot write the map `{}`", path.display()))
            .refused(error)
            .hint("name a file in a folder that exists and may be written")
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let text = serde_json::to_string_pretty(document).map_err(|error| failed(error.into()))?;
    writeln!(file, "{text}").map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    make_readable(file.path()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Gives a new file the mode that files have by default: temporary files are closed to others.
fn make_readable(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

/// Returns plain data as JSON; the types of a map have no way to fail.
fn to_value(data: &impl Serialize) -> Value {
    serde_json::to_value(data).unwrap_or_default()
}
