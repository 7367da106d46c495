//! The private registry in brief: its rules, and what HealthOmics may do with it. `validate` says it in full.

use aws::Session;
use aws::ecr::{AccountSetting, Rule};
use image::EcrRepositoryPrefix;

use super::report::{Aspect, Check};
use crate::account::{Account, RegistryState};
use crate::error::OperationError;
use crate::finding::Code;
use crate::healthomics::{Access, Judge, PrefixAccess};
use crate::validate::is_taken;

/// How many prefixes a line names.
const NAMED: usize = 5;

/// What each line is called.
const RULES: &str = "pull through cache";
const POLICY: &str = "HealthOmics' import";
const TEMPLATES: &str = "HealthOmics' read access";
const MOUNTING: &str = "BLOB_MOUNTING";

/// A prefix with what a part of the registry gives to HealthOmics below it.
type Given<'a> = (&'a EcrRepositoryPrefix, &'a Access, Code);

/// Judges what was read: a line each for the rules, the registry policy, and the templates.
pub(super) fn look(account: &Account, state: &RegistryState) -> Vec<Check> {
    let rules = match state.rules.seen() {
        Some(rules) => rules,
        None => {
            let fallback = OperationError::new("cannot read the rules");
            let error = state.rules.unseen().unwrap_or(&fallback);
            return of_registry(error).to_vec();
        }
    };
    let judge = Judge::new(account.id().as_str(), &state.policy);
    let judged: Vec<(&EcrRepositoryPrefix, PrefixAccess)> = rules
        .iter()
        .filter(|rule| is_taken(rule))
        .map(|rule| &rule.names.ecr_repository_prefix)
        .map(|prefix| (prefix, PrefixAccess::by(&judge, account, state, prefix)))
        .collect();
    let has_policy = state.policy.seen().is_none_or(|policy| policy.text.is_some());
    let missing = if has_policy { Code::ImportNotGranted } else { Code::NoRegistryPolicy };
    let imports: Vec<Given<'_>> =
        judged.iter().map(|(prefix, access)| (*prefix, &access.registry_policy, missing)).collect();
    let reads: Vec<Given<'_>> = judged
        .iter()
        .flat_map(|(prefix, access)| access.templates.iter().map(|template| (*prefix, template)))
        .map(|(prefix, template)| {
            let code = match &template.prefix {
                Some(_) => Code::TemplateNotGranted,
                None => Code::TemplateMissing,
            };
            (prefix, &template.access, code)
        })
        .collect();
    vec![
        of_rules(rules, judged.len()),
        worst(Aspect::RegistryPolicy, POLICY, Code::ImportDepends, &imports),
        worst(Aspect::Templates, TEMPLATES, Code::TemplateDepends, &reads),
    ]
}

fn of_rules(rules: &[Rule], taken: usize) -> Check {
    if rules.is_empty() {
        return Check::warning(
            Aspect::Rules,
            RULES,
            Code::NoRules,
            "the registry has no rule, so images come into it by `clone` alone",
            "run `omics-ecr cache create quay`, or `omics-ecr prepare FOLDER` for a workflow",
        );
    }
    let prefixes = rules.iter().map(|rule| &rule.names.ecr_repository_prefix);
    let said = format!("{} for {}, {taken} of them taken by HealthOmics", rules.len(), named(prefixes));
    Check::ok(Aspect::Rules, RULES, said)
}

/// Returns the line that the worst of several prefixes deserves.
fn worst(aspect: Aspect, subject: &str, depends: Code, given: &[Given<'_>]) -> Check {
    let of = |is: fn(&Access) -> bool| -> Vec<&Given<'_>> {
        given.iter().filter(|(_, access, _)| is(access)).collect()
    };
    let said = |found: &[&Given<'_>]| {
        let reason = found.first().and_then(|(_, access, _)| access.reason()).unwrap_or_default();
        let prefixes = named(found.iter().map(|(prefix, ..)| *prefix));
        (prefixes, reason.to_owned())
    };
    let closed = of(|access| matches!(access, Access::NotAccessible { .. }));
    if let [(prefix, _, code), ..] = closed.as_slice() {
        let (prefixes, reason) = said(&closed);
        let is_one = closed.iter().all(|(other, ..)| other == prefix);
        let next = match is_one {
            true => format!("run `omics-ecr validate --prefix {prefix} --fix`"),
            false => "run `omics-ecr validate --fix`".to_owned(),
        };
        let message = format!("not below {prefixes}: {reason}");
        return Check::warning(aspect, subject, *code, message, next);
    }
    let unknown = of(|access| matches!(access, Access::Unknown { .. }));
    if !unknown.is_empty() {
        let (prefixes, reason) = said(&unknown);
        let why = OperationError::new(format!("cannot tell it below {prefixes}"))
            .refused(reason)
            .hint("run `omics-ecr validate`, which says what the caller lacks");
        return Check::cannot_tell(aspect, subject, &why);
    }
    let hanging = of(|access| matches!(access, Access::Depends { .. }));
    if !hanging.is_empty() {
        let (prefixes, reason) = said(&hanging);
        let message = format!("only a run can tell it below {prefixes}: {reason}");
        return Check::warning(
            aspect,
            subject,
            depends,
            message,
            "run `omics-ecr validate`, which says more",
        );
    }
    Check::ok(
        aspect,
        subject,
        match given.is_empty() {
            true => "there is no rule that needs it".to_owned(),
            false => format!("granted below {}", named(given.iter().map(|(prefix, ..)| *prefix))),
        },
    )
}

/// Returns the first of some prefixes, each once, and how many more there are.
fn named<'a>(prefixes: impl Iterator<Item = &'a EcrRepositoryPrefix>) -> String {
    let mut all: Vec<String> = prefixes.map(|prefix| format!("`{prefix}`")).collect();
    all.dedup();
    match all.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!("{} and {more} more", all[..NAMED].join(", ")),
        _ => all.join(", "),
    }
}

/// Looks at whether ECR takes layers from other repositories of the account.
pub(super) async fn mounting(session: &Session) -> Check {
    let aspect = Aspect::BlobMounting;
    match session.ecr().account_setting(AccountSetting::BlobMounting).await {
        Ok(value) if value == "ENABLED" => {
            Check::ok(aspect, MOUNTING, "on: a layer that several repositories have is sent once")
        }
        // ECR's default, and slower but not wrong.
        Ok(_) => Check::ok(aspect, MOUNTING, "off: a layer is sent for each repository that has it")
            .next("let a clone switch it on: `omics-ecr clone --enable-mounting`"),
        Err(error) => Check::cannot_tell(aspect, MOUNTING, &error.into()),
    }
}

/// Returns the lines of a registry of which nothing can be told, and why.
pub(super) fn unknown(why: &OperationError) -> Vec<Check> {
    let mut checks = of_registry(why).to_vec();
    checks.push(Check::cannot_tell(Aspect::BlobMounting, MOUNTING, why));
    checks
}

fn of_registry(why: &OperationError) -> [Check; 3] {
    [(Aspect::Rules, RULES), (Aspect::RegistryPolicy, POLICY), (Aspect::Templates, TEMPLATES)]
        .map(|(aspect, subject)| Check::cannot_tell(aspect, subject, why))
}
