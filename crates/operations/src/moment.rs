//! Moments as reports write them.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Returns a moment as RFC 3339 in UTC, to the second; `None` for one that has no such form.
pub(crate) fn rfc3339(moment: SystemTime) -> Option<String> {
    OffsetDateTime::from(moment).replace_nanosecond(0).ok()?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn moments_are_in_utc_to_the_second() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_750);
        assert_eq!(rfc3339(moment).as_deref(), Some("2023-11-14T22:13:20Z"));
    }
}
