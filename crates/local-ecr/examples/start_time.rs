//! Measures how long a start in the same process takes, until the first answer: `start_time [ROUNDS]`.

use std::io::Write;
use std::time::{Duration, Instant};

use local_ecr::{Config, Data, LocalEcr};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rounds: usize = std::env::args().nth(1).map_or(Ok(20), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let mut out = std::io::stdout();
    for (what, data) in [
        ("in memory", Data::Memory),
        ("on a new folder", Data::Folder(folder.path().to_owned())),
        ("on a folder with data", Data::Folder(folder.path().join("0"))),
    ] {
        let mut times: Vec<Duration> = Vec::new();
        for round in 0..rounds.max(1) {
            let mut config = Config::new("000000000000".parse()?, "us-east-1".parse()?);
            config.data = match &data {
                Data::Folder(folder) if what == "on a new folder" => {
                    Data::Folder(folder.join(round.to_string()))
                }
                other => other.clone(),
            };
            let begun = Instant::now();
            let server = LocalEcr::start(config).await?;
            tokio::net::TcpStream::connect(server.address()).await?;
            times.push(begun.elapsed());
            server.stop().await;
        }
        times.sort_unstable();
        let (median, most) = (times[times.len() / 2], times[times.len() - 1]);
        writeln!(out, "{what}: median {median:.1?}, longest {most:.1?} of {} starts", times.len())?;
    }
    Ok(())
}
