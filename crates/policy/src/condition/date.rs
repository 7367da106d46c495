//! Date operators: the ISO 8601 forms that IAM takes, and seconds since 1970.

use std::cmp::Ordering;

use time::format_description::well_known::Iso8601;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};

/// Returns the order of two moments, or `None` when either is not one.
pub(super) fn compare(left: &str, right: &str) -> Option<Ordering> {
    Some(moment(left)?.cmp(&moment(right)?))
}

/// Returns the moment a text names; without an offset it is UTC, and missing parts are the earliest.
fn moment(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    let form = Iso8601::PARSING;
    // Four digits are a year; any other run of digits counts seconds.
    if text.len() != 4
        && let Ok(seconds) = text.parse::<i64>()
    {
        return OffsetDateTime::from_unix_timestamp(seconds).ok();
    }
    let padded = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    let midnight = |date: Date| PrimitiveDateTime::new(date, Time::MIDNIGHT);
    OffsetDateTime::parse(&padded, &form)
        .or_else(|_| PrimitiveDateTime::parse(&padded, &form).map(PrimitiveDateTime::assume_utc))
        .or_else(|_| Date::parse(&padded, &form).map(|date| midnight(date).assume_utc()))
        .ok()
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering::{Equal, Greater, Less};

    use super::compare;

    #[test]
    fn reads_the_forms_of_a_date() {
        assert_eq!(compare("2024-03-01T12:00:00Z", "2024-03-01T13:00:00+01:00"), Some(Equal));
        assert_eq!(compare("2024-03-01T12:00Z", "2024-03-01"), Some(Greater));
        assert_eq!(compare("2024", "2024-02"), Some(Less));
        assert_eq!(compare("1709294400", "2024-03-01T12:00:00Z"), Some(Equal));
        assert_eq!(compare("2024-03-01T12:00:00.5Z", "2024-03-01T12:00:00Z"), Some(Greater));
        assert_eq!(compare("2024-03-01T12:00:00", "2024-03-01T12:00:00Z"), Some(Equal));
        for wrong in ["", "soon", "2024-13-01", "99999999999999999", "2024-03-01T25:00:00Z"] {
            assert_eq!(compare(wrong, "2024"), None, "{wrong}");
        }
    }
}
