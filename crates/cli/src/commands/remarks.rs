//! What is said below a table, on standard error: what failed, and what was observed.

use operations::{Finding, OperationError};

use crate::failure::{self, remark};
use crate::screen;

/// Tells failures, each in its three lines.
pub(super) fn errors<'a>(errors: impl IntoIterator<Item = &'a OperationError>) {
    for error in errors {
        failure::tell(error);
    }
}

/// Tells what was observed; nothing where nothing was.
pub(super) fn findings(findings: &[Finding]) {
    if !findings.is_empty() {
        remark(screen::findings(findings).trim_end());
    }
}
