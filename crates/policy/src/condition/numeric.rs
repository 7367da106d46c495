//! Numeric operators: decimal numbers compared exactly, however many digits they have.

use std::cmp::Ordering;

/// Returns the order of two decimal numbers, or `None` when either is not one.
pub(super) fn compare(left: &str, right: &str) -> Option<Ordering> {
    let (left, right) = (Decimal::read(left)?, Decimal::read(right)?);
    match (left.negative, right.negative) {
        (false, true) => Some(Ordering::Greater),
        (true, false) => Some(Ordering::Less),
        (false, false) => Some(left.magnitude(&right)),
        (true, true) => Some(right.magnitude(&left)),
    }
}

/// A number without leading zeros before, or trailing zeros after, the point.
struct Decimal<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
}

impl<'t> Decimal<'t> {
    fn read(text: &'t str) -> Option<Decimal<'t>> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let digits_only = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !digits_only(whole) || !digits_only(fraction) {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Decimal { negative: negative && !zero, whole, fraction })
    }

    fn magnitude(&self, other: &Decimal<'_>) -> Ordering {
        // Without leading zeros the longer whole part is the larger one.
        (self.whole.len(), self.whole, self.fraction).cmp(&(other.whole.len(), other.whole, other.fraction))
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering::{Equal, Greater, Less};

    use super::compare;

    #[test]
    fn compares_exactly() {
        assert_eq!(compare("10", "9"), Some(Greater));
        assert_eq!(compare("010.50", "10.5"), Some(Equal));
        assert_eq!(compare("-0", "0"), Some(Equal));
        assert_eq!(compare("-2", "-10"), Some(Greater));
        assert_eq!(compare("0.19", "0.2"), Some(Less));
        assert_eq!(compare("9007199254740993", "9007199254740992"), Some(Greater));
        for wrong in ["", ".", "1e3", "x", "1.2.3", "--1", "NaN"] {
            assert_eq!(compare(wrong, "1"), None, "{wrong}");
        }
    }
}
