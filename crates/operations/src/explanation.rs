//! The long form of every finding: why it matters, a wrong and a right example, and what mends it.
//!
//! One table for the command that explains and for the reference page. Knows no account: the examples are
//! examples.

mod account;
mod credentials;
mod machine;
mod policies;
mod repositories;
mod rules;
mod sources;
mod templates;
mod workflow;

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::Code;

/// The long form of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explanation {
    /// The finding.
    pub code: Code,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// An example that has it.
    pub wrong: &'static str,
    /// The same example without it.
    pub right: &'static str,
    /// What mends it.
    pub fix: &'static str,
}

/// The tables, in the order of the ids.
const TABLES: [&[Explanation]; 9] = [
    workflow::TABLE,
    rules::TABLE,
    credentials::TABLE,
    policies::TABLE,
    templates::TABLE,
    repositories::TABLE,
    sources::TABLE,
    account::TABLE,
    machine::TABLE,
];

/// Returns every explanation, in the order of the ids.
pub fn all() -> impl Iterator<Item = &'static Explanation> {
    TABLES.into_iter().flatten()
}

/// Returns the explanation of a finding.
pub fn of(code: Code) -> Option<&'static Explanation> {
    all().find(|explanation| explanation.code == code)
}

/// Returns the explanation with an id, whatever its letter case: `OE101`, `oe101`.
pub fn find(id: &str) -> Option<&'static Explanation> {
    all().find(|explanation| explanation.code.id().eq_ignore_ascii_case(id.trim()))
}

impl Explanation {
    /// Returns the explanation as a section of a Markdown page.
    pub fn markdown(&self) -> String {
        format!(
            "## {id}: {title}\n\n{why}\n\nWrong:\n\n```text\n{wrong}\n```\n\nRight:\n\n```text\n{right}\n```\n\n{fix}\n",
            id = self.code.id(),
            title = self.title,
            why = self.why,
            wrong = self.wrong,
            right = self.right,
            fix = self.fix
        )
    }

    /// Returns the explanation as lines for a terminal.
    pub fn text(&self) -> String {
        let indented = |text: &str| {
            text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect::<String>()
        };
        format!(
            "{id}: {title}\n\n{why}\n\nwrong:\n{wrong}\nright:\n{right}\nwhat to do:\n{fix}",
            id = self.code.id(),
            title = self.title,
            why = self.why,
            wrong = indented(self.wrong),
            right = indented(self.right),
            fix = indented(self.fix)
        )
    }
}

/// Returns the reference page of all findings.
pub fn reference() -> String {
    let mut page = String::from(
        "# Findings\n\nEvery finding has a stable id. `omics-ecr explain ID` prints the same text; \
         `omics-ecr explain --list` lists the ids.\nThis page is generated from the table that the command \
         prints.\n\n",
    );
    page += "| id | finding |\n| --- | --- |\n";
    for explanation in all() {
        let id = explanation.code.id();
        let anchor: String = format!("{id}: {}", explanation.title)
            .to_lowercase()
            .chars()
            .filter_map(|c| match c {
                ' ' => Some('-'),
                c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
                _ => None,
            })
            .collect();
        page += &format!("| [{id}](#{anchor}) | {} |\n", explanation.title);
    }
    for explanation in all() {
        page += "\n";
        page += &explanation.markdown();
    }
    page
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_code_is_explained_once_and_in_full() {
        let explained: Vec<Code> = all().map(|explanation| explanation.code).collect();
        assert_eq!(explained, Code::ALL, "one explanation for each code, in the order of the ids");
        for explanation in all() {
            let Explanation { code, title, why, wrong, right, fix } = explanation;
            for (part, text) in
                [("title", title), ("why", why), ("wrong", wrong), ("right", right), ("fix", fix)]
            {
                assert!(text.len() > 8, "{code:?} has no {part}");
                assert_eq!(text.trim(), *text, "{code:?}: {part}");
                let longest = text.lines().map(str::len).max().unwrap_or(0);
                assert!(longest <= 120, "{code:?}: {part} has a line of {longest} characters");
            }
            assert_ne!(wrong, right, "{code:?}");
            assert!(!title.ends_with('.') && title.len() <= 70, "{code:?}: {title}");
        }
    }

    #[test]
    fn ids_are_found_in_any_case() {
        assert_eq!(find("oe101").unwrap().code, Code::NoRules);
        assert_eq!(find(" OE710 ").unwrap().code, Code::CouldNotLook);
        assert!(find("OE999").is_none());
        assert!(of(Code::NoRules).unwrap().text().starts_with("OE101: "));
    }

    #[test]
    fn the_examples_of_policies_are_policies() {
        for explanation in all() {
            for example in [explanation.wrong, explanation.right] {
                if example.starts_with("{\"Version\"") && explanation.code != Code::PolicyUnreadable {
                    assert!(policy::parse(example).is_ok(), "{:?}: {example}", explanation.code);
                }
            }
        }
    }

    #[test]
    fn the_reference_page_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/findings.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, reference()).unwrap();
        }
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(page, reference(), "run this test with UPDATE=1 and commit {}", path.display());
    }
}
