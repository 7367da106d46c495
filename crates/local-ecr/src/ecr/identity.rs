//! Who makes a request.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The role that service principals act by, as GetCallerIdentity and lists of principals name it.
pub(crate) const SERVICE_ROLE: &str = "local-ecr";

/// The principal of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Caller {
    /// The account's own user, who may do everything.
    Account,
    /// A service principal such as `example.amazonaws.com`, whom only policies of resources let in.
    Service(String),
}

impl Caller {
    /// Returns the service principal that a name is, or `None` for any other name.
    pub(crate) fn service(name: &str) -> Option<Self> {
        let label = name.strip_suffix(".amazonaws.com").or_else(|| name.strip_suffix(".amazonaws.com.cn"))?;
        let word =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        (!label.is_empty() && label.len() <= 64 && label.bytes().all(word))
            .then(|| Self::Service(name.to_owned()))
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account => f.write_str("the account"),
            Self::Service(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_service_names_are_services() {
        assert_eq!(
            Caller::service("omics.amazonaws.com"),
            Some(Caller::Service("omics.amazonaws.com".to_owned()))
        );
        for other in ["AKIAIOSFODNN7EXAMPLE", ".amazonaws.com", "amazonaws.com", "a b.amazonaws.com", ""] {
            assert_eq!(Caller::service(other), None, "{other}");
        }
    }
}
