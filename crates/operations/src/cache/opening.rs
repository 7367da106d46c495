//! For whose runs a registry is opened, as its registry policy and its templates are asked about it.

use crate::account::Account;
use crate::healthomics::Judge;

/// A registry to be opened to HealthOmics.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening<'a> {
    account: &'a Account,
    bound_to: Option<&'a str>,
}

impl<'a> Opening<'a> {
    /// Returns the opening of an account's registry; `bound_to` binds the grants to runs of one account.
    pub(crate) fn new(account: &'a Account, bound_to: Option<&'a str>) -> Self {
        Self { account, bound_to }
    }

    /// Returns whose registry it is.
    pub(crate) fn account(self) -> &'a Account {
        self.account
    }

    /// Returns the account that grants are bound to, if they are.
    pub(crate) fn bound_to(self) -> Option<&'a str> {
        self.bound_to
    }

    /// Returns the account whose runs it is for.
    pub(crate) fn runs_in(self) -> &'a str {
        self.bound_to.unwrap_or(self.account.id().as_str())
    }

    /// Returns a judge of the runs of an account that nobody means, which knows what another one knows.
    pub(super) fn stranger(self, judge: &Judge) -> Judge {
        judge.of_runs_in(stranger(self.runs_in()))
    }
}

/// Returns an account whose runs nobody means.
pub(crate) fn stranger(account: &str) -> &'static str {
    if account == "000000000000" { "999999999999" } else { "000000000000" }
}

/// What came of writing something that was read anew before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It was written and read back.
    Done,
    /// It was there.
    NotNeeded,
}
