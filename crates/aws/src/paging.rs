//! Reading every page of a list.

use crate::call::Call;
use crate::error::AwsError;

/// One page of a list: what is on it, and where the next one begins.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// Most pages that one list may have; far above any quota.
const MOST_PAGES: usize = 100_000;

/// Returns what is on all pages, in order.
///
/// # Errors
/// Whatever reading a page fails with; an unreadable answer when the service sends the caller in a circle.
pub(crate) async fn all<T>(
    call: &Call<'_>,
    mut page: impl AsyncFnMut(Option<String>) -> Result<Page<T>, AwsError>,
) -> Result<Vec<T>, AwsError> {
    let mut items = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut read = page(token.clone()).await?;
        items.append(&mut read.items);
        match read.next.filter(|next| !next.is_empty()) {
            None => return Ok(items),
            next if next == token => break,
            next => token = next,
        }
    }
    Err(call.unreadable("its pages never end"))
}
