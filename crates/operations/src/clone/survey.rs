//! Where each image goes and by which route, as far as names and rules tell.

use image::{ImageReference, PullThroughCacheRules, RegistryHost, RepositoryName};
use registry::PlatformChoice;

use super::request::{CloneItem, CloneOptions};
use crate::error::{OperationError, Result};
use crate::map::destination::clone_repository;
use crate::prime::Prime;
use crate::private_registry::PrivateRegistry;
use crate::route::Route;
use crate::target::EcrTarget;

/// Shortest name of a repository in ECR, in characters.
const SHORTEST_REPOSITORY: usize = 2;

/// An image with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// The image.
    pub(super) image: ImageReference,
    /// Where it goes; with a digest where that digest must be the one that arrives.
    pub(super) destination: ImageReference,
    /// How.
    pub(super) way: Way,
}

/// How an image comes to its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// Copied; with the reason where a rule would have covered it.
    Copy(Option<String>),
    /// Through a rule, if upstream agrees.
    Prime(Box<Prime>),
    /// It is in this registry, and stays where it is.
    InPlace,
}

/// What places images.
pub(super) struct Surveyor<'a> {
    pub(super) registry: &'a PrivateRegistry,
    pub(super) rules: &'a PullThroughCacheRules,
    pub(super) options: &'a CloneOptions,
}

impl Surveyor<'_> {
    /// Returns where an image goes.
    ///
    /// # Errors
    /// When source or target are no names that ECR takes, or the image cannot come from a registry.
    pub(super) fn place(&self, item: &CloneItem) -> Result<Source> {
        let source = self.place_unchecked(item)?;
        let repository = source.destination.repository().as_str();
        if repository.len() < SHORTEST_REPOSITORY {
            return Err(OperationError::new(format!("cannot clone `{}`", item.source))
                .refused(format!(
                    "the repository `{repository}` has less than {SHORTEST_REPOSITORY} characters"
                ))
                .hint("name another target"));
        }
        Ok(source)
    }

    fn place_unchecked(&self, item: &CloneItem) -> Result<Source> {
        let refused =
            |words: String| OperationError::new(format!("cannot clone `{}`", item.source)).refused(words);
        let image: ImageReference = item.source.parse().map_err(|error: image::ImageError| {
            refused(error.to_string()).hint("write it as HOST/REPOSITORY:TAG")
        })?;
        let target = EcrTarget {
            account: Some(self.registry.account().clone()),
            region: Some(self.registry.region().clone()),
        };
        if let Route::Cannot { reason } = Route::of(&image, &target) {
            return Err(refused(reason));
        }
        if let Some(text) = &item.target {
            let target = self.read_target(text).map_err(|error| {
                refused(format!("the target `{text}` is no name: {error}")).hint("write it as REPOSITORY:TAG")
            })?;
            let destination = self.named(&image, target);
            return Ok(Source { image, destination, way: Way::Copy(None) });
        }
        if self.registry.answers_for(image.host()) {
            return Ok(Source { destination: image.clone(), image, way: Way::InPlace });
        }
        let mut reason = None;
        if let Some(mapped) = self.rules.map(&image) {
            let rule = mapped.rule.ecr_repository_prefix.to_string();
            if image.tag_or_latest().is_some() {
                return Ok(self.through(image, &mapped.repository, rule));
            }
            reason = Some(format!("the rule `{rule}` does not fetch an image by its digest alone"));
        }
        Ok(Source { destination: self.copied(&image)?, image, way: Way::Copy(reason) })
    }

    /// Returns the place of an image that is copied though no target was given.
    ///
    /// # Errors
    /// When the repository would have a name that ECR does not take.
    pub(super) fn copied(&self, image: &ImageReference) -> Result<ImageReference> {
        let repository = clone_repository(image, self.options.clone_prefix.as_ref()).map_err(|error| {
            OperationError::new(format!("cannot name a repository for `{image}`"))
                .refused(error)
                .hint("name a target")
        })?;
        let bare = ImageReference::new(self.registry.host().clone(), repository, None, None);
        Ok(self.named(image, bare))
    }

    /// Returns which platforms are copied of an image: all where a digest has to stay, unless one was asked for.
    pub(super) fn platforms(&self, source: &Source) -> PlatformChoice {
        match &self.options.platforms {
            Some(choice) => choice.clone(),
            None if source.destination.digest().is_some() => PlatformChoice::All,
            None => PlatformChoice::default(),
        }
    }

    fn through(&self, image: ImageReference, repository: &RepositoryName, rule: String) -> Source {
        let tag = image.tag_or_latest().unwrap_or("latest").to_owned();
        let named = image.tag().cloned().or_else(|| tag.parse().ok());
        let (host, digest) = (self.registry.host().clone(), image.digest().cloned());
        let destination = ImageReference::new(host, repository.clone(), named, digest.clone());
        let prime = Prime {
            image: image.clone(),
            rule,
            repository: repository.clone(),
            tag,
            pinned: digest,
            upstream: None,
        };
        Source { image, destination, way: Way::Prime(Box::new(prime)) }
    }

    /// Reads `REPOSITORY[:TAG][@DIGEST]`, with or without the registry's own host.
    fn read_target(&self, text: &str) -> std::result::Result<ImageReference, image::ImageError> {
        let host = self.registry.host();
        let own = text.strip_prefix(host.as_str()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(text);
        format!("{host}/{own}").parse()
    }

    /// Returns a target with tag and digest filled in from the source.
    fn named(&self, image: &ImageReference, target: ImageReference) -> ImageReference {
        let from_source = || image.tag_or_latest().and_then(|tag| tag.parse().ok());
        let tag = match (target.tag(), target.digest()) {
            (Some(tag), _) => Some(tag.clone()),
            (None, Some(_)) => None,
            (None, None) => from_source(),
        };
        let stays = !matches!(self.options.platforms, Some(PlatformChoice::One(_)));
        let digest = target.digest().or(image.digest().filter(|_| stays));
        ImageReference::new(target.host().clone(), target.repository().clone(), tag, digest.cloned())
    }
}

/// Finds images that go to one place: those that are the same image are marked so, others are refused.
///
/// Of an image with and without its digest the one with the digest leads.
pub(super) fn repeated(sources: &[Option<Source>]) -> Vec<Option<Result<usize>>> {
    use std::collections::HashMap;
    let mut leaders: HashMap<(String, String), usize> = HashMap::new();
    let key = |source: &Source| {
        let place = &source.destination;
        let name = place.tag().map(ToString::to_string).or(place.digest().map(ToString::to_string));
        (place.repository().to_string(), name.unwrap_or_default())
    };
    for (index, source) in sources.iter().enumerate() {
        let Some(source) = source else { continue };
        let leader = leaders.entry(key(source)).or_insert(index);
        let led = sources.get(*leader).and_then(Option::as_ref);
        if source.image.digest().is_some() && led.is_some_and(|led| led.image.digest().is_none()) {
            *leader = index;
        }
    }
    let judge = |(index, source): (usize, &Option<Source>)| {
        let source = source.as_ref()?;
        let leader = *leaders.get(&key(source))?;
        let led = sources.get(leader)?.as_ref()?;
        if leader == index {
            return None;
        }
        // A name without a tag is that of `latest`.
        fn bare(image: &ImageReference) -> (&RegistryHost, &RepositoryName, &str) {
            (image.host(), image.repository(), image.tag().map_or("latest", |tag| tag.as_str()))
        }
        let digests = (source.image.digest(), led.image.digest());
        let agree = match digests {
            (Some(own), Some(other)) => own == other,
            _ => true,
        };
        Some(if agree && bare(&source.image) == bare(&led.image) {
            Ok(leader)
        } else {
            Err(OperationError::new(format!("cannot clone `{}`", source.image))
                .refused(format!("`{}` goes to the same place, `{}`", led.image, led.destination))
                .hint("give one of them another target"))
        })
    };
    sources.iter().enumerate().map(judge).collect()
}
