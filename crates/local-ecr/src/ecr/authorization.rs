//! Whether a caller may do something: the registry policy and the repository policy decide, as in ECR.
//!
//! The account's own user may do everything. A service principal has no policy of its own, so only policies of
//! resources let it in; what hangs on something that is not known here is refused with that reason.

use policy::{Kind, RegistryScope, Request, Source};

use super::Ecr;
use super::identity::Caller;
use super::setting;
use crate::fault::{Code, Fault};
use crate::storage::{REPOSITORIES, Rows};

impl Ecr {
    /// Checks that a caller may do an action, such as `ecr:BatchGetImage`, on a repository or, where there is
    /// none, on the registry.
    ///
    /// # Errors
    /// `AccessDeniedException` with the reason.
    pub(crate) fn authorize(
        &self,
        rows: &impl Rows,
        caller: &Caller,
        action: &str,
        repository: Option<&str>,
    ) -> Result<(), Fault> {
        let Caller::Service(service) = caller else { return Ok(()) };
        let resource = match repository {
            Some(name) => self.repository_arn(name),
            None => "*".to_owned(),
        };
        let registry = setting::registry_policy(rows)?;
        let own = match repository {
            Some(name) => rows.get(&REPOSITORIES, name)?.and_then(|row| row.policy),
            None => None,
        };
        let read = |text: Option<String>| text.map(|text| policy::parse(&text)).transpose();
        let unreadable =
            |error| Fault::new(Code::AccessDenied, format!("a stored policy cannot be read: {error}"));
        let registry = read(registry).map_err(unreadable)?;
        let own = read(own).map_err(unreadable)?;
        let registry_kind = Kind::Registry(RegistryScope::V2);
        let sources = [
            Source { kind: registry_kind, name: "registry policy", document: registry.as_ref() },
            Source { kind: Kind::Repository, name: "repository policy", document: own.as_ref() },
        ];
        let request = Request::from_service(service, action, &resource)
            .with("aws:SourceAccount", self.account.as_str())
            .resource_owned_by(self.account.as_str());
        let decision = policy::decide(&sources, &request);
        if decision.is_allowed() {
            return Ok(());
        }
        Err(Fault::new(
            Code::AccessDenied,
            format!(
                "User: {service} is not authorized to perform: {action} on resource: {resource}: {decision}"
            ),
        ))
    }

    /// Returns whether a caller may have rules import into a repository, and create it where it is missing.
    pub(crate) fn may_import(
        &self,
        rows: &impl Rows,
        caller: &Caller,
        repository: &str,
    ) -> Result<bool, Fault> {
        let allowed = |action: &str| match self.authorize(rows, caller, action, Some(repository)) {
            Ok(()) => Ok(true),
            Err(fault) if fault.code == Code::AccessDenied => Ok(false),
            Err(fault) => Err(fault),
        };
        Ok(allowed("ecr:BatchImportUpstreamImage")?
            && (rows.has(&REPOSITORIES, repository)? || allowed("ecr:CreateRepository")?))
    }
}
