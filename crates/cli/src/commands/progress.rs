//! What happens while images come into ECR, on standard error: a bar on a terminal, lines elsewhere.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use operations::clone::{CloneEvent, ClonePlan, CloneSink, Stage};

use crate::failure::remark;
use crate::manner;
use crate::screen::count;

/// Work that takes no longer shows no bar.
const QUIET: Duration = Duration::from_millis(250);

/// How often the bar is drawn in a second at most.
const FRAMES: u8 = 30;

/// Shows what happens.
pub(crate) struct Progress {
    /// The images' names, by their place in the plan.
    names: Vec<(String, String)>,
    bar: ProgressBar,
    terminal: bool,
    began: Instant,
    shown: AtomicBool,
}

impl Progress {
    /// Returns what shows the making of a plan.
    pub(crate) fn of_planning(images: usize) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        bar.set_message(format!("looking at {}", count(images, "image", "images")));
        bar.set_style(style("{spinner} {msg}"));
        let own = Self::new(Vec::new(), bar);
        // Nothing is told while registries are asked, so the spinner turns by itself.
        if own.terminal {
            own.show();
            own.bar.enable_steady_tick(QUIET);
        }
        own
    }

    /// Returns what shows a plan being carried out.
    pub(crate) fn of_applying(plan: Option<&ClonePlan>) -> Self {
        let names = plan.into_iter().flat_map(|plan| &plan.images);
        let names = names.map(|image| (image.source.clone(), image.destination.clone())).collect();
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        bar.set_style(style("{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {msg}"));
        Self::new(names, bar)
    }

    fn new(names: Vec<(String, String)>, bar: ProgressBar) -> Self {
        let terminal = std::io::stderr().is_terminal() && !manner::get().is_logging();
        Self { names, bar, terminal, began: Instant::now(), shown: AtomicBool::new(false) }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }

    fn show(&self) {
        if manner::get().progress && !self.shown.swap(true, Ordering::Relaxed) {
            self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(FRAMES));
        }
    }

    fn line(&self, text: &str) {
        if self.terminal {
            self.bar.set_message(text.to_owned());
        } else if manner::get().progress {
            remark(text);
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl CloneSink for Progress {
    fn event(&self, event: &CloneEvent) {
        if self.terminal && self.began.elapsed() > QUIET {
            self.show();
        }
        match event {
            CloneEvent::PullLimit { registry, wanted, fit } if fit < wanted => {
                // Worth a line of its own even beside a bar.
                self.bar.suspend(|| remark(&format!("{registry}: {fit} of your {wanted} images fit now")));
            }
            CloneEvent::PullLimit { .. } => {}
            CloneEvent::RepositoryCreated(name) => self.line(&format!("created repository {name}")),
            CloneEvent::AccessGranted(name) => self.line(&format!("HealthOmics may read {name}")),
            CloneEvent::Copying { images, bytes } => {
                self.bar.set_length(*bytes);
                let images = count(*images, "image", "images");
                self.line(&format!("copying {images}"));
            }
            CloneEvent::Bytes(bytes) => self.bar.set_position(*bytes),
            CloneEvent::Image { image, stage } => {
                let Some((source, destination)) = self.names.get(*image) else { return };
                match stage {
                    Stage::Started => {}
                    Stage::Fetching => self.line(&format!("ECR fetches {source}")),
                    Stage::Finished => self.line(&format!("{source} is at {destination}")),
                    Stage::Failed => self.line(&format!("{source} failed")),
                }
            }
        }
    }
}
