//! Lists of image names that other programs write.

use serde::Deserialize;

use crate::error::{OperationError, Result};

/// What `nextflow inspect -format json` prints, as far as it is read.
#[derive(Deserialize)]
struct Inspected {
    processes: Vec<InspectedProcess>,
}

#[derive(Deserialize)]
struct InspectedProcess {
    container: Option<String>,
}

/// Returns the image names in a text: the output of `nextflow inspect -format json`, a JSON list of names,
/// or one name a line, where empty lines and lines that begin with `#` are passed over.
///
/// # Errors
/// When the text begins as JSON and is neither of the two.
pub fn read_names(text: &str) -> Result<Vec<String>> {
    let refused = |error: serde_json::Error| {
        OperationError::new("cannot read the list of images").refused(error).hint(
            "give one image a line, a JSON list of names, or the output of `nextflow inspect -format json`",
        )
    };
    let text = text.trim_start_matches('\u{feff}').trim();
    let names = if text.starts_with('{') {
        let inspected: Inspected = serde_json::from_str(text).map_err(refused)?;
        inspected.processes.into_iter().filter_map(|process| process.container).collect()
    } else if text.starts_with('[') {
        serde_json::from_str(text).map_err(refused)?
    } else {
        text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    Ok(names.into_iter().filter(|name| !name.is_empty() && !name.starts_with('#')).collect())
}
