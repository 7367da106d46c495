//! One image: its blobs, then its manifests, children before parents, then its tag.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use image::Digest;
use tokio::time::Instant;

use crate::client::manifests::Presence;
use crate::copy::event::{Event, Happening, Item, ItemKind};
use crate::copy::graph::Graph;
use crate::copy::job::Overwrite;
use crate::copy::referrers;
use crate::copy::survey::existing;
use crate::copy::transfer::{Ends, Work};
use crate::error::Result;
use crate::manifest::{Descriptor, Manifest};

/// After this time a tag is looked at once more before it is written.
const LOOK_HOLDS: Duration = Duration::from_secs(60);

/// Most blobs of one image that are seen to at once.
const MOST_BLOBS: usize = 64;

/// How an image ended that did not fail.
pub(crate) enum Done {
    /// It is there; with so many referrers.
    Copied { referrers: usize },
    /// Its tag came to stand for another image meanwhile.
    Conflict { existing: Digest },
}

/// Copies the manifests of a graph with everything they name, under a tag or nothing but their digests.
pub(crate) async fn copy_image(
    work: &Work,
    ends: &Ends,
    graph: &Graph,
    tag: Option<&str>,
    looked: Instant,
) -> Result<Done> {
    let Some(root) = graph.root() else { return Ok(Done::Copied { referrers: 0 }) };
    let missing = missing(ends, graph).await?;
    let configs: HashSet<&Digest> = missing.iter().filter_map(|manifest| config(manifest)).collect();
    let blobs = Graph::blobs_of(missing.iter().copied());
    let kind = |blob: &Descriptor| match configs.contains(&blob.digest) {
        true => ItemKind::Config,
        false => ItemKind::Layer,
    };
    stream::iter(blobs.iter())
        .map(|blob| work.settle(ends, blob, kind(blob)))
        .buffer_unordered(MOST_BLOBS)
        .try_collect::<()>()
        .await?;
    let children = missing.iter().copied().filter(|manifest| manifest.digest != root.digest);
    let (indexes, images): (Vec<&Arc<Manifest>>, Vec<&Arc<Manifest>>) =
        children.partition(|manifest| manifest.is_index());
    try_join_all(images.iter().map(|manifest| write(work, ends, manifest, None))).await?;
    for index in indexes {
        write(work, ends, index, None).await?;
    }
    if let Some(tag) = tag
        && work.options.overwrite == Overwrite::Refuse
        && looked.elapsed() > LOOK_HOLDS
        && let Some(existing) = existing(&ends.destination, tag).await?
        && existing != root.digest
    {
        return Ok(Done::Conflict { existing });
    }
    write(work, ends, root, tag).await?;
    for blob in &blobs {
        if let Some(slot) = work.slots.get(ends.destination.registry(), &blob.digest) {
            slot.publish(ends.destination.name());
        }
    }
    let mut count = 0;
    if work.options.referrers {
        for manifest in &graph.manifests {
            count += referrers::copy_referrers(work, ends, &manifest.digest, 0).await?;
        }
    }
    Ok(Done::Copied { referrers: count })
}

/// Returns the manifests that the destination lacks; of an image that is not an index that is itself.
///
/// A child that is there has all it names, so an index of many platforms costs one question a platform.
async fn missing<'a>(ends: &Ends, graph: &'a Graph) -> Result<Vec<&'a Arc<Manifest>>> {
    let (Some(root), true) = (graph.root(), graph.manifests.len() > 1) else {
        return Ok(graph.manifests.iter().collect());
    };
    let checks = stream::iter(&graph.manifests).map(|manifest| async move {
        if manifest.digest == root.digest {
            return Ok(Some(manifest));
        }
        let there = ends.destination.check_manifest(&manifest.digest.to_string()).await?;
        Ok(match there {
            Presence::Present(_) => None,
            Presence::Absent | Presence::Unknown => Some(manifest),
        })
    });
    let found: Vec<Option<&Arc<Manifest>>> = checks.buffered(8).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

fn config(manifest: &Manifest) -> Option<&Digest> {
    match &manifest.content {
        crate::manifest::Content::Image { config, .. } => Some(&config.digest),
        crate::manifest::Content::Index { .. } => None,
    }
}

/// Writes a manifest; returns whether the registry keeps track of its subject.
pub(crate) async fn write(work: &Work, ends: &Ends, manifest: &Manifest, tag: Option<&str>) -> Result<bool> {
    let digest = manifest.digest.to_string();
    let size = manifest.bytes.len() as u64;
    let item = Item { kind: ItemKind::Manifest, digest: Some(manifest.digest.clone()), size };
    let tell = |happening| {
        work.sink.event(&Event::Item { image: ends.image, item: item.clone(), happening });
    };
    let reference = tag.unwrap_or(&digest);
    let bytes = manifest.bytes.clone();
    let written =
        ends.destination.write_manifest(reference, bytes, &manifest.media_type, &manifest.digest).await;
    match &written {
        Ok(_) => tell(Happening::Finished),
        Err(error) => tell(Happening::Failed(error.clone())),
    }
    written
}
