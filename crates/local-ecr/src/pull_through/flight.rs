//! Flights: work that many wait for and one task does.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

type Waiting<T> = watch::Receiver<Option<T>>;

/// The work under way, by key.
#[derive(Debug)]
pub(super) struct Flights<T> {
    board: Arc<Mutex<HashMap<String, Waiting<T>>>>,
    ended: CancellationToken,
}

impl<T> Flights<T> {
    /// Returns an empty board, whose flights end without a result when the token says so.
    pub(super) fn new(ended: CancellationToken) -> Self {
        Self { board: Arc::default(), ended }
    }
}

/// Takes a flight off the board when its task ends, however it ends.
struct Landing<T> {
    board: Arc<Mutex<HashMap<String, Waiting<T>>>>,
    key: String,
}

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        self.board.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// Returns what the work of a key comes to: of a flight under way, or of one that `work` begins.
    ///
    /// The work is a task of its own, and goes on when those who wait go away. `None` where it ended
    /// without a result.
    pub(super) async fn join<F>(&self, key: &str, work: impl FnOnce() -> F) -> Option<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut waiting = {
            let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
            match board.get(key) {
                Some(waiting) => waiting.clone(),
                None => {
                    let (done, waiting) = watch::channel(None);
                    board.insert(key.to_owned(), waiting.clone());
                    let landing = Landing { board: Arc::clone(&self.board), key: key.to_owned() };
                    let (work, ended) = (work(), self.ended.clone());
                    tokio::spawn(async move {
                        let Some(result) = ended.run_until_cancelled(work).await else { return };
                        // Off the board first: who comes now finds the work done.
                        drop(landing);
                        done.send_replace(Some(result));
                    });
                    waiting
                }
            }
        };
        let result = waiting.wait_for(Option::is_some).await.ok()?;
        result.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn many_wait_for_one() {
        let flights: Arc<Flights<usize>> = Arc::new(Flights::new(CancellationToken::new()));
        let begun = Arc::new(AtomicUsize::new(0));
        let waiters: Vec<_> = (0..20)
            .map(|_| {
                let (flights, begun) = (Arc::clone(&flights), Arc::clone(&begun));
                tokio::spawn(async move {
                    let work = || async move {
                        tokio::task::yield_now().await;
                        begun.fetch_add(1, Ordering::SeqCst)
                    };
                    flights.join("key", work).await
                })
            })
            .collect();
        for waiter in waiters {
            assert_eq!(waiter.await.unwrap(), Some(0));
        }
        assert_eq!(begun.load(Ordering::SeqCst), 1);
        assert_eq!(flights.join("key", || async { 7 }).await, Some(7), "the next one begins anew");
    }

    #[tokio::test]
    async fn work_that_panics_frees_its_key() {
        let flights: Flights<usize> = Flights::new(CancellationToken::new());
        let broken = || async { panic!("broken") };
        assert_eq!(flights.join("key", broken).await, None);
        assert_eq!(flights.join("key", || async { 1 }).await, Some(1));
    }
}
