//! Runs a registry until it is interrupted: `serve PORT [STORAGE] [HOST=URL]...`, where a host of an upstream
//! registry answers at a URL. The storage is a folder or `s3://bucket/prefix`, which the variables of the
//! environment that the AWS CLI knows say how to reach; an empty one keeps everything in memory.

use std::io::Write;

use local_ecr::{Config, Data, LocalEcr};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut config = Config::new("000000000000".parse()?, "us-east-1".parse()?);
    if let Some(account) = std::env::var_os("LOCAL_ECR_ACCOUNT").and_then(|value| value.into_string().ok()) {
        config.account = account.parse()?;
    }
    config.address.set_port(arguments.next().map_or(Ok(4566), |port| port.parse())?);
    if let Some(storage) = arguments.next().filter(|storage| !storage.is_empty()) {
        config.data = storage.parse::<Data>()?.with_environment(std::env::vars());
    }
    for argument in arguments {
        let (host, url) = argument.split_once('=').ok_or("an upstream is HOST=URL")?;
        config.pull_through.upstreams.insert(host.parse()?, url.to_owned());
    }
    let server = LocalEcr::start(config).await?;
    writeln!(std::io::stdout(), "{}", server.endpoint())?;
    std::future::pending::<()>().await;
    Ok(())
}
