//! Takes one statement of ours out of a document and leaves all else as it was.

use serde_json::{Map, Value};

use crate::document::Document;
use crate::merge::MergeError;
use crate::parse::parse;

/// A document without our statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Withdrawn {
    /// The document's text without white space between elements; `None` where no statement is left.
    pub text: Option<String>,
    /// The statement that was taken out.
    pub statement: Value,
}

/// Returns the document without the statement of this Sid; `None` when it has no such statement.
///
/// `is_ours` is asked with the statement's elements, and says why it is not ours to take out, where it is not.
///
/// # Errors
/// [`MergeError`] when the document cannot be read, the Sid is there twice, or the statement is someone else's.
pub fn withdraw(
    current: &str,
    sid: &str,
    is_ours: impl FnOnce(&Map<String, Value>) -> Result<(), &'static str>,
) -> Result<Option<Withdrawn>, MergeError> {
    if current.trim().is_empty() {
        return Ok(None);
    }
    let mut document =
        parse(current).map_err(|cause| MergeError::Unreadable { sid: sid.to_owned(), cause })?;
    let mut places =
        document.statements.iter().enumerate().filter(|(_, statement)| statement.sid() == Some(sid));
    let Some((index, _)) = places.next() else { return Ok(None) };
    if let Some((second, _)) = places.next() {
        return Err(MergeError::SidTwice { sid: sid.to_owned(), first: index, second });
    }
    let elements = document.statement_elements(index).cloned().unwrap_or_default();
    is_ours(&elements).map_err(|why| MergeError::SidTaken { sid: sid.to_owned(), index, why })?;
    let left = take_out(&mut document, index);
    let text = (left > 0).then(|| document.to_compact());
    Ok(Some(Withdrawn { text, statement: Value::Object(elements) }))
}

/// Takes a statement out and returns how many are left.
fn take_out(document: &mut Document, index: usize) -> usize {
    match document.value.get_mut("Statement") {
        Some(Value::Array(list)) if index < list.len() => {
            list.remove(index);
            list.len()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: fn(&Map<String, Value>) -> Result<(), &'static str> = |_| Ok(());

    #[test]
    fn the_others_stay_as_they_were() {
        let text = r#"{"Id": "x", "Statement": [{"Sid": "a", "Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage"},
            {"Sid": "ours", "Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}]}"#;
        let withdrawn = withdraw(text, "ours", ANY).unwrap().unwrap();
        let kept =
            r#"{"Id":"x","Statement":[{"Sid":"a","Effect":"Deny","Principal":"*","Action":"ecr:PutImage"}]}"#;
        assert_eq!(withdrawn.text.as_deref(), Some(kept));
        assert_eq!(withdraw(kept, "ours", ANY).unwrap(), None);
    }

    #[test]
    fn the_last_statement_leaves_no_document() {
        for text in [
            r#"{"Statement": {"Sid": "ours", "Effect": "Allow", "Principal": "*", "Action": "a:b"}}"#,
            r#"{"Statement": [{"Sid": "ours", "Effect": "Allow", "Principal": "*", "Action": "a:b"}]}"#,
        ] {
            assert_eq!(withdraw(text, "ours", ANY).unwrap().unwrap().text, None);
        }
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let text = r#"{"Statement": {"Sid": "ours", "Effect": "Allow", "Principal": "*", "Action": "a:b"}}"#;
        let refused = withdraw(text, "ours", |_| Err("it grants to others"));
        assert!(matches!(refused, Err(MergeError::SidTaken { .. })), "{refused:?}");
        assert!(matches!(withdraw("[]", "ours", ANY), Err(MergeError::Unreadable { .. })));
    }
}
