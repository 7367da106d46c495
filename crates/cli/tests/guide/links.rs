//! Every link in a Markdown file leads to a file, and to a heading, that is there; no network is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What a Markdown file leads to and can be led to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Markdown {
    /// The targets of links, with their lines.
    links: Vec<(usize, String)>,
    /// The anchors of headings.
    anchors: BTreeSet<String>,
}

/// Reads headings and links; what stands in code is neither.
fn read(text: &str) -> Markdown {
    let mut own = Markdown::default();
    let mut seen = BTreeMap::<String, usize>::new();
    let mut fence = None;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim_start();
        let marks: String = trimmed.chars().take_while(|c| *c == '`').collect();
        match &fence {
            Some(open) if trimmed.trim_end() == *open => fence = None,
            Some(_) => {}
            None if marks.len() >= 3 => fence = Some(marks),
            None => {
                if let Some(heading) =
                    line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))
                {
                    let anchor = anchor(heading);
                    let times = seen.entry(anchor.clone()).or_default();
                    own.anchors.insert(if *times == 0 { anchor } else { format!("{anchor}-{times}") });
                    *times += 1;
                }
                // Code spans hold no links: every second piece between back quotes is one.
                let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
                let targets = prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0));
                own.links.extend(targets.map(|target| (number + 1, target.to_owned())));
            }
        }
    }
    own
}

/// Returns the anchor that mdBook and code hosts give a heading.
fn anchor(heading: &str) -> String {
    // The text of a link counts, its target does not.
    let mut text = String::new();
    let mut rest = heading.trim();
    while let Some((before, after)) = rest.split_once("](") {
        text += &before.replacen('[', "", 1);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    text += rest;
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Returns a path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut own = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(own.pop()),
            Component::CurDir => {}
            part => own.push(part),
        }
    }
    own
}

fn pages() -> BTreeMap<PathBuf, Markdown> {
    let root = crate::root();
    let mut found = Vec::new();
    for entry in fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(crate::files(&path, ".md"));
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    let read = |path: &PathBuf| read(&fs::read_to_string(path).unwrap());
    found.iter().map(|path| (path.strip_prefix(&root).unwrap().to_owned(), read(path))).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let (root, pages) = (crate::root(), pages());
    let mut wrong = Vec::new();
    let mut links = 0;
    for (page, markdown) in &pages {
        for (line, target) in &markdown.links {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            links += 1;
            let (path, anchor) =
                target.split_once('#').map_or((target.as_str(), None), |(p, a)| (p, Some(a)));
            let to = match path {
                "" => page.clone(),
                path => plain(&page.parent().unwrap_or(Path::new("")).join(path)),
            };
            let place = format!("{}:{line}: {target}", page.display());
            if page.starts_with("docs") && !to.starts_with("docs") {
                wrong.push(format!("{place} leads out of the book"));
            } else if !root.join(&to).exists() {
                wrong.push(format!("{place} leads nowhere"));
            } else if let (Some(anchor), Some(there)) = (anchor, pages.get(&to))
                && !there.anchors.contains(anchor)
            {
                wrong.push(format!("{place} leads to no heading; there are {:?}", there.anchors));
            }
        }
    }
    assert!(links > 100, "{links} links are found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_of_the_book_is_in_its_summary() {
    let pages = pages();
    let summary = &pages[Path::new("docs/SUMMARY.md")];
    let listed: BTreeSet<_> =
        summary.links.iter().map(|(_, target)| Path::new("docs").join(target)).collect();
    let book = pages.keys().filter(|path| path.starts_with("docs") && !path.ends_with("SUMMARY.md"));
    let missing: Vec<_> = book.filter(|path| !listed.contains(*path)).collect();
    assert!(missing.is_empty(), "not in docs/SUMMARY.md: {missing:?}");
}

#[test]
fn headings_and_links_are_found_as_a_reader_sees_them() {
    let text =
        "# A `b` c?\n## A `b` c?\n[x](y.md#z) and `[no](link)`, ![p](q.png)\n```sh\n# no\n[no](no)\n```\n";
    let own = read(text);
    assert_eq!(own.anchors, ["a-b-c", "a-b-c-1"].map(str::to_owned).into());
    assert_eq!(own.links, [(3, "y.md#z".to_owned()), (3, "q.png".to_owned())]);
    assert_eq!(anchor("[Exit codes](x.md): `0`, 1_a"), "exit-codes-0-1_a");
}
