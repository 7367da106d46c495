//! What `cache create` would make, without asking AWS.

use std::collections::BTreeMap;

use aws::Arn;
use aws::ecr::{AppliedFor, Template};
use image::{AccountId, Region};
use policy::{Kind, RegistryScope};

use super::{Export, Exported, RuleResource, document};
use crate::account::repository_arn;
use crate::cache::{CacheRequest, TEMPLATE_DESCRIPTION};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::healthomics;

/// Returns what these caches consist of in an account where nothing of them is there; asks nobody.
///
/// `policy` is the text of the registry's policy as it is, into which the grants are merged. Without it the account is
/// taken to have none.
///
/// # Errors
/// When two caches have one prefix, when a secret is named otherwise than by an ARN of the account and Region, and when
/// the grants cannot be merged.
pub fn of_requests(
    account: &AccountId,
    region: &Region,
    requests: &[CacheRequest],
    policy: Option<&str>,
) -> Result<Export> {
    let mut rules: BTreeMap<&str, Exported<RuleResource>> = BTreeMap::new();
    let mut templates = Vec::new();
    let mut findings = Vec::new();
    let mut text = policy.map(str::to_owned);
    for request in requests {
        let prefix = request.prefix().as_str();
        let rule = Exported { what: rule(account, region, request)?, exists: false };
        if rules.insert(prefix, rule).is_some() {
            return Err(OperationError::new("cannot export two rules with one prefix")
                .refused(format!("both are called `{prefix}`"))
                .hint("name another prefix for one of them: `--registry quay.io=other`"));
        }
        let bound_to = request.options().source_account.as_ref().map(|bound| bound.id(account));
        let mut template = Template::new(prefix, vec![AppliedFor::PullThroughCache]);
        template.description = Some(TEMPLATE_DESCRIPTION.to_owned());
        let subject = format!("the template `{prefix}`");
        template.repository_policy = Some(healthomics::with_read_access(&subject, None, bound_to)?.text);
        templates.push(Exported { what: template, exists: false });
        let below = match request.prefix().is_root() {
            true => repository_arn(region, account, "*"),
            false => repository_arn(region, account, &format!("{prefix}/*")),
        };
        let kind = Kind::Registry(RegistryScope::V2);
        text = Some(healthomics::with_import_access(kind, text.as_deref(), &[below], bound_to)?.text);
        findings.extend(request.findings().iter().cloned());
    }
    if policy.is_none() {
        let message = "the registry's policy is exported as if the account had none, and would replace one that is there";
        let finding = Finding::new(Severity::Warning, Code::Access, account.as_str(), message);
        findings.push(finding.hint(
            "save the one that is there with `aws ecr get-registry-policy --query policyText --output text`, and pass it \
             with --registry-policy",
        ));
    }
    Ok(Export {
        account: account.clone(),
        region: region.clone(),
        rules: rules.into_values().collect(),
        templates,
        registry_policy: text.map(|text| Exported { what: document(&text), exists: policy.is_some() }),
        grants: Vec::new(),
        role: None,
        findings,
    })
}

fn rule(account: &AccountId, region: &Region, request: &CacheRequest) -> Result<RuleResource> {
    let prefix = request.prefix();
    let credential_arn = match request.credential() {
        None => None,
        Some(secret) => {
            let tried = || OperationError::new(format!("cannot export the rule `{prefix}`"));
            let id = secret.id();
            let arn: Arn = id.parse().map_err(|_| {
                tried()
                    .refused(format!("the ARN of the secret `{id}` is not known without asking AWS"))
                    .hint("name it by its ARN: `--credential docker.io=arn:aws:secretsmanager:...`")
            })?;
            if arn.account() != account.as_str() || arn.region() != region.as_str() {
                return Err(tried()
                    .refused(format!("`{id}` is of account {} in {}", arn.account(), arn.region()))
                    .hint(format!(
                        "ECR reads secrets of its own account and Region alone: {account}, {region}"
                    )));
            }
            Some(id)
        }
    };
    let upstream = request.upstream();
    Ok(RuleResource {
        prefix: prefix.to_string(),
        upstream_url: upstream.url().to_owned(),
        upstream_kind: Some(upstream.upstream().api_value.to_owned()),
        upstream_prefix: request.names().upstream_repository_prefix.to_string(),
        credential_arn,
        role_arn: request.options().role_arn.clone(),
    })
}
