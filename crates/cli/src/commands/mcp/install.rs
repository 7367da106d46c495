//! `omics-ecr mcp install`

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use operations::OperationError;
use serde_json::{Map, Value, json};

use super::entry::Launch;
use crate::arguments::InstallArguments;
use crate::failure::{print, remark};

/// Longest file of a client that is read, in bytes.
const LONGEST: u64 = 16 << 20;

/// Prints the entry, or merges it into the client's file.
pub(super) fn run(arguments: &InstallArguments) -> operations::Result<ExitCode> {
    let launch = launch(arguments)?;
    let client = arguments.client;
    let file = arguments.file.clone().or_else(|| client.file());
    if !arguments.write {
        let entry = match client.is_toml() {
            true => client.toml(&arguments.name, &launch),
            false => {
                let document = json!({ client.root(): { arguments.name.as_str(): client.entry(&launch) } });
                pretty(&document)?
            }
        };
        print(&entry)?;
        let place =
            file.map_or_else(|| "its configuration".to_owned(), |file| format!("`{}`", file.display()));
        remark(&format!("put this into {place} of {}, or run again with --write", client.title()));
        if let Some(command) = client.command(&arguments.name, &launch) {
            remark(&format!("or: {command}"));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let file = file.ok_or_else(|| {
        OperationError::new(format!("cannot tell where {} keeps its configuration", client.title()))
            .refused("there is no home")
            .hint("name the file with --file")
    })?;
    let before = read(&file)?;
    let after = match client.is_toml() {
        true => merged_toml(arguments, &launch, before.as_deref().unwrap_or_default(), &file)?,
        false => merged_json(arguments, &launch, before.as_deref().unwrap_or_default(), &file)?,
    };
    if before.as_deref() == Some(after.as_str()) {
        remark(&format!("`{}` has the entry already", file.display()));
        return Ok(ExitCode::SUCCESS);
    }
    replace(&file, &after)?;
    remark(&format!(
        "wrote the entry `{}` into `{}`: restart {}",
        arguments.name,
        file.display(),
        client.title()
    ));
    Ok(ExitCode::SUCCESS)
}

fn launch(arguments: &InstallArguments) -> operations::Result<Launch> {
    let program = match &arguments.program {
        Some(program) => program.clone(),
        None => std::env::current_exe().map_err(|error| {
            OperationError::new("cannot tell where this program is")
                .refused(error)
                .hint("name it with --program")
        })?,
    };
    let program = program.to_str().map(str::to_owned).ok_or_else(|| {
        OperationError::new(format!("cannot write the path `{}` into a configuration", program.display()))
            .refused("it is no text")
            .hint("name the program with --program")
    })?;
    let own = std::iter::once("mcp".to_owned());
    Ok(Launch { program, arguments: own.chain(arguments.arguments.iter().cloned()).collect() })
}

/// Returns the text of a file; `None` where there is none.
fn read(file: &Path) -> operations::Result<Option<String>> {
    let failed = |error: &dyn std::fmt::Display| {
        OperationError::new(format!("cannot read `{}`", file.display())).refused(error)
    };
    match fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(&error)),
        Ok(metadata) if metadata.len() > LONGEST => Err(failed(&"it is too long to be a configuration")),
        Ok(_) => fs::read_to_string(file).map(Some).map_err(|error| failed(&error)),
    }
}

/// Returns a JSON file with the entry in it; everything else stays, in its order.
fn merged_json(
    arguments: &InstallArguments,
    launch: &Launch,
    before: &str,
    file: &Path,
) -> operations::Result<String> {
    let client = arguments.client;
    let refused = |words: &dyn std::fmt::Display| {
        OperationError::new(format!("cannot put an entry into `{}`", file.display()))
            .refused(words)
            .hint("add the entry by hand: run again without --write to see it")
    };
    let mut document: Value = match before.trim_start_matches('\u{feff}').trim() {
        "" => Value::Object(Map::new()),
        // Comments would be lost, so a file with comments is refused.
        text => serde_json::from_str(text).map_err(|error| refused(&error))?,
    };
    let old = document.clone();
    let object = document.as_object_mut().ok_or_else(|| refused(&"it is no JSON object"))?;
    let servers = object.entry(client.root()).or_insert_with(|| Value::Object(Map::new()));
    let servers = servers
        .as_object_mut()
        .ok_or_else(|| refused(&format!("its member `{}` is no object", client.root())))?;
    let entry = client.entry(launch);
    match servers.get_mut(&arguments.name).and_then(Value::as_object_mut) {
        // What somebody set beside the command stays, such as variables and approvals.
        Some(there) => {
            for (key, value) in entry.as_object().into_iter().flatten() {
                there.insert(key.clone(), value.clone());
            }
        }
        None => {
            servers.insert(arguments.name.clone(), entry);
        }
    }
    if document == old { Ok(before.to_owned()) } else { pretty(&document) }
}

/// Returns a TOML file with the entry at its end; a file that has it already must have it as it would be written.
fn merged_toml(
    arguments: &InstallArguments,
    launch: &Launch,
    before: &str,
    file: &Path,
) -> operations::Result<String> {
    let client = arguments.client;
    let table = client.toml(&arguments.name, launch);
    if before.contains(&table) {
        return Ok(before.to_owned());
    }
    let names = |line: &str| {
        let line: String = line.chars().filter(|c| !c.is_whitespace() && *c != '"' && *c != '\'').collect();
        let header = format!("[{}.{}", client.root(), arguments.name);
        line.starts_with(&format!("{header}]"))
            || line.starts_with(&format!("{header}."))
            || line.starts_with(&format!("{}=", client.root()))
            || line.starts_with(&format!("{}.{}", client.root(), arguments.name))
    };
    if before.lines().any(|line| names(line.trim_start())) {
        return Err(OperationError::new(format!("cannot put an entry into `{}`", file.display()))
            .refused(format!("it has one named `{}` already, with other contents", arguments.name))
            .hint("change that entry by hand: run again without --write to see what it should be; or pass --name"));
    }
    let gap = match before {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    Ok(format!("{before}{gap}{table}"))
}

/// Replaces a file at once or not at all; a symbolic link stays one.
fn replace(file: &Path, text: &str) -> operations::Result<()> {
    let failed = |error: std::io::Error| {
        OperationError::new(format!("cannot write `{}`", file.display()))
            .refused(error)
            .hint("make the file and its folder writable")
    };
    let file: PathBuf = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let part = folder.join(format!(".{name}.{}.part", std::process::id()));
    let written = fs::File::options().write(true).create_new(true).open(&part).and_then(|mut new| {
        if let Ok(metadata) = fs::metadata(&file) {
            fs::set_permissions(&part, metadata.permissions())?;
        }
        new.write_all(text.as_bytes())?;
        new.sync_all()?;
        fs::rename(&part, &file)
    });
    written.map_err(|error| {
        // What was begun is of no use to anybody.
        let _ = fs::remove_file(&part);
        failed(error)
    })
}

fn pretty(document: &Value) -> operations::Result<String> {
    serde_json::to_string_pretty(document)
        .map(|text| text + "\n")
        .map_err(|error| OperationError::new("cannot print the entry").refused(error))
}
