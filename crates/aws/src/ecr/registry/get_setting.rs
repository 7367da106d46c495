//! `GetAccountSetting`.

use super::AccountSetting;
use crate::ecr::Ecr;
use crate::error::AwsError;

impl Ecr {
    /// Returns the value of a setting: `ENABLED`, `V2`.
    ///
    /// Spec: ECR `GetAccountSetting`.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the Region's ECR does not know the setting, and
    /// whatever else ECR says.
    pub async fn account_setting(&self, setting: AccountSetting) -> Result<String, AwsError> {
        let call = self.call("GetAccountSetting", format!("read the setting {}", setting.name()));
        self.own_registry_only(&call)?;
        let answer = call
            .run(|attempts| {
                self.client()
                    .get_account_setting()
                    .name(setting.name())
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await?;
        call.need(answer.value, "value")
    }
}
