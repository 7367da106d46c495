//! Part of a list: the same parts on every machine, without anyone to hand them out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use image::ImageReference;

use super::request::CloneItem;

/// One of several parts of a list: `2/8` is the second of eight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which part, the first one being 1.
    number: NonZeroU32,
    /// How many parts.
    of: NonZeroU32,
}

/// Most parts.
const MOST: u32 = 100_000;

impl Shard {
    /// Returns a part by its number, which begins with 1; `None` when there is no such part.
    pub fn new(number: u32, of: u32) -> Option<Self> {
        let (number, of) = (NonZeroU32::new(number)?, NonZeroU32::new(of)?);
        (number <= of && of.get() <= MOST).then_some(Self { number, of })
    }

    /// Returns how many parts there are.
    pub fn of(self) -> u32 {
        self.of.get()
    }

    /// Returns the images of this part, in their order.
    ///
    /// Every image is in exactly one part. Images of one repository, and images that go to one repository, stay
    /// together: those are the ones that share layers. The parts have as even a number of images as that allows,
    /// and hang on nothing but the list, whatever the order of its lines.
    pub fn take(self, items: &[CloneItem]) -> Vec<CloneItem> {
        let mut families = Families::default();
        let places: Vec<usize> = items.iter().map(|item| families.join(item)).collect();
        let places: Vec<usize> = places.into_iter().map(|place| families.root(place)).collect();
        let mut groups: BTreeMap<usize, (&str, usize)> = BTreeMap::new();
        for (item, root) in items.iter().zip(&places) {
            let group = groups.entry(*root).or_insert((&item.source, 0));
            group.0 = group.0.min(&item.source);
            group.1 += 1;
        }
        let mut order: Vec<(usize, &str, usize)> =
            groups.into_iter().map(|(root, (name, count))| (root, name, count)).collect();
        order.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.1.cmp(b.1)));
        // Large groups first, each into the part that has least: the order of parts settles what is even.
        let mut loads: BinaryHeap<Reverse<(usize, u32)>> =
            (1..=self.of.get()).map(|part| Reverse((0, part))).collect();
        let mut part_of: BTreeMap<usize, u32> = BTreeMap::new();
        for (root, _, count) in order {
            let Some(Reverse((load, part))) = loads.pop() else { break };
            part_of.insert(root, part);
            loads.push(Reverse((load + count, part)));
        }
        let own = |root: &usize| part_of.get(root) == Some(&self.number.get());
        items.iter().zip(&places).filter(|(_, root)| own(root)).map(|(item, _)| item.clone()).collect()
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, of) = text.split_once('/').ok_or("it must be I/N, such as 2/8")?;
        let read = |part: &str| part.parse::<u32>().map_err(|_| format!("`{part}` is not a number"));
        let (number, of) = (read(number)?, read(of)?);
        Self::new(number, of).ok_or_else(|| {
            format!("there is no such part: parts are counted from 1 to {of}, and are {MOST} at most")
        })
    }
}

/// Repositories that belong together because images go from one to the other.
#[derive(Default)]
struct Families {
    known: BTreeMap<(bool, String), usize>,
    parents: Vec<usize>,
}

impl Families {
    /// Returns a member of the family that an image belongs to, and joins its two repositories.
    fn join(&mut self, item: &CloneItem) -> usize {
        let source = self.member((false, repository(&item.source)));
        if let Some(target) = &item.target {
            // A target has no host, and any will do to tell its repository from its tag.
            let target = self.member((true, repository(&format!("target.invalid/{target}"))));
            let (a, b) = (self.root(source), self.root(target));
            if let Some(parent) = self.parents.get_mut(a.max(b)) {
                *parent = a.min(b);
            }
        }
        source
    }

    fn member(&mut self, key: (bool, String)) -> usize {
        let next = self.parents.len();
        let place = *self.known.entry(key).or_insert(next);
        if place == next {
            self.parents.push(next);
        }
        place
    }

    fn root(&mut self, mut place: usize) -> usize {
        while let Some(parent) = self.parents.get(place).copied().filter(|parent| *parent != place) {
            // Paths are halved on the way, so that long chains stay cheap.
            let above = self.parents.get(parent).copied().unwrap_or(parent);
            if let Some(own) = self.parents.get_mut(place) {
                *own = above;
            }
            place = above;
        }
        place
    }
}

/// Returns the repository of a name, or the name itself where it is none.
fn repository(name: &str) -> String {
    match name.parse::<ImageReference>() {
        Ok(image) => format!("{}/{}", image.host(), image.repository()),
        Err(_) => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(lines: &[&str]) -> Vec<CloneItem> {
        super::super::request::read_list(&lines.join("\n")).unwrap()
    }

    #[test]
    fn every_image_is_in_exactly_one_part() {
        let lines: Vec<String> = (0..97).map(|n| format!("quay.io/bio/tool{}:{}", n % 23, n)).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let all = items(&lines);
        for of in [1, 2, 7, 40] {
            let parts: Vec<Vec<CloneItem>> =
                (1..=of).map(|number| Shard::new(number, of).unwrap().take(&all)).collect();
            let mut together: Vec<CloneItem> = parts.concat();
            together.sort();
            let mut wanted = all.clone();
            wanted.sort();
            assert_eq!(together, wanted, "{of} parts");
            if of <= 7 {
                let sizes: Vec<usize> = parts.iter().map(Vec::len).collect();
                assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 5, "{sizes:?}");
            }
        }
    }

    #[test]
    fn images_that_share_a_repository_stay_together_in_any_order() {
        let lines =
            ["a.io/x:1 one:1", "b.io/y:1 one:2", "b.io/y:2 two:1", "c.io/z:1", "A.io/x:2 other", "d.io/q:1"];
        let all = items(&lines);
        let mut turned = all.clone();
        turned.reverse();
        let together = |list: &[CloneItem]| {
            let mut parts: Vec<Vec<CloneItem>> =
                (1..=3).map(|number| Shard::new(number, 3).unwrap().take(list)).collect();
            parts.iter_mut().for_each(|part| part.sort());
            parts
        };
        let parts = together(&all);
        assert_eq!(parts, together(&turned));
        let first = parts.iter().find(|part| part.iter().any(|item| item.source == "a.io/x:1")).unwrap();
        assert_eq!(first.len(), 4, "{parts:?}");
    }

    #[test]
    fn parts_are_read_and_printed() {
        assert_eq!("2/8".parse::<Shard>().unwrap().to_string(), "2/8");
        for text in ["0/8", "9/8", "1/0", "1", "a/b", "-1/2", "1/4000000000"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
