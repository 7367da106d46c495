//! Lists of images from a file or from standard input.

use std::io::Read;
use std::path::Path;

use operations::OperationError;

/// Longest list that is read, in bytes.
const LONGEST: u64 = 64 << 20;

/// Returns the text of a list; `-` stands for standard input.
///
/// # Errors
/// When it cannot be read, is not UTF-8, or is longer than 64 MiB: a list that is cut would lose images.
pub(super) fn read(path: &Path) -> operations::Result<String> {
    let cannot = || OperationError::new(format!("cannot read the list of images `{}`", path.display()));
    let text = if path == Path::new("-") {
        bounded(std::io::stdin().lock())
    } else {
        std::fs::File::open(path).and_then(bounded)
    };
    let text = text.map_err(|error| {
        cannot().refused(error).hint("name a file of UTF-8 text that may be read, or - for standard input")
    })?;
    if text.len() as u64 > LONGEST {
        let refused = format!("it is longer than {} MiB", LONGEST >> 20);
        return Err(cannot().refused(refused).hint("give it in parts"));
    }
    Ok(text)
}

/// Reads one byte more than allowed, so that a list that is too long can be told.
fn bounded(source: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    source.take(LONGEST + 1).read_to_string(&mut text)?;
    Ok(text)
}
