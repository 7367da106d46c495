//! What a scan reads, and what it leaves out.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::io::Write as _;
use std::path::Path;

use workflow::{Limits, SourceTree, scan};

fn write(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Reads every file of a tree and returns the paths that have text, and the warnings.
fn read(tree: &SourceTree) -> (Vec<&str>, Vec<(String, String)>) {
    let files =
        tree.files().iter().filter(|file| tree.text(file).is_some()).map(|file| file.path()).collect();
    let warnings = tree.warnings().into_iter().map(|warning| (warning.file, warning.message)).collect();
    (files, warnings)
}

#[test]
fn files_come_in_the_order_of_their_paths_without_git() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.wdl", "a/z.nf", "a/b.config", ".git/x.wdl", ".hidden/c.cwl"] {
        write(folder.path(), name, b"text");
    }
    let tree = SourceTree::open(folder.path(), Limits::default()).unwrap();
    assert_eq!(read(&tree), (vec![".hidden/c.cwl", "a/b.config", "a/z.nf", "b.wdl"], vec![]));
    assert_eq!(tree.get("a/z.nf").map(|file| file.extension()).as_deref(), Some("nf"));
    assert!(tree.get("a").is_none());
}

#[test]
fn what_cannot_be_text_is_left_out_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "binary.wdl", b"version 1.0\0");
    write(folder.path(), "latin.nf", b"// caf\xe9\n");
    write(folder.path(), "large.cwl", &vec![b' '; 3000]);
    write(folder.path(), "right.nf", b"process A { }");
    let tree = SourceTree::open(folder.path(), Limits { file_bytes: 2048, ..Limits::default() }).unwrap();
    let (files, warnings) = read(&tree);
    assert_eq!(files, ["right.nf"]);
    let warnings: Vec<_> = warnings.iter().map(|(file, message)| (file.as_str(), message.as_str())).collect();
    assert_eq!(warnings[0], ("binary.wdl", "left out: binary file"));
    assert!(warnings[1].0 == "large.cwl" && warnings[1].1.contains("more than the limit"));
    assert_eq!(warnings[2], ("latin.nf", "left out: not UTF-8 at byte 6"));
    // A second reading says nothing again.
    assert_eq!(read(&tree).1.len(), 3);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "secret.wdl", b"version 1.0");
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a/right.wdl", b"version 1.0");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("outside")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret.wdl"), folder.path().join("link.wdl")).unwrap();
    let tree = SourceTree::open(folder.path(), Limits::default()).unwrap();
    let (files, warnings) = read(&tree);
    assert_eq!(files, ["a/right.wdl"]);
    assert_eq!(warnings, [("link.wdl".to_owned(), "left out: symbolic links are not followed".to_owned())]);
}

#[test]
fn depth_and_number_have_bounds() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "1/2/3/deep.wdl", b"");
    for number in 0..5 {
        write(folder.path(), &format!("{number}.wdl"), b"");
    }
    let limits = Limits { depth: 3, ..Limits::default() };
    let tree = SourceTree::open(folder.path(), limits).unwrap();
    assert_eq!(read(&tree).0.len(), 5);
    assert_eq!(read(&tree).1, [("1/2/3".to_owned(), "left out: more than 3 folders deep".to_owned())]);
    let tree = SourceTree::open(folder.path(), Limits { files: 3, ..Limits::default() }).unwrap();
    assert_eq!(tree.files().len(), 3);
    assert!(tree.warnings()[0].message.contains("more than 3 files"));
}

fn archive(entries: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut zip = zip::ZipWriter::new(&mut file);
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in entries {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    file
}

#[test]
fn a_zip_archive_is_read_as_a_folder() {
    let wdl = b"version 1.0\ntask a { command {} runtime { docker: \"quay.io/a/b:1\" } }\n";
    let file =
        archive(&[("main.wdl", wdl), ("../outside.wdl", wdl), ("data.bam", b"\0\0"), ("n.json", b"{}")]);
    let tree = SourceTree::open(file.path(), Limits::default()).unwrap();
    let paths: Vec<_> = tree.files().iter().map(|file| file.path()).collect();
    assert_eq!(paths, ["data.bam", "main.wdl", "n.json"]);
    assert!(tree.warnings().iter().any(|warning| warning.message.contains("leads outside")));
    assert_eq!(scan(file.path(), Limits::default()).unwrap().references.len(), 1);
}

#[test]
fn a_zip_archive_that_swells_is_refused() {
    let large = vec![b' '; 1 << 20];
    let file = archive(&[("a.wdl", &large), ("b.wdl", &large), ("c.wdl", &large)]);
    let limits = Limits { archive_bytes: 2 << 20, ..Limits::default() };
    let error = SourceTree::open(file.path(), limits).err().unwrap();
    assert!(error.to_string().contains("unpacks to more than 2 MiB"), "{error}");
    let damaged = tempfile::NamedTempFile::new().unwrap();
    fs::write(damaged.path(), b"PK\x03\x04 and nothing more").unwrap();
    assert!(SourceTree::open(damaged.path(), Limits::default()).is_err());
}

#[test]
fn a_single_file_is_a_tree_of_one() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a.wdl", b"version 1.0");
    write(folder.path(), "b.wdl", b"version 1.0");
    let tree = SourceTree::open(&folder.path().join("a.wdl"), Limits::default()).unwrap();
    assert_eq!(read(&tree).0, ["a.wdl"]);
    assert!(SourceTree::open(&folder.path().join("none"), Limits::default()).is_err());
}
