//! Looks at everything that the answers need, each repository, rule and upstream image once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws::ecr::{ImageId, TagFilter, TagMutability};
use futures_util::{StreamExt as _, stream};
use image::{AccountId, EcrHost, ImageReference, RepositoryName};

use super::judge::{self, Facts};
use super::nearest::nearest;
use super::reading::{self, Meaning, Place, Reader};
use super::report::{CheckReport, CheckedImage, Evidence, UpstreamLook};
use super::request::{CheckRequest, MOST_IMAGES};
use super::stored::{Looker, Looks, Stored};
use super::upstream;
use crate::account::{Account, Looked, RegistryState};
use crate::error::{OperationError, Result};
use crate::private_registry::PrivateRegistry;

/// Upstream images that are asked for at once.
const AT_ONCE: usize = 16;

/// Repositories that are looked up by name; for more, all are listed, a thousand to a request.
const MOST_NAMED: usize = 20;

/// Tags of the own repository that are offered in place of one that is not there.
const OFFERED: usize = 5;

/// What is known of a repository.
#[derive(Debug, Clone)]
pub(super) struct Repository {
    pub(super) mutability: Option<TagMutability>,
    pub(super) policy: Looked<Option<String>>,
}

/// What was seen of the registry.
pub(super) struct Seen<'a> {
    pub(super) account: &'a Account,
    pub(super) registry: &'a PrivateRegistry,
    /// The account whose runs are to use the images.
    pub(super) runs_in: &'a AccountId,
    pub(super) state: RegistryState,
    pub(super) repositories: Looked<HashMap<RepositoryName, Repository>>,
}

/// Checks images.
pub(super) async fn run(
    account: &Account,
    registry: &PrivateRegistry,
    request: &CheckRequest,
) -> Result<CheckReport> {
    if request.images.is_empty() {
        return Err(OperationError::new("cannot check images")
            .refused("no image was named")
            .hint("name one: `omics-ecr check quay.io/biocontainers/bwa:0.7.17`"));
    }
    if request.images.len() > MOST_IMAGES {
        return Err(OperationError::new("cannot check images")
            .refused(format!("{} are more than {MOST_IMAGES}", request.images.len()))
            .hint("check them in parts"));
    }
    let state = RegistryState::read(account).await;
    let rules = state.names().unwrap_or_default();
    let reader = Reader { registry, rules: &rules, clone_prefix: request.clone_prefix.as_ref() };
    let meanings: Vec<Meaning> = request.images.iter().map(|text| reader.read(text)).collect();
    let wanted: BTreeSet<RepositoryName> = meanings
        .iter()
        .flat_map(|meaning| match meaning {
            Meaning::Here(places) => places.as_slice(),
            _ => &[],
        })
        .map(|place| place.repository().clone())
        .collect();
    let repositories = repositories(account, wanted).await;
    let runs_in = request.runs_in.as_ref().unwrap_or(account.id());
    let seen = Seen { account, registry, runs_in, state, repositories };
    let chosen: Vec<Chosen> = meanings.into_iter().map(|meaning| seen.choose(meaning)).collect();
    let (own, others) = tokio::join!(seen.look(&chosen, request), seen.look_elsewhere(&chosen, request));
    let asked = seen.ask_upstream(&chosen, &own).await;
    let near = seen.near(&chosen, &own).await;
    let images = request.images.iter().zip(&chosen);
    let images =
        images.map(|(text, chosen)| seen.judge(text, chosen, &own, &others, &asked, &near)).collect();
    Ok(CheckReport {
        schema_version: 1,
        registry: registry.host().to_string(),
        images,
        imported: 0,
        findings: Vec::new(),
    })
}

/// What a text means, with the one place that is meant.
pub(super) enum Chosen {
    Here(Box<Place>),
    OtherAccount(ImageReference),
    Elsewhere(ImageReference, String),
    Malformed(String),
}

/// What other registries answered, by the image.
type Asked = HashMap<ImageReference, (UpstreamLook, Vec<Evidence>)>;

/// What ECR has, by repository.
type Own = HashMap<RepositoryName, Looks>;

/// What the registries of other accounts have, by the image.
type Others = HashMap<ImageReference, judge::Foreign>;

/// Returns the id by which an image is looked for: the digest counts where there is one.
pub(super) fn id(image: &ImageReference) -> ImageId {
    match (image.digest(), image.tag_or_latest()) {
        (Some(digest), _) => ImageId::digest(digest.clone()),
        (None, tag) => ImageId::tag(tag.unwrap_or("latest")),
    }
}

async fn repositories(
    account: &Account,
    wanted: BTreeSet<RepositoryName>,
) -> Looked<HashMap<RepositoryName, Repository>> {
    let names: Vec<RepositoryName> = wanted.iter().cloned().collect();
    let found = match names.len() > MOST_NAMED {
        true => account.repositories(|name| wanted.contains(name)).await,
        false => account.repositories_named(&names).await.map(|(found, _)| found),
    };
    match found {
        Ok(found) => {
            let known = found.into_iter().map(|state| {
                let mutability = Some(state.repository.tag_mutability);
                (state.repository.name, Repository { mutability, policy: state.policy })
            });
            Looked::Seen(known.collect())
        }
        Err(error) => Looked::Unseen(error),
    }
}

impl Seen<'_> {
    /// Returns whether a repository is known to be there.
    fn is_there(&self, name: &RepositoryName) -> bool {
        self.repositories.seen().is_some_and(|all| all.contains_key(name))
    }

    fn choose(&self, meaning: Meaning) -> Chosen {
        match meaning {
            Meaning::Here(places) => match reading::choose(places, |name| self.is_there(name)) {
                Some(place) => Chosen::Here(Box::new(place)),
                None => Chosen::Malformed("it leads to no repository that ECR could have".to_owned()),
            },
            Meaning::OtherAccount(image) => Chosen::OtherAccount(image),
            Meaning::Elsewhere(image, reason) => Chosen::Elsewhere(image, reason),
            Meaning::Malformed(reason) => Chosen::Malformed(reason),
        }
    }

    /// Looks at all images of this registry, those of one repository together.
    async fn look(&self, chosen: &[Chosen], request: &CheckRequest) -> Own {
        let mut wanted: BTreeMap<&RepositoryName, BTreeSet<ImageId>> = BTreeMap::new();
        for chosen in chosen {
            if let Chosen::Here(place) = chosen {
                let ids = wanted.entry(place.repository()).or_default();
                ids.insert(id(&place.image));
                // Beside a digest, what the tag stands for is worth a remark.
                ids.extend(place.image.digest().and(place.image.tag()).map(|tag| ImageId::tag(tag.as_str())));
            }
        }
        let ecr = &self.account.ecr();
        let look = async |(repository, ids): (&RepositoryName, BTreeSet<ImageId>)| {
            let looker = Looker { registry: self.registry, ecr, repository, contents: request.contents };
            let ids: Vec<ImageId> = ids.into_iter().collect();
            (repository.clone(), looker.look(&ids).await)
        };
        self.account.session().each(wanted, look).await.into_iter().collect()
    }

    /// Looks at images of other accounts' registries.
    async fn look_elsewhere(&self, chosen: &[Chosen], request: &CheckRequest) -> Others {
        let mut wanted: BTreeMap<AccountId, BTreeSet<ImageReference>> = BTreeMap::new();
        for chosen in chosen {
            if let Chosen::OtherAccount(image) = chosen
                && let Some(host) = EcrHost::of(image.host())
            {
                wanted.entry(host.account().clone()).or_default().insert(image.clone());
            }
        }
        let mut all = Others::new();
        for (account, images) in wanted {
            let options = self.registry.client().options().clone();
            let registry = PrivateRegistry::open(self.account.session(), Some(&account), options).await;
            for image in images {
                let repository = image.repository();
                let foreign = match &registry {
                    Err(error) => judge::Foreign::unknown(error.clone()),
                    Ok(registry) => {
                        let ecr = registry.ecr();
                        let looker = Looker { registry, ecr, repository, contents: request.contents };
                        let ids = [id(&image)];
                        let (looks, policy) =
                            tokio::join!(looker.look(&ids), ecr.repository_policy(repository));
                        judge::Foreign { account: Some(account.clone()), looks, policy: policy.into() }
                    }
                };
                all.insert(image, foreign);
            }
        }
        all
    }

    /// Asks other registries for what is not in ECR.
    async fn ask_upstream(&self, chosen: &[Chosen], own: &Own) -> Asked {
        let missing: BTreeSet<ImageReference> = chosen
            .iter()
            .filter_map(|chosen| match chosen {
                Chosen::Here(place) => Some(place),
                _ => None,
            })
            .filter(|place| matches!(stored(own, place), Some(Stored::NoImage | Stored::NoRepository)))
            .filter_map(|place| place.upstream.clone())
            .collect();
        let client = self.registry.client();
        stream::iter(missing)
            .map(async |image| {
                let answer = upstream::look(client, &image, None).await;
                (image, answer)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await
    }

    /// Returns near tags of own repositories that no rule fills.
    async fn near(&self, chosen: &[Chosen], own: &Own) -> HashMap<ImageReference, Vec<String>> {
        let missing = chosen.iter().filter_map(|chosen| match chosen {
            Chosen::Here(place)
                if place.rule.is_none()
                    && place.image.digest().is_none()
                    && matches!(stored(own, place), Some(Stored::NoImage)) =>
            {
                Some(place.image.clone())
            }
            _ => None,
        });
        let missing: BTreeSet<ImageReference> = missing.collect();
        let ecr = &self.account.ecr();
        let look = async |image: ImageReference| {
            let tags = ecr.image_ids(image.repository(), TagFilter::Tagged).await.unwrap_or_default();
            let tags: Vec<String> = tags.into_iter().filter_map(|id| id.tag).collect();
            let wanted = image.tag_or_latest().unwrap_or_default();
            let near = nearest(wanted, &tags, OFFERED);
            (image, near)
        };
        self.account.session().each(missing, look).await.into_iter().collect()
    }

    fn judge(
        &self,
        text: &str,
        chosen: &Chosen,
        own: &Own,
        others: &Others,
        asked: &Asked,
        near: &HashMap<ImageReference, Vec<String>>,
    ) -> CheckedImage {
        match chosen {
            Chosen::Malformed(reason) => judge::malformed(text, reason),
            Chosen::Elsewhere(image, reason) => judge::elsewhere(text, image, reason),
            Chosen::OtherAccount(image) => match others.get(image) {
                Some(foreign) => judge::foreign(self, text, image, foreign),
                None => judge::malformed(text, "it names no registry"),
            },
            Chosen::Here(place) => {
                let looks = own.get(place.repository());
                let wanted = id(&place.image);
                let unknown =
                    || Stored::Unknown(OperationError::new(format!("cannot look for `{}`", place.image)));
                let by_tag =
                    place.image.digest().and(place.image.tag()).map(|tag| ImageId::tag(tag.as_str()));
                let facts = Facts {
                    text,
                    place,
                    stored: stored(own, place).cloned().unwrap_or_else(unknown),
                    tag: by_tag.and_then(|id| looks?.images.get(&id)),
                    evidence: looks
                        .and_then(|looks| looks.evidence.get(&wanted))
                        .cloned()
                        .unwrap_or_default(),
                    upstream: place.upstream.as_ref().and_then(|image| asked.get(image)),
                    near: near.get(&place.image).map(Vec::as_slice).unwrap_or_default(),
                };
                judge::own(self, facts)
            }
        }
    }
}

fn stored<'o>(own: &'o Own, place: &Place) -> Option<&'o Stored> {
    own.get(place.repository())?.images.get(&id(&place.image))
}
