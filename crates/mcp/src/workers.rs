//! The threads on which calls run: few of them, and each carries many calls, since calls mostly wait.
//!
//! What a call waits for is driven by the runtime of all. What computes for long goes to a thread of its own, so that a call
//! never waits for what another one computes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::LocalBoxFuture;
use operations::OperationError;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

/// Most threads; each takes some hundred kilobytes once it has run a call.
const MOST: usize = 8;

/// A call, which stays on the thread on which it begins.
type Job = Box<dyn FnOnce(Open) -> LocalBoxFuture<'static, ()> + Send>;

/// The threads, which are started when they are needed.
#[derive(Default)]
pub(crate) struct Workers(Mutex<Vec<Worker>>);

/// One thread.
struct Worker {
    jobs: mpsc::UnboundedSender<Job>,
    /// How many calls it carries.
    open: Arc<AtomicUsize>,
}

/// Counts a call as long as it is there, however it ends.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Workers {
    /// Carries work out on the thread that carries the least.
    ///
    /// # Errors
    /// What the work fails with, or that it broke.
    pub(crate) async fn run<T, E>(
        &self,
        work: impl AsyncFnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<OperationError> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |open| {
            Box::pin(async move {
                let outcome = work().await;
                // Whoever is told may call again at once, and finds this thread free.
                drop(open);
                // Whoever asked may have gone.
                let _ = tell.send(outcome);
            })
        });
        let broken = |words: &dyn std::fmt::Display| -> E {
            OperationError::new("cannot finish the operation").refused(words).into()
        };
        self.give(job).map_err(|error| broken(&error))?;
        told.await.unwrap_or_else(|_| Err(broken(&"it broke off")))
    }

    /// Gives a call to a thread: a new one where all are busy, as long as there are not too many.
    fn give(&self, job: Job) -> std::io::Result<()> {
        let mut workers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        workers.retain(|worker| !worker.jobs.is_closed());
        let load = |worker: &&Worker| worker.open.load(Ordering::Relaxed);
        let is_free = workers.iter().any(|worker| load(&worker) == 0);
        if !is_free && workers.len() < MOST {
            match Worker::start() {
                Ok(worker) => workers.push(worker),
                // Those that are there take it.
                Err(error) if workers.is_empty() => return Err(error),
                Err(_) => {}
            }
        }
        if let Some(worker) = workers.iter().min_by_key(load) {
            worker.open.fetch_add(1, Ordering::Relaxed);
            // A thread that has just ended drops the job, and whoever waits for it is told.
            let _ = worker.jobs.send(job);
        }
        Ok(())
    }
}

impl Worker {
    /// Starts a thread that carries calls until nobody can give it any more.
    fn start() -> std::io::Result<Self> {
        let (jobs, mut given) = mpsc::unbounded_channel::<Job>();
        let open = Arc::new(AtomicUsize::new(0));
        let own = open.clone();
        let runtime = Handle::current();
        let carry = move || {
            let calls = LocalSet::new();
            runtime.block_on(calls.run_until(async {
                while let Some(job) = given.recv().await {
                    calls.spawn_local(job(Open(own.clone())));
                }
            }));
        };
        std::thread::Builder::new().name("mcp-calls".to_owned()).spawn(carry)?;
        Ok(Self { jobs, open })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[derive(Debug)]
    struct Failed(OperationError);

    impl From<OperationError> for Failed {
        fn from(error: OperationError) -> Self {
            Self(error)
        }
    }

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
    }

    #[test]
    fn many_calls_wait_at_once_on_few_threads() {
        runtime().block_on(async {
            let workers = Workers::default();
            // All of them have to be under way at once for any of them to end.
            let meeting = Arc::new(tokio::sync::Barrier::new(100));
            let calls = (0..100).map(|number| {
                let meeting = meeting.clone();
                workers.run(async move || {
                    // What a call holds need not be fit for other threads.
                    let own = std::rc::Rc::new(number);
                    meeting.wait().await;
                    Ok::<_, Failed>(*own)
                })
            });
            let done = futures_util::future::join_all(calls);
            let done = tokio::time::timeout(Duration::from_secs(20), done).await.unwrap();
            let numbers: Vec<i32> = done.into_iter().map(|number| number.unwrap()).collect();
            assert_eq!(numbers, (0..100).collect::<Vec<_>>());
            assert_eq!(workers.0.lock().unwrap().len(), MOST);
        });
    }

    #[test]
    fn a_call_that_breaks_is_a_failure_and_harms_no_other() {
        runtime().block_on(async {
            let workers = Workers::default();
            let broken: Result<(), Failed> =
                workers.run(async || panic!("this is what a broken call does")).await;
            assert!(broken.unwrap_err().0.tried.contains("cannot finish"));
            let next = workers.run(async || Ok::<_, Failed>(1)).await.unwrap();
            assert_eq!(next, 1);
            for _ in 0..50 {
                workers.run(async || Ok::<_, Failed>(())).await.unwrap();
            }
            // Calls one after the other need no more threads.
            assert!(workers.0.lock().unwrap().len() <= 2);
        });
    }
}
