//! What a text names: the full name of an image in ECR, a repository of the registry, or an image elsewhere.
//!
//! `docker-hub/biocontainers/bwa` is both a repository below a rule's prefix and a name on Docker Hub. Which is meant
//! is told by the rules and by the repositories that are there, and said.

use image::{
    EcrHost, ImageReference, PullThroughCacheRule, PullThroughCacheRules, RegistryHost, RepositoryName,
    Upstream,
};

use super::report::{ReadAs, Reading};
use crate::map::destination::clone_repository;
use crate::private_registry::PrivateRegistry;
use crate::route::Route;
use crate::target::EcrTarget;

/// A repository in which an image may be, and where it comes from.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) reading: Reading,
    /// The image by its name in the private registry.
    pub(super) image: ImageReference,
    /// The rule that governs the repository.
    pub(super) rule: Option<PullThroughCacheRule>,
    /// The image at the registry that it comes from.
    pub(super) upstream: Option<ImageReference>,
}

impl Place {
    pub(super) fn repository(&self) -> &RepositoryName {
        self.image.repository()
    }
}

/// What a text may mean.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    /// Places in this registry, the likeliest first when no repository is there.
    Here(Vec<Place>),
    /// An image in the registry of another account in this Region.
    OtherAccount(ImageReference),
    /// Nothing that HealthOmics could read.
    Elsewhere(ImageReference, String),
    /// No name.
    Malformed(String),
}

/// What reads texts.
pub(super) struct Reader<'a> {
    pub(super) registry: &'a PrivateRegistry,
    pub(super) rules: &'a PullThroughCacheRules,
    pub(super) clone_prefix: Option<&'a RepositoryName>,
}

impl Reader<'_> {
    /// Returns what a text may mean.
    pub(super) fn read(&self, text: &str) -> Meaning {
        let text = text.trim();
        let image: ImageReference = match text.parse() {
            Ok(image) => image,
            Err(error) => return Meaning::Malformed(error.to_string()),
        };
        if self.registry.answers_for(image.host()) {
            return Meaning::Here(vec![self.own(&image)]);
        }
        let target = EcrTarget {
            account: Some(self.registry.account().clone()),
            region: Some(self.registry.region().clone()),
        };
        if EcrHost::of(image.host()).is_some_and(|other| target.takes(&other)) {
            return Meaning::OtherAccount(image);
        }
        if let Route::Cannot { reason } = Route::of(&image, &target) {
            return Meaning::Elsewhere(image, reason);
        }
        let public = self.public(&image);
        if has_host(text) {
            return Meaning::Here(public.into_iter().collect());
        }
        Meaning::Here(self.ranked(self.path(text), public))
    }

    /// Returns the place of an image named by its full name in this registry.
    fn own(&self, image: &ImageReference) -> Place {
        let reading = Reading { kind: ReadAs::EcrUri, why: None, upstream: None };
        self.at(image.repository().clone(), image, reading)
    }

    /// Returns the place of a text that is taken for a path in this registry.
    fn path(&self, text: &str) -> Option<Place> {
        // In front of a name goes a host that nobody has, so that nothing is added to the path.
        let image: ImageReference = format!("registry.invalid/{text}").parse().ok()?;
        let reading = Reading { kind: ReadAs::Repository, why: None, upstream: None };
        (image.repository().as_str().len() > 1).then(|| self.at(image.repository().clone(), &image, reading))
    }

    /// Returns the place of an image of another registry: where a rule puts it, else where a clone would.
    fn public(&self, image: &ImageReference) -> Option<Place> {
        let mapped = self.rules.map(image);
        let (rule, repository) = match mapped {
            Some(mapped) => (Some(mapped.rule.clone()), mapped.repository),
            None => (None, clone_repository(image, self.clone_prefix).ok()?),
        };
        let why = match &rule {
            Some(rule) => format!("the rule `{}` covers it", rule.ecr_repository_prefix),
            None => format!("no rule covers it, and a clone would put it into `{repository}`"),
        };
        let reading = Reading { kind: ReadAs::Public, why: Some(why), upstream: Some(image.to_string()) };
        let named = self.named(repository, image);
        Some(Place { reading, image: named, rule, upstream: Some(image.clone()) })
    }

    fn at(&self, repository: RepositoryName, image: &ImageReference, mut reading: Reading) -> Place {
        let rule = self.rules.governing(&repository).cloned();
        let upstream = rule.as_ref().and_then(|rule| {
            let name = rule.upstream_repository(&repository)?;
            let (tag, digest) = (image.tag().cloned(), image.digest().cloned());
            Some(ImageReference::new(rule.upstream.clone(), name, tag, digest))
        });
        reading.upstream = upstream.as_ref().map(ToString::to_string);
        Place { reading, image: self.named(repository, image), rule, upstream }
    }

    fn named(&self, repository: RepositoryName, image: &ImageReference) -> ImageReference {
        let tag = image.tag_or_latest().and_then(|tag| tag.parse().ok());
        ImageReference::new(self.registry.host().clone(), repository, tag, image.digest().cloned())
    }

    /// Puts the likelier place first, as long as no repository tells.
    fn ranked(&self, path: Option<Place>, public: Option<Place>) -> Vec<Place> {
        let (Some(mut path), Some(mut public)) = (path.clone(), public.clone()) else {
            return path.into_iter().chain(public).collect();
        };
        let repository = path.repository().clone();
        let first = repository.as_str().split('/').next().unwrap_or_default().to_owned();
        let other = public.reading.upstream.clone().unwrap_or_default();
        let by_prefix = path.rule.as_ref().filter(|rule| !rule.ecr_repository_prefix.is_root());
        let known = || Upstream::ALL.iter().any(|upstream| upstream.default_prefix == first);
        let path_first = match (by_prefix, &public.rule, &path.rule) {
            (Some(rule), ..) => {
                path.reading.why = Some(format!(
                    "`{}` is the prefix of a rule, so this is not {other}",
                    rule.ecr_repository_prefix
                ));
                true
            }
            (None, Some(_), _) => false,
            (None, None, Some(_)) => {
                path.reading.why = Some(format!("the rule `ROOT` governs it, so this is not {other}"));
                true
            }
            (None, None, None) if repository.as_str().contains('/') && known() => {
                path.reading.why = Some(format!(
                    "`{first}` is a usual prefix of rules, so this is not {other}; no rule has it"
                ));
                true
            }
            _ => false,
        };
        public.reading.why =
            public.reading.why.map(|why| format!("{why}; the registry has no repository `{repository}`"));
        if path_first { vec![path, public] } else { vec![public, path] }
    }
}

/// Returns whether a text names the host of a registry.
fn has_host(text: &str) -> bool {
    text.contains("://")
        || text.split_once('/').is_some_and(|(first, _)| RegistryHost::looks_like_host(first))
}

/// Returns the place that is meant, now that it is known which repositories are there.
pub(super) fn choose(mut places: Vec<Place>, is_there: impl Fn(&RepositoryName) -> bool) -> Option<Place> {
    let path_there = places
        .iter()
        .position(|place| place.reading.kind == ReadAs::Repository && is_there(place.repository()));
    let any_there = || places.iter().position(|place| is_there(place.repository()));
    let chosen = path_there.or_else(any_there).unwrap_or(0);
    if let Some(place) =
        path_there.and_then(|chosen| places.get_mut(chosen)).filter(|place| place.rule.is_none())
    {
        place.reading.why = Some(format!("there is a repository `{}`", place.repository()));
    }
    (chosen < places.len()).then(|| places.swap_remove(chosen))
}
