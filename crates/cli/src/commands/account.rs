//! The account that a command asks.

use aws::Session;
use operations::Account;

use crate::arguments::AccountArguments;

/// Opens the account that flags and environment name.
///
/// # Errors
/// When there is no Region, no credentials, or AWS does not know the caller.
pub(crate) async fn open(arguments: &AccountArguments) -> operations::Result<Account> {
    let session = Session::open(aws::Options {
        profile: arguments.profile.clone(),
        region: arguments.region.clone(),
        endpoint_url: arguments.endpoint_url.clone(),
        ..aws::Options::default()
    })
    .await?;
    Account::open(&session).await
}
