//! The files of a scan: a folder, a zip archive or a single file, read within bounds.
//!
//! Owns what is read and what is left out: symbolic links are not followed, so nothing outside the folder is
//! ever read; huge, binary and non-UTF-8 files are left out with a warning when a scanner wants them. Must
//! not know any workflow language.

mod archive;

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use crate::reference::Warning;

/// Bounds on what a scan reads.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest file that is read, in bytes.
    pub file_bytes: u64,
    /// Most files that are listed.
    pub files: usize,
    /// Deepest folder below the scanned one that is entered.
    pub depth: usize,
    /// Most bytes that a zip archive may come to in all when unpacked.
    pub archive_bytes: u64,
}

impl Default for Limits {
    /// 2 MiB a file, 500,000 files, 64 folders deep, 512 MiB an archive.
    fn default() -> Self {
        Self { file_bytes: 2 << 20, files: 500_000, depth: 64, archive_bytes: 512 << 20 }
    }
}

/// Why a folder, archive or file could not be scanned at all.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The path is missing or may not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The path as it was given.
        path: PathBuf,
        /// What the operating system answered.
        source: std::io::Error,
    },
    /// The archive is damaged, or no zip archive.
    #[error("cannot read the zip archive `{path}`: {reason}")]
    Archive {
        /// The path as it was given.
        path: PathBuf,
        /// What the archive reader answered.
        reason: String,
    },
}

/// One file of a scan; its text is read when it is first asked for, and kept.
#[derive(Clone)]
pub struct SourceFile {
    path: String,
    origin: Origin,
    /// Shared with the trees that differ in other files.
    text: Arc<OnceLock<Result<String, String>>>,
}

#[derive(Clone)]
enum Origin {
    Disk { path: PathBuf, size: u64 },
    Memory,
}

impl SourceFile {
    /// Returns the path relative to the scanned folder, with `/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the ending of the file's name in lower case, without the dot; empty when it has none.
    pub fn extension(&self) -> String {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default()
    }
}

/// The files of one scan.
pub struct SourceTree {
    files: Vec<SourceFile>,
    is_archive: bool,
    limits: Limits,
    warnings: Mutex<BTreeSet<Warning>>,
}

impl SourceTree {
    /// Lists the files below `path`, or the entries of a zip archive, or the one file, without reading text.
    ///
    /// Files come in the order of their paths. Folders named `.git` are left out; symbolic links are left
    /// out with a warning when they look like workflow files.
    ///
    /// # Errors
    /// [`ScanError`] when `path` itself cannot be read or is a damaged archive.
    pub fn open(path: &Path, limits: Limits) -> Result<Self, ScanError> {
        let read = |source| ScanError::Read { path: path.to_owned(), source };
        let metadata = fs::metadata(path).map_err(read)?;
        let mut tree = Self { files: Vec::new(), is_archive: false, limits, warnings: Mutex::default() };
        if metadata.is_dir() {
            // The folder itself must be readable; what lies below may fail with a warning.
            fs::read_dir(path).map_err(read)?;
            tree.list(path);
        } else if archive::is_zip(path).map_err(read)? {
            tree.is_archive = true;
            tree.files = archive::unpack(path, &limits, &mut |warning| tree.warn(warning))?;
        } else {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            tree.files.push(SourceFile::on_disk(name, path.to_owned(), metadata.len()));
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// Returns a tree of texts that are held in memory, as tests and other callers without a folder have
    /// them. Paths are taken as they are, with `/`.
    pub fn from_texts<P: Into<String>, T: Into<String>>(texts: impl IntoIterator<Item = (P, T)>) -> Self {
        let mut files: Vec<_> = texts
            .into_iter()
            .map(|(path, text)| SourceFile::in_memory(path.into(), Ok(text.into())))
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Self { files, is_archive: false, limits: Limits::default(), warnings: Mutex::default() }
    }

    /// Returns this tree with other texts in some of its files; what was read of the others is shared.
    /// Warnings are not taken over.
    pub(crate) fn with_texts(&self, mut texts: HashMap<String, String>) -> Self {
        let changed = |file: &SourceFile| match texts.remove(&file.path) {
            Some(text) => SourceFile::in_memory(file.path.clone(), Ok(text)),
            None => file.clone(),
        };
        let files = self.files.iter().map(changed).collect();
        Self { files, is_archive: self.is_archive, limits: self.limits, warnings: Mutex::default() }
    }

    /// Returns whether the files are the entries of an archive.
    pub(crate) fn is_archive(&self) -> bool {
        self.is_archive
    }

    /// Returns the files in the order of their paths.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Returns the file at a path relative to the scanned folder, or `None` when there is none.
    pub fn get(&self, path: &str) -> Option<&SourceFile> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }

    /// Returns the text of a file, read at the first call and kept. Returns `None`, and warns once, when it
    /// is too large, binary, not UTF-8 or cannot be read.
    pub fn text<'a>(&'a self, file: &'a SourceFile) -> Option<&'a str> {
        let mut first = false;
        let text = file.text.get_or_init(|| {
            first = true;
            self.read(file)
        });
        match text {
            Ok(text) => Some(text),
            Err(message) => {
                if first || matches!(file.origin, Origin::Memory) {
                    self.warn(Warning { file: file.path.clone(), line: None, message: message.clone() });
                }
                None
            }
        }
    }

    /// Records something that was left out.
    pub fn warn(&self, warning: Warning) {
        self.warnings.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(warning);
    }

    /// Returns what was left out so far, in the order of the files.
    pub fn warnings(&self) -> Vec<Warning> {
        let warnings = self.warnings.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        warnings.iter().cloned().collect()
    }

    fn list(&mut self, root: &Path) {
        let walk = walkdir::WalkDir::new(root).min_depth(1).max_depth(self.limits.depth);
        let entries = walk.into_iter().filter_entry(|entry| entry.file_name() != ".git");
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    let file = error.path().map(|path| relative(root, path)).unwrap_or_default();
                    let message = format!("left out: cannot be read ({})", reason(&error));
                    self.warn(Warning { file, line: None, message });
                    continue;
                }
            };
            let path = relative(root, entry.path());
            let kind = entry.file_type();
            if kind.is_dir() {
                if entry.depth() == self.limits.depth {
                    let message = format!("left out: more than {} folders deep", self.limits.depth);
                    self.warn(Warning { file: path, line: None, message });
                }
            } else if kind.is_symlink() {
                if looks_like_workflow(&path) {
                    let message = "left out: symbolic links are not followed".to_owned();
                    self.warn(Warning { file: path, line: None, message });
                }
            } else if kind.is_file() {
                if self.files.len() == self.limits.files {
                    let message =
                        format!("left out with all that follow: more than {} files", self.limits.files);
                    self.warn(Warning { file: path, line: None, message });
                    return;
                }
                let size = entry.metadata().map(|metadata| metadata.len()).unwrap_or_default();
                self.files.push(SourceFile::on_disk(path, entry.path().to_owned(), size));
            }
        }
    }

    fn read(&self, file: &SourceFile) -> Result<String, String> {
        let Origin::Disk { path, size } = &file.origin else {
            return Err("left out: no text".to_owned());
        };
        if *size > self.limits.file_bytes {
            let limit = self.limits.file_bytes >> 20;
            return Err(format!(
                "left out: {} MiB is more than the limit of {limit} MiB",
                size.div_ceil(1 << 20)
            ));
        }
        let bytes = fs::read(path).map_err(|error| format!("left out: cannot be read ({error})"))?;
        decode(bytes)
    }
}

impl SourceFile {
    fn on_disk(path: String, on_disk: PathBuf, size: u64) -> Self {
        Self { path, origin: Origin::Disk { path: on_disk, size }, text: Arc::default() }
    }

    fn in_memory(path: String, text: Result<String, String>) -> Self {
        Self { path, origin: Origin::Memory, text: Arc::new(OnceLock::from(text)) }
    }
}

/// Returns the bytes as text, or why they are none.
fn decode(bytes: Vec<u8>) -> Result<String, String> {
    if memchr::memchr(0, &bytes).is_some() {
        return Err("left out: binary file".to_owned());
    }
    String::from_utf8(bytes)
        .map_err(|error| format!("left out: not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
}

/// Returns whether a file's name has the ending of a workflow language.
fn looks_like_workflow(path: &str) -> bool {
    [".wdl", ".nf", ".config", ".cwl"].iter().any(|ending| path.to_ascii_lowercase().ends_with(ending))
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

fn reason(error: &walkdir::Error) -> String {
    match error.io_error() {
        Some(io) => io.to_string(),
        None => "a loop of links".to_owned(),
    }
}
