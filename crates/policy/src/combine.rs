//! How documents of different kinds add up to one decision.
//!
//! Any Deny that applies wins. Within one account a grant of the identity's policies or of the resource's
//! is enough; across accounts both must grant. Boundaries, session policies and control policies grant
//! nothing: they set the most that may be done. AWS services have no identity policies.

use std::collections::BTreeMap;

use crate::decide::{Application, apply};
use crate::decision::{Caution, Decision, Denial, Hanging, Reason, Remedy, Side, StatementRef, Verdict};
use crate::document::{Effect, Statement};
use crate::kind::{Kind, Source};
use crate::nearest::{nearest, reference};
use crate::principal::{Grip, Principal};
use crate::request::Request;
use crate::truth::Truth;

/// Allow statements of one side that apply or may apply.
#[derive(Default)]
struct Grants {
    sure: Vec<(Grip, StatementRef, Vec<Caution>)>,
    hanging: Vec<(Grip, Hanging)>,
}

impl Grants {
    /// Returns whether a statement grants that means the principal at least so directly.
    fn truth(&self, least: Grip) -> Truth {
        if self.sure.iter().any(|(grip, ..)| *grip >= least) {
            Truth::Yes
        } else if self.hanging.iter().any(|(grip, _)| *grip >= least) {
            Truth::Unknown
        } else {
            Truth::No
        }
    }

    fn first(&self, least: Grip) -> Option<&(Grip, StatementRef, Vec<Caution>)> {
        self.sure.iter().find(|(grip, ..)| *grip >= least)
    }
}

/// Everything found in the documents.
#[derive(Default)]
struct Found {
    denials: Vec<Denial>,
    hanging_denials: Vec<Hanging>,
    resource: Grants,
    identity: Grants,
    limits: BTreeMap<Kind, Grants>,
}

/// Returns whether the documents together let the request through, and why.
///
/// The answer is by the documents given. A kind that is not given is not asked about: with only a resource's
/// policies, these alone decide, and a [`Caution`] says where an identity's policies would matter. To say that an
/// identity has no policies, give [`Source::none`]. Policies of identities and organizations' service control
/// policies are passed over for principals that are no identities.
pub fn decide(documents: &[Source<'_>], request: &Request) -> Decision {
    let is_identity = request.principal().has_identity_policies();
    let applies_to = |kind: Kind| is_identity || kind.names_principals();
    let found = find(documents, applies_to, request);
    if !found.denials.is_empty() {
        return Decision {
            verdict: Verdict::Denied,
            why: Reason::ExplicitDeny { denials: found.denials },
            cautions: Vec::new(),
        };
    }
    let given = |wanted: &dyn Fn(Kind) -> bool| documents.iter().any(|source| wanted(source.kind));
    let sides = Sides {
        resource: given(&Kind::grants_from_resource),
        identity: is_identity && given(&|kind| kind == Kind::Identity),
        is_identity,
        same_account: request.same_account(),
    };
    let (grant, needed) = sides.grant(&found);
    if grant == Truth::No {
        let side = sides.lacking(&found);
        let on_side = |kind: Kind| match side {
            Side::Resource => kind.grants_from_resource(),
            Side::Identity | Side::Delegation => kind == Kind::Identity,
            Side::Any => applies_to(kind) && (kind.grants_from_resource() || kind == Kind::Identity),
        };
        let nearest = nearest(documents, on_side, request);
        return Decision {
            verdict: Verdict::Denied,
            why: Reason::NoGrant { side, nearest },
            cautions: Vec::new(),
        };
    }
    let exact_resource_grant = sides.same_account && found.resource.truth(Grip::Exact) == Truth::Yes;
    let mut within = Truth::Yes;
    for (kind, grants) in &found.limits {
        // A resource that names the very user or session is not bound by what limits its role.
        if exact_resource_grant && matches!(kind, Kind::Boundary | Kind::Session) {
            continue;
        }
        let truth = grants.truth(Grip::Account);
        if truth == Truth::No {
            let nearest = nearest(documents, |other| other == *kind, request);
            let why = Reason::OutsideLimit { limit: *kind, nearest };
            return Decision { verdict: Verdict::Denied, why, cautions: Vec::new() };
        }
        within = within.and(truth);
    }
    if grant.and(within) == Truth::Unknown || !found.hanging_denials.is_empty() {
        let on = hanging(found, grant, within);
        return Decision { verdict: Verdict::Depends, why: Reason::Hangs { on }, cautions: Vec::new() };
    }
    let mut cautions = sides.cautions(&found);
    let mut by = Vec::new();
    for (grants, least) in needed.into_iter().flatten().map(|side| side.of(&found)) {
        if let Some((_, statement, own)) = grants.first(least) {
            by.push(statement.clone());
            cautions.extend(own.iter().cloned());
        }
    }
    Decision { verdict: Verdict::Allowed, why: Reason::Granted { by }, cautions }
}

/// One of the two sides a grant can come from, and how directly.
#[derive(Clone, Copy)]
enum From {
    Resource(Grip),
    Identity,
}

impl From {
    fn of(self, found: &Found) -> (&Grants, Grip) {
        match self {
            From::Resource(least) => (&found.resource, least),
            From::Identity => (&found.identity, Grip::Account),
        }
    }

    fn truth(self, found: &Found) -> Truth {
        let (grants, least) = self.of(found);
        grants.truth(least)
    }
}

/// Which sides are given, and how they add up.
struct Sides {
    resource: bool,
    identity: bool,
    is_identity: bool,
    same_account: bool,
}

impl Sides {
    /// Returns whether a grant is there, and the sides whose statements make it.
    fn grant(&self, found: &Found) -> (Truth, [Option<From>; 2]) {
        let resource = From::Resource(Grip::Account);
        if !self.is_identity || !self.identity {
            return (resource.truth(found), [Some(resource), None]);
        }
        let identity = From::Identity;
        if !self.resource {
            return (identity.truth(found), [Some(identity), None]);
        }
        if !self.same_account {
            return (resource.truth(found).and(identity.truth(found)), [Some(resource), Some(identity)]);
        }
        // A grant to the account only passes the question on to the account's own policies.
        let direct = From::Resource(Grip::Everyone);
        let (by_resource, by_identity) = (direct.truth(found), identity.truth(found));
        let from = if by_resource >= by_identity { direct } else { identity };
        (by_resource.or(by_identity), [Some(from), None])
    }

    /// Returns where the grant is missing.
    fn lacking(&self, found: &Found) -> Side {
        if !(self.resource && self.identity) {
            return Side::Any;
        }
        let by_resource = found.resource.truth(Grip::Account);
        match (self.same_account, by_resource) {
            (true, Truth::No) => Side::Any,
            (true, _) => Side::Delegation,
            (false, Truth::No) if found.identity.truth(Grip::Account) == Truth::No => Side::Any,
            (false, Truth::No) => Side::Resource,
            (false, _) => Side::Identity,
        }
    }

    /// Returns what was not given and matters to the grant.
    fn cautions(&self, found: &Found) -> Vec<Caution> {
        let mut cautions = Vec::new();
        if self.is_identity && !self.identity {
            let direct = found.resource.truth(Grip::Everyone) == Truth::Yes;
            if !self.same_account || !direct {
                cautions.push(Caution::IdentityPoliciesNotGiven);
            }
        }
        if self.identity && !self.resource && !self.same_account {
            cautions.push(Caution::ResourcePoliciesNotGiven);
        }
        cautions
    }
}

/// Evaluates every statement once and sorts what applies.
fn find(documents: &[Source<'_>], applies_to: impl Fn(Kind) -> bool, request: &Request) -> Found {
    let mut found = Found::default();
    for source in documents.iter().filter(|source| applies_to(source.kind)) {
        let Some(document) = source.document else { continue };
        let limits = !source.kind.grants_from_resource() && source.kind != Kind::Identity;
        if limits {
            found.limits.entry(source.kind).or_default();
        }
        for (index, statement) in document.statements().iter().enumerate() {
            let Application { truth, grip, notes } = apply(statement, source.kind, request);
            if truth == Truth::No {
                continue;
            }
            let statement_ref = reference(source, index, statement);
            match (statement.effect, truth) {
                (Effect::Deny, Truth::Yes) => {
                    let remedy = remedy(statement, !notes.absent.is_empty(), request);
                    found.denials.push(Denial { statement: statement_ref, absent: notes.absent, remedy });
                }
                (Effect::Deny, _) => {
                    found.hanging_denials.push(Hanging::new(statement_ref, Effect::Deny, notes.missing));
                }
                (Effect::Allow, _) => {
                    let grants = match source.kind {
                        Kind::Identity => &mut found.identity,
                        kind if kind.grants_from_resource() => &mut found.resource,
                        kind => found.limits.entry(kind).or_default(),
                    };
                    if truth == Truth::Yes {
                        let cautions = cautions(statement, &statement_ref, source.kind, request);
                        grants.sure.push((grip, statement_ref, cautions));
                    } else {
                        grants
                            .hanging
                            .push((grip, Hanging::new(statement_ref, Effect::Allow, notes.missing)));
                    }
                }
            }
        }
    }
    found
}

/// Returns the statements an unknown answer hangs on, grants first.
fn hanging(found: Found, grant: Truth, within: Truth) -> Vec<Hanging> {
    let mut on = Vec::new();
    let mut take = |grants: Grants| {
        if grants.truth(Grip::Account) == Truth::Unknown
            || grants.sure.iter().all(|(grip, ..)| *grip == Grip::Account)
        {
            on.extend(grants.hanging.into_iter().map(|(_, hanging)| hanging));
        }
    };
    if grant == Truth::Unknown {
        take(found.resource);
        take(found.identity);
    }
    if within == Truth::Unknown {
        found.limits.into_values().for_each(&mut take);
    }
    on.extend(found.hanging_denials);
    on
}

/// Returns how to spare an AWS service a Deny that was not made for it.
fn remedy(statement: &Statement, by_absence: bool, request: &Request) -> Option<Remedy> {
    let Principal::Service(service) = request.principal() else { return None };
    let element = statement.principal.as_ref()?;
    if element.negated {
        return Some(Remedy::AddToNotPrincipal { service: service.clone() });
    }
    (by_absence && !element.names(request.principal())).then(|| Remedy::AddCondition {
        operator: "BoolIfExists".to_owned(),
        key: "aws:PrincipalIsAWSService".to_owned(),
        value: "false".to_owned(),
    })
}

/// Returns what is remarkable in a statement that grants.
fn cautions(statement: &Statement, reference: &StatementRef, kind: Kind, request: &Request) -> Vec<Caution> {
    let mut cautions = Vec::new();
    let at = || reference.clone();
    if kind.grants_from_resource()
        && let Some(element) = &statement.principal
    {
        if element.negated {
            cautions.push(Caution::AllowedByNotPrincipal { statement: at() });
        } else if element.is_everyone() && statement.conditions.is_empty() {
            cautions.push(Caution::Public { statement: at() });
        }
    }
    let service = request.folded_action().split_once(':').map_or("", |(service, _)| service);
    let whole_service = crate::pattern::Pattern::glob(&format!("{service}:*"));
    if !statement.action.negated
        && statement.action.patterns.iter().any(|pattern| pattern.covers(&whole_service))
    {
        cautions.push(Caution::BroadAction { statement: at() });
    }
    cautions
}
