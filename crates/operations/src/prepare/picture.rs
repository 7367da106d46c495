//! The picture of a report: images flowing from their registries, by their routes, into ECR. Plain SVG, drawn by
//! numbers alone.

use std::collections::BTreeMap;

use image::ImageReference;

use super::html::{escape, images, size};
use super::plan::PrepareRoute;
use super::report::{PrepareOutcome, PrepareReport, PreparedImage};

/// The width of the picture, in its own units.
const WIDTH: f64 = 960.0;
/// The width of a node.
const NODE: f64 = 210.0;
/// The space between two nodes of a column.
const GAP: f64 = 18.0;
/// The least height of a node: two lines of text.
const LEAST: f64 = 44.0;
/// The height that all bands of a column share.
const BANDS: f64 = 340.0;
/// Most characters of a label.
const LABEL: usize = 27;

/// Where images end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Ready,
    Later,
    NotReady,
}

impl End {
    fn of(outcome: PrepareOutcome) -> Self {
        match outcome {
            outcome if outcome.is_ready() => Self::Ready,
            PrepareOutcome::LeftToHealthomics => Self::Later,
            _ => Self::NotReady,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Ready => "ECR: ready for HealthOmics",
            Self::Later => "ECR: when a run starts",
            Self::NotReady => "not ready",
        }
    }

    /// Returns the class of the node with a label.
    fn class_of(label: &str) -> &'static str {
        let all = [Self::Ready, Self::Later, Self::NotReady];
        all.into_iter().find(|end| end.label() == label).map_or("", Self::class)
    }

    fn class(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Later => "later",
            Self::NotReady => "failed",
        }
    }
}

/// What stands in a column.
struct Node {
    label: String,
    count: usize,
    bytes: u64,
    top: f64,
    height: f64,
    /// Where the next band goes in, and where it goes out, from the top.
    used: (f64, f64),
}

/// Returns the picture; an empty text where there is no image.
pub(super) fn svg(report: &PrepareReport) -> String {
    if report.images.is_empty() {
        return String::new();
    }
    let unit = (BANDS / report.images.len() as f64).clamp(0.5, 20.0);
    // Each column stands in the order of the one that it hangs on, so that few bands cross.
    let outcomes: Vec<usize> = report.images.iter().map(|image| End::of(image.outcome) as usize).collect();
    let (mut left, sources) = column(report, unit, &outcomes, registry);
    let (mut middle, routes) = column(report, unit, &sources, route);
    let (mut right, ends) =
        column(report, unit, &outcomes, |image| End::of(image.outcome).label().to_owned());
    let height = [&left, &middle, &right].into_iter().map(|nodes| bottom(nodes)).fold(0.0, f64::max);
    for nodes in [&mut left, &mut middle, &mut right] {
        let shift = (height - bottom(nodes)) / 2.0;
        nodes.iter_mut().for_each(|node| node.top += shift);
    }
    // Bands of the same ends lie together, in the order of the columns.
    let mut flows: BTreeMap<(usize, usize, usize, End), usize> = BTreeMap::new();
    for (index, image) in report.images.iter().enumerate() {
        if let (Some(from), Some(by), Some(to)) = (sources.get(index), routes.get(index), ends.get(index)) {
            *flows.entry((*from, *by, *to, End::of(image.outcome))).or_default() += 1;
        }
    }
    let (x_middle, x_right) = ((WIDTH - NODE) / 2.0, WIDTH - NODE);
    let mut bands = String::new();
    for ((from, by, to, end), count) in &flows {
        let thick = *count as f64 * unit;
        let (Some(source), Some(way), Some(target)) =
            (left.get_mut(*from), middle.get_mut(*by), right.get_mut(*to))
        else {
            continue;
        };
        let (out, inward) = (take(&mut source.used.1, thick), take(&mut way.used.0, thick));
        bands += &band(NODE, source.middle(unit, out), x_middle, way.middle(unit, inward), thick, *end);
        let (out, inward) = (take(&mut way.used.1, thick), take(&mut target.used.0, thick));
        bands +=
            &band(x_middle + NODE, way.middle(unit, out), x_right, target.middle(unit, inward), thick, *end);
    }
    let nodes = |nodes: &[Node], x: f64, class: &str| -> String {
        nodes.iter().map(|node| node.draw(x, class)).collect()
    };
    let targets: String = right.iter().map(|node| node.draw(x_right, End::class_of(&node.label))).collect();
    let drawn = nodes(&left, 0.0, "source") + &nodes(&middle, x_middle, "route") + &targets;
    let ready = report.images.iter().filter(|image| image.outcome.is_ready()).count();
    format!(
        "<svg viewBox=\"-2 -2 {} {:.1}\" role=\"img\" aria-labelledby=\"flow-title\" \
         xmlns=\"http://www.w3.org/2000/svg\"><title id=\"flow-title\">{} from their registries, by route, into ECR; {ready} \
         ready</title>{bands}{drawn}</svg>\n",
        WIDTH + 4.0,
        height + 4.0,
        images(report.images.len()),
    )
}

/// Groups images into the nodes of a column, in the order of the mean of their ranks; returns them with each image's node.
fn column(
    report: &PrepareReport,
    unit: f64,
    ranks: &[usize],
    label: impl Fn(&PreparedImage) -> String,
) -> (Vec<Node>, Vec<usize>) {
    let labels: Vec<String> = report.images.iter().map(label).collect();
    let mut groups: BTreeMap<&str, (usize, u64, usize)> = BTreeMap::new();
    for ((label, image), rank) in labels.iter().zip(&report.images).zip(ranks) {
        let group = groups.entry(label).or_default();
        group.0 += 1;
        group.1 = group.1.saturating_add(image.size_bytes.unwrap_or_default());
        group.2 += rank;
    }
    let mut groups: Vec<(&str, (usize, u64, usize))> = groups.into_iter().collect();
    groups.sort_by(|(_, one), (_, other)| (one.2 * other.0).cmp(&(other.2 * one.0)));
    let places: BTreeMap<&str, usize> =
        groups.iter().enumerate().map(|(place, (label, _))| (*label, place)).collect();
    let mut top = 0.0;
    let node = |(label, (count, bytes, _)): &(&str, (usize, u64, usize))| {
        let height = (*count as f64 * unit).max(LEAST);
        let node =
            Node { label: (*label).to_owned(), count: *count, bytes: *bytes, top, height, used: (0.0, 0.0) };
        top += height + GAP;
        node
    };
    let nodes = groups.iter().map(node).collect();
    let of = labels.iter().filter_map(|label| places.get(label.as_str()).copied()).collect();
    (nodes, of)
}

fn bottom(nodes: &[Node]) -> f64 {
    nodes.last().map_or(0.0, |last| last.top + last.height)
}

fn take(used: &mut f64, thick: f64) -> f64 {
    let at = *used;
    *used += thick;
    at
}

impl Node {
    /// Returns the height at which a band is; all bands of a node together stand in its middle.
    fn middle(&self, unit: f64, at: f64) -> f64 {
        self.top + (self.height - self.count as f64 * unit) / 2.0 + at
    }

    fn draw(&self, x: f64, class: &str) -> String {
        let centre = self.top + self.height / 2.0;
        let mut second = images(self.count);
        if self.bytes > 0 {
            second += &format!(" · {}", size(self.bytes));
        }
        format!(
            "<g class=\"{class}\"><title>{}</title><rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{NODE}\" height=\"{:.1}\" \
             rx=\"6\"/><text x=\"{tx:.1}\" y=\"{:.1}\">{}</text><text class=\"small\" x=\"{tx:.1}\" y=\"{:.1}\">{}</text></g>\n",
            escape(&self.label),
            self.top,
            self.height,
            centre - 3.0,
            escape(&cut(&self.label)),
            centre + 14.0,
            escape(&second),
            tx = x + 12.0,
        )
    }
}

/// Returns a label that fits into a node: hosts differ at both ends, so the middle goes.
fn cut(label: &str) -> String {
    let length = label.chars().count();
    if length <= LABEL {
        return label.to_owned();
    }
    let (begin, end) = (LABEL.div_ceil(2), LABEL / 2);
    let begin: String = label.chars().take(begin).collect();
    let end: String = label.chars().skip(length - end).collect();
    format!("{begin}…{end}")
}

fn band(x: f64, y: f64, to_x: f64, to_y: f64, thick: f64, end: End) -> String {
    let (bend, class) = ((x + to_x) / 2.0, end.class());
    let (low, to_low) = (y + thick, to_y + thick);
    format!(
        "<path class=\"band {class}\" d=\"M{x:.1} {y:.1}C{bend:.1} {y:.1} {bend:.1} {to_y:.1} {to_x:.1} {to_y:.1}V{to_low:.1}C\
         {bend:.1} {to_low:.1} {bend:.1} {low:.1} {x:.1} {low:.1}Z\"/>\n"
    )
}

fn registry(image: &PreparedImage) -> String {
    match image.named.name.parse::<ImageReference>() {
        Ok(reference) => reference.host().to_string(),
        Err(_) => "no registry".to_owned(),
    }
}

fn route(image: &PreparedImage) -> String {
    match &image.named.route {
        PrepareRoute::AlreadyPrivate => "already private".to_owned(),
        PrepareRoute::ExistingRule { prefix, .. } => format!("rule {prefix}"),
        PrepareRoute::NewRule { prefix, .. } => format!("new rule {prefix}"),
        PrepareRoute::HealthomicsCopies { .. } => "HealthOmics copies".to_owned(),
        PrepareRoute::Clone { .. } => "clone".to_owned(),
        PrepareRoute::Cannot { .. } => "cannot come into ECR".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_labels_keep_both_ends() {
        assert_eq!(cut("quay.io"), "quay.io");
        let host = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
        assert_eq!(cut(host), "123456789012.d…amazonaws.com");
        assert!(cut(&"é".repeat(40)).chars().count() <= LABEL + 1);
    }

    #[test]
    fn ends_have_their_class() {
        for end in [End::Ready, End::Later, End::NotReady] {
            assert_eq!(End::class_of(end.label()), end.class());
        }
    }
}
