//! Carries a plan out.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::{StreamExt as _, stream};
use image::Digest;
use tokio_util::sync::CancellationToken;

use crate::client::Client;
use crate::copy::event::{Event, EventSink, Happening, Item, ItemKind};
use crate::copy::graph::Graph;
use crate::copy::holders;
use crate::copy::image::{Done, copy_image};
use crate::copy::job::{CopyOptions, ImageCopy};
use crate::copy::leader::{Holders, Need, Slots};
use crate::copy::plan::{CopyPlan, Decision, PlannedImage, ends};
use crate::copy::referrers::copy_referrer;
use crate::copy::report::{CopyReport, ImageReport, Outcome};
use crate::copy::survey::written_tag;
use crate::copy::transfer::{Ends, Tally, Work};
use crate::error::Result;

/// Carries a plan out and reports on each image, in the plan's order.
///
/// Where images fail, the others are done all the same. When the token is cancelled, requests under way are
/// dropped: uploads are left open, which registries clean up, and no tag is written any more.
pub async fn run(
    client: &Client,
    plan: CopyPlan,
    options: &CopyOptions,
    sink: Arc<dyn EventSink>,
    cancel: &CancellationToken,
) -> CopyReport {
    let copies: Vec<(usize, &PlannedImage, &Graph)> = plan.to_copy().collect();
    let known = match options.mounts {
        true => cancel.run_until_cancelled(holders::find(client, &plan)).await.unwrap_or_default(),
        false => Holders::default(),
    };
    let needs: Vec<Need<'_>> = copies
        .iter()
        .map(|(_, image, graph)| Need {
            host: image.destination.host(),
            blobs: graph.blobs().into_iter().map(|blob| (&blob.digest, blob.size)).collect(),
        })
        .collect();
    let (slots, order) = Slots::assign(&needs, &known);
    drop(needs);
    let work = Work::new(client.clone(), options.clone(), sink, slots);
    let ranked = order.iter().enumerate().filter_map(|(rank, at)| Some((rank, *copies.get(*at)?)));
    let mut reports: Vec<(usize, ImageReport)> = stream::iter(ranked)
        .map(|(rank, (index, image, graph))| {
            let work = &work;
            async move { (index, copy_one(work, rank, index, image, graph, cancel).await) }
        })
        .buffer_unordered(options.images.max(1))
        .collect()
        .await;
    let added = stream::iter(plan.images.iter().enumerate())
        .filter_map(|(index, image)| std::future::ready(add_referrers(&work, index, image, cancel)))
        .buffer_unordered(options.images.max(1));
    reports.extend(added.collect::<Vec<_>>().await);
    for (index, image) in plan.images.iter().enumerate() {
        if !matches!(image.decision, Decision::Copy(_) | Decision::AddReferrers { .. }) {
            let report = settled(image);
            tell_settled(&work, index, &report);
            reports.push((index, report));
        }
    }
    reports.sort_by_key(|(index, _)| *index);
    let mut images: Vec<ImageReport> = reports.into_iter().map(|(_, report)| report).collect();
    for (index, image) in plan.images.iter().enumerate() {
        if let Decision::SameAs(first) = image.decision
            && let Some(report) = images.get(first).cloned()
            && let Some(place) = images.get_mut(index)
        {
            *place = ImageReport { moved: 0, mounted: 0, retries: 0, ..report };
        }
    }
    CopyReport { images, refused_mounts: work.refused_mounts() }
}

async fn copy_one(
    work: &Work,
    rank: usize,
    index: usize,
    image: &PlannedImage,
    graph: &Graph,
    cancel: &CancellationToken,
) -> ImageReport {
    let mut report = blank(image, Outcome::Cancelled);
    report.platform.clone_from(&graph.platform);
    let Some(root) = graph.root() else { return report };
    report.destination_digest = Some(root.digest.clone());
    let size = graph.blobs().iter().map(|blob| blob.size).sum();
    let item = Item { kind: ItemKind::Image, digest: Some(root.digest.clone()), size };
    let tell = |happening| work.sink.event(&Event::Item { image: index, item: item.clone(), happening });
    let ends = match make_ends(work, Some(rank), index, image, Some(graph)) {
        Ok(ends) => ends,
        Err(error) => {
            report.outcome = Outcome::Failed(error);
            return report;
        }
    };
    let tag = written_tag(&image.source, &image.destination);
    tell(Happening::Started);
    let copying = copy_image(work, &ends, graph, tag.as_deref(), image.looked);
    let done = cancel.run_until_cancelled(copying).await;
    for blob in graph.blobs() {
        if let Some(slot) = work.slots.get(image.destination.host(), &blob.digest) {
            slot.leave(rank);
        }
    }
    report.outcome = match done {
        None => Outcome::Cancelled,
        Some(Ok(Done::Copied { referrers })) => {
            report.referrers = referrers;
            tell(Happening::Finished);
            Outcome::Copied
        }
        Some(Ok(Done::Conflict { existing })) => Outcome::Conflict { existing },
        Some(Err(error)) => {
            tell(Happening::Failed(error.clone()));
            Outcome::Failed(error)
        }
    };
    report.moved = ends.tally.moved.load(Ordering::Relaxed);
    report.mounted = ends.tally.mounted.load(Ordering::Relaxed);
    report.skipped = ends.tally.skipped.load(Ordering::Relaxed);
    report.retries = image.retries.load(Ordering::Relaxed);
    report.duration = image.began.elapsed();
    report
}

/// Returns the work of adding what an image that is there lacks, if that is what was decided.
fn add_referrers<'a>(
    work: &'a Work,
    index: usize,
    image: &'a PlannedImage,
    cancel: &'a CancellationToken,
) -> Option<impl Future<Output = (usize, ImageReport)> + 'a> {
    let Decision::AddReferrers { existing, missing } = &image.decision else { return None };
    Some(async move {
        let mut report = blank(image, Outcome::Cancelled);
        report.destination_digest = Some(existing.clone());
        let copying = async {
            let ends = make_ends(work, None, index, image, None)?;
            let mut count = 0;
            for referrer in missing {
                count += copy_referrer(work, &ends, &referrer.subject, &referrer.manifest, 0).await?;
            }
            Ok((count, ends))
        };
        report.outcome = match cancel.run_until_cancelled(copying).await {
            None => Outcome::Cancelled,
            Some(Ok((count, ends))) => {
                report.referrers = count;
                report.moved = ends.tally.moved.load(Ordering::Relaxed);
                report.mounted = ends.tally.mounted.load(Ordering::Relaxed);
                report.skipped = ends.tally.skipped.load(Ordering::Relaxed);
                Outcome::UpToDate
            }
            Some(Err(error)) => Outcome::Failed(error),
        };
        report.retries = image.retries.load(Ordering::Relaxed);
        report.duration = image.began.elapsed();
        tell_settled(work, index, &report);
        (index, report)
    })
}

fn make_ends(
    work: &Work,
    rank: Option<usize>,
    index: usize,
    image: &PlannedImage,
    graph: Option<&Graph>,
) -> Result<Ends> {
    let copy = ImageCopy { source: image.source.clone(), destination: image.destination.clone() };
    let (source, destination) = ends(&work.client, &copy, &image.retries)?;
    let config = graph.and_then(|graph| graph.config.clone());
    Ok(Ends { source, destination, image: index, rank, config, tally: Tally::default() })
}

fn blank(image: &PlannedImage, outcome: Outcome) -> ImageReport {
    ImageReport {
        source: image.source.clone(),
        destination: image.destination.clone(),
        outcome,
        source_digest: image.source_digest.clone(),
        destination_digest: None,
        platform: None,
        moved: 0,
        mounted: 0,
        skipped: 0,
        duration: image.looked.duration_since(image.began),
        retries: image.retries.load(Ordering::Relaxed),
        referrers: 0,
    }
}

/// Returns the report on an image that needed nothing, or nothing could be done for.
fn settled(image: &PlannedImage) -> ImageReport {
    let digest = |digest: &Digest| Some(digest.clone());
    let (outcome, destination) = match &image.decision {
        Decision::UpToDate(existing) => (Outcome::UpToDate, digest(existing)),
        Decision::Conflict { existing, .. } => {
            (Outcome::Conflict { existing: existing.clone() }, digest(existing))
        }
        Decision::Failed(error) => (Outcome::Failed(error.clone()), None),
        Decision::Copy(_) | Decision::AddReferrers { .. } | Decision::SameAs(_) | Decision::Cancelled => {
            (Outcome::Cancelled, None)
        }
    };
    ImageReport { destination_digest: destination, ..blank(image, outcome) }
}

/// Tells of an image that nothing was done for.
fn tell_settled(work: &Work, index: usize, report: &ImageReport) {
    let happening = match &report.outcome {
        Outcome::UpToDate => Happening::Skipped,
        Outcome::Failed(error) => Happening::Failed(error.clone()),
        _ => return,
    };
    let item = Item { kind: ItemKind::Image, digest: report.destination_digest.clone(), size: 0 };
    work.sink.event(&Event::Item { image: index, item, happening });
}
