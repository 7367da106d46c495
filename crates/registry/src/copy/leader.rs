//! Who brings a blob that several images of a job need at one registry.
//!
//! The first image, by rank, that needs a shared blob is its leader: it uploads the blob and writes a manifest
//! that names it. The others wait for that and mount. A leader that fails hands the blob to the next rank, so
//! everybody waits for lower ranks only and nobody waits in a circle.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use image::{Digest, RegistryHost, RepositoryName};
use tokio::sync::watch;

/// What an image has to do about a shared blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Bring it.
    Lead,
    /// Take it from this repository, where a manifest names it.
    Take(RepositoryName),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct State {
    leader: Option<usize>,
    published: Option<RepositoryName>,
}

/// One blob at one registry that several images need, or that is known to be there.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Ranks that have not left, lowest first.
    ranks: Mutex<Vec<usize>>,
    state: watch::Sender<State>,
}

impl Slot {
    fn new(ranks: Vec<usize>, published: Option<RepositoryName>) -> Self {
        let state = State { leader: ranks.first().copied(), published };
        Self { ranks: Mutex::new(ranks), state: watch::Sender::new(state) }
    }

    /// Waits until it is known what the image of this rank has to do.
    pub(crate) async fn turn(&self, rank: usize) -> Turn {
        let mut state = self.state.subscribe();
        let decided = state
            .wait_for(|state| state.published.is_some() || state.leader.is_none_or(|leader| leader == rank));
        match decided.await {
            Ok(state) => state.published.clone().map_or(Turn::Lead, Turn::Take),
            Err(_) => Turn::Lead,
        }
    }

    /// Says that a manifest in this repository names the blob.
    pub(crate) fn publish(&self, repository: &RepositoryName) {
        self.state.send_if_modified(|state| {
            let first = state.published.is_none();
            if first {
                state.published = Some(repository.clone());
            }
            first
        });
    }

    /// Takes an image out; leadership goes on to the next rank.
    pub(crate) fn leave(&self, rank: usize) {
        let next = {
            let mut ranks = self.ranks.lock().unwrap_or_else(PoisonError::into_inner);
            ranks.retain(|other| *other != rank);
            ranks.first().copied()
        };
        self.state.send_if_modified(|state| {
            let led = state.leader == Some(rank);
            if led {
                state.leader = next;
            }
            led
        });
    }
}

/// The shared blobs of a job, by registry and digest.
#[derive(Debug, Default)]
pub(crate) struct Slots(HashMap<RegistryHost, HashMap<Digest, Slot>>);

/// What one image needs at its destination.
pub(crate) struct Need<'a> {
    pub(crate) host: &'a RegistryHost,
    /// Distinct digests and sizes.
    pub(crate) blobs: Vec<(&'a Digest, u64)>,
}

/// Where blobs are known to be, in a repository whose manifests name them.
pub(crate) type Holders = HashMap<RegistryHost, HashMap<Digest, RepositoryName>>;

impl Slots {
    /// Returns the slots of a job and its images in the order of their ranks, which is the order to start in:
    /// those that bring most for others come first.
    pub(crate) fn assign(needs: &[Need<'_>], holders: &Holders) -> (Self, Vec<usize>) {
        let mut wanted: HashMap<(&RegistryHost, &Digest), u32> = HashMap::new();
        for need in needs {
            for (digest, _) in &need.blobs {
                *wanted.entry((need.host, digest)).or_default() += 1;
            }
        }
        let weight = |need: &Need<'_>| -> u64 {
            let shared = need
                .blobs
                .iter()
                .filter(|(digest, _)| wanted.get(&(need.host, *digest)).is_some_and(|count| *count > 1));
            shared.map(|(_, size)| *size).sum()
        };
        let mut order: Vec<usize> = (0..needs.len()).collect();
        order.sort_by_cached_key(|index| std::cmp::Reverse(needs.get(*index).map_or(0, weight)));
        let mut ranks: HashMap<(&RegistryHost, &Digest), Vec<usize>> = HashMap::new();
        for (rank, need) in order.iter().filter_map(|index| needs.get(*index)).enumerate() {
            for (digest, _) in &need.blobs {
                ranks.entry((need.host, digest)).or_default().push(rank);
            }
        }
        let mut slots: HashMap<RegistryHost, HashMap<Digest, Slot>> = HashMap::new();
        for ((host, digest), ranks) in ranks {
            let holder = holders.get(host).and_then(|known| known.get(digest)).cloned();
            if ranks.len() > 1 || holder.is_some() {
                slots.entry(host.clone()).or_default().insert(digest.clone(), Slot::new(ranks, holder));
            }
        }
        (Self(slots), order)
    }

    /// Returns the slot of a blob that is shared.
    pub(crate) fn get(&self, host: &RegistryHost, digest: &Digest) -> Option<&Slot> {
        self.0.get(host)?.get(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(letter: char) -> Digest {
        format!("sha256:{}", letter.to_string().repeat(64)).parse().unwrap()
    }

    fn names() -> (RegistryHost, RepositoryName) {
        ("registry.example".parse().unwrap(), "team/tool".parse().unwrap())
    }

    #[tokio::test]
    async fn the_image_that_shares_most_leads_and_others_take() {
        let (host, repository) = names();
        let [a, b, c] = ['a', 'b', 'c'].map(digest);
        let needs = [
            Need { host: &host, blobs: vec![(&a, 1), (&c, 500)] },
            Need { host: &host, blobs: vec![(&a, 1), (&b, 90)] },
            Need { host: &host, blobs: vec![(&b, 90)] },
        ];
        let (slots, order) = Slots::assign(&needs, &Holders::new());
        assert_eq!(order, [1, 2, 0]);
        assert!(slots.get(&host, &c).is_none());
        let slot = slots.get(&host, &b).unwrap();
        assert_eq!(slot.turn(0).await, Turn::Lead);
        slot.publish(&repository);
        assert_eq!(slot.turn(1).await, Turn::Take(repository));
    }

    #[tokio::test]
    async fn leadership_passes_on_when_a_leader_leaves() {
        let slot = Slot::new(vec![0, 3, 5], None);
        slot.leave(3);
        slot.leave(0);
        assert_eq!(slot.turn(5).await, Turn::Lead);
        let (_, repository) = names();
        let slot = Slot::new(vec![0, 1], None);
        let (turn, ()) = tokio::join!(slot.turn(1), async {
            tokio::task::yield_now().await;
            slot.publish(&repository);
            slot.leave(0);
        });
        assert_eq!(turn, Turn::Take(repository));
    }

    #[tokio::test]
    async fn what_the_registry_has_is_taken_at_once() {
        let (host, repository) = names();
        let a = digest('a');
        let holders = HashMap::from([(host.clone(), HashMap::from([(a.clone(), repository.clone())]))]);
        let (slots, _) = Slots::assign(&[Need { host: &host, blobs: vec![(&a, 1)] }], &holders);
        assert_eq!(slots.get(&host, &a).unwrap().turn(0).await, Turn::Take(repository));
    }
}
