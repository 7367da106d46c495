//! The selectors of a configuration: which processes `withName` and `withLabel` mean.
//!
//! Owns how a pattern is matched with a process. Must not know where selectors stand. A process is known by its
//! simple name and its aliases, not by the workflows around it, so a pattern with `:` is matched by its last
//! part.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex_lite::Regex;

use super::facts::Process;

/// What a selector looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// `withName:`
    Name,
    /// `withLabel:`
    Label,
    /// `$name`, as old configurations have it.
    Dollar,
}

/// A selector.
#[derive(Debug)]
pub(super) struct Selector<'s> {
    by: By,
    pattern: Cow<'s, str>,
    matchers: OnceLock<Vec<Regex>>,
}

impl<'s> Selector<'s> {
    /// Returns a selector with this pattern.
    pub(super) fn new(by: By, pattern: Cow<'s, str>) -> Self {
        Self { by, pattern, matchers: OnceLock::new() }
    }

    /// Returns a selector that means the same.
    pub(super) fn copy(&self) -> Self {
        Self::new(self.by, self.pattern.clone())
    }

    /// Returns the selector that a quoted name like `withName:X` is.
    pub(super) fn quoted(text: &str) -> Option<Self> {
        let new = |by, pattern: &str| Some(Self::new(by, Cow::Owned(pattern.trim().to_owned())));
        if let Some(pattern) = text.strip_prefix("withName:") {
            return new(By::Name, pattern);
        }
        if let Some(pattern) = text.strip_prefix("withLabel:") {
            return new(By::Label, pattern);
        }
        text.strip_prefix('$').filter(|name| !name.is_empty()).and_then(|name| new(By::Dollar, name))
    }

    /// Returns the selector as a configuration writes it: `withName:X`.
    pub(super) fn label(&self) -> String {
        match self.by {
            By::Name => format!("withName:{}", self.pattern),
            By::Label => format!("withLabel:{}", self.pattern),
            By::Dollar => format!("${}", self.pattern),
        }
    }

    /// Returns how near the selector stands to a process: what Nextflow lets win has the greater number.
    pub(super) fn rank(&self) -> u8 {
        match self.by {
            By::Label => 1,
            By::Name | By::Dollar => 2,
        }
    }

    /// Returns whether the other selector reads the same.
    pub(super) fn same(&self, other: &Selector<'_>) -> bool {
        self.by == other.by && self.pattern == other.pattern
    }

    /// Returns the name of the only process it can mean, where the pattern is a plain name.
    pub(super) fn plain_name(&self) -> Option<&str> {
        let name = self.pattern.rsplit(':').next()?;
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (self.by != By::Label && plain && !name.is_empty()).then_some(name)
    }

    /// Returns whether it means this process, by its name or by one of its `aliases`.
    pub(super) fn selects(&self, process: &Process<'_>, aliases: &[&str]) -> bool {
        match self.by {
            By::Label => process.labels.iter().any(|label| self.matches(label)),
            By::Dollar => process.name == self.pattern,
            By::Name => self.matches(&process.name) || aliases.iter().any(|alias| self.matches(alias)),
        }
    }

    /// Returns whether the pattern means this name.
    pub(super) fn matches(&self, name: &str) -> bool {
        let (pattern, negated) = match self.pattern.strip_prefix('!') {
            Some(pattern) => (pattern, true),
            None => (self.pattern.as_ref(), false),
        };
        let plain = pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:|".contains(&byte));
        let matched = if plain {
            pattern.split('|').any(|part| part.rsplit(':').next() == Some(name))
        } else {
            self.matchers.get_or_init(|| matchers(pattern)).iter().any(|matcher| matcher.is_match(name))
        };
        matched != negated
    }
}

/// Returns the expressions of which one must match the simple name of a process.
fn matchers(pattern: &str) -> Vec<Regex> {
    // Longer patterns are no names of processes.
    if pattern.len() > 4096 {
        return Vec::new();
    }
    alternatives(pattern)
        .into_iter()
        .flat_map(|alternative| [Some(alternative), last_part(alternative)])
        .flatten()
        .filter(|part| !part.is_empty())
        .filter_map(|part| {
            let anchored = format!("^(?:{part})$");
            regex_lite::RegexBuilder::new(&anchored).size_limit(1 << 18).build().ok()
        })
        .collect()
}

/// Returns the alternatives that `|` separates outside of brackets.
fn alternatives(pattern: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    outside_of_brackets(pattern, |at, byte| {
        if byte == b'|' {
            parts.push(pattern.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    });
    parts.push(pattern.get(start..).unwrap_or_default());
    parts
}

/// Returns what stands behind the last `:` outside of brackets.
fn last_part(pattern: &str) -> Option<&str> {
    let mut last = None;
    outside_of_brackets(pattern, |at, byte| {
        if byte == b':' {
            last = Some(at + 1);
        }
    });
    last.and_then(|at| pattern.get(at..))
}

fn outside_of_brackets(pattern: &str, mut visit: impl FnMut(usize, u8)) {
    let mut depth = 0_usize;
    for (at, byte) in pattern.bytes().enumerate() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => visit(at, byte),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{By, Selector};

    fn by_name(pattern: &str) -> Selector<'_> {
        Selector::new(By::Name, Cow::Borrowed(pattern))
    }

    #[test]
    fn patterns_match_simple_names() {
        for (pattern, name) in [
            ("FASTQC", "FASTQC"),
            ("FASTQC|MULTIQC", "MULTIQC"),
            (".*:FASTQC", "FASTQC"),
            ("(.+:)?FASTQC", "FASTQC"),
            ("NFCORE_X:QC:FASTQC", "FASTQC"),
            (".*:ALIGN:(BWA|STAR)", "STAR"),
            ("A:X|B:Y", "Y"),
            ("BWA.*", "BWA_MEM"),
            (".*", "ANY"),
            ("!FASTQC", "MULTIQC"),
        ] {
            assert!(by_name(pattern).matches(name), "{pattern} means {name}");
        }
    }

    #[test]
    fn patterns_do_not_match_parts_of_names() {
        for (pattern, name) in [
            ("FASTQC", "FASTQC_RAW"),
            ("QC", "FASTQC"),
            (".*:FASTQC", "MULTIQC"),
            ("!FASTQC", "FASTQC"),
            ("A|B", "C"),
            ("(", "FASTQC"),
        ] {
            assert!(!by_name(pattern).matches(name), "{pattern} does not mean {name}");
        }
    }
}
