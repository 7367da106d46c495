//! Where a server keeps its data, and how that is written as text.

use std::path::PathBuf;
use std::str::FromStr;

use object_store::aws::AmazonS3ConfigKey;

/// Where a server keeps its data.
///
/// As text: `:memory:`, `s3://bucket/prefix`, or the path of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In a folder, which is created when missing; survives a restart and a kill.
    Folder(PathBuf),
    /// In memory, with blobs in a folder for temporary files that goes away with the server.
    Memory,
    /// In a bucket, which any number of servers may share at the same time.
    S3(S3Location),
}

/// A place in a bucket of Amazon S3, or of a service that speaks its protocol, and how to reach it.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Location {
    bucket: String,
    prefix: String,
    settings: Vec<(AmazonS3ConfigKey, String)>,
}

/// Why a text names no place for data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is no text.
    #[error("no place for data is named")]
    Empty,
    /// It is a URL, but not one of S3.
    #[error("cannot keep data at `{0}`: a folder, `:memory:` or `s3://bucket/prefix` is needed")]
    Scheme(String),
    /// The bucket's name cannot be one.
    #[error("`{0}` is no name of a bucket")]
    Bucket(String),
    /// The prefix has a part that is empty, `.` or `..`.
    #[error("`{0}` is no prefix of keys in a bucket")]
    Prefix(String),
}

impl FromStr for Data {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        match text.split_once("://") {
            _ if text.is_empty() => Err(DataError::Empty),
            _ if text == ":memory:" => Ok(Self::Memory),
            None => Ok(Self::Folder(PathBuf::from(text))),
            Some(("s3", rest)) => {
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                S3Location::new(bucket, prefix).map(Self::S3)
            }
            Some(_) => Err(DataError::Scheme(text.to_owned())),
        }
    }
}

impl Data {
    /// Returns whether the data outlives its server.
    pub fn is_kept(&self) -> bool {
        !matches!(self, Self::Memory)
    }

    /// Returns the same place with what the variables of an environment say about reaching S3.
    ///
    /// Variables are given as data; those that say nothing about S3 are passed over. Known are
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_DEFAULT_REGION`,
    /// `AWS_ENDPOINT_URL_S3`, those of web identities and of container credentials, and `AWS_ALLOW_HTTP`,
    /// which an endpoint without TLS implies. `AWS_ENDPOINT_URL` is left to other services.
    #[must_use]
    pub fn with_environment(self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let Self::S3(mut location) = self else { return self };
        for (name, value) in variables {
            let name = name.to_ascii_lowercase();
            if !name.starts_with("aws_") || name == "aws_endpoint_url" || value.is_empty() {
                continue;
            }
            if let Ok(key) = name.parse() {
                location.set(key, value);
            }
        }
        Self::S3(location)
    }
}

impl S3Location {
    /// Returns the place below a prefix of a bucket; an empty prefix is the whole bucket.
    ///
    /// # Errors
    /// [`DataError`] for a name that no bucket has, and for a prefix with an empty part, `.` or `..`.
    pub fn new(bucket: &str, prefix: &str) -> Result<Self, DataError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(allowed) {
            return Err(DataError::Bucket(bucket.to_owned()));
        }
        let prefix = prefix.trim_end_matches('/');
        let wrong = |part: &str| matches!(part, "" | "." | "..") || !part.bytes().all(allowed);
        if !prefix.is_empty() && prefix.split('/').any(wrong) {
            return Err(DataError::Prefix(prefix.to_owned()));
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned(), settings: Vec::new() })
    }

    /// Returns the same place with the keys of an identity, and with its session's token where it has one.
    ///
    /// Without keys the credentials of the machine, its container or its web identity are taken.
    #[must_use]
    pub fn with_credentials(
        mut self,
        access_key_id: &str,
        secret_access_key: &str,
        token: Option<&str>,
    ) -> Self {
        self.set(AmazonS3ConfigKey::AccessKeyId, access_key_id.to_owned());
        self.set(AmazonS3ConfigKey::SecretAccessKey, secret_access_key.to_owned());
        if let Some(token) = token {
            self.set(AmazonS3ConfigKey::Token, token.to_owned());
        }
        self
    }

    /// Returns the same place in a Region.
    #[must_use]
    pub fn with_region(mut self, region: &str) -> Self {
        self.set(AmazonS3ConfigKey::Region, region.to_owned());
        self
    }

    /// Returns the same place at another service than Amazon S3: `http://127.0.0.1:9000`.
    #[must_use]
    pub fn with_endpoint(mut self, url: &str) -> Self {
        self.set(AmazonS3ConfigKey::S3Endpoint, url.to_owned());
        self
    }

    fn set(&mut self, key: AmazonS3ConfigKey, value: String) {
        self.settings.retain(|(known, _)| *known != key);
        self.settings.push((key, value));
    }

    /// Returns the bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Returns what all keys begin with, without a slash at its end.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns how the place is reached.
    pub(super) fn settings(&self) -> &[(AmazonS3ConfigKey, String)] {
        &self.settings
    }
}

impl std::fmt::Debug for S3Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Settings hold secrets.
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_names_a_place() {
        assert_eq!(":memory:".parse(), Ok(Data::Memory));
        assert_eq!("/srv/ecr".parse(), Ok(Data::Folder("/srv/ecr".into())));
        assert_eq!("s3".parse(), Ok(Data::Folder("s3".into())));
        for (text, bucket, prefix) in [
            ("s3://images", "images", ""),
            ("s3://images/", "images", ""),
            ("s3://my.images/registry/one/", "my.images", "registry/one"),
        ] {
            let Ok(Data::S3(location)) = text.parse() else { panic!("{text} is a place in a bucket") };
            assert_eq!((location.bucket(), location.prefix()), (bucket, prefix));
        }
        assert_eq!("".parse::<Data>(), Err(DataError::Empty));
        for refused in
            ["gs://images", "s3://", "s3:///x", "s3://a", "s3://images//x", "s3://images/../x", "s3://a b c"]
        {
            assert!(refused.parse::<Data>().is_err(), "{refused}");
        }
    }

    #[test]
    fn the_environment_is_data_and_never_shown() {
        let variables = [
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "hidden"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:4566"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
            ("AWS_PROFILE", "other"),
            ("REGION", "mars"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let data = "s3://images/x".parse::<Data>().expect("a place").with_environment(variables);
        let Data::S3(location) = &data else { panic!("it is a place in a bucket") };
        assert_eq!(location.settings().len(), 3);
        assert!(!format!("{data:?}").contains("hidden"));
        assert_eq!(Data::Memory.with_environment([]), Data::Memory);
    }
}
