//! `omics-ecr map`

use std::path::Path;
use std::process::ExitCode;

use operations::map::{self, Format, MapOptions, RegistryMap};
use operations::{OperationError, ScanRequest};

use crate::arguments::{MapArguments, MapFormat};
use crate::commands::{remarks, text_file};
use crate::failure::{print, remark};
use crate::screen::{self, Screen, count};

/// Writes the map and says what is left to do.
pub(crate) fn run(arguments: &MapArguments) -> operations::Result<ExitCode> {
    let target = super::target(&arguments.target)?;
    if let Some(missing) = target.placeholders().first() {
        let flag = if *missing == "ACCOUNT" { "--account 123456789012" } else { "--region us-east-1" };
        let tried = OperationError::new("cannot name the private registry that the map leads to");
        let words = format!("no {} was given", missing.to_lowercase());
        return Err(tried.refused(words).hint(format!("pass {flag}, with your own value")));
    }
    let options = MapOptions {
        target: target.clone(),
        rules: arguments.rules.clone(),
        credentials: arguments.credentials.iter().cloned().collect(),
        clone_prefix: arguments.clone_prefix.clone(),
    };
    let map = match (&arguments.path, &arguments.from) {
        (Some(path), _) => {
            let request = ScanRequest { path: path.clone(), target, ..ScanRequest::default() };
            map::of_scan(&operations::scan(&request)?, &options)
        }
        (None, from) => {
            let names = map::read_names(&text_file::read(from.as_deref().unwrap_or(Path::new("-")))?)?;
            map::of_names(names.iter().map(String::as_str), &options)
        }
    };
    deliver(&map, arguments)
}

fn deliver(map: &RegistryMap, arguments: &MapArguments) -> operations::Result<ExitCode> {
    let format = match arguments.format {
        MapFormat::Flat => Format::Flat,
        MapFormat::Healthomics => Format::Healthomics,
    };
    let mut findings = map.findings.clone();
    match &arguments.output {
        Some(path) => {
            let written = map::write(map, format, path, arguments.replace)?;
            findings.extend(written.findings);
            let changed = count(written.changed, "entry", "entries");
            remark(&format!("wrote {changed} into {}", path.display()));
        }
        None => print(&format!("{:#}\n", map.document(format)))?,
    }
    if let Some(path) = &arguments.clone_list {
        write_clone_list(map, path)?;
    }
    remark(&summary(map));
    if !map.clones.is_empty() {
        let mut table = Screen::of_stderr().table(&["TO CLONE", "TO"]);
        for clone in &map.clones {
            table.add_row([&clone.source, &clone.target]);
        }
        remark(&screen::render(&table));
    }
    remarks::findings(&findings);
    let nothing = map.entries.is_empty() && map.unresolved == 0 && findings.is_empty();
    if nothing {
        remark("no image was found that needs a place in the private registry");
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(map: &RegistryMap) -> String {
    let mut text = format!(
        "{} mapped to {}; {} to clone",
        count(map.entries.len(), "image", "images"),
        map.registry,
        map.clones.len()
    );
    if map.unresolved > 0 {
        text += &format!("; {} without a known value", count(map.unresolved, "attribute", "attributes"));
    }
    text
}

fn write_clone_list(map: &RegistryMap, path: &Path) -> operations::Result<()> {
    let lines: String =
        map.clones.iter().map(|clone| format!("{} {}\n", clone.source, clone.target)).collect();
    std::fs::write(path, lines).map_err(|error| {
        OperationError::new(format!("cannot write the clone list `{}`", path.display()))
            .refused(error)
            .hint("name a file in a folder that exists and may be written")
    })
}
