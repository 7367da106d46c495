//! What is logged to standard error, and how.
//!
//! Only events of this product's own crates are shown, which name hosts, paths and operations and never a header, a
//! query or a body; what other libraries log may hold secrets.

use operations::OperationError;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, fmt};

use crate::screen::Screen;

/// The crates whose events are shown; a target is compared by its beginning alone, so each ends with its colons.
const OWN: [&str; 5] = ["aws::", "registry::", "operations::", "mcp::", "omics_ecr::"];

/// Begins to log as `-v` and `-vv` ask for; without them nothing is logged.
///
/// # Errors
/// When something else logs already.
pub(crate) fn begin(verbosity: u8) -> operations::Result<()> {
    match level(verbosity) {
        Some(level) => begin_with(OWN.iter().map(|own| (*own, level)).collect()),
        None => Ok(()),
    }
}

/// Begins to log what `targets` let through.
///
/// # Errors
/// When something else logs already.
pub(crate) fn begin_with(targets: Targets) -> operations::Result<()> {
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(Screen::of_stderr().has_colour());
    let subscriber = tracing_subscriber::registry().with(lines.with_filter(targets));
    tracing::subscriber::set_global_default(subscriber)
        .map_err(|error| OperationError::new("cannot begin to log").refused(error))
}

/// Returns the level that `-v` and `-vv` stand for.
pub(crate) fn level(verbosity: u8) -> Option<LevelFilter> {
    match verbosity {
        0 => None,
        1 => Some(LevelFilter::INFO),
        _ => Some(LevelFilter::DEBUG),
    }
}
