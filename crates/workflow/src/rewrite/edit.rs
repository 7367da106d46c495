//! Edits: bytes of a file and what takes their place.
//!
//! Owns how edits are applied and where a place of the old text is in the new one.

use std::collections::BTreeMap;

/// Bytes of a file and what takes their place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edit {
    /// Path of the file.
    pub(crate) file: String,
    /// Offset of the first byte that goes.
    pub(crate) start: usize,
    /// Offset behind the last byte that goes; that of the first where text is only put in.
    pub(crate) end: usize,
    /// What comes there.
    pub(crate) text: String,
}

impl Edit {
    /// Returns the edit that puts text in at an offset.
    pub(crate) fn insert(file: &str, at: usize, text: String) -> Self {
        Self { file: file.to_owned(), start: at, end: at, text }
    }

    /// Returns whether two edits of one file want the same bytes, or put text in at the same place.
    fn meets(&self, later: &Self) -> bool {
        later.start < self.end || (later.start == self.start && later.end == self.end)
    }
}

/// Edits of several files, no two of which meet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edits {
    by_file: BTreeMap<String, Vec<Edit>>,
}

impl Edits {
    /// Returns the edits, equal ones once.
    ///
    /// # Errors
    /// The pairs of edits that meet.
    pub(crate) fn new(mut edits: Vec<Edit>) -> Result<Self, Vec<(Edit, Edit)>> {
        edits.sort();
        edits.dedup();
        let mut meeting = Vec::new();
        let mut widest: Option<&Edit> = None;
        for edit in &edits {
            if let Some(before) = widest.filter(|before| before.file == edit.file)
                && before.meets(edit)
            {
                meeting.push((before.clone(), edit.clone()));
            }
            if widest.is_none_or(|before| before.file != edit.file || edit.end >= before.end) {
                widest = Some(edit);
            }
        }
        if !meeting.is_empty() {
            return Err(meeting);
        }
        let mut by_file: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
        for edit in edits {
            by_file.entry(edit.file.clone()).or_default().push(edit);
        }
        Ok(Self { by_file })
    }

    /// Returns the files with their edits, in the order of their paths.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &[Edit])> {
        self.by_file.iter().map(|(file, edits)| (file.as_str(), edits.as_slice()))
    }

    /// Returns whether a file has edits.
    pub(crate) fn touches(&self, file: &str) -> bool {
        self.by_file.contains_key(file)
    }

    /// Returns where an offset of the old text of a file is in the new one. What was put in at an offset
    /// stands before it.
    pub(crate) fn moved(&self, file: &str, offset: usize) -> usize {
        let Some(edits) = self.by_file.get(file) else { return offset };
        let mut moved = offset;
        for edit in edits {
            if edit.start >= offset && !(edit.start == offset && edit.end == offset) {
                break;
            }
            if edit.end > offset {
                // Inside of what goes: the start of what comes.
                moved -= offset - edit.start;
                break;
            }
            moved = moved + edit.text.len() - (edit.end - edit.start);
        }
        moved
    }
}

/// Returns a text with edits, which are sorted and do not meet; `None` when one does not fit the text.
pub(crate) fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
    let mut new = String::with_capacity(text.len() + added);
    let mut at = 0;
    for edit in edits {
        new.push_str(text.get(at..edit.start)?);
        new.push_str(&edit.text);
        at = edit.end;
    }
    new.push_str(text.get(at..)?);
    Some(new)
}

#[cfg(test)]
mod tests {
    use super::{Edit, Edits, apply};

    fn edit(start: usize, end: usize, text: &str) -> Edit {
        Edit { file: "f".to_owned(), start, end, text: text.to_owned() }
    }

    #[test]
    fn edits_are_applied_and_places_move_with_them() {
        let list = vec![edit(1, 3, "XYZ"), edit(4, 4, "_"), edit(1, 3, "XYZ")];
        let edits = Edits::new(list).unwrap();
        let (_, of_file) = edits.files().next().unwrap();
        assert_eq!(apply("abcdef", of_file).as_deref(), Some("aXYZd_ef"));
        let moved: Vec<_> = (0..7).map(|offset| edits.moved("f", offset)).collect();
        assert_eq!(moved, [0, 1, 1, 4, 6, 7, 8]);
        assert_eq!(edits.moved("other", 3), 3);
    }

    #[test]
    fn edits_that_meet_are_told() {
        for (one, other) in [
            (edit(1, 3, "x"), edit(2, 4, "y")),
            (edit(1, 3, "x"), edit(1, 3, "y")),
            (edit(2, 2, "x"), edit(2, 2, "y")),
            (edit(1, 9, "x"), edit(4, 4, "y")),
        ] {
            assert_eq!(Edits::new(vec![one.clone(), other.clone()]), Err(vec![(one, other)]));
        }
        assert!(Edits::new(vec![edit(1, 3, "x"), edit(3, 4, "y"), edit(0, 1, "z")]).is_ok());
        assert!(Edits::new(vec![edit(3, 3, "x"), edit(3, 4, "y")]).is_ok());
    }

    #[test]
    fn an_edit_that_does_not_fit_is_none() {
        assert_eq!(apply("ä", &[edit(1, 2, "x")]), None);
        assert_eq!(apply("a", &[edit(0, 5, "x")]), None);
    }
}
