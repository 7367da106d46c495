//! How large an image may be.

use super::{LARGEST_ON_CPU, LARGEST_ON_GPU};
use crate::finding::{Code, Finding, Severity};

/// Returns what is to be said of an image of this size in bytes; `None` where it runs everywhere.
pub(crate) fn too_large(subject: &str, size: u64) -> Option<Finding> {
    if size <= LARGEST_ON_CPU {
        return None;
    }
    let (severity, takes, largest) = match size > LARGEST_ON_GPU {
        true => (Severity::Error, "HealthOmics takes", LARGEST_ON_GPU),
        false => (Severity::Warning, "instances without GPU take", LARGEST_ON_CPU),
    };
    let message = format!("it has {}, and {takes} {} at most", gibibytes(size), gibibytes(largest));
    Some(Finding::new(severity, Code::TooLarge, subject, message))
}

fn gibibytes(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_themselves_are_allowed() {
        let severity = |size| too_large("x", size).map(|finding| finding.severity);
        assert_eq!(severity(LARGEST_ON_CPU), None);
        assert_eq!(severity(LARGEST_ON_CPU + 1), Some(Severity::Warning));
        assert_eq!(severity(LARGEST_ON_GPU), Some(Severity::Warning));
        assert_eq!(severity(LARGEST_ON_GPU + 1), Some(Severity::Error));
    }
}
