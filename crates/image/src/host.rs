//! Hosts of registries.

use std::fmt;
use std::str::FromStr;

use crate::error::{ImageError, Problem};
use crate::grammar::Cursor;

/// The host of a registry with its port, if it has one: `quay.io`, `localhost:5000`, `[::1]:5000`.
///
/// Letters are small: hosts do not tell capitals apart. Docker Hub is always `docker.io`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryHost(String);

/// The name under which this workspace knows Docker Hub.
const DOCKER_HUB: &str = "docker.io";

/// The hosts people write for Docker Hub.
pub(crate) const DOCKER_HUB_HOSTS: [&str; 4] =
    [DOCKER_HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

/// Longest host name, in characters.
const LONGEST: usize = 253;

impl RegistryHost {
    /// Returns the host of Docker Hub.
    pub fn docker_hub() -> Self {
        Self(DOCKER_HUB.to_owned())
    }

    /// Returns whether this is Docker Hub, where names of one part belong to `library/`.
    pub fn is_docker_hub(&self) -> bool {
        self.0 == DOCKER_HUB
    }

    /// Returns the host and port as written in references.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the first part of a name is a host by Docker's rule: it has a dot or a colon, or is
    /// `localhost`.
    pub fn looks_like_host(part: &str) -> bool {
        part.contains(['.', ':']) || part == "localhost"
    }

    /// Returns the host that a text is, where its maker knows that it is one, in small letters.
    pub(crate) fn from_checked(host: String) -> Self {
        Self(host)
    }

    pub(crate) fn read(text: Cursor<'_>) -> Result<Self, ImageError> {
        if text.text().is_empty() {
            return Err(text.error(Problem::Empty("host")));
        }
        let (name, port) = match text.text().find(']') {
            Some(close) if text.text().starts_with('[') => {
                let rest = text.part(close + 1..text.text().len());
                let port = match rest.text() {
                    "" => None,
                    other if other.starts_with(':') => Some(rest.part(1..other.len())),
                    _ => return Err(rest.error(Problem::Character("host"))),
                };
                let address = text.part(1..close);
                if address.text().parse::<std::net::Ipv6Addr>().is_err() {
                    return Err(address.error(Problem::Form("an IPv6 address between brackets")));
                }
                (None, port)
            }
            _ => match text.split_once(':') {
                Some((name, port)) => (Some(name), Some(port)),
                None => (Some(text), None),
            },
        };
        if let Some(name) = name {
            check_name(name)?;
        }
        if let Some(port) = port {
            let digits = port.text().bytes().all(|byte| byte.is_ascii_digit());
            if !digits || !port.text().parse::<u16>().is_ok_and(|port| port > 0) {
                return Err(port.error(Problem::Port));
            }
        }
        let host = text.text().to_ascii_lowercase();
        if DOCKER_HUB_HOSTS.contains(&host.as_str()) {
            return Ok(Self::docker_hub());
        }
        Ok(Self(host))
    }
}

fn check_name(name: Cursor<'_>) -> Result<(), ImageError> {
    if name.text().is_empty() {
        return Err(name.error(Problem::Empty("host")));
    }
    if name.text().len() > LONGEST {
        return Err(name.error(Problem::Length("host", format!("at most {LONGEST} characters"))));
    }
    name.each_char("host", |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))?;
    let mut start = 0;
    for label in name.text().split('.') {
        let part = name.part(start..start + label.len());
        if label.is_empty() {
            return Err(part.error(Problem::Empty("part of the host")));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err(part.error(Problem::Separator("host")));
        }
        start += label.len() + 1;
    }
    Ok(())
}

impl FromStr for RegistryHost {
    type Err = ImageError;

    /// Reads a host as people write it; a leading `https://` and a trailing slash are forgiven.
    fn from_str(text: &str) -> Result<Self, ImageError> {
        let cursor = Cursor::new("a registry host", text);
        let start = ["https://", "http://", "docker://"].iter().find(|scheme| text.starts_with(**scheme));
        let start = start.map_or(0, |scheme| scheme.len());
        let end = if text.len() > start && text.ends_with('/') { text.len() - 1 } else { text.len() };
        Self::read(cursor.part(start..end))
    }
}

impl fmt::Display for RegistryHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
