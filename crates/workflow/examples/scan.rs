//! Prints everything a scan of a folder finds, as JSON.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: scan FOLDER")?;
    let scan = workflow::scan(Path::new(&folder), workflow::Limits::default())?;
    let document = serde_json::json!({ "references": scan.references, "warnings": scan.warnings });
    serde_json::to_writer_pretty(std::io::stdout().lock(), &document)?;
    Ok(())
}
