//! The examples, as they were when this was built.

use std::fs;
use std::path::Path;

use operations::OperationError;

/// Each file of `examples/`, by its path in there.
const FILES: [(&str, &str); 5] = [
    ("cwl/count.cwl", include_str!("../../../../../examples/cwl/count.cwl")),
    ("nextflow/main.nf", include_str!("../../../../../examples/nextflow/main.nf")),
    ("nextflow/modules/fastqc.nf", include_str!("../../../../../examples/nextflow/modules/fastqc.nf")),
    ("nextflow/nextflow.config", include_str!("../../../../../examples/nextflow/nextflow.config")),
    ("wdl/align.wdl", include_str!("../../../../../examples/wdl/align.wdl")),
];

/// Writes the examples into a folder.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(folder: &Path) -> operations::Result<()> {
    for (name, text) in FILES {
        let path = folder.join(name);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.map_err(|error| {
            OperationError::new(format!("cannot write the example `{}`", path.display())).refused(error)
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use std::path::PathBuf;

    use super::*;

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path, found) } else { found.push(path) }
        }
    }

    #[test]
    fn every_example_is_among_them() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        let mut found = Vec::new();
        files(&folder, &mut found);
        let mut names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(&folder).unwrap().to_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, FILES.map(|(name, _)| name));
    }
}
