//! Paths below `/v2/`, read from the right: names of repositories contain slashes.

use std::borrow::Cow;

use axum::http::Method;
use percent_encoding::percent_decode_str;

use super::error::OciError;
use crate::constraint;

/// Longest path that is looked at, in bytes.
const LONGEST: usize = 2048;

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// `/v2/`
    Base,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/<name>/tags/list`
    Tags {
        /// The repository.
        name: &'a str,
    },
    /// `/v2/<name>/manifests/<reference>`
    Manifest {
        /// The repository.
        name: &'a str,
        /// A tag or a digest.
        reference: &'a str,
    },
    /// `/v2/<name>/blobs/<digest>`
    Blob {
        /// The repository.
        name: &'a str,
        /// The digest.
        digest: &'a str,
    },
    /// `/v2/<name>/blobs/uploads/`
    Uploads {
        /// The repository.
        name: &'a str,
    },
    /// `/v2/<name>/blobs/uploads/<id>`
    Upload {
        /// The repository.
        name: &'a str,
        /// The upload.
        id: &'a str,
    },
    /// `/v2/<name>/referrers/<digest>`
    Referrers {
        /// The repository.
        name: &'a str,
        /// The digest.
        digest: &'a str,
    },
}

/// Returns a path without percent signs.
pub(super) fn decode(path: &str) -> Result<Cow<'_, str>, OciError> {
    if path.len() > LONGEST {
        return Err(OciError::no_route());
    }
    percent_decode_str(path).decode_utf8().map_err(|_| OciError::no_route())
}

impl<'a> Target<'a> {
    /// Reads a decoded path; the name of a repository in it is one.
    pub(super) fn read(path: &'a str) -> Result<Self, OciError> {
        let rest = path.strip_prefix("/v2").ok_or_else(OciError::no_route)?;
        let Some(rest) = rest.strip_prefix('/') else {
            return if rest.is_empty() { Ok(Self::Base) } else { Err(OciError::no_route()) };
        };
        match rest {
            "" => return Ok(Self::Base),
            "_catalog" => return Ok(Self::Catalog),
            _ => {}
        }
        let target = Self::split(rest).ok_or_else(OciError::no_route)?;
        let name = target.name();
        if !constraint::REPOSITORY_NAME.holds(name) {
            return Err(OciError::name(name));
        }
        Ok(target)
    }

    fn split(rest: &'a str) -> Option<Self> {
        if let Some(name) = rest.strip_suffix("/blobs/uploads/").or(rest.strip_suffix("/blobs/uploads")) {
            return Some(Self::Uploads { name });
        }
        let (before, last) = rest.rsplit_once('/')?;
        if let Some(name) = before.strip_suffix("/blobs/uploads") {
            return Some(Self::Upload { name, id: last });
        }
        if let Some(name) = before.strip_suffix("/manifests") {
            return Some(Self::Manifest { name, reference: last });
        }
        if let Some(name) = before.strip_suffix("/blobs") {
            return Some(Self::Blob { name, digest: last });
        }
        if let Some(name) = before.strip_suffix("/referrers") {
            return Some(Self::Referrers { name, digest: last });
        }
        let name = before.strip_suffix("/tags")?;
        (last == "list").then_some(Self::Tags { name })
    }

    /// Returns what a request is called in the log and in the figures.
    pub(super) fn operation(&self, method: &Method) -> &'static str {
        match (self, method.as_str()) {
            (Self::Base, _) => "Ping",
            (Self::Catalog, _) => "Catalog",
            (Self::Tags { .. }, _) => "ListTags",
            (Self::Referrers { .. }, _) => "ListReferrers",
            (Self::Manifest { .. }, "GET") => "GetManifest",
            (Self::Manifest { .. }, "HEAD") => "HeadManifest",
            (Self::Manifest { .. }, "PUT") => "PutManifest",
            (Self::Manifest { .. }, "DELETE") => "DeleteManifest",
            (Self::Blob { .. }, "GET") => "GetBlob",
            (Self::Blob { .. }, "HEAD") => "HeadBlob",
            (Self::Blob { .. }, "DELETE") => "DeleteBlob",
            (Self::Uploads { .. }, "POST") => "StartUpload",
            (Self::Upload { .. }, "GET") => "GetUpload",
            (Self::Upload { .. }, "PATCH") => "AppendUpload",
            (Self::Upload { .. }, "PUT") => "FinishUpload",
            (Self::Upload { .. }, "DELETE") => "CancelUpload",
            _ => "other",
        }
    }

    /// Returns the action of ECR that a request is, with its repository; `None` for the ping, for what is no
    /// action, and for pulls of manifests, which are judged after what they import.
    pub(super) fn action(&self, method: &Method) -> Option<(&'static str, &'a str)> {
        let action = match (self, method.as_str()) {
            (Self::Tags { .. }, _) => "ecr:ListImages",
            (Self::Referrers { .. }, _) => "ecr:BatchGetImage",
            (Self::Manifest { .. }, "PUT") => "ecr:PutImage",
            (Self::Manifest { .. }, "DELETE") => "ecr:BatchDeleteImage",
            (Self::Blob { .. }, "GET") => "ecr:GetDownloadUrlForLayer",
            (Self::Blob { .. }, "HEAD") => "ecr:BatchCheckLayerAvailability",
            (Self::Blob { .. }, "DELETE") => "ecr:BatchDeleteImage",
            (Self::Uploads { .. }, _) => "ecr:InitiateLayerUpload",
            (Self::Upload { .. }, "PUT") => "ecr:CompleteLayerUpload",
            (Self::Upload { .. }, _) => "ecr:UploadLayerPart",
            _ => return None,
        };
        Some((action, self.name()))
    }

    fn name(&self) -> &'a str {
        match self {
            Self::Base | Self::Catalog => "",
            Self::Tags { name }
            | Self::Manifest { name, .. }
            | Self::Blob { name, .. }
            | Self::Uploads { name }
            | Self::Upload { name, .. }
            | Self::Referrers { name, .. } => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_keep_their_slashes() {
        assert_eq!(Target::read("/v2/").expect("base"), Target::Base);
        assert_eq!(Target::read("/v2").expect("base"), Target::Base);
        assert_eq!(
            Target::read("/v2/a/blobs/b/manifests/latest").expect("a manifest"),
            Target::Manifest { name: "a/blobs/b", reference: "latest" }
        );
        assert_eq!(
            Target::read("/v2/tags/list/tags/list").expect("tags"),
            Target::Tags { name: "tags/list" }
        );
        assert_eq!(Target::read("/v2/a/b/blobs/uploads/").expect("uploads"), Target::Uploads { name: "a/b" });
        assert_eq!(
            Target::read("/v2/a1/blobs/uploads/x").expect("an upload"),
            Target::Upload { name: "a1", id: "x" }
        );
    }

    #[test]
    fn a_name_that_cannot_be_is_refused() {
        for path in [
            "/v2/../manifests/a",
            "/v2/a/../../etc/manifests/a",
            "/v2/A/manifests/a",
            "/v2//manifests/a",
            "/v2/manifests/a",
            "/v2/a\0b/manifests/a",
            "/v1/a/manifests/a",
            "/v2/aa/other/x",
            "/v2x",
        ] {
            assert!(Target::read(path).is_err(), "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn any_path_is_read_or_refused(path in "(/v2/)?[a-z./%0-9\u{0}-\u{ff}_-]{0,80}(/manifests/|/blobs/uploads/|/tags/list|/blobs/)?[ -~]{0,20}") {
            if let Ok(decoded) = decode(&path)
                && let Ok(target) = Target::read(&decoded)
            {
                let name = target.name();
                prop_assert!(!name.contains("..") && !name.contains('\0') && !name.starts_with('/'));
                prop_assert!(matches!(target, Target::Base | Target::Catalog) || constraint::REPOSITORY_NAME.holds(name));
            }
        }

        #[test]
        fn every_name_is_found_again(name in "[a-z0-9]{1,8}(/(tags|blobs|uploads|manifests|[a-z0-9]{1,5})){1,4}", tag in "[a-z0-9]{1,8}") {
            let path = format!("/v2/{name}/manifests/{tag}");
            prop_assert_eq!(Target::read(&path).expect("it is a manifest"), Target::Manifest { name: &name, reference: &tag });
        }
    }
}
