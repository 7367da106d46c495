//! Part of a list: the same parts on every machine, without anyone to hand them out.

use std::collections::BTreeSet;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use image::ImageReference;
use registry::copy::ImageCopy;

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
    /// Every image is in exactly one part, by names alone and whatever the order of the list: images of one source
    /// repository stay together, and those of neighbouring ones mostly, as these share layers. What is no name is in
    /// the first part, which reports it.
    pub fn take(self, items: &[CloneItem]) -> Vec<CloneItem> {
        let mut places = Vec::with_capacity(items.len());
        let mut copies = Vec::with_capacity(items.len());
        for (place, item) in items.iter().enumerate() {
            if let Some(copy) = copy(item) {
                places.push(place);
                copies.push(copy);
            }
        }
        let index = self.number.get() as usize - 1;
        // The part exists, as it was checked when it was made.
        let own = registry::shard(&copies, index, self.of.get() as usize).unwrap_or_default();
        let mut own: BTreeSet<usize> = own.iter().filter_map(|place| places.get(*place).copied()).collect();
        if index == 0 {
            let named: BTreeSet<usize> = places.into_iter().collect();
            own.extend((0..items.len()).filter(|place| !named.contains(place)));
        }
        own.into_iter().filter_map(|place| items.get(place).cloned()).collect()
    }
}

/// Returns an item as a copy, to tell what belongs together; `None` when it is no image.
fn copy(item: &CloneItem) -> Option<ImageCopy> {
    let source: ImageReference = item.source.parse().ok()?;
    let destination = match &item.target {
        // A target has no host, and any will do to tell places apart.
        Some(target) => format!("target.invalid/{target}").parse().ok()?,
        None => source.clone(),
    };
    Some(ImageCopy { source, destination })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn items(lines: &[&str]) -> Vec<CloneItem> {
        super::super::request::read_list(&lines.join("\n")).unwrap()
    }

    fn parts(of: u32, all: &[CloneItem]) -> Vec<Vec<CloneItem>> {
        (1..=of).map(|number| Shard::new(number, of).unwrap().take(all)).collect()
    }

    #[test]
    fn every_image_is_in_exactly_one_part() {
        let lines: Vec<String> = (0..97).map(|n| format!("quay.io/bio/tool{}:{n}", n % 23)).collect();
        let mut lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        lines.extend(["NOT/A/NAME", "quay.io/bio/tool1:x bad//target"]);
        let all = items(&lines);
        for of in [1, 2, 7, 40] {
            let mut together: Vec<CloneItem> = parts(of, &all).concat();
            together.sort();
            let mut wanted = all.clone();
            wanted.sort();
            assert_eq!(together, wanted, "{of} parts");
        }
        let sizes: Vec<usize> = parts(7, &all).iter().map(Vec::len).collect();
        assert!(sizes.iter().all(|size| (8..=20).contains(size)), "{sizes:?}");
        assert!(parts(7, &all)[0].iter().any(|item| item.source == "NOT/A/NAME"));
    }

    #[test]
    fn images_that_belong_together_stay_so_in_any_order() {
        let all = items(&[
            "a.io/x:1 one:1",
            "b.io/y:1 one:1",
            "b.io/y:2 two:1",
            "c.io/z:1",
            "A.io/x:2",
            "d.io/q:1",
        ]);
        let mut turned = all.clone();
        turned.reverse();
        let sorted = |list: &[CloneItem]| {
            let mut parts = parts(3, list);
            parts.iter_mut().for_each(|part| part.sort());
            parts
        };
        let found = sorted(&all);
        assert_eq!(found, sorted(&turned));
        let first = found.iter().find(|part| part.iter().any(|item| item.source == "a.io/x:1")).unwrap();
        let names: Vec<&str> = first.iter().map(|item| item.source.as_str()).collect();
        assert!(["b.io/y:1", "b.io/y:2", "A.io/x:2"].iter().all(|name| names.contains(name)), "{found:?}");
    }

    #[test]
    fn parts_are_read_and_printed() {
        assert_eq!("2/8".parse::<Shard>().unwrap().to_string(), "2/8");
        for text in ["0/8", "9/8", "1/0", "1", "a/b", "-1/2", "1/4000000000"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
