//! How the MCP server reaches accounts and registries: as commands do.

use futures_util::future::LocalBoxFuture;
use mcp::{AccountChoice, Connect, Purpose};
use operations::{Account, OperationError, PrivateRegistry, Result, check};
use tokio::sync::OnceCell;

use crate::arguments::AccountArguments;
use crate::commands::account::{self, Opened};
use crate::commands::source_registries;

/// Opens accounts by what the server was started with and what a call names.
pub(super) struct Connector {
    arguments: AccountArguments,
    /// The local ECR, which runs as long as the server does.
    local: OnceCell<Opened>,
}

impl Connector {
    /// Returns the way to accounts; nothing is opened yet.
    pub(super) fn new(arguments: AccountArguments) -> Self {
        Self { arguments, local: OnceCell::new() }
    }

    async fn open(&self, choice: &AccountChoice) -> Result<Account> {
        if self.arguments.local {
            return self.open_local(choice).await;
        }
        let mut arguments = self.arguments.clone();
        if let Some(profile) = &choice.profile {
            arguments.profile = Some(profile.clone());
        }
        if let Some(region) = &choice.region {
            arguments.target.region = Some(region.clone());
        }
        Ok((*account::open(&arguments).await?).clone())
    }

    async fn open_local(&self, choice: &AccountChoice) -> Result<Account> {
        let refused = |words: String| {
            OperationError::new("cannot use another account than the local ECR")
                .refused(words)
                .hint("leave `profile` and `region` out: the server was started with --local")
        };
        if let Some(profile) = &choice.profile {
            return Err(refused(format!("it has no profile `{profile}`")));
        }
        let opened = self.local.get_or_try_init(|| account::open(&self.arguments)).await?;
        match &choice.region {
            Some(region) if region != opened.region() => {
                Err(refused(format!("it is in {}, not in {region}", opened.region())))
            }
            _ => Ok((**opened).clone()),
        }
    }
}

impl Connect for Connector {
    fn account<'a>(&'a self, choice: &'a AccountChoice) -> LocalBoxFuture<'a, Result<Account>> {
        Box::pin(self.open(choice))
    }

    fn registry<'a>(
        &'a self,
        account: &'a Account,
        purpose: Purpose,
    ) -> LocalBoxFuture<'a, Result<PrivateRegistry>> {
        Box::pin(async move {
            let options = source_registries::client(&[], &self.arguments.upstreams);
            let options = match purpose {
                Purpose::Looking => check::client_options(options),
                Purpose::Copying => options,
            };
            PrivateRegistry::open(account.session(), None, options).await
        })
    }
}
