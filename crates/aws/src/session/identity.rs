//! Who the caller is.

use image::AccountId;

use super::Session;
use super::clock::{Clock, ClockReading};
use crate::arn::Arn;
use crate::call::{Call, Service};
use crate::error::AwsError;

/// The caller, as STS knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account.
    pub account: AccountId,
    /// The caller: a user, or a role that was taken on.
    pub arn: Arn,
    /// STS's id of the caller.
    pub user_id: String,
}

impl Identity {
    /// Returns the partition of the account: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        self.arn.partition()
    }
}

impl Session {
    /// Returns who the caller is; asks STS once and remembers it.
    ///
    /// Spec: STS `GetCallerIdentity`.
    ///
    /// # Errors
    /// [`AwsError`] when STS does not answer, or does not know the credentials.
    pub async fn identity(&self) -> Result<&Identity, AwsError> {
        self.0.identity.get_or_try_init(|| self.ask_identity(Clock::default())).await
    }

    /// Returns who the caller is, and what time it is for STS and here: none where STS did not answer, or was asked
    /// before.
    ///
    /// Spec: STS `GetCallerIdentity`.
    pub async fn identity_and_clock(&self) -> (Result<&Identity, AwsError>, Option<ClockReading>) {
        let clock = Clock::default();
        let identity = self.0.identity.get_or_try_init(|| self.ask_identity(clock.clone())).await;
        (identity, clock.reading())
    }

    async fn ask_identity(&self, clock: Clock) -> Result<Identity, AwsError> {
        let call = Call {
            session: self,
            service: Service::Sts,
            operation: "GetCallerIdentity",
            tried: "tell whose credentials these are".to_owned(),
        };
        let answer = call
            .run(|attempts| {
                let request = self.sts_client().get_caller_identity().customize();
                request.interceptor(attempts).interceptor(clock).send()
            })
            .await?;
        Ok(Identity {
            account: call.read(answer.account(), "Account")?,
            arn: call.read(answer.arn(), "Arn")?,
            user_id: answer.user_id().unwrap_or_default().to_owned(),
        })
    }
}
