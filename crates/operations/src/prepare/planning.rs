//! How a plan is made: names first, then what is there, then rules, then the images' own registries. Writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use image::{ImageReference, PullThroughCacheRule, PullThroughCacheRules};
use policy::Kind;
use registry::PlatformChoice;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::plan::{NamedImage, PlannedAction, PlannedImage, PlannedRule, PreparePlan, RegistryPolicyPlan};
use super::planned::{route, take_clone, take_known, upstream_url};
use super::private::{self, Private};
use super::request::{PrepareRequest, Wishes};
use super::routing::{PlannedCaches, Router, Way, unseen_rules};
use crate::account::{Account, RegistryState};
use crate::cache::{Action, CachePlan, StepKind};
use crate::check::upstream as at_upstream;
use crate::check::{UpstreamAnswer, UpstreamLook};
use crate::clone::{self, CloneItem, CloneOptions, ClonePlan, CloneRequest, CloneSink};
use crate::error::{OperationError, Result};
use crate::finding::Finding;
use crate::healthomics;
use crate::map::MapOptions;
use crate::map::destination::clone_repository;
use crate::private_registry::PrivateRegistry;
use crate::target::EcrTarget;

/// Registries that are asked at once for images that HealthOmics copies.
const AT_ONCE: usize = 16;

/// Returns what has to be done so that every image of a workflow is in the registry and HealthOmics may read it.
///
/// Asks ECR what is there, and the images' own registries whether they have them; writes nothing. When the token is
/// cancelled, what is not known by then is [`PlannedAction::Cancelled`].
///
/// # Errors
/// When an option is no name, or nothing can be learned of the account. What concerns one image alone is its problem.
pub async fn plan(
    account: &Account,
    registry: &PrivateRegistry,
    request: &PrepareRequest,
    sink: Arc<dyn CloneSink>,
    cancel: &CancellationToken,
) -> Result<PreparePlan> {
    let wishes = Wishes::read(&request.options)?;
    let state = RegistryState::read(account).await;
    let mut router = Router::new(account, registry, &wishes, &state);
    router.look_up_secrets().await;
    let mut planner = Planner {
        account,
        registry,
        request,
        router,
        findings: request.findings.clone(),
        subjects: Vec::new(),
    };
    planner.findings.extend(unseen_rules(&state));
    planner.read_names().await?;
    let wanted: BTreeSet<PullThroughCacheRule> = planner.rules().cloned().collect();
    let caches = planner.router.plan_caches(wanted.into_iter().collect(), &mut planner.findings).await;
    planner.settle(&caches);
    planner.ask_copied_registries(cancel).await;
    let names = planner.router.names(&caches.rules);
    let clones = planner.plan_clones(&names, sink, cancel).await?;
    Ok(planner.finish(&state, caches, names, clones))
}

struct Planner<'a> {
    account: &'a Account,
    registry: &'a PrivateRegistry,
    request: &'a PrepareRequest,
    router: Router<'a>,
    findings: Vec<Finding>,
    subjects: Vec<Subject>,
}

/// An image under way to its route.
struct Subject {
    /// The image that is fetched.
    image: Option<ImageReference>,
    /// Its name in the private registry, where the workflow gives that.
    written: Option<ImageReference>,
    way: Way,
    problem: Option<OperationError>,
    /// What is known of it already: its digest and its platforms.
    known: (Option<String>, Vec<String>),
    /// What is asked of the clone.
    item: Option<CloneItem>,
}

impl Subject {
    fn new(image: Option<ImageReference>, way: Way) -> Self {
        Self { image, written: None, way, problem: None, known: (None, Vec::new()), item: None }
    }
}

impl Planner<'_> {
    /// Reads every name, and looks at those of private registries.
    async fn read_names(&mut self) -> Result<()> {
        let read = |image: &str| match image.parse::<ImageReference>() {
            Ok(image) => Subject::new(Some(image.clone()), self.router.way(&image)),
            Err(error) => Subject::new(None, Way::Cannot(error.to_string())),
        };
        let mut subjects: Vec<Subject> = self.request.images.iter().map(|own| read(&own.image)).collect();
        let own = || self.request.images.iter().map(|own| own.image.clone());
        let private = own().zip(&subjects).filter(|(_, subject)| subject.way == Way::Private);
        let private: Vec<String> = private.map(|(name, _)| name).collect();
        let mut known = private::look(self.account, self.registry, &self.router, private).await?;
        for (name, subject) in own().zip(&mut subjects) {
            match known.remove(&name) {
                None => {}
                Some(Private::There { digest, platforms, problem }) => {
                    subject.known = (digest, platforms);
                    subject.problem = problem;
                }
                Some(Private::Missing(problem)) => subject.problem = Some(problem),
                Some(Private::ComesFrom(image, rule)) => {
                    subject.written = subject.image.replace(image);
                    subject.way = Way::Rule(rule);
                }
            }
        }
        self.subjects = subjects;
        Ok(())
    }

    /// Returns the rules that images are to go through.
    fn rules(&self) -> impl Iterator<Item = &PullThroughCacheRule> {
        self.subjects.iter().filter_map(|subject| match &subject.way {
            Way::Rule(rule) => Some(rule),
            _ => None,
        })
    }

    /// Turns images to clones whose rules cannot be made, and says what is asked of the clone.
    fn settle(&mut self, caches: &PlannedCaches) {
        let names = self.router.names(&caches.rules);
        let clone_prefix = self.router.wishes.clone_prefix.as_ref();
        for subject in &mut self.subjects {
            let Some(image) = &subject.image else { continue };
            if let Way::Rule(rule) = &subject.way {
                match caches.refused.get(&rule.ecr_repository_prefix) {
                    Some(reason) => subject.way = Way::Clone(reason.clone()),
                    None if names.map(image).is_none() => {
                        subject.way = Way::Clone("another rule's prefix takes its name".to_owned());
                    }
                    None => {}
                }
            }
            let own = self.registry.answers_for(image.host());
            let target = match &subject.way {
                Way::Private if own && subject.problem.is_none() => None,
                Way::Rule(_) => None,
                Way::Clone(_) => match (&subject.written, clone_repository(image, clone_prefix)) {
                    // The name that the workflow gives is the one to be filled.
                    (Some(written), _) => Some(format!("{}{}", written.repository(), written.suffix())),
                    (None, Ok(repository)) => Some(repository.to_string()),
                    (None, Err(reason)) => {
                        subject.way = Way::Cannot(reason);
                        continue;
                    }
                },
                Way::Private | Way::HealthomicsCopies { .. } | Way::Cannot(_) => continue,
            };
            subject.item = Some(CloneItem { source: image.to_string(), target });
        }
    }

    /// Asks for the images that HealthOmics copies, so that one which is not there is known before a run.
    async fn ask_copied_registries(&mut self, cancel: &CancellationToken) {
        let client = self.registry.client();
        let asked = self.subjects.iter().enumerate().filter_map(|(index, subject)| match &subject.way {
            Way::HealthomicsCopies { .. } => Some((index, subject.image.clone()?)),
            _ => None,
        });
        let asked: Vec<(usize, ImageReference)> = asked.collect();
        let looks = stream::iter(asked).map(async |(index, image)| {
            (index, cancel.run_until_cancelled(at_upstream::look(client, &image, None)).await)
        });
        let looks: Vec<_> = looks.buffer_unordered(AT_ONCE).collect().await;
        for (index, look) in looks {
            let (Some(subject), Some((look, _))) = (self.subjects.get_mut(index), look) else { continue };
            let UpstreamLook { image, answer, .. } = look;
            match answer {
                UpstreamAnswer::There { digest, platforms, .. } => subject.known = (digest, platforms),
                UpstreamAnswer::NotFound { nearest_tags, .. } => {
                    let error = OperationError::new(format!("cannot find `{image}` at the source"))
                        .refused("the registry has no such image");
                    subject.problem = Some(match nearest_tags.as_slice() {
                        [] => error.hint("see which tags there are"),
                        near => error.hint(format!("tags that come near: {}", near.join(", "))),
                    });
                }
                // HealthOmics signs in with a login of its own, so what we may not see it may.
                _ => {}
            }
        }
    }

    async fn plan_clones(
        &mut self,
        names: &PullThroughCacheRules,
        sink: Arc<dyn CloneSink>,
        cancel: &CancellationToken,
    ) -> Result<Option<ClonePlan>> {
        let images: Vec<CloneItem> =
            self.subjects.iter().filter_map(|subject| subject.item.clone()).collect();
        if images.is_empty() {
            return Ok(None);
        }
        let own = &self.request.options;
        let options = CloneOptions {
            platforms: (!own.only_amd64).then_some(PlatformChoice::All),
            overwrite: own.overwrite,
            enable_mounting: own.enable_mounting,
            clone_prefix: self.router.wishes.clone_prefix.clone(),
            source_account: self.router.wishes.source_account.clone(),
            rules: Some(names.clone()),
            ..CloneOptions::default()
        };
        clone::plan(self.registry, &CloneRequest { images, options }, sink, cancel).await.map(Some)
    }

    fn finish(
        mut self,
        state: &RegistryState,
        caches: PlannedCaches,
        names: PullThroughCacheRules,
        mut clones: Option<ClonePlan>,
    ) -> PreparePlan {
        let mut images = Vec::with_capacity(self.subjects.len());
        let mut place = 0;
        for (own, subject) in self.request.images.iter().zip(&self.subjects) {
            let planned = match subject.item {
                Some(_) => {
                    place += 1;
                    clones
                        .as_ref()
                        .and_then(|clones| clones.images.get(place - 1))
                        .map(|one| (place - 1, one))
                }
                None => None,
            };
            let named = NamedImage {
                name: own.image.clone(),
                route: route(&self.router, &subject.way),
                destination: None,
                source_digest: subject.known.0.clone(),
                digest: None,
                platforms: subject.known.1.clone(),
                places: own.places.clone(),
                used_by: own.used_by.clone(),
            };
            let mut image = PlannedImage {
                named,
                action: PlannedAction::Nothing,
                size_bytes: 0,
                problem: subject.problem.clone(),
                clone: planned.map(|(place, _)| place),
            };
            match planned {
                Some((_, one)) => take_clone(&mut image, one, clones.as_ref()),
                None => take_known(&mut image),
            }
            images.push(image);
        }
        super::lock::hold(&mut images, clones.as_mut(), &self.request.locked);
        for plan in &caches.plans {
            self.findings.extend(plan.findings.iter().cloned());
        }
        self.findings.extend(clones.iter().flat_map(|clones| clones.findings.iter().cloned()));
        let target = EcrTarget {
            account: Some(self.registry.account().clone()),
            region: Some(self.registry.region().clone()),
        };
        PreparePlan {
            schema_version: 1,
            workflow: self.request.workflow.clone(),
            account: self.account.id().to_string(),
            region: self.account.region().to_string(),
            registry: self.registry.host().to_string(),
            rules: self.planned_rules(&caches, &images),
            registry_policy: self.registry_policy(state, &caches.plans),
            bytes: clones.as_ref().map_or(0, |clones| clones.bytes),
            unresolved: self.request.unresolved,
            mapping: MapOptions {
                target,
                rules: Vec::new(),
                credentials: self.router.copying(),
                clone_prefix: self.router.wishes.clone_prefix.clone(),
            },
            images,
            caches: caches.plans,
            clones,
            findings: deduplicated(self.findings),
            request: self.request.clone(),
            runs_in: self.router.wishes.runs_in(),
            names,
        }
    }

    fn planned_rules(&self, caches: &PlannedCaches, images: &[PlannedImage]) -> Vec<PlannedRule> {
        let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
        for prefix in images.iter().filter_map(|image| image.named.route.rule()) {
            *uses.entry(prefix).or_default() += 1;
        }
        let rule = |names: &PullThroughCacheRule| {
            let prefix = names.ecr_repository_prefix.as_str();
            let existing = self.router.existing(names);
            let made = caches.plans.iter().find(|plan| plan.prefix == prefix).and_then(new_credential);
            PlannedRule {
                prefix: prefix.to_owned(),
                upstream: upstream_url(names),
                upstream_prefix: names.upstream_repository_prefix.to_string(),
                credential_arn: made.or_else(|| existing?.credential_arn.clone()),
                is_new: existing.is_none(),
                images: uses.get(prefix).copied().unwrap_or_default(),
            }
        };
        caches.rules.iter().map(rule).collect()
    }

    /// Returns the registry's policy with the grants of all caches, each of which knows its own alone.
    fn registry_policy(&self, state: &RegistryState, caches: &[CachePlan]) -> Option<RegistryPolicyPlan> {
        let changes = |plan: &&CachePlan| {
            plan.steps.iter().any(|step| step.kind == StepKind::RegistryPolicy && step.action.is_change())
        };
        let prefixes = caches.iter().filter(changes).filter_map(|plan| plan.prefix.parse().ok());
        let below: Vec<String> = prefixes.map(|prefix| healthomics::below(self.account, &prefix)).collect();
        let policy = state.policy.seen().filter(|_| !below.is_empty())?;
        let kind = Kind::Registry(policy.scope);
        let bound_to = self.router.wishes.source_account.as_ref().map(|bound| bound.id(self.account.id()));
        let merged = healthomics::with_import_access(kind, policy.text.as_deref(), &below, bound_to).ok()?;
        Some(RegistryPolicyPlan {
            before: policy.text.as_deref().map(document),
            after: document(&merged.text),
        })
    }
}

/// Returns a policy as a document; a text that is none as it is.
fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}

/// Returns the secret that a cache's rule will have, where the plan makes or changes the rule.
fn new_credential(plan: &CachePlan) -> Option<String> {
    plan.steps.iter().filter(|step| step.kind == StepKind::Rule).find_map(|step| match &step.action {
        Action::Create { after } | Action::Update { after, .. } | Action::Replace { after, .. } => {
            Some(after.get("credentialArn")?.as_str()?.to_owned())
        }
        _ => None,
    })
}

/// Returns findings without those that are there already: several caches see the same of an account.
fn deduplicated(findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        if !kept.contains(&finding) {
            kept.push(finding);
        }
    }
    kept
}
