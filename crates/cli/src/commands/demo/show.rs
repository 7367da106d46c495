//! What a person sees of a demo: one step after the other, as it happens.

use operations::prepare::{PreparePlan, PrepareReport};
use operations::{OperationError, ScanReport};

use super::pull::Pulled;
use super::stand_in::StandIn;
use super::{ACCOUNT, DemoReport, REGION};
use crate::failure::{self, print};
use crate::screen::{self, Paint, Screen, count};

/// Says which registries are there, and how they are given to the other commands.
pub(super) fn registries_alone(registries: &[StandIn]) -> operations::Result<()> {
    let screen = Screen::of_stdout();
    let mut table = screen.table(&["STANDS IN FOR", "AT", "HAS"]);
    let mut flags = String::new();
    for one in registries {
        table.add_row([one.host.as_str(), &one.endpoint, &count(one.images, "image", "images")]);
        flags += &format!(" --upstream {}={}", one.host, one.endpoint);
    }
    print(&format!(
        "{}\nuse them\n  omics-ecr prepare FOLDER --local{flags}\nstop them with Ctrl-C\n",
        screen::render(&table)
    ))
}

/// Tells what happens, or is silent.
#[derive(Clone, Copy)]
pub(super) struct Narrator {
    speaks: bool,
    screen: Screen,
}

impl Narrator {
    /// Returns a narrator.
    pub(super) fn new(speaks: bool) -> Self {
        Self { speaks, screen: Screen::of_stdout() }
    }

    fn step(self, number: u8, title: &str, body: &str) -> operations::Result<()> {
        if !self.speaks {
            return Ok(());
        }
        let title = self.screen.paint(&format!("{number}. {title}"), Paint::Bold);
        print(&format!("{title}\n{body}\n"))
    }

    /// Shows the images that the workflow names.
    pub(super) fn images(self, scan: &ScanReport) -> operations::Result<()> {
        let mut table = self.screen.table(&["IMAGE", "WRITTEN AT"]);
        for image in &scan.images {
            let place = image.places.first().map(|place| format!("{}:{}", place.file, place.line));
            table.add_row([screen::short_name(&image.image), place.unwrap_or_default()]);
        }
        let found = count(scan.images.len(), "image", "images");
        let files = count(scan.files, "workflow file", "workflow files");
        self.step(1, &format!("{} names {found} in {files}", scan.path), &screen::render(&table))
    }

    /// Shows what stands in for what.
    pub(super) fn registries(self, registries: &[StandIn], endpoint: &str) -> operations::Result<()> {
        let mut table = self.screen.table(&["STANDS IN FOR", "AT", "HAS"]);
        for one in registries {
            table.add_row([one.host.as_str(), &one.endpoint, &count(one.images, "image", "images")]);
        }
        let ecr = format!("Amazon ECR of {ACCOUNT} in {REGION}");
        table.add_row([ecr.as_str(), endpoint, "nothing yet"]);
        self.step(2, "Registries start on this machine; nothing leaves it", &screen::render(&table))
    }

    /// Shows the plan.
    pub(super) fn plan(self, plan: &PreparePlan) -> operations::Result<()> {
        let mut text = String::new();
        for rule in &plan.rules {
            let secret = if rule.credential_arn.is_some() { ", with a secret" } else { "" };
            text += &format!(
                "  new pull through cache `{}` for {}{secret}: rule, template, grant to HealthOmics\n",
                rule.prefix, rule.upstream
            );
        }
        if !text.is_empty() {
            text.push('\n');
        }
        let mut table = self.screen.table(&["IMAGE", "ROUTE", "TO DO"]);
        for image in &plan.images {
            let name = screen::short_name(&image.named.name);
            table.add_row([name.as_str(), image.named.route.label(), image.action.label()]);
        }
        self.step(3, "The plan", &(text + &screen::render(&table)))
    }

    /// Shows what came of it.
    pub(super) fn prepared(self, report: &PrepareReport) -> operations::Result<()> {
        let mut table = self.screen.table(&["IN ECR", "OUTCOME", "BYTES", "HEALTHOMICS"]);
        let mut problems = String::new();
        for image in &report.images {
            let name = image.named.destination.as_deref().unwrap_or(&image.named.name);
            let size = image.size_bytes.map(|size| size.to_string()).unwrap_or_default();
            let label = image.healthomics_access.label();
            table.add_row([&screen::short_name(name), image.outcome.label(), &size, label]);
            if let Some(error) = &image.error {
                problems += &format!("{}\n", failure::text(error));
            }
        }
        self.step(4, "Carried out and verified", &(screen::render(&table) + &problems))
    }

    /// Shows what HealthOmics pulled.
    pub(super) fn pulled(self, pulled: &[Pulled], refused: &[OperationError]) -> operations::Result<()> {
        let blobs = pulled.iter().map(|own| own.blobs).sum();
        let bytes: u64 = pulled.iter().map(|own| own.bytes).sum();
        let mut text = format!(
            "  {} with {}, {bytes} bytes, each byte checked against its digest\n",
            count(pulled.len(), "image", "images"),
            count(blobs, "config and layer", "configs and layers"),
        );
        for error in refused {
            text += &format!("{}\n", failure::text(error));
        }
        self.step(5, "Pulled as omics.amazonaws.com, as a run would", &text)
    }

    /// Shows what a second run would do, what was kept, and what comes next.
    pub(super) fn end(self, report: &DemoReport) -> operations::Result<()> {
        let again = if report.second_run_has_changes { "something is left to do" } else { "nothing to do" };
        let mut text = format!("  {again}\n");
        for file in &report.kept {
            text += &format!("  kept: {}\n", file.display());
        }
        self.step(6, "A second run", &text)?;
        if !self.speaks {
            return Ok(());
        }
        let (word, paint) = if report.is_done() { ("Done", Paint::Green) } else { ("Not done", Paint::Red) };
        let word = self.screen.paint(word, paint);
        print(&format!(
            "{word} in {:.1} s; the registries are gone again. With your AWS account:\n\n\
             \x20 omics-ecr validate\n\
             \x20 omics-ecr prepare my-workflow/ --dry-run\n\
             \x20 omics-ecr prepare my-workflow/\n",
            report.seconds
        ))
    }
}
