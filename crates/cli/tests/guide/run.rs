//! Every block marked `run` is run, page by page, each page in a folder and a world of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::outside::Outside;
use crate::page::{self, Piece};

/// Pages of the guide that have nothing to run: they show files alone.
const NOTHING_TO_RUN: [&str; 1] = ["configuration.md"];

/// Runs a page. Returns what is otherwise than the page says, and the page as it would be right.
fn run(path: &Path) -> (Vec<String>, String, usize) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let text = fs::read_to_string(path).unwrap();
    let (outside, home) = (Outside::new(), tempfile::tempdir().unwrap());
    let variables = outside.furnish(home.path());
    let bin = home.path().join("bin");
    let work = home.path().join("work");
    fs::create_dir(&bin).unwrap();
    copy(&crate::root().join("examples"), &work.join("examples"));
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_omics-ecr"), bin.join("omics-ecr")).unwrap();
    let (mut wrong, mut changes, mut runs) = (Vec::new(), Vec::new(), 0);
    for piece in page::pieces(&text) {
        let (line, commands, wanted, shown) = match piece {
            Piece::Ecr { operation, body } => {
                outside.ecr(&operation, &body);
                continue;
            }
            Piece::Commands { line, text, exit, shown } => (line, text, exit, shown),
        };
        runs += 1;
        let printed = home.path().join("printed");
        let file = fs::File::create(&printed).unwrap();
        let mut command = Command::new("sh");
        command.arg("-ec").arg(&commands).current_dir(&work).env_clear();
        command.env("PATH", format!("{}:/usr/bin:/bin", bin.display())).env("HOME", home.path());
        command.env("DOCKERHUB_TOKEN", "dckr_pat_example").envs(variables.iter().cloned());
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let exit = command.status().unwrap().code();
        let printed = fs::read_to_string(&printed).unwrap();
        if exit != Some(wanted) {
            wrong.push(format!("{name}:{line}: exit code {exit:?}, not {wanted}:\n{commands}\n{printed}"));
        }
        let Some(shown) = shown.filter(|shown| !page::is_as_shown(&shown.text, &printed)) else { continue };
        wrong.push(format!(
            "{name}:{line}: prints otherwise:\n{commands}\nthe page has:\n{}\nbut it prints:\n{printed}",
            shown.text
        ));
        changes.push((shown, printed));
    }
    (wrong, changed(&text, changes), runs)
}

/// Returns a page with what was printed in the place of what it shows.
fn changed(text: &str, changes: Vec<(page::Shown, String)>) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (shown, printed) in changes.into_iter().rev() {
        let new = printed.lines().map(|line| format!("{}{line}", shown.indent).trim_end().to_owned());
        lines.splice(shown.lines, new.collect::<Vec<_>>());
    }
    lines.join("\n") + "\n"
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn pages() -> Vec<PathBuf> {
    let mut pages = crate::files(&crate::root().join("docs/guide"), ".md");
    pages.extend(
        ["README.md", "docs/README.md", "docs/troubleshooting.md"].map(|name| crate::root().join(name)),
    );
    pages
}

/// With `UPDATE=1` the pages take what the commands print now.
#[test]
fn every_command_that_a_page_runs_does_and_prints_what_the_page_says() {
    let update = std::env::var_os("UPDATE").is_some();
    let only = std::env::var("PAGE").unwrap_or_default();
    let mut wrong = Vec::new();
    std::thread::scope(|scope| {
        let pages = pages().into_iter().filter(|path| path.to_string_lossy().contains(&only));
        let running: Vec<_> = pages.map(|path| (path.clone(), scope.spawn(move || run(&path)))).collect();
        for (path, page) in running {
            let (found, text, runs) = page.join().unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if update && !found.is_empty() {
                fs::write(&path, text).unwrap();
            }
            wrong.extend(found);
            let in_guide = path.parent().is_some_and(|folder| folder.ends_with("guide"));
            if in_guide && runs == 0 && !NOTHING_TO_RUN.contains(&name.as_str()) {
                wrong.push(format!("{name} has no block to run"));
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
