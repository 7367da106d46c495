//! Access keys: the named credentials that a server takes, read from a file in the form of AWS's own.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::ecr::identity::Caller;

/// Longest text of access keys, in bytes.
const LONGEST_TEXT: usize = 1 << 20;
/// Fewest and most characters of a secret.
const SECRET: std::ops::RangeInclusive<usize> = 16..=256;
/// Most characters of a name or an id.
const LONGEST_NAME: usize = 128;

/// The access keys that a server takes; clones share them.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessKeys(Arc<HashMap<String, AccessKey>>);

/// One access key.
#[derive(PartialEq, Eq)]
pub(crate) struct AccessKey {
    /// What the key is called in the log.
    pub(crate) name: String,
    /// The secret that requests are signed with.
    pub(crate) secret: Zeroizing<String>,
    /// Who acts by it.
    pub(crate) caller: Caller,
}

/// Why access keys cannot be taken; says nothing of their secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AccessKeyError(String);

impl AccessKeys {
    /// Reads access keys in the form of AWS's shared credentials file: sections `[name]` with
    /// `aws_access_key_id`, `aws_secret_access_key` of 16 to 256 characters and, where the key stands for an AWS
    /// service, `acts_for` with its principal. Other settings are left aside.
    ///
    /// # Errors
    /// [`AccessKeyError`] names the line or the section, for what has not this form and where there is no key.
    pub fn read(text: &str) -> Result<Self, AccessKeyError> {
        if text.len() > LONGEST_TEXT {
            return Err(AccessKeyError(format!("there are more than {LONGEST_TEXT} bytes")));
        }
        let mut keys = HashMap::new();
        for section in sections(text)? {
            let (id, key) = section.key()?;
            let name = key.name.clone();
            if keys.insert(id, key).is_some() {
                return Err(AccessKeyError(format!("[{name}] has the access key id of another section")));
            }
        }
        if keys.is_empty() {
            return Err(AccessKeyError("there is no section with an access key".to_owned()));
        }
        Ok(Self(Arc::new(keys)))
    }

    /// Returns one access key of the account, under its own id as name.
    ///
    /// # Errors
    /// [`AccessKeyError`] for an id or a secret that none can have.
    pub fn one(id: &str, secret: &str) -> Result<Self, AccessKeyError> {
        let section = Section { name: id, id: Some(id), secret: Some(secret), ..Section::default() };
        Ok(Self(Arc::new(HashMap::from([section.key()?]))))
    }

    /// Returns the key of an id.
    pub(crate) fn get(&self, id: &str) -> Option<&AccessKey> {
        self.0.get(id)
    }
}

impl fmt::Debug for AccessKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.values().map(|key| &key.name)).finish()
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AccessKey").field(&self.name).finish()
    }
}

/// A section of the file.
#[derive(Default)]
struct Section<'a> {
    name: &'a str,
    id: Option<&'a str>,
    secret: Option<&'a str>,
    acts_for: Option<&'a str>,
}

impl Section<'_> {
    fn key(&self) -> Result<(String, AccessKey), AccessKeyError> {
        let refuse = |why: &str| Err(AccessKeyError(format!("[{}] {why}", self.name)));
        let Some(id) = self.id else { return refuse("has no aws_access_key_id") };
        let Some(secret) = self.secret else { return refuse("has no aws_secret_access_key") };
        // What could not stand in the header of a signed request.
        let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if id.is_empty() || id.len() > LONGEST_NAME || !id.bytes().all(word) {
            return refuse("has an aws_access_key_id with other characters than letters, digits, - _ and .");
        }
        if !SECRET.contains(&secret.len()) {
            return refuse("has an aws_secret_access_key of fewer than 16 or more than 256 characters");
        }
        let caller = match self.acts_for {
            None => Some(Caller::Account),
            Some(service) => Caller::service(service),
        };
        let Some(caller) = caller else {
            return refuse("acts_for no service principal, such as omics.amazonaws.com");
        };
        let secret = Zeroizing::new(secret.to_owned());
        Ok((id.to_owned(), AccessKey { name: self.name.to_owned(), secret, caller }))
    }
}

fn sections(text: &str) -> Result<Vec<Section<'_>>, AccessKeyError> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let refuse = |why: &str| Err(AccessKeyError(format!("line {} {why}", number + 1)));
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            let Some(name) = name.strip_suffix(']') else {
                return refuse("opens a section and does not close it");
            };
            let name = name.trim();
            if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
                return refuse("has no name that a section can have");
            }
            sections.push(Section { name, ..Section::default() });
            continue;
        }
        let Some((name, value)) = line.split_once('=') else { return refuse("is no `name = value`") };
        let Some(section) = sections.last_mut() else { return refuse("stands before the first section") };
        let place = match name.trim() {
            "aws_access_key_id" => &mut section.id,
            "aws_secret_access_key" => &mut section.secret,
            "acts_for" => &mut section.acts_for,
            _ => continue,
        };
        if place.replace(value.trim()).is_some() {
            return refuse("says again what its section has said");
        }
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "# keys\n[alice]\naws_access_key_id = AKIALICE\naws_secret_access_key= 0123456789abcdef=/+\n\
                       region = us-east-1\n\n[run]\naws_access_key_id=run\naws_secret_access_key=fedcba9876543210\n\
                       acts_for = omics.amazonaws.com\n";

    #[test]
    fn keys_are_read_as_aws_tools_write_them() {
        let keys = AccessKeys::read(TWO).expect("they are keys");
        let alice = keys.get("AKIALICE").expect("it is there");
        assert_eq!((alice.name.as_str(), alice.secret.as_str()), ("alice", "0123456789abcdef=/+"));
        assert_eq!(alice.caller, Caller::Account);
        let run = keys.get("run").expect("it is there");
        assert_eq!(run.caller, Caller::Service("omics.amazonaws.com".to_owned()));
        assert!(keys.get("alice").is_none());
        assert!(!format!("{keys:?}").contains("0123456789abcdef"));
    }

    #[test]
    fn what_is_no_key_is_refused_by_line_or_section_and_without_its_secret() {
        let secret = "aws_secret_access_key = 0123456789abcdef";
        for (text, says) in [
            ("".to_owned(), "no section"),
            ("[a]\n".to_owned(), "[a] has no aws_access_key_id"),
            (format!("{secret}\n"), "line 1 stands before"),
            (format!("[a]\naws_access_key_id = a\n{secret}\n{secret}\n"), "line 4 says again"),
            ("[a]\naws_access_key_id = a\naws_secret_access_key = 0123\n".to_owned(), "fewer than 16"),
            (format!("[a]\naws_access_key_id = a/b\n{secret}\n"), "other characters"),
            (format!("[a]\naws_access_key_id = a\n{secret}\nacts_for = bob\n"), "no service principal"),
            (
                format!("[a]\naws_access_key_id=a\n{secret}\n[b]\naws_access_key_id=a\n{secret}\n"),
                "another section",
            ),
            ("[a\n".to_owned(), "line 1 opens"),
            ("[ ]\n".to_owned(), "line 1 has no name"),
            ("[a]\nhello\n".to_owned(), "line 2 is no"),
        ] {
            let error = AccessKeys::read(&text).expect_err(&text).to_string();
            assert!(error.contains(says), "{text}: {error}");
            assert!(!error.contains("0123"), "{error}");
        }
        assert!(AccessKeys::one("AKIALICE", "short").is_err());
    }
}
