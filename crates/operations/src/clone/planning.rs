//! How a plan is made: names first, then rules, then both registries, and last the account. Writes nothing.

mod copies;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use image::{PullThroughCacheRules, RepositoryName};
use registry::{Platform, PlatformChoice};
use tokio_util::sync::CancellationToken;

use super::account_setting::{self, Sent};
use super::event::CloneSink;
use super::plan::{ClonePlan, CloneRoute, PlannedClone, PolicyPlan, PullAllowance, Step, Work};
use super::repository;
use super::request::{CloneOptions, CloneRequest};
use super::survey::{Source, Surveyor, Way, repeated};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::platform;
use crate::prime::{Look, Prime};
use crate::private_registry::PrivateRegistry;

/// Images that rules cover and that are looked at in one go.
const LOOKS: usize = 16;

/// Returns what has to be done so that images are in the registry and HealthOmics may read them.
///
/// Reads manifests from the sources, which counts against limits of pulls where there are any; writes nothing.
/// When the token is cancelled, what is not known by then is [`Step::Cancelled`].
///
/// # Errors
/// When no image was given, or the account does not tell which repositories there are. What concerns one image alone
/// is in its step.
pub async fn plan(
    registry: &PrivateRegistry,
    request: &CloneRequest,
    sink: Arc<dyn CloneSink>,
    cancel: &CancellationToken,
) -> Result<ClonePlan> {
    if request.images.is_empty() {
        return Err(OperationError::new("cannot clone")
            .refused("no image was given")
            .hint("name at least one image"));
    }
    let mut planner = Planner {
        registry,
        options: &request.options,
        sink,
        images: Vec::new(),
        work: Work::default(),
        findings: Vec::new(),
    };
    let rules = match &request.options.rules {
        Some(rules) => rules.clone(),
        None if request.images.iter().any(|item| item.target.is_none()) => planner.rules().await,
        None => PullThroughCacheRules::default(),
    };
    let surveyor = Surveyor { registry, rules: &rules, options: &request.options };
    planner.place(request, &surveyor);
    planner.look_at_primes(&surveyor, cancel).await;
    planner.drop_repeated();
    for choice in planner.choices(&surveyor) {
        planner.plan_copies(choice, cancel).await;
    }
    planner.finish().await
}

struct Planner<'a> {
    registry: &'a PrivateRegistry,
    options: &'a CloneOptions,
    sink: Arc<dyn CloneSink>,
    images: Vec<PlannedClone>,
    work: Work,
    findings: Vec<Finding>,
}

impl Planner<'_> {
    async fn rules(&mut self) -> PullThroughCacheRules {
        match self.registry.ecr().rules().await {
            Ok(rules) => PullThroughCacheRules::new(rules.into_iter().map(|rule| rule.names)),
            Err(error) => {
                let message = format!("images are copied, as the rules cannot be read: {}", error.answer());
                let finding =
                    Finding::new(Severity::Warning, Code::RulesUnknown, "pull through cache rules", message);
                self.findings.push(match error.hint() {
                    Some(hint) => finding.hint(hint.to_string()),
                    None => finding,
                });
                PullThroughCacheRules::default()
            }
        }
    }

    fn place(&mut self, request: &CloneRequest, surveyor: &Surveyor<'_>) {
        for item in &request.images {
            let mut planned = PlannedClone {
                source: item.source.clone(),
                destination: String::new(),
                route: CloneRoute::None,
                step: Step::Cancelled,
                source_digest: None,
                digest: None,
                platforms: Vec::new(),
                size_bytes: 0,
            };
            let source = match surveyor.place(item) {
                Ok(source) => Some(source),
                Err(error) => {
                    planned.step = Step::Refused { error };
                    None
                }
            };
            self.images.push(planned);
            self.work.sources.push(None);
            if let Some(source) = source {
                self.settle(self.images.len() - 1, source);
            }
        }
    }

    /// Writes down where an image goes and by which route.
    fn settle(&mut self, index: usize, source: Source) {
        if let Some(planned) = self.images.get_mut(index) {
            planned.destination = source.destination.to_string();
            planned.source_digest = source.image.digest().map(ToString::to_string);
            (planned.route, planned.step) = match &source.way {
                Way::Copy(reason) => (CloneRoute::Copy { reason: reason.clone() }, Step::Cancelled),
                Way::Prime(prime) => (CloneRoute::Prime { rule: prime.rule.clone() }, Step::Cancelled),
                Way::InPlace => (CloneRoute::InPlace, Step::UpToDate),
            };
        }
        if let Some(place) = self.work.sources.get_mut(index) {
            *place = Some(source);
        }
    }

    async fn look_at_primes(&mut self, surveyor: &Surveyor<'_>, cancel: &CancellationToken) {
        let primes: Vec<_> = self
            .work
            .sources
            .iter()
            .enumerate()
            .filter_map(|(index, source)| match source {
                Some(Source { way: Way::Prime(prime), .. }) => Some((index, Prime::clone(prime))),
                _ => None,
            })
            .collect();
        let registry = self.registry;
        let looks = stream::iter(primes).map(async |(index, mut prime)| {
            let look = cancel.run_until_cancelled(prime.look(registry)).await;
            (index, prime, look)
        });
        let looks: Vec<_> = looks.buffered(LOOKS).collect().await;
        for (index, prime, look) in looks {
            let Some(planned) = self.images.get_mut(index) else { continue };
            planned.source_digest =
                prime.upstream.as_ref().map(ToString::to_string).or(planned.source_digest.take());
            match look {
                None => {}
                Some(Ok(Look::UpToDate(digest))) => {
                    planned.digest = Some(digest.to_string());
                    planned.step = Step::UpToDate;
                }
                Some(Ok(Look::Pull(platforms))) => {
                    planned.digest = prime.upstream.as_ref().map(ToString::to_string);
                    planned.platforms = platforms.iter().map(Platform::to_string).collect();
                    planned.step = Step::Prime;
                    self.work.primes.push((index, prime));
                }
                Some(Ok(Look::Elsewhere(reason))) => match surveyor.copied(&prime.image) {
                    Ok(destination) => {
                        self.settle(
                            index,
                            Source { image: prime.image, destination, way: Way::Copy(Some(reason)) },
                        );
                    }
                    Err(error) => planned.step = Step::Refused { error },
                },
                Some(Ok(Look::Refused(error)) | Err(error)) => planned.step = Step::Refused { error },
            }
        }
    }

    fn drop_repeated(&mut self) {
        let repeated = repeated(&self.work.sources);
        for (planned, judged) in self.images.iter_mut().zip(&repeated) {
            match judged {
                Some(Ok(first)) => planned.step = Step::SameAs { image: *first },
                Some(Err(error)) => planned.step = Step::Refused { error: error.clone() },
                None => {}
            }
        }
        let dropped = |index: &usize| repeated.get(*index).is_some_and(Option::is_some);
        self.work.primes.retain(|(index, _)| !dropped(index));
    }

    /// Returns the copies that are wanted, by their choice of platforms.
    fn choices(&self, surveyor: &Surveyor<'_>) -> Vec<(PlatformChoice, Vec<usize>)> {
        let mut choices: Vec<(PlatformChoice, Vec<usize>)> = Vec::new();
        for (index, (planned, source)) in self.images.iter().zip(&self.work.sources).enumerate() {
            let (Some(source), Step::Cancelled, CloneRoute::Copy { .. }) =
                (source, &planned.step, &planned.route)
            else {
                continue;
            };
            let choice = surveyor.platforms(source);
            match choices.iter_mut().find(|(known, _)| *known == choice) {
                Some((_, places)) => places.push(index),
                None => choices.push((choice, vec![index])),
            }
        }
        choices
    }

    async fn finish(mut self) -> Result<ClonePlan> {
        self.find_platforms();
        self.find_referrers();
        let allowances = self.allowances();
        let repositories =
            repository::plan(self.registry, &self.wanted(), self.options, &mut self.findings).await?;
        if self.options.overwrite {
            self.look_at_replaced(&repositories).await;
        }
        for repository in &repositories {
            if let PolicyPlan::Refused { error } = &repository.policy {
                let message = error.refused.clone().unwrap_or_else(|| error.tried.clone());
                let finding = Finding::new(Severity::Error, Code::Access, &repository.name, message);
                self.findings.push(match &error.hint {
                    Some(hint) => finding.hint(hint),
                    None => finding,
                });
            }
        }
        let blobs = self.work.jobs.iter().flat_map(|job| {
            job.plan.to_copy().flat_map(|(_, image, graph)| {
                graph.blobs().into_iter().map(move |blob| -> Sent<'_> {
                    (image.destination.repository(), &blob.digest, blob.size)
                })
            })
        });
        let (apart, shared) = account_setting::bytes(blobs);
        let enable = self.options.enable_mounting;
        let mounting = account_setting::look(self.registry, apart - shared, enable, &mut self.findings).await;
        self.work.options = self.options.clone();
        Ok(ClonePlan {
            schema_version: 1,
            registry: self.registry.host().to_string(),
            images: self.images,
            repositories,
            bytes: if mounting.will_be() { shared } else { apart },
            mounting,
            pull_allowances: allowances,
            findings: self.findings,
            work: self.work,
        })
    }

    fn find_platforms(&mut self) {
        let Some(PlatformChoice::One(chosen)) = &self.options.platforms else { return };
        if !platform::runs(std::slice::from_ref(chosen)) {
            let message = "HealthOmics runs linux/amd64 alone, so no run can use these images";
            self.findings.push(Finding::new(Severity::Warning, Code::Platform, chosen.to_string(), message));
        }
    }

    /// Says where referrers were asked for and will not come.
    fn find_referrers(&mut self) {
        if !self.options.referrers {
            return;
        }
        for planned in self.images.iter().filter(|planned| planned.step == Step::Prime) {
            let message = "what refers to the image is not asked for, as a rule fetches it";
            let finding = Finding::new(Severity::Note, Code::Referrers, &planned.source, message);
            self.findings.push(finding.hint("name a target, so that it is copied with its referrers"));
        }
    }

    fn allowances(&mut self) -> Vec<PullAllowance> {
        let mut allowances: Vec<PullAllowance> = Vec::new();
        for budget in self.work.jobs.iter().flat_map(|job| &job.plan.budgets) {
            let registry = budget.host.to_string();
            let fit = budget.limit.fitting(budget.wanted);
            if fit < budget.wanted {
                let message = format!("{fit} of your {} images fit now", budget.wanted);
                let hint = format!("log in to {registry}, or run again when its window of pulls ends");
                self.findings
                    .push(Finding::new(Severity::Warning, Code::PullLimit, &registry, message).hint(hint));
            }
            match allowances.iter_mut().find(|known| known.registry == registry) {
                Some(known) => {
                    known.wanted += budget.wanted;
                    known.fit += fit;
                }
                None => allowances.push(PullAllowance {
                    registry,
                    wanted: budget.wanted,
                    fit,
                    limit: budget.limit.limit,
                }),
            }
        }
        allowances
    }

    /// Returns the repositories of all images that are there or will be.
    fn wanted(&self) -> BTreeMap<RepositoryName, repository::Wanted> {
        let mut wanted: BTreeMap<RepositoryName, repository::Wanted> = BTreeMap::new();
        for (planned, source) in self.images.iter().zip(&self.work.sources) {
            let Some(source) = source else { continue };
            let pushed = match planned.step {
                Step::Copy { .. } => true,
                Step::UpToDate | Step::AddReferrers { .. } | Step::Prime => false,
                _ => continue,
            };
            wanted.entry(source.destination.repository().clone()).or_default().pushed |= pushed;
        }
        wanted
    }

    /// Learns what the tags that will move stand for now.
    async fn look_at_replaced(&mut self, repositories: &[super::RepositoryPlan]) {
        let there = |name: &RepositoryName| {
            repositories.iter().any(|known| known.name == name.as_str() && known.create.is_none())
        };
        let mut asked = Vec::new();
        for (index, (planned, source)) in self.images.iter().zip(&self.work.sources).enumerate() {
            let Some(place) = source.as_ref().map(|source| &source.destination) else { continue };
            if let (Step::Copy { .. }, Some(tag), true) =
                (&planned.step, place.tag(), there(place.repository()))
            {
                asked.push((index, place.repository().clone(), tag.to_string()));
            }
        }
        let ecr = self.registry.ecr();
        let look = async |(index, repository, tag): (usize, RepositoryName, String)| {
            (index, ecr.image(&repository, &aws::ecr::ImageId::tag(tag)).await)
        };
        for (index, found) in ecr.session().each(asked, look).await {
            if let (Some(planned), Ok(aws::ecr::ImageLookup::Found(detail))) =
                (self.images.get_mut(index), found)
            {
                planned.step = Step::Copy { replaces: Some(detail.digest.to_string()) };
            }
        }
    }
}
