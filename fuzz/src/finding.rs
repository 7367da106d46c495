//! What was found, as files that people look at and keep.

use std::io;
use std::path::{Path, PathBuf};

use sha2::Digest as _;

/// An input that breaks a target.
pub(crate) struct Finding {
    pub(crate) target: &'static str,
    pub(crate) input: Vec<u8>,
    /// What is wrong.
    pub(crate) words: String,
    /// What the search began with.
    pub(crate) seed: u64,
}

impl Finding {
    /// Writes the input and, beside it, what is wrong; returns the path of the input.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub(crate) fn write(&self) -> io::Result<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("findings");
        std::fs::create_dir_all(&folder)?;
        let sum = sha2::Sha256::digest(&self.input);
        let short: String = sum.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        let file = folder.join(format!("{}-{short}", self.target));
        std::fs::write(&file, &self.input)?;
        let again = format!("fuzz/run --replay {} {}", self.target, file.display());
        let text = format!("{}\nseed {}\nagain: {again}\n", self.words, self.seed);
        std::fs::write(file.with_extension("txt"), text)?;
        Ok(file)
    }
}

/// Returns whether two failures are of one kind: the words before the first `: ` are the same.
pub(crate) fn same_kind(one: &str, other: &str) -> bool {
    let kind = |words: &str| words.split(": ").next().unwrap_or_default().to_owned();
    kind(one) == kind(other)
}
