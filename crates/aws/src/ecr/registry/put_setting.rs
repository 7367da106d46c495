//! `PutAccountSetting`.

use super::AccountSetting;
use crate::ecr::Ecr;
use crate::error::AwsError;

impl Ecr {
    /// Gives a setting a value: `ENABLED`, `V2`.
    ///
    /// Spec: ECR `PutAccountSetting`.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the setting has no such value, and whatever else
    /// ECR says.
    pub async fn put_account_setting(&self, setting: AccountSetting, value: &str) -> Result<(), AwsError> {
        let call = self.call("PutAccountSetting", format!("set {} to {value}", setting.name()));
        self.own_registry_only(&call)?;
        call.run(|attempts| {
            let request = self.client().put_account_setting().name(setting.name()).value(value);
            request.customize().interceptor(attempts).send()
        })
        .await?;
        Ok(())
    }
}
