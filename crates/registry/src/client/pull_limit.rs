//! The allowance of pulls that registries tell in their headers.

use std::time::Duration;

use reqwest::header::HeaderMap;

/// How many manifests may still be read, as Docker Hub tells it with every answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullLimit {
    /// Pulls allowed in a window.
    pub limit: u64,
    /// Pulls left in this window.
    pub remaining: u64,
    /// The length of the window.
    pub window: Option<Duration>,
    /// Whom the registry counts: an address or an account.
    pub counted: Option<String>,
}

impl PullLimit {
    /// Returns the allowance that an answer's headers tell, if they do.
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (limit, window) = counted(text("ratelimit-limit")?)?;
        let (remaining, _) = counted(text("ratelimit-remaining")?)?;
        let source = text("docker-ratelimit-source").map(|text| text.chars().take(120).collect());
        Some(Self { limit, remaining, window, counted: source })
    }

    /// Returns how many of so many wanted pulls fit now.
    pub fn fitting(&self, wanted: u64) -> u64 {
        self.remaining.min(wanted)
    }
}

/// Reads `100;w=21600`.
fn counted(text: &str) -> Option<(u64, Option<Duration>)> {
    let mut parts = text.split(';').map(str::trim);
    let count = parts.next()?.parse().ok()?;
    let window = parts.find_map(|part| part.strip_prefix("w=")).and_then(|seconds| seconds.parse().ok());
    Some((count, window.map(Duration::from_secs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_from_headers() {
        let mut headers = HeaderMap::new();
        assert_eq!(PullLimit::read(&headers), None);
        headers.insert("ratelimit-limit", "100;w=21600".parse().unwrap());
        headers.insert("ratelimit-remaining", "87;w=21600".parse().unwrap());
        headers.insert("docker-ratelimit-source", "192.0.2.1".parse().unwrap());
        let limit = PullLimit::read(&headers).unwrap();
        assert_eq!((limit.limit, limit.remaining, limit.fitting(120), limit.fitting(3)), (100, 87, 87, 3));
        assert_eq!(limit.window, Some(Duration::from_secs(21600)));
        headers.insert("ratelimit-remaining", "many".parse().unwrap());
        assert_eq!(PullLimit::read(&headers), None);
    }
}
