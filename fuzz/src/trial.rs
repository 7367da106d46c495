//! One try of one input: what a target says of it, whether it panicked, and how long it took.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once, OnceLock};
use std::time::{Duration, Instant};

use crate::targets::Target;

/// An input that takes longer is a finding.
pub(crate) const SLOW: Duration = Duration::from_secs(2);
/// An input that takes longer is given up, and its process with it.
const HANG: Duration = Duration::from_secs(20);
/// As much as the threads of servers and of parallel scans have.
const STACK: usize = 2 << 20;

/// The first panic of any thread since the last try began.
static PANIC: Mutex<Option<String>> = Mutex::new(None);
static HOOK: Once = Once::new();
/// When the try under way began, in milliseconds since [`started`]; 0 when none is.
static BEGAN: AtomicU64 = AtomicU64::new(0);

fn started() -> Instant {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    *STARTED.get_or_init(Instant::now)
}

fn hook() {
    HOOK.call_once(|| {
        started();
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let words = panic.payload_as_str().unwrap_or_default();
            let words: String = words.chars().take(400).collect();
            if let Ok(mut first) = PANIC.lock() {
                first.get_or_insert(format!("panic at {place}: {words}"));
            }
        }));
    });
}

/// Tries an input once; returns what marks the way it took.
///
/// # Errors
/// What is wrong, with its kind before the first `: `.
pub(crate) fn once(target: &Target, input: &[u8]) -> Result<u64, String> {
    hook();
    if let Ok(mut panic) = PANIC.lock() {
        *panic = None;
    }
    let (said, time) = timed(target, input);
    if let Some(words) = PANIC.lock().ok().and_then(|mut panic| panic.take()) {
        return Err(words);
    }
    let mark = said?;
    // The machine may have been busy with something else: it counts what is never faster.
    if time > SLOW {
        let fastest = (0..2).map(|_| timed(target, input).1).fold(time, Duration::min);
        if fastest > SLOW {
            return Err(format!("slow: {} bytes take {:.1} s", input.len(), fastest.as_secs_f64()));
        }
    }
    Ok(mark)
}

fn timed(target: &Target, input: &[u8]) -> (Result<u64, String>, Duration) {
    let (now, before) = (Instant::now(), processor_time());
    let since = now.duration_since(started()).as_millis();
    BEGAN.store(u64::try_from(since).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
    let said = catch_unwind(AssertUnwindSafe(|| (target.check)(input)));
    BEGAN.store(0, Ordering::Relaxed);
    let time = match (target.waits, before, processor_time()) {
        // Others use the processors too: what counts is what this process had of them.
        (false, Some(before), Some(after)) => after.saturating_sub(before).min(now.elapsed()),
        _ => now.elapsed(),
    };
    (said.unwrap_or_else(|_| Err("panic: without words".to_owned())), time)
}

/// Returns what all threads of this process have had of the processors, where the system tells.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in brackets, may hold blanks; times are counted in hundredths of a second.
    let mut words = text.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || words.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((next()? + next()?) * 10))
}

/// Runs work on a thread of a usual stack, beside a watch that ends the process when a try hangs.
///
/// `on_hang` is called before that. Returns `None` when the thread cannot be started.
pub(crate) fn watched<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    on_hang: impl Fn(&str),
) -> Option<T> {
    hook();
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).ok()?;
    while !thread.is_finished() {
        std::thread::sleep(Duration::from_millis(10));
        let began = Duration::from_millis(BEGAN.load(Ordering::Relaxed));
        if !began.is_zero() && started().elapsed().saturating_sub(began) > HANG {
            on_hang(&format!("hang: no end after {} s", HANG.as_secs()));
            std::process::abort();
        }
    }
    thread.join().ok()
}

/// Tries an input once, as [`watched`].
///
/// # Errors
/// What is wrong.
pub(crate) fn guarded(target: &'static Target, input: Vec<u8>) -> Result<u64, String> {
    let tried = watched(move || once(target, &input), crate::say);
    tried.unwrap_or_else(|| Err("panic: outside of the try".to_owned()))
}
