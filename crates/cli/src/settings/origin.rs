//! What sets a setting.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// What sets a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Origin {
    /// An environment variable.
    Variable {
        /// Its name.
        name: String,
    },
    /// The nearest file above the working folder.
    Project {
        /// The file.
        path: PathBuf,
        /// The line in it, from 1.
        line: usize,
    },
    /// The user's own file.
    User {
        /// The file.
        path: PathBuf,
        /// The line in it, from 1.
        line: usize,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable { name } => write!(f, "environment variable {name}"),
            Self::Project { path, line } | Self::User { path, line } => {
                write!(f, "{}:{line}", path.display())
            }
        }
    }
}
