//! Counts the requests that the bucket is asked, each try of its own.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};

/// The methods that are counted by their names; the last one stands for all others.
const METHODS: [&str; 6] = ["GET", "PUT", "POST", "DELETE", "HEAD", "other"];
/// What can come of a request.
const OUTCOMES: [&str; 4] = ["done", "refused", "failed", "lost"];

/// How many requests a bucket was asked, by method and outcome.
#[derive(Default)]
pub(crate) struct BucketRequests([[AtomicU64; OUTCOMES.len()]; METHODS.len()]);

impl BucketRequests {
    /// Notes a request, and the status of its answer where there was one.
    fn note(&self, method: &str, status: Option<u16>) {
        let method = METHODS.iter().position(|known| *known == method).unwrap_or(METHODS.len() - 1);
        let outcome = match status {
            Some(200..400) => 0,
            Some(400..500) => 1,
            Some(_) => 2,
            None => 3,
        };
        if let Some(count) = self.0.get(method).and_then(|counts| counts.get(outcome)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns method, outcome and number, of those that were asked: `done` is 2xx and 3xx, `refused` 4xx (what is
    /// not there, and conditions that do not hold, included), `failed` 5xx, `lost` no answer.
    pub(crate) fn counts(&self) -> Vec<(&'static str, &'static str, u64)> {
        let rows = METHODS.iter().zip(&self.0);
        let all = rows.flat_map(|(method, counts)| {
            OUTCOMES
                .iter()
                .zip(counts)
                .map(|(outcome, count)| (*method, *outcome, count.load(Ordering::Relaxed)))
        });
        all.filter(|(.., count)| *count > 0).collect()
    }
}

impl fmt::Debug for BucketRequests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.counts()).finish()
    }
}

/// Makes clients whose requests are counted.
#[derive(Debug)]
pub(super) struct Counted(pub(super) Arc<BucketRequests>);

impl HttpConnector for Counted {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(CountedClient { client, requests: Arc::clone(&self.0) }))
    }
}

#[derive(Debug)]
struct CountedClient {
    client: HttpClient,
    requests: Arc<BucketRequests>,
}

impl HttpService for CountedClient {
    fn call<'a, 'b>(
        &'a self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let method = request.method().clone();
            let answer = self.client.execute(request).await;
            self.requests.note(method.as_str(), answer.as_ref().ok().map(|answer| answer.status().as_u16()));
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_by_what_came_of_them() {
        let requests = BucketRequests::default();
        for (method, status) in
            [("GET", Some(200)), ("GET", Some(404)), ("GET", Some(404)), ("PUT", Some(503)), ("PATCH", None)]
        {
            requests.note(method, status);
        }
        let expected =
            [("GET", "done", 1), ("GET", "refused", 2), ("PUT", "failed", 1), ("other", "lost", 1)];
        assert_eq!(requests.counts(), expected);
    }
}
