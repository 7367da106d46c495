//! The scanners of workflow languages. An input is a folder: a line `=== PATH` begins each file.

use workflow::{Scan, SourceTree, scan_tree};

use super::{Form, Target, gist, hold, mark};

pub(super) const WDL: Target = Target {
    name: "wdl",
    about: "folders of WDL",
    form: Form::Text,
    waits: false,
    tokens: &[
        "\n=== other.wdl\n",
        "\n=== inputs.json\n",
        "version 1.2\n",
        "version development\n",
        "task",
        "workflow",
        "call ",
        "input",
        "output",
        "runtime",
        "requirements",
        "hints",
        "meta",
        "command <<<",
        ">>>",
        "~{",
        "${",
        "docker",
        "container",
        "import \"other.wdl\" as o",
        "alias",
        "struct",
        "enum",
        "scatter",
        "if",
        "then",
        "else",
        "String",
        "Array[String]+",
        "Map[String,String]",
        "Pair",
        "object",
        "select_first(",
        "sub(",
        "sep=\", \"",
        "default=\"",
        "read_string(",
        "true",
        "null",
        "None",
        "@",
        "[",
        "]",
        "(",
        ")",
        "\\x41",
        "\\u00e9",
        "&&",
        "||",
        "==",
        "env ",
        "after",
        "as",
    ],
    check,
};

pub(super) const NEXTFLOW: Target = Target {
    name: "nextflow",
    about: "folders of Nextflow",
    form: Form::Text,
    waits: false,
    tokens: &[
        "\n=== main.nf\n",
        "\n=== nextflow.config\n",
        "\n=== modules/local/x/main.nf\n",
        "process",
        "workflow",
        "container",
        "conda",
        "params.",
        "def ",
        "includeConfig ",
        "include { X } from './modules/local/x'",
        "withName: ",
        "withLabel: ",
        "profiles",
        "docker.registry",
        "singularity",
        "workflow.containerEngine",
        "task.ext.",
        "? ",
        ": ",
        "?: ",
        "\"\"\"",
        "'''",
        "$/",
        "/$",
        "${",
        "$params.x",
        "=~",
        "==~",
        "->",
        "{",
        "}",
        "[",
        "]",
        "if (",
        "else",
        "switch",
        "case",
        "return",
        "ternary",
        "\\u0041",
        "//",
        "/*",
        "*/",
        "#!",
        "script:",
        "shell:",
        "stub:",
        "exec:",
        "closure",
        ".replace(",
        ".split('/')",
        "+=",
        "<<",
    ],
    check,
};

pub(super) const CWL: Target = Target {
    name: "cwl",
    about: "folders of CWL",
    form: Form::Text,
    waits: false,
    tokens: &[
        "\n=== other.cwl\n",
        "\n=== main.json\n",
        "cwlVersion: v1.2\n",
        "class: ",
        "CommandLineTool",
        "Workflow",
        "ExpressionTool",
        "requirements:",
        "hints:",
        "DockerRequirement",
        "dockerPull: ",
        "dockerImageId: ",
        "dockerFile: ",
        "$include: ",
        "$import: ",
        "$mixin: ",
        "$graph:",
        "$namespaces:",
        "steps:",
        "run: ",
        "run: other.cwl#main",
        "#main",
        "- ",
        "? ",
        "&a ",
        "*a",
        "<<: *a",
        "!!str ",
        "!<tag>",
        "|\n",
        ">-\n",
        "{",
        "}",
        "[",
        "]",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "$(inputs.x)",
        "${return 1}",
        "\"",
        "'",
        "\t",
        "  ",
        "id: ",
        "in: []",
        "SoftwareRequirement",
    ],
    check,
};

/// Returns the files of an input: their paths and texts.
pub(super) fn folder(input: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(input);
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix("=== "), files.last_mut()) {
            (Some(path), _) => {
                let path = path.trim_end();
                // A name comes once in a folder.
                files.retain(|(other, _)| other != path);
                files.push((path.to_owned(), String::new()));
            }
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => {}
        }
    }
    files
}

/// Holds that each literal of a scan is a place of its file.
pub(super) fn places(files: &[(String, String)], scan: &Scan) -> Result<(), String> {
    let text = |path: &str| files.iter().find(|(own, _)| own == path).map(|(_, text)| text);
    for reference in &scan.references {
        hold(text(&reference.file).is_some(), || format!("file: `{}` was not given", reference.file))?;
        for literal in &reference.literals {
            let found = text(&literal.file).and_then(|text| text.get(literal.start..literal.end));
            hold(found.is_some(), || format!("span: {literal:?} is no place of its file"))?;
        }
    }
    Ok(())
}

fn check(input: &[u8]) -> Result<u64, String> {
    let files = folder(input);
    let scan = scan_tree(&SourceTree::from_texts(files.clone()));
    places(&files, &scan)?;
    if input.len().is_multiple_of(8) {
        let again = scan_tree(&SourceTree::from_texts(files));
        hold(again.references == scan.references && again.warnings == scan.warnings, || {
            "chance: two scans of one folder differ".to_owned()
        })?;
    }
    let kinds: Vec<_> = scan
        .references
        .iter()
        .map(|found| {
            (found.language as u8, found.resolution.clone(), found.literals.len(), found.profiles.len())
        })
        .map(|(language, resolution, literals, profiles)| {
            (
                language,
                gist(&format!("{resolution:?}").chars().take(20).collect::<String>()),
                literals.min(4),
                profiles.min(3),
            )
        })
        .take(8)
        .collect();
    let warnings: Vec<_> = scan.warnings.iter().map(|warning| gist(&warning.message)).take(4).collect();
    Ok(mark((kinds, warnings)))
}
