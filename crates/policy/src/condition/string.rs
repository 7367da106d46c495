//! String operators: exact, without regard to case, and with wildcards. The template knows which.

use super::{Notes, Wanted};
use crate::request::Request;
use crate::truth::Truth;
use crate::variable::Filled;

/// Returns whether the value matches the policy's text once its variables are filled in.
pub(super) fn matches(value: &str, wanted: &Wanted, request: &Request, met: &mut Notes) -> Truth {
    match wanted.template.fill(request) {
        Filled::Whole(pattern) => Truth::of(pattern.matches(value)),
        Filled::Nothing => Truth::No,
        Filled::Partly(pattern, unknown) => {
            if !pattern.matches(value) {
                return Truth::No;
            }
            unknown.iter().for_each(|key| met.miss_key(key));
            Truth::Unknown
        }
    }
}
