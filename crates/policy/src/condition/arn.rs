//! ARN operators: the six parts are compared one by one, each with wildcards.

use super::{Notes, Wanted};
use crate::pattern::Pattern;
use crate::request::Request;
use crate::truth::Truth;
use crate::variable::Filled;

/// Parts of an ARN; the last one may hold colons.
const PARTS: usize = 6;

/// Returns whether the value is an ARN whose parts all match those of the policy's text.
pub(super) fn matches(value: &str, wanted: &Wanted, request: &Request, met: &mut Notes) -> Truth {
    match wanted.template.fill(request) {
        Filled::Whole(pattern) => Truth::of(parts_match(&pattern, value)),
        Filled::Nothing => Truth::No,
        Filled::Partly(pattern, unknown) => {
            if !parts_match(&pattern, value) {
                return Truth::No;
            }
            unknown.iter().for_each(|key| met.miss_key(key));
            Truth::Unknown
        }
    }
}

fn parts_match(pattern: &Pattern, value: &str) -> bool {
    let given: Vec<&str> = value.splitn(PARTS, ':').collect();
    if given.len() != PARTS {
        return false;
    }
    if pattern.is_star() {
        return true;
    }
    let wanted = pattern.split_at_colons(PARTS);
    wanted.len() == PARTS && wanted.iter().zip(given).all(|(pattern, part)| pattern.matches(part))
}
