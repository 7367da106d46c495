//! Copies images: `copy [OPTIONS] SOURCE DESTINATION`, or `copy [OPTIONS] --from-file FILE` with a pair a line.
//!
//! Registries on this machine are spoken to without TLS. Prints one line an image and exits with 1 if any is not
//! there in the end. Interrupting it stops cleanly.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use registry::copy::{CopyJob, CopyOptions, ImageCopy, Outcome, Overwrite, Silent, copy};
use registry::{Client, ClientOptions, DockerConfig, PlatformChoice};
use tokio_util::sync::CancellationToken;

const USAGE: &str = "copy [--from-file FILE] [--all-platforms] [--overwrite] [--referrers] [--transfers N] \
                     [--idle-timeout SECONDS] [--docker-config FILE] [SOURCE DESTINATION]";

type Failure = Box<dyn std::error::Error>;

struct Arguments {
    job: CopyJob,
    client: ClientOptions,
}

fn read_arguments() -> Result<Arguments, Failure> {
    let mut client = ClientOptions::default();
    let mut options = CopyOptions::default();
    let mut names = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--all-platforms" => options.platforms = PlatformChoice::All,
            "--overwrite" => options.overwrite = Overwrite::Allow,
            "--referrers" => options.referrers = true,
            "--transfers" => options.transfers = value()?.parse()?,
            "--idle-timeout" => client.idle_timeout = Duration::try_from_secs_f64(value()?.parse()?)?,
            "--docker-config" => client.credentials = Arc::new(DockerConfig::new(PathBuf::from(value()?))),
            "--from-file" => {
                let text = std::fs::read_to_string(value()?)?;
                let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
                names.extend(lines.flat_map(str::split_whitespace).map(str::to_owned));
            }
            other if other.starts_with('-') => return Err(USAGE.into()),
            _ => names.push(argument),
        }
    }
    if names.is_empty() || names.len() % 2 != 0 {
        return Err(USAGE.into());
    }
    let mut images = Vec::new();
    for pair in names.chunks_exact(2) {
        images.push(ImageCopy { source: pair[0].parse()?, destination: pair[1].parse()? });
    }
    Ok(Arguments { job: CopyJob { images, options }, client })
}

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let Arguments { job, client } = read_arguments()?;
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    let report = copy(&Client::new(client)?, &job, Arc::new(Silent), &cancel).await;
    for image in &report.images {
        let outcome = match &image.outcome {
            Outcome::Copied => "copied".to_owned(),
            Outcome::UpToDate => "up to date".to_owned(),
            Outcome::Conflict { existing } => format!("conflict with {existing}"),
            Outcome::Failed(error) => error.to_string(),
            Outcome::Cancelled => "called off".to_owned(),
        };
        println!(
            "{} {outcome} moved={} mounted={} skipped={} retries={} {:.2}s",
            image.destination,
            image.moved,
            image.mounted,
            image.skipped,
            image.retries,
            image.duration.as_secs_f32()
        );
    }
    Ok(if report.is_done() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
