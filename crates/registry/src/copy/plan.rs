//! The plan of a job: what each image needs, learned without writing anything.

use std::collections::HashMap;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt as _, stream};
use image::{Digest, ImageReference, RegistryHost};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::client::pull_limit::PullLimit;
use crate::client::remote::Remote;
use crate::copy::event::{Event, EventSink};
use crate::copy::graph::{self, Graph};
use crate::copy::job::{CopyJob, ImageCopy, Overwrite};
use crate::copy::referrers::{self, MissingReferrer};
use crate::copy::survey::{self, Known, asked, survey, written_tag};
use crate::error::{Cause, Error, Result, Side};
use crate::manifest::Manifest;
use crate::platform::PlatformChoice;

/// What is to be done about an image.
#[derive(Debug, Clone)]
pub enum Decision {
    /// Nothing: the destination has it, with this digest.
    UpToDate(Digest),
    /// These manifests and their blobs are to be there.
    Copy(Graph),
    /// The destination has it, without some of what refers to it.
    AddReferrers {
        /// The digest that it has.
        existing: Digest,
        /// What it lacks.
        missing: Vec<MissingReferrer>,
    },
    /// Nothing: the destination's tag stands for another image, and must not move.
    Conflict {
        /// What the tag stands for.
        existing: Digest,
        /// What it would have to stand for.
        wanted: Digest,
    },
    /// Nothing: it could not be learned.
    Failed(Error),
    /// The same as another image of the job.
    SameAs(usize),
    /// Called off before it was known.
    Cancelled,
}

/// One image of a plan.
#[derive(Debug, Clone)]
pub struct PlannedImage {
    /// Where it is.
    pub source: ImageReference,
    /// Where it goes.
    pub destination: ImageReference,
    /// What the source's reference stands for, where that was asked.
    pub source_digest: Option<Digest>,
    /// What is to be done.
    pub decision: Decision,
    pub(crate) retries: Arc<AtomicU32>,
    pub(crate) began: Instant,
    /// When the destination's tag was looked at.
    pub(crate) looked: Instant,
}

/// A registry's allowance of pulls beside what the job needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullBudget {
    /// The registry.
    pub host: RegistryHost,
    /// Images that still have to be read from it; one of several platforms counts more than once.
    pub wanted: u64,
    /// The allowance.
    pub limit: PullLimit,
}

/// What a job will do.
#[derive(Debug, Clone, Default)]
pub struct CopyPlan {
    /// The images in the job's order.
    pub images: Vec<PlannedImage>,
    /// Allowances of pulls that were told.
    pub budgets: Vec<PullBudget>,
}

impl CopyPlan {
    /// Returns the images that are to be copied, with their places in the job.
    pub fn to_copy(&self) -> impl Iterator<Item = (usize, &PlannedImage, &Graph)> {
        self.images.iter().enumerate().filter_map(|(index, image)| match &image.decision {
            Decision::Copy(graph) => Some((index, image, graph)),
            _ => None,
        })
    }

    /// Returns the size of the distinct blobs of each destination registry, in bytes; some may be there.
    pub fn bytes(&self) -> u64 {
        let mut seen = std::collections::HashSet::new();
        let blobs = self.to_copy().flat_map(|(_, image, graph)| {
            graph.blobs().into_iter().map(|blob| (image.destination.host(), &blob.digest, blob.size))
        });
        blobs.filter(|(host, digest, _)| seen.insert((*host, *digest))).map(|(_, _, size)| size).sum()
    }
}

/// The two ends of one image, with its retries counted.
pub(crate) fn ends(client: &Client, image: &ImageCopy, retries: &Arc<AtomicU32>) -> Result<(Remote, Remote)> {
    let source = client.repository(image.source.host(), image.source.repository());
    let source = source.map_err(|error| error.at(Some(Side::Source)))?;
    let destination = client.repository(image.destination.host(), image.destination.repository());
    let destination = destination.map_err(|error| error.at(Some(Side::Destination)))?;
    Ok((
        source.on(Side::Source).counting(retries.clone()),
        destination.on(Side::Destination).counting(retries.clone()),
    ))
}

/// Manifests of sources, each read once however many images name it.
type Roots = Mutex<HashMap<String, Arc<OnceCell<Arc<Manifest>>>>>;

struct Planner<'a> {
    client: &'a Client,
    job: &'a CopyJob,
    roots: Roots,
}

/// Learns what each image of a job needs; reads from both sides, writes nothing.
///
/// First all destinations are asked what is there; then the allowance of pulls is told to the sink; and only
/// then manifests are read, which counts against it.
pub async fn plan(
    client: &Client,
    job: &CopyJob,
    sink: &dyn EventSink,
    cancel: &CancellationToken,
) -> CopyPlan {
    let planner = Planner { client, job, roots: Mutex::default() };
    let same = repeated(&job.images);
    let width = job.options.images.max(1);
    let surveyed = stream::iter(job.images.iter().zip(same))
        .map(|(image, same)| planner.survey(image, same, cancel))
        .buffered(width);
    let surveyed: Vec<Surveyed> = surveyed.collect().await;
    let budgets = planner.budgets(&surveyed, sink).await;
    let images = stream::iter(surveyed).map(|image| planner.decide(image, cancel)).buffered(width);
    let plan = CopyPlan { images: images.collect().await, budgets };
    sink.event(&Event::Planned { images: plan.to_copy().count(), bytes: plan.bytes() });
    plan
}

/// Finds images that stand in the job twice: the place of the first one, or that it contradicts this one.
fn repeated(images: &[ImageCopy]) -> Vec<Option<(usize, bool)>> {
    let mut places: HashMap<(ImageReference, Option<String>), usize> = HashMap::new();
    let mut same = Vec::with_capacity(images.len());
    for (index, image) in images.iter().enumerate() {
        let tag = written_tag(&image.source, &image.destination);
        // Without a tag, each digest is a place of its own.
        let digest = tag.is_none().then(|| image.destination.digest().or(image.source.digest())).flatten();
        let repository = ImageReference::new(
            image.destination.host().clone(),
            image.destination.repository().clone(),
            None,
            digest.cloned(),
        );
        let first = *places.entry((repository, tag)).or_insert(index);
        let agrees = images.get(first).is_some_and(|other| other.source == image.source);
        same.push((first != index).then_some((first, agrees)));
    }
    same
}

/// An image after the first look.
struct Surveyed {
    image: PlannedImage,
    ends: Option<(Remote, Remote)>,
    existing: Option<Digest>,
}

impl Surveyed {
    fn is_there(&self) -> bool {
        matches!(self.image.decision, Decision::UpToDate(_))
    }
}

impl Planner<'_> {
    async fn survey(
        &self,
        image: &ImageCopy,
        same: Option<(usize, bool)>,
        cancel: &CancellationToken,
    ) -> Surveyed {
        let now = Instant::now();
        let mut planned = PlannedImage {
            source: image.source.clone(),
            destination: image.destination.clone(),
            source_digest: image.source.digest().cloned(),
            decision: Decision::Cancelled,
            retries: Arc::default(),
            began: now,
            looked: now,
        };
        let done = |image| Surveyed { image, ends: None, existing: None };
        match same {
            Some((first, true)) => {
                planned.decision = Decision::SameAs(first);
                return done(planned);
            }
            Some((_, false)) => {
                let words = "another image of the job goes to the same place".to_owned();
                let tried = format!("copy {} to {}", image.source, image.destination);
                planned.decision = Decision::Failed(Error::new(tried, Cause::Setup(words)));
                return done(planned);
            }
            None => {}
        }
        let (source, destination) = match ends(self.client, image, &planned.retries) {
            Ok(ends) => ends,
            Err(error) => {
                planned.decision = Decision::Failed(error);
                return done(planned);
            }
        };
        let choice = &self.job.options.platforms;
        let look = survey(&source, &destination, &image.source, &image.destination, choice);
        let known = cancel.run_until_cancelled(look).await;
        planned.looked = Instant::now();
        let mut existing = None;
        match known {
            None => return done(planned),
            Some(Err(error)) => {
                planned.decision = Decision::Failed(error);
                return done(planned);
            }
            Some(Ok(Known::Same(digest))) => {
                planned.source_digest.get_or_insert_with(|| digest.clone());
                planned.decision = Decision::UpToDate(digest);
                let ends = self.job.options.referrers.then_some((source, destination));
                return Surveyed { image: planned, ends, existing: None };
            }
            Some(Ok(Known::Different(digest))) => existing.clone_from(&digest),
        }
        Surveyed { image: planned, ends: Some((source, destination)), existing }
    }

    /// Tells the allowance of each source registry that has one, where images have to be read.
    async fn budgets(&self, surveyed: &[Surveyed], sink: &dyn EventSink) -> Vec<PullBudget> {
        let mut wanted: HashMap<&RegistryHost, (u64, &Surveyed)> = HashMap::new();
        for image in surveyed.iter().filter(|image| image.ends.is_some() && !image.is_there()) {
            wanted.entry(image.image.source.host()).or_insert((0, image)).0 += 1;
        }
        let mut budgets = Vec::new();
        for (host, (wanted, first)) in wanted {
            let mut limit = self.client.pull_limit(host);
            // Only Docker Hub is known to tell; one free question is asked where no answer came by yet.
            if let (None, true, Some((source, _))) = (&limit, host.is_docker_hub(), &first.ends) {
                limit = source.check_pull_limit(&asked(&first.image.source)).await.ok().flatten();
            }
            if let Some(limit) = limit {
                sink.event(&Event::PullLimit {
                    host: host.clone(),
                    wanted,
                    remaining: limit.remaining,
                    limit: limit.limit,
                });
                budgets.push(PullBudget { host: host.clone(), wanted, limit });
            }
        }
        budgets
    }

    async fn decide(&self, surveyed: Surveyed, cancel: &CancellationToken) -> PlannedImage {
        let Surveyed { mut image, ends, existing } = surveyed;
        let Some((source, destination)) = ends else { return image };
        let work = async {
            let decision = match &image.decision {
                Decision::UpToDate(_) => image.decision.clone(),
                _ => self.read(&source, &destination, &mut image, existing).await?,
            };
            match decision {
                Decision::UpToDate(existing) if self.job.options.referrers => {
                    let missing = referrers::missing(&source, &destination, &existing).await?;
                    Ok(match missing.is_empty() {
                        true => Decision::UpToDate(existing),
                        false => Decision::AddReferrers { existing, missing },
                    })
                }
                other => Ok(other),
            }
        };
        let decision = match cancel.run_until_cancelled(work).await {
            None => Decision::Cancelled,
            Some(Ok(decision)) => decision,
            Some(Err(error)) => Decision::Failed(error),
        };
        image.decision = decision;
        image
    }

    async fn read(
        &self,
        source: &Remote,
        destination: &Remote,
        image: &mut PlannedImage,
        existing: Option<Digest>,
    ) -> Result<Decision> {
        let root = self.root(source, &asked(&image.source)).await?;
        image.source_digest = Some(root.digest.clone());
        if existing.as_ref() == Some(&root.digest) {
            return Ok(Decision::UpToDate(root.digest.clone()));
        }
        if let (PlatformChoice::One(wanted), Some(existing)) = (&self.job.options.platforms, &existing) {
            // The index alone tells that the destination has its one manifest already.
            if graph::pick(&root, wanted).is_some_and(|child| child.digest == *existing) {
                return Ok(Decision::UpToDate(existing.clone()));
            }
        }
        let graph = graph::read(source, root, &self.job.options.platforms).await?;
        let wanted = graph.root().map(|root| root.digest.clone());
        let Some(wanted) = wanted else { return Ok(Decision::Cancelled) };
        if let Some(fixed) = image.destination.digest().filter(|fixed| **fixed != wanted) {
            let words = format!("the image has digest {wanted}, where the destination wants {fixed}");
            let tried = format!("copy {} to {}", image.source, image.destination);
            return Err(destination.failed(tried, Cause::Content(words)));
        }
        let looked_for = image.destination.digest().or(image.source.digest());
        let unnamed = written_tag(&image.source, &image.destination).is_none();
        if unnamed && looked_for != Some(&wanted) {
            // Without a tag, only now it is known which digest to look for.
            if survey::existing(destination, &wanted.to_string()).await?.is_some() {
                return Ok(Decision::UpToDate(wanted));
            }
        }
        match existing {
            Some(existing) if existing == wanted => Ok(Decision::UpToDate(existing)),
            Some(existing) if self.job.options.overwrite == Overwrite::Refuse => {
                Ok(Decision::Conflict { existing, wanted })
            }
            _ => Ok(Decision::Copy(graph)),
        }
    }

    /// Returns a source's manifest, read once for all images that name it.
    async fn root(&self, source: &Remote, reference: &str) -> Result<Arc<Manifest>> {
        let cell = {
            let mut roots = self.roots.lock().unwrap_or_else(PoisonError::into_inner);
            roots.entry(format!("{source} {reference}")).or_default().clone()
        };
        let read = || async { source.read_manifest(reference).await.map(Arc::new) };
        cell.get_or_try_init(read).await.cloned()
    }
}
