//! Accounts and registries that are open already, so that a call costs no more than what it asks of AWS.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use operations::{Account, PrivateRegistry, Result};
use tokio::sync::OnceCell;

use crate::config::{AccountChoice, Connect, Purpose};

/// How long an account stays open: after that the caller is asked for anew, so that other credentials in the same
/// profile are noticed.
const OPEN_FOR: Duration = Duration::from_secs(10 * 60);

/// Most accounts that are open at once.
const MOST_OPEN: usize = 16;

/// What is open.
pub(crate) struct Accounts {
    connect: Arc<dyn Connect>,
    accounts: Kept<AccountChoice, Account>,
    registries: Kept<(AccountChoice, Purpose), PrivateRegistry>,
}

impl Accounts {
    /// Returns the way to accounts of which none is open.
    pub(crate) fn new(connect: Arc<dyn Connect>) -> Self {
        Self { connect, accounts: Kept::default(), registries: Kept::default() }
    }

    /// Returns an account, opened once however many calls wait for it.
    pub(crate) async fn account(&self, choice: &AccountChoice) -> Result<Account> {
        let cell = self.accounts.cell(choice);
        cell.get_or_try_init(|| self.connect.account(choice)).await.cloned()
    }

    /// Returns an account with its registry.
    pub(crate) async fn registry(
        &self,
        choice: &AccountChoice,
        purpose: Purpose,
    ) -> Result<(Account, PrivateRegistry)> {
        let account = self.account(choice).await?;
        let cell = self.registries.cell(&(choice.clone(), purpose));
        let registry = cell.get_or_try_init(|| self.connect.registry(&account, purpose)).await?.clone();
        Ok((account, registry))
    }
}

/// A value that is made once, and when.
type Cell<V> = (Instant, Arc<OnceCell<V>>);

/// Values that are kept for a while.
struct Kept<K, V>(Mutex<HashMap<K, Cell<V>>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<K: Hash + Eq + Clone, V> Kept<K, V> {
    /// Returns the place of a value; a new one where the old one is too old.
    fn cell(&self, key: &K) -> Arc<OnceCell<V>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (since, _)| since.elapsed() < OPEN_FOR);
        if kept.len() >= MOST_OPEN && !kept.contains_key(key) {
            kept.clear();
        }
        let (_, cell) = kept.entry(key.clone()).or_insert_with(|| (Instant::now(), Arc::default()));
        cell.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_place_and_their_number_is_bounded() {
        let kept: Kept<usize, ()> = Kept::default();
        assert!(Arc::ptr_eq(&kept.cell(&1), &kept.cell(&1)));
        assert!(!Arc::ptr_eq(&kept.cell(&1), &kept.cell(&2)));
        for key in 0..100 {
            kept.cell(&key);
        }
        assert!(kept.0.lock().unwrap().len() <= MOST_OPEN);
    }
}
