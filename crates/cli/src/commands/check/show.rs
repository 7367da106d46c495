//! Checks as tables for people: one row an image, and below it why it is not a plain yes.

use comfy_table::{Cell, Color};
use indicatif::BinaryBytes;
use operations::check::{Availability, CheckReport, CheckedImage};

use crate::commands::remarks;
use crate::failure::print;
use crate::screen::{self, Screen, count};

/// Prints a report: the table on standard output, what is wrong on standard error.
pub(super) fn report(report: &CheckReport, evidence: bool) -> operations::Result<()> {
    let screen = Screen::of_stdout();
    let mut table =
        screen.table(&["IMAGE", "IN ECR", "ANSWER", "PLATFORMS", "SIZE", "PUSHED", "HEALTHOMICS"]);
    for image in &report.images {
        table.add_row(row(image, &report.registry, screen));
    }
    let mut out = screen::render(&table);
    let usable = report.images.iter().filter(|image| image.availability.is_yes()).count();
    out += &format!(
        "\n{usable} of {} usable in {}",
        count(report.images.len(), "image", "images"),
        report.registry
    );
    if report.imported > 0 {
        out += &format!(", {} imported now", report.imported);
    }
    out.push('\n');
    if let [image] = report.images.as_slice() {
        out += &details(image);
    }
    if evidence {
        for image in &report.images {
            out += &format!("\n{}\n", image.image);
            for evidence in &image.evidence {
                out += &format!("  {}\n    {}\n", evidence.asked, evidence.answered);
            }
        }
    }
    print(&out)?;
    for image in &report.images {
        remarks::errors(&image.problem);
        remarks::errors(image.prime_error.iter().filter(|error| Some(*error) != image.problem.as_ref()));
        remarks::findings(&image.findings);
    }
    Ok(())
}

fn row(image: &CheckedImage, registry: &str, screen: Screen) -> Vec<Cell> {
    let place = image.uri.as_deref().unwrap_or_default();
    let place = place.strip_prefix(registry).map_or(place, |own| own.trim_start_matches('/'));
    let stored = image.stored.as_ref();
    let size = stored.and_then(|stored| stored.size_bytes).map(|size| BinaryBytes(size).to_string());
    let pushed = stored.and_then(|stored| stored.pushed_at.as_deref()).and_then(|at| at.split('T').next());
    let platforms = stored.map(|stored| stored.platforms.join("\n")).unwrap_or_default();
    let colour = match image.availability {
        Availability::Usable | Availability::PulledThrough => Color::Green,
        Availability::Unknown => Color::Yellow,
        Availability::NotThere | Availability::Unusable => Color::Red,
    };
    vec![
        Cell::new(screen::short_name(&image.image)),
        Cell::new(screen::short_name(place)),
        screen.cell(image.availability.label(), colour),
        Cell::new(platforms),
        Cell::new(size.unwrap_or_default()),
        Cell::new(pushed.unwrap_or_default()),
        Cell::new(if image.stored.is_some() || image.prefix_access.is_some() {
            image.healthomics_access.label()
        } else {
            ""
        }),
    ]
}

/// Returns what a table has no room for.
fn details(image: &CheckedImage) -> String {
    let mut lines: Vec<(&str, String)> = Vec::new();
    if let Some(why) = &image.reading.why {
        lines.push(("read as", why.clone()));
    }
    if let Some(uri) = &image.uri {
        lines.push(("name in ECR", uri.clone()));
    }
    if let Some(rule) = &image.rule {
        let upstream = image.reading.upstream.as_deref().unwrap_or_default();
        lines.push(("rule", format!("{rule}, from {upstream}")));
    }
    if let Some(stored) = &image.stored {
        lines.push(("digest", stored.digest.clone()));
        lines.extend(stored.media_type.clone().map(|kind| ("type", kind)));
        if !stored.tags.is_empty() {
            lines.push(("tags", stored.tags.join(", ")));
        }
        lines.extend(stored.pushed_at.clone().map(|at| ("pushed", at)));
        lines.extend(stored.last_pulled_at.clone().map(|at| ("last pulled", at)));
        if !stored.entrypoint.is_empty() {
            lines.push(("entrypoint", stored.entrypoint.join(" ")));
        }
        lines.extend(stored.user.clone().map(|user| ("user", user)));
    }
    if lines.is_empty() {
        return String::new();
    }
    let lines = lines.into_iter().map(|(name, value)| format!("{:<12} {value}\n", format!("{name}:")));
    format!("\n{}", lines.collect::<String>())
}
