//! What can be typed about carrying out a plan.

use clap::Args;

/// How a plan is carried out.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Plan")]
pub(crate) struct PlanArguments {
    /// Show the plan and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Carry the plan out without asking; asked is only on a terminal
    #[arg(long, short)]
    pub(crate) yes: bool,
}
