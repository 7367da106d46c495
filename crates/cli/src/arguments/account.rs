//! What can be typed to say which account a command works on: one of AWS, or an ECR of this machine's own.

use std::time::Duration;

use clap::Args;
use image::{ImageError, RegistryHost};
use local_ecr::{Data, DataError};

use super::TargetArguments;
use crate::environment;

/// Which account, in which Region, as whom.
#[derive(Debug, Clone, Args)]
pub(crate) struct AccountArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Profile of the AWS configuration [env: OMICS_ECR_PROFILE, AWS_PROFILE]
    #[arg(long, value_name = "NAME", help_heading = "AWS")]
    pub(crate) profile: Option<String>,
    /// Address of an ECR that is not AWS's own [env: OMICS_ECR_ENDPOINT_URL, AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL", group = "not_aws", help_heading = "AWS")]
    pub(crate) endpoint_url: Option<String>,
    /// Work on an ECR of this machine's own: no AWS account is needed
    #[arg(long, group = "not_aws", conflicts_with = "profile", help_heading = "Local ECR")]
    pub(crate) local: bool,
    /// Where the local ECR keeps its data, :memory: for nowhere [default: the one of `omics-ecr local`]
    #[arg(long, value_name = "FOLDER", value_parser = read_data, requires = "local", help_heading = "Local ECR")]
    pub(crate) local_data: Option<Data>,
    /// Upstream registry that answers elsewhere, such as quay.io=http://127.0.0.1:5001; an ECR that runs already goes by
    /// its own
    #[arg(
        long = "upstream",
        value_name = "HOST=URL",
        value_parser = read_upstream,
        requires = "not_aws",
        help_heading = "Local ECR"
    )]
    pub(crate) upstreams: Vec<(RegistryHost, String)>,
}

/// Reads a folder, `:memory:`, or `s3://bucket/prefix` with what the environment says about reaching it.
pub(super) fn read_data(text: &str) -> Result<Data, String> {
    let data: Data = text.parse().map_err(|error: DataError| error.to_string())?;
    Ok(data.with_environment(environment::bucket()))
}

/// Reads `HOST=URL`.
pub(super) fn read_upstream(text: &str) -> Result<(RegistryHost, String), String> {
    let (host, url) =
        text.split_once('=').ok_or("it must be HOST=URL, such as quay.io=http://127.0.0.1:5001")?;
    let host = host.parse().map_err(|error: ImageError| error.to_string())?;
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(format!("`{url}` is no URL with http:// or https://"));
    }
    Ok((host, url.to_owned()))
}

/// Reads a time such as `90s`, `30m`, `24h` or `7d`.
pub(super) fn read_duration(text: &str) -> Result<Duration, String> {
    let form = || "it must be a number with s, m, h or d, such as 24h".to_owned();
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(form)?;
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(form()),
    };
    let number: u64 = number.parse().map_err(|_| form())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_number_and_a_unit() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("30m", 1800), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(read_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "h", "24", "24 h", "-1h", "1w", "18446744073709551615d", "99999999999999999999s"] {
            assert!(read_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_upstream_is_a_host_and_a_url() {
        let (host, url) =
            read_upstream("quay.io=http://127.0.0.1:5001").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((host.to_string().as_str(), url.as_str()), ("quay.io", "http://127.0.0.1:5001"));
        for text in ["quay.io", "quay.io=127.0.0.1:5001", "=http://x", "a b=http://x"] {
            assert!(read_upstream(text).is_err(), "{text}");
        }
    }
}
