//! Texts that a command reads: a file, or standard input.

use std::io::Read as _;
use std::path::Path;

use operations::OperationError;

/// The longest text, in bytes.
const LONGEST: u64 = 64 << 20;

/// Reads a file, or standard input where the path is `-`.
///
/// # Errors
/// When it cannot be read, is no UTF-8, or longer than 64 MiB.
pub(crate) fn read(path: &Path) -> operations::Result<String> {
    let tried = || OperationError::new(format!("cannot read `{}`", path.display()));
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(LONGEST + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text))
    };
    read.map_err(|error| tried().refused(error).hint("give a file of text, or - for standard input"))?;
    if text.len() as u64 > LONGEST {
        return Err(tried().refused("it is longer than 64 MiB").hint("give a shorter file"));
    }
    Ok(text)
}
