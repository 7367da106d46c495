//! Tags of a repository.

use reqwest::Method;
use reqwest::header::LINK;
use serde::Deserialize;

use crate::client::options::Operation;
use crate::client::remote::Remote;
use crate::error::{Cause, Result};

/// Largest page that is read, in bytes.
const LARGEST_PAGE: u64 = 8 << 20;

/// Most pages that are read of one list.
const MOST_PAGES: usize = 50;

/// Tags asked for at a time; registries may give fewer.
const PAGE: usize = 1000;

#[derive(Deserialize)]
struct Page {
    /// Some registries write `null` where there is none.
    tags: Option<Vec<String>>,
}

impl Remote {
    /// Returns the tags of the repository in the registry's order, `most` at most; `None` where the registry knows no
    /// such repository.
    ///
    /// Spec: end-8b, with the `Link` to the next page, of which the query alone is followed.
    ///
    /// # Errors
    /// What the network or the registry refuses, and answers of another form.
    pub async fn tags(&self, most: usize) -> Result<Option<Vec<String>>> {
        let mut all: Vec<String> = Vec::new();
        let mut query = format!("n={}", most.clamp(1, PAGE));
        for _ in 0..MOST_PAGES {
            let url = self.url("tags/list", Some(&query));
            let ask = self.look(Operation::ListTags, Method::GET, url, format!("list the tags of {self}"));
            let response = self.send(&ask).await?;
            match response.status() {
                200 => {}
                404 => return Ok(None),
                _ => return Err(self.refusal(response, &ask).await),
            }
            let next = response.header(LINK).and_then(next_query);
            let body = response.read_capped(&ask, LARGEST_PAGE).await?;
            let page: Page = serde_json::from_slice(&body).map_err(|error| {
                ask.failed(Cause::Content(format!("the list of tags does not parse: {error}")))
            })?;
            all.extend(page.tags.unwrap_or_default());
            match next {
                Some(next) if all.len() < most && next != query => query = next,
                _ => break,
            }
        }
        all.truncate(most);
        Ok(Some(all))
    }
}

/// Returns the query of the next page's URL: `</v2/a/tags/list?last=x&n=100>; rel="next"`.
fn next_query(link: &str) -> Option<String> {
    let (url, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
    let next = rest.to_ascii_lowercase().replace(['"', ' '], "");
    next.contains("rel=next").then(|| url.split_once('?').map(|(_, query)| query.to_owned()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_read_from_the_link() {
        let query = |link| next_query(link);
        assert_eq!(query(r#"</v2/a/tags/list?last=1.0&n=2>; rel="next""#).as_deref(), Some("last=1.0&n=2"));
        assert_eq!(query("<https://quay.io/v2/a/tags/list?n=2>; rel=next").as_deref(), Some("n=2"));
        assert_eq!(query(r#"</v2/a/tags/list?n=2>; rel="prev""#), None);
        for odd in ["", "<", "<x>", "next", "</v2/a>; rel=next"] {
            assert_eq!(query(odd), None, "{odd}");
        }
    }
}
