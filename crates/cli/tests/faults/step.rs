//! What a request is for.

/// Returns the step that a request is, by its line: an operation's name, or a method and a kind of thing.
pub(crate) fn of(line: &str) -> String {
    let Some((method, path)) = line.split_once(' ') else { return line.to_owned() };
    if !path.starts_with('/') {
        return path.to_owned();
    }
    if path == "/" {
        // Only this one is no JSON.
        return "GetCallerIdentity".to_owned();
    }
    let kind = match path {
        "/v2/" => "registry",
        _ if path.contains("/blobs/uploads/") && path.contains("mount=") => "mount",
        _ if path.contains("/blobs/uploads/") => "upload",
        _ if path.contains("/blobs/") => "blob",
        _ if path.contains("/manifests/") => "manifest",
        _ if path.contains("/referrers/") => "referrers",
        _ if path.contains("/tags/") => "tags",
        _ => "download",
    };
    format!("{method} {kind}")
}
