//! A managed policy: `GetPolicy` and `GetPolicyVersion`.

use super::Iam;
use super::answer::decoded;
use super::role::{NamedPolicy, need, read};
use crate::error::AwsError;

impl Iam {
    /// Returns a managed policy as its default version has it.
    ///
    /// Spec: IAM `GetPolicy`, `GetPolicyVersion`.
    ///
    /// # Errors
    /// [`AwsError`] when IAM refuses.
    pub async fn managed_policy(&self, arn: String) -> Result<NamedPolicy, AwsError> {
        let call = self.call("GetPolicy", format!("read the policy `{arn}`"));
        let text = self.send(&call, &[("PolicyArn", &arn)]).await?;
        let version = need(&call, &read(&call, &text)?, "DefaultVersionId")?;
        let call = self.call("GetPolicyVersion", format!("read version {version} of the policy `{arn}`"));
        let text = self.send(&call, &[("PolicyArn", &arn), ("VersionId", &version)]).await?;
        let document = need(&call, &read(&call, &text)?, "Document")?;
        Ok(NamedPolicy { name: arn, text: decoded(&document) })
    }
}
