//! Blobs that images which are up to date hold already, for the images that are not.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt as _, stream};
use image::{Digest, RegistryHost};

use crate::client::Client;
use crate::copy::leader::Holders;
use crate::copy::plan::{CopyPlan, Decision, PlannedImage};
use crate::error::Side;

/// Smallest blob that is worth a search, in bytes.
const SMALLEST: u64 = 1024 * 1024;

/// Most images whose manifests are read for it.
const MOST_READ: usize = 64;

/// Images in a row without a find after which the search ends.
const MOST_EMPTY: usize = 8;

/// Looks into images that are up to date for large blobs that others need at the same registry.
///
/// Without this, the rest of a job that broke off would send shared layers once more. Images of the source
/// repositories' neighbours are looked into first, and no more once all is found or several in a row hold
/// nothing. What cannot be read holds nothing.
pub(crate) async fn find(client: &Client, plan: &CopyPlan) -> Holders {
    let mut wanted: HashMap<&RegistryHost, HashSet<&Digest>> = HashMap::new();
    let mut neighbours: HashSet<(&RegistryHost, &str)> = HashSet::new();
    for (_, image, graph) in plan.to_copy() {
        let blobs = graph.blobs().into_iter().filter(|blob| blob.size >= SMALLEST);
        wanted.entry(image.destination.host()).or_default().extend(blobs.map(|blob| &blob.digest));
        neighbours.insert(family(image));
    }
    let mut candidates: Vec<&PlannedImage> = plan
        .images
        .iter()
        .filter(|image| matches!(image.decision, Decision::UpToDate(_)))
        .filter(|image| wanted.contains_key(image.destination.host()))
        .collect();
    candidates.sort_by_key(|image| !neighbours.contains(&family(image)));
    candidates.truncate(MOST_READ);
    let mut holders = Holders::new();
    let mut reads = stream::iter(candidates).map(|image| read(client, image)).buffered(8);
    let mut empty = 0;
    while let Some((image, digests)) = reads.next().await {
        empty += 1;
        let host = image.destination.host();
        let Some(missing) = wanted.get_mut(host) else { continue };
        for digest in digests {
            if missing.remove(&digest) {
                empty = 0;
                let repository = image.destination.repository().clone();
                holders.entry(host.clone()).or_default().insert(digest, repository);
            }
        }
        if empty >= MOST_EMPTY || wanted.values().all(HashSet::is_empty) {
            break;
        }
    }
    holders
}

fn family(image: &PlannedImage) -> (&RegistryHost, &str) {
    let name = image.source.repository().as_str();
    (image.source.host(), name.rsplit_once('/').map_or(name, |(family, _)| family))
}

async fn read<'a>(client: &Client, image: &'a PlannedImage) -> (&'a PlannedImage, Vec<Digest>) {
    let Decision::UpToDate(digest) = &image.decision else { return (image, Vec::new()) };
    let remote = client.repository(image.destination.host(), image.destination.repository());
    let Ok(remote) = remote.map(|remote| remote.on(Side::Destination)) else { return (image, Vec::new()) };
    match remote.read_manifest(&digest.to_string()).await {
        Ok(manifest) => (image, manifest.blobs().map(|blob| blob.digest.clone()).collect()),
        Err(error) => {
            tracing::debug!(%error, "cannot look into an image for blobs to mount");
            (image, Vec::new())
        }
    }
}
