//! Splits a job over machines that do not know of each other.
//!
//! Every machine is given the same images and takes its own part. What shares layers must stay together to be
//! sent once, and without a network only names tell what does: the tags of one repository share most, and the
//! repositories of one owner often share a base. So images are ordered by source registry and repository, and
//! that order is cut into ranges of about equal size, never inside a repository. A repository with more images
//! than a part has makes its part larger and may leave another one empty.
//!
//! The parts depend on the set of images alone, not on their order in the list.

use std::collections::HashMap;

use image::{ImageReference, RegistryHost, RepositoryName};

use crate::copy::ImageCopy;

/// A part that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no part {index} of {count}: parts are counted from 0, and there is at least one")]
pub struct ShardError {
    /// The part asked for.
    pub index: usize,
    /// How many parts there are.
    pub count: usize,
}

/// Returns the places of the images that make part `index` of `count`, in their order in the list.
///
/// Each image is in exactly one part; images of one source repository, and images that go to the same place,
/// are in the same one.
///
/// # Errors
/// [`ShardError`] where `index` is not below `count`.
pub fn shard(images: &[ImageCopy], index: usize, count: usize) -> Result<Vec<usize>, ShardError> {
    if index >= count {
        return Err(ShardError { index, count });
    }
    let families = families(images);
    let mut sizes: HashMap<Family<'_>, usize> = HashMap::new();
    for family in &families {
        *sizes.entry(*family).or_default() += 1;
    }
    let mut order: Vec<(Family<'_>, usize)> = sizes.into_iter().collect();
    order.sort_unstable();
    let (total, mut before) = (images.len() as u128, 0u128);
    let mut mine: HashMap<Family<'_>, bool> = HashMap::new();
    for (family, size) in order {
        // A family belongs where its middle falls, so rounding favours neither end.
        let middle = 2 * before + size as u128;
        let part = middle * count as u128 / (2 * total.max(1));
        mine.insert(family, part == index as u128);
        before += size as u128;
    }
    let places = families.iter().enumerate().filter(|(_, family)| mine.get(*family) == Some(&true));
    Ok(places.map(|(place, _)| place).collect())
}

/// The source repository whose images stay together.
type Family<'a> = (&'a RegistryHost, &'a RepositoryName);

/// Returns the family of each image; families that write to the same place are one, named by the first of them.
fn families(images: &[ImageCopy]) -> Vec<Family<'_>> {
    let mut names: Vec<Family<'_>> =
        images.iter().map(|image| (image.source.host(), image.source.repository())).collect();
    names.sort_unstable();
    names.dedup();
    let number: HashMap<Family<'_>, usize> =
        names.iter().enumerate().map(|(number, name)| (*name, number)).collect();
    let mut joined: Vec<usize> = (0..names.len()).collect();
    let mut places: HashMap<(&ImageReference, Option<&str>), usize> = HashMap::new();
    for image in images {
        let Some(&family) = number.get(&(image.source.host(), image.source.repository())) else { continue };
        let tag = image.destination.tag().is_none().then(|| image.source.tag_or_latest()).flatten();
        let first = *places.entry((&image.destination, tag)).or_insert(family);
        let (a, b) = (root(&joined, first), root(&joined, family));
        // The lower number becomes the root, so the name does not depend on the list's order.
        if let Some(higher) = joined.get_mut(a.max(b)) {
            *higher = a.min(b);
        }
    }
    images
        .iter()
        .map(|image| {
            let own = (image.source.host(), image.source.repository());
            let joined = number.get(&own).map(|number| root(&joined, *number));
            joined.and_then(|root| names.get(root)).copied().unwrap_or(own)
        })
        .collect()
}

/// Follows a family to the one that stands for it.
fn root(joined: &[usize], mut family: usize) -> usize {
    // Each step goes to a lower number, so this ends.
    while let Some(&next) = joined.get(family).filter(|next| **next < family) {
        family = next;
    }
    family
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn image(source: &str, destination: &str) -> ImageCopy {
        ImageCopy { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
    }

    fn list(repositories: &[(&str, usize)]) -> Vec<ImageCopy> {
        let tags = repositories.iter().flat_map(|(name, tags)| (0..*tags).map(move |tag| (name, tag)));
        tags.map(|(name, tag)| image(&format!("quay.io/{name}:{tag}"), &format!("r.example/{name}:{tag}")))
            .collect()
    }

    #[test]
    fn repositories_stay_whole_and_neighbours_together() {
        let images = list(&[("bio/a", 2), ("bio/b", 2), ("nf/c", 2), ("nf/d", 2)]);
        assert_eq!(shard(&images, 0, 2).unwrap(), [0, 1, 2, 3]);
        assert_eq!(shard(&images, 1, 2).unwrap(), [4, 5, 6, 7]);
        let images = list(&[("one", 9), ("two", 1)]);
        let parts: Vec<usize> = (0..5).map(|part| shard(&images, part, 5).unwrap().len()).collect();
        assert_eq!(parts.iter().sum::<usize>(), 10);
        assert_eq!(parts.iter().filter(|part| **part > 0).count(), 2);
    }

    #[test]
    fn images_that_go_to_one_place_are_in_one_part() {
        let mut images = list(&[("a", 3), ("m", 3), ("z", 3)]);
        images.push(image("quay.io/a:9", "r.example/x:1"));
        images.push(image("quay.io/z:9", "r.example/x:1"));
        let part =
            (0..3).map(|part| shard(&images, part, 3).unwrap()).find(|part| part.contains(&9)).unwrap();
        assert!(part.contains(&10) && part.contains(&0) && part.contains(&6));
    }

    #[test]
    fn parts_that_do_not_exist_are_refused() {
        assert_eq!(shard(&[], 0, 0), Err(ShardError { index: 0, count: 0 }));
        assert!(shard(&[], 3, 3).is_err());
        assert_eq!(shard(&[], 0, 3).unwrap(), Vec::<usize>::new());
    }

    proptest! {
        #[test]
        fn each_image_is_in_one_part_whatever_the_order(
            picks in prop::collection::vec((0usize..12, 0usize..5), 0..60),
            count in 1usize..9,
        ) {
            let images: Vec<ImageCopy> = picks.iter().map(|(repository, tag)| {
                image(&format!("quay.io/o/r{repository}:{tag}"), &format!("r.example/m{repository}:{tag}"))
            }).collect();
            let reversed: Vec<ImageCopy> = images.iter().rev().cloned().collect();
            let mut seen = vec![0; images.len()];
            for part in 0..count {
                let places = shard(&images, part, count).unwrap();
                for place in &places {
                    seen[*place] += 1;
                }
                let names = |list: &[ImageCopy], places: &[usize]| -> HashSet<ImageCopy> {
                    places.iter().map(|place| list[*place].clone()).collect()
                };
                let other = shard(&reversed, part, count).unwrap();
                prop_assert_eq!(names(&images, &places), names(&reversed, &other));
            }
            prop_assert!(seen.iter().all(|times| *times == 1));
        }
    }
}
