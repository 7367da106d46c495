//! Three-valued logic: what is known to hold, known not to hold, or hangs on something unknown.

/// One of the three truth values, ordered so that "and" is the minimum and "or" the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    No,
    Unknown,
    Yes,
}

impl Truth {
    /// Returns `Yes` for true and `No` for false.
    pub(crate) fn of(known: bool) -> Truth {
        if known { Truth::Yes } else { Truth::No }
    }

    /// Holds when both hold.
    pub(crate) fn and(self, other: Truth) -> Truth {
        self.min(other)
    }

    /// Holds when either holds.
    pub(crate) fn or(self, other: Truth) -> Truth {
        self.max(other)
    }

    /// Swaps `Yes` and `No` when `negated` is set.
    pub(crate) fn negate_if(self, negated: bool) -> Truth {
        match self {
            Truth::Yes if negated => Truth::No,
            Truth::No if negated => Truth::Yes,
            other => other,
        }
    }
}
