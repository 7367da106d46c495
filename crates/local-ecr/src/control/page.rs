//! Pages of lists: tokens that say behind which key the next page begins.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;

use crate::fault::Fault;
use crate::storage::{Rows, Table};

/// One page.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// How to ask for the next one, if there is one.
    pub(crate) next_token: Option<String>,
}

/// Returns the key behind which a page begins.
///
/// # Errors
/// `InvalidParameterException` for a token that was not given out.
pub(crate) fn read_token(token: Option<&String>) -> Result<Option<String>, Fault> {
    let Some(token) = token else { return Ok(None) };
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let key = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    key.map(Some).ok_or_else(|| Fault::parameter("nextToken", "Invalid token"))
}

/// Returns the token of the page behind a key.
pub(crate) fn write_token(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

/// Returns the page of at most `limit` rows below a prefix that a token asks for; rows that `make` returns
/// `None` for are passed over.
pub(crate) fn page<R: DeserializeOwned, T>(
    rows: &impl Rows,
    table: &Table<R>,
    prefix: &str,
    token: Option<&String>,
    limit: usize,
    mut make: impl FnMut(&str, R) -> Option<T>,
) -> Result<Page<T>, Fault> {
    let after = read_token(token)?;
    let mut items: Vec<T> = Vec::new();
    let mut last = None;
    let mut more = false;
    rows.scan(table, prefix, after.as_deref(), |key, row| {
        let Some(item) = make(key, row) else { return true };
        if items.len() == limit {
            more = true;
            return false;
        }
        items.push(item);
        last = Some(key.to_owned());
        true
    })?;
    Ok(Page { items, next_token: last.filter(|_| more).map(|key| write_token(&key)) })
}

/// Returns the page of at most `limit` of items in the order of their keys that a token asks for.
pub(crate) fn page_of<T>(
    items: impl IntoIterator<Item = (String, T)>,
    token: Option<&String>,
    limit: usize,
) -> Result<Page<T>, Fault> {
    let after = read_token(token)?;
    let mut rest = items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let mut last = None;
    let items: Vec<T> = rest
        .by_ref()
        .take(limit)
        .map(|(key, item)| {
            last = Some(key);
            item
        })
        .collect();
    let more = rest.next().is_some();
    Ok(Page { items, next_token: last.filter(|_| more).map(|key| write_token(&key)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_loss() {
        let items = || (0..5).map(|number| (number.to_string(), number));
        let mut token = None;
        let mut seen = Vec::new();
        loop {
            let page = page_of(items(), token.as_ref(), 2).expect("the token is good");
            assert!(page.items.len() <= 2);
            seen.extend(page.items);
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
        assert!(page_of(items(), Some(&"!".to_owned()), 2).is_err());
    }
}
