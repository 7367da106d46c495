//! Zip archives, unpacked into memory within bounds.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::{Limits, ScanError, SourceFile, decode};
use crate::reference::Warning;

/// Endings of the files that any scanner may ask for; the rest of an archive is not unpacked.
const WANTED: [&str; 7] = ["wdl", "nf", "config", "cwl", "json", "yaml", "yml"];

/// Returns whether the file begins as a zip archive does.
pub(super) fn is_zip(path: &Path) -> std::io::Result<bool> {
    let mut start = Vec::with_capacity(4);
    File::open(path)?.take(4).read_to_end(&mut start)?;
    Ok(start == *b"PK\x03\x04" || start == *b"PK\x05\x06")
}

/// Returns the files of an archive. Entries with names that lead outside, links, and what goes past the
/// limits are left out with a warning.
pub(super) fn unpack(
    path: &Path,
    limits: &Limits,
    warn: &mut dyn FnMut(Warning),
) -> Result<Vec<SourceFile>, ScanError> {
    let damaged = |reason: String| ScanError::Archive { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|source| ScanError::Read { path: path.to_owned(), source })?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| damaged(error.to_string()))?;
    let mut files = Vec::new();
    let mut unpacked = 0_u64;
    for index in 0..archive.len() {
        let entry = match archive.by_index(index) {
            Ok(entry) => entry,
            Err(error) => {
                let message = format!("left out: entry {index} of the archive cannot be read ({error})");
                warn(Warning { file: path.display().to_string(), line: None, message });
                continue;
            }
        };
        let raw_name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let mut left_out = |message: String| warn(Warning { file: raw_name.clone(), line: None, message });
        if entry.is_dir() {
            continue;
        }
        let Some(name) = entry.enclosed_name() else {
            left_out("left out: its name leads outside the archive".to_owned());
            continue;
        };
        let name: Vec<_> = name.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let name = name.join("/");
        if entry.is_symlink() {
            left_out("left out: symbolic links are not followed".to_owned());
            continue;
        }
        if files.len() == limits.files {
            left_out(format!("left out with all that follow: more than {} files", limits.files));
            break;
        }
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        let text = if !WANTED.contains(&ending.as_str()) && !name.ends_with(".txt") {
            Err("left out: not unpacked".to_owned())
        } else {
            let mut bytes = Vec::new();
            let read = entry.take(limits.file_bytes + 1).read_to_end(&mut bytes);
            unpacked += bytes.len() as u64;
            if unpacked > limits.archive_bytes {
                let reason = format!("it unpacks to more than {} MiB", limits.archive_bytes >> 20);
                return Err(damaged(reason));
            }
            match read {
                Err(error) => Err(format!("left out: cannot be unpacked ({error})")),
                Ok(_) if bytes.len() as u64 > limits.file_bytes => {
                    Err(format!("left out: larger than the limit of {} MiB", limits.file_bytes >> 20))
                }
                Ok(_) => decode(bytes),
            }
        };
        files.push(SourceFile::in_memory(name, text));
    }
    Ok(files)
}
