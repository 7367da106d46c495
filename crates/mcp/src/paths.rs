//! Which files tools may use: those below the client's roots and the folders that the server was started with.
//!
//! Paths are compared after every symbolic link in them is followed, so that none leads out.

#![expect(deprecated, reason = "clients have roots until the protocol takes them away")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use operations::OperationError;
use rmcp::model::{InputRequest, InputRequests, InputRequiredResult, ListRootsRequest};

use crate::answer::Stop;
use crate::call::Call;
use crate::state::Told;

/// The name of the question among those of a round.
const QUESTION: &str = "roots";

/// How long a client may take to name its roots.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most roots of a client that are looked at.
const MOST_ROOTS: usize = 64;

/// Folders that tools may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Allowed(Vec<PathBuf>);

impl Allowed {
    /// Returns folders, each by its own path; what is no folder is left out.
    pub(crate) fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let own = |folder: PathBuf| folder.canonicalize().ok().filter(|folder| folder.is_dir());
        Self(folders.into_iter().filter_map(own).collect())
    }

    /// Returns the path of a file or folder that is there.
    ///
    /// # Errors
    /// When it is not there, or outside.
    pub(crate) fn existing(&self, path: &str) -> operations::Result<PathBuf> {
        let tried = || OperationError::new(format!("cannot use the path `{path}`"));
        let found = self
            .resolve(path)
            .canonicalize()
            .map_err(|error| tried().refused(error).hint("name a path that exists, best an absolute one"))?;
        self.inside(found, path)
    }

    /// Returns the path of a file that is there or can be made: its folder is there.
    ///
    /// # Errors
    /// When its folder is not there, or it is outside.
    pub(crate) fn writable(&self, path: &str) -> operations::Result<PathBuf> {
        let whole = self.resolve(path);
        if whole.symlink_metadata().is_ok() {
            return self.existing(path);
        }
        let tried = || OperationError::new(format!("cannot use the path `{path}`"));
        let (Some(folder), Some(name)) = (whole.parent(), whole.file_name()) else {
            return Err(tried().refused("it names no file").hint("name a file"));
        };
        let folder = folder.canonicalize().map_err(|error| {
            tried().refused(error).hint("make its folder first, or name a file in a folder that exists")
        })?;
        self.inside(folder.join(name), path)
    }

    /// Returns a path from the first folder on.
    fn resolve(&self, path: &str) -> PathBuf {
        match self.0.first() {
            Some(folder) => folder.join(path),
            None => PathBuf::from(path),
        }
    }

    fn inside(&self, found: PathBuf, path: &str) -> operations::Result<PathBuf> {
        if self.0.iter().any(|folder| found.starts_with(folder)) {
            return Ok(found);
        }
        let refused = match self.0.as_slice() {
            [] => "this server may use no folder".to_owned(),
            folders => {
                let names: Vec<_> =
                    folders.iter().take(8).map(|folder| format!("`{}`", folder.display())).collect();
                format!("it is outside of the folders that this server may use: {}", names.join(", "))
            }
        };
        Err(OperationError::new(format!("cannot use the path `{path}`")).refused(refused).hint(
            "the user can open the folder in the client, or add `--allow-path FOLDER` to the arguments of this server",
        ))
    }
}

impl Call {
    /// Returns the folders that this call may use.
    ///
    /// The client's roots count where the client started the server itself; over HTTP anybody could name any.
    ///
    /// # Errors
    /// That the client has to name its roots first, or called off.
    pub(crate) async fn allowed(&self) -> Result<Allowed, Stop> {
        let server = &self.server;
        let mut folders = server.allowed_paths.clone();
        if server.trusts_roots
            && let Some(roots) = self.roots().await?
        {
            folders.extend(roots.iter().take(MOST_ROOTS).filter_map(|uri| file_path(uri)));
            return Ok(Allowed::new(folders));
        }
        if folders.is_empty() {
            folders.extend(working_folder());
        }
        Ok(Allowed::new(folders))
    }

    /// Returns the client's roots; `None` for a client that has none.
    async fn roots(&self) -> Result<Option<Vec<String>>, Stop> {
        if self.client().roots.is_none() {
            return Ok(None);
        }
        if self.is_stateless() {
            return self.roots_in_rounds().map(Some);
        }
        let asked = tokio::time::timeout(PATIENCE, self.context.peer.list_roots());
        match self.context.ct.run_until_cancelled(asked).await {
            None => Err(Stop::Cancelled),
            Some(Ok(Ok(listed))) => Ok(Some(listed.roots.into_iter().map(|root| root.uri).collect())),
            Some(_) => Ok(None),
        }
    }

    fn roots_in_rounds(&self) -> Result<Vec<String>, Stop> {
        if let Some(roots) = &self.told.roots {
            return Ok(roots.clone());
        }
        match self.responses.as_ref().and_then(|responses| responses.get(QUESTION)) {
            Some(answer) => {
                let uri = |root: &serde_json::Value| root["uri"].as_str().map(str::to_owned);
                Ok(answer["roots"].as_array().into_iter().flatten().filter_map(uri).collect())
            }
            None => {
                let question = InputRequest::ListRoots(ListRootsRequest::default());
                let requests = InputRequests::from([(QUESTION.to_owned(), question)]);
                let state = self.seal(&Told::default());
                Err(Stop::Ask(Box::new(InputRequiredResult::new(Some(requests), Some(state)))))
            }
        }
    }

    /// Keeps what the client said of its roots for the rounds that follow.
    pub(crate) fn remember_roots(&mut self) {
        if let Some(answer) = self.responses.as_ref().and_then(|responses| responses.get(QUESTION)) {
            let uri = |root: &serde_json::Value| root["uri"].as_str().map(str::to_owned);
            self.told.roots =
                Some(answer["roots"].as_array().into_iter().flatten().filter_map(uri).collect());
        }
    }
}

/// Returns the folder in which the server was started; none where that is the root of all files.
fn working_folder() -> Option<PathBuf> {
    std::env::current_dir().ok().filter(|folder| folder.parent().is_some())
}

/// Returns the path of a `file:` URI.
fn file_path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    let path = percent_decoded(path)?;
    // A drive of Windows stands behind a slash.
    let path = match path.as_bytes() {
        [b'/', drive, b':', ..] if drive.is_ascii_alphabetic() => path.get(1..)?,
        _ => path.as_str(),
    };
    let path = Path::new(path);
    path.is_absolute().then(|| path.to_owned())
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let value = digit(rest.next())? * 16 + digit(rest.next())?;
                bytes.push(u8::try_from(value).ok()?);
            }
            byte => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_files_of_this_machine() {
        assert_eq!(file_path("file:///home/a%20b"), Some(PathBuf::from("/home/a b")));
        assert_eq!(file_path("file://localhost/x"), Some(PathBuf::from("/x")));
        for other in ["https://x/y", "file://server/share", "file:relative", "file:///%zz"] {
            assert_eq!(file_path(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_outside_is_refused_however_it_is_written() {
        let inside = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(inside.path().join("a.wdl"), "").unwrap();
        std::fs::write(outside.path().join("b.wdl"), "").unwrap();
        let allowed = Allowed::new([inside.path().to_owned()]);
        assert!(allowed.existing("a.wdl").is_ok());
        assert!(allowed.existing(".").is_ok());
        assert!(allowed.writable("new.json").is_ok());
        let name = outside.path().file_name().unwrap().to_str().unwrap();
        for path in [format!("../{name}/b.wdl"), outside.path().join("b.wdl").display().to_string()] {
            assert!(allowed.existing(&path).unwrap_err().refused.unwrap().contains("outside"), "{path}");
            assert!(allowed.writable(&path).is_err(), "{path}");
        }
        assert!(allowed.writable("/new.json").is_err());
        assert!(allowed.writable("no/such/folder.json").is_err());
        assert!(Allowed::default().existing("/").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_do_not_lead_out() {
        let inside = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("b.json"), "{}").unwrap();
        let link =
            |from: &Path, name: &str| std::os::unix::fs::symlink(from, inside.path().join(name)).unwrap();
        link(outside.path(), "folder");
        link(&outside.path().join("b.json"), "file.json");
        link(&outside.path().join("dangling.json"), "dangling.json");
        let allowed = Allowed::new([inside.path().to_owned()]);
        for path in ["folder", "folder/b.json", "folder/new.json", "file.json", "dangling.json"] {
            assert!(allowed.existing(path).is_err(), "{path}");
            assert!(allowed.writable(path).is_err(), "{path}");
        }
    }
}
