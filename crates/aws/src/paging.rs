//! Reading every page of a list.

use crate::call::Call;
use crate::error::AwsError;

/// The way through the pages of a list.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    read: usize,
    last: Option<String>,
    next: Option<String>,
}

/// Most pages that one list may have; far above any quota.
const MOST_PAGES: usize = 100_000;

impl Pages {
    /// Returns the token of the page to read now, which the first page has none of; `None` when all are read.
    ///
    /// # Errors
    /// An unreadable answer when the service sends the caller in a circle.
    pub(crate) fn turn(&mut self, call: &Call<'_>) -> Result<Option<Option<String>>, AwsError> {
        match self.next.take() {
            None if self.read == 0 => Ok(Some(None)),
            None => Ok(None),
            next if next == self.last || self.read >= MOST_PAGES => {
                Err(call.unreadable("its pages never end"))
            }
            next => {
                self.last.clone_from(&next);
                Ok(Some(next))
            }
        }
    }

    /// Notes what a page says of the next one.
    pub(crate) fn read(&mut self, next: Option<String>) {
        self.read += 1;
        self.next = next.filter(|next| !next.is_empty());
    }
}
