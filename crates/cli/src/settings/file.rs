//! A file with settings: TOML, with the names of flags as keys.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use operations::OperationError;
use toml::de::{DeTable, DeValue};

use super::table::{SETTINGS, Setting, Shape};
use super::{FILE_NAME, Origin};

/// The most bytes that a file may have.
const MOST_BYTES: u64 = 1 << 20;

/// How alike two names are when one may be meant for the other, from 0 to 1.
const ALIKE: f64 = 0.75;

/// Parts of names under which secrets are kept.
const SECRET: [&str; 9] =
    ["password", "passwd", "passphrase", "secret", "token", "accesskey", "apikey", "privatekey", "auth"];

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// The user's own.
    User,
    /// The project's that the working folder is in.
    Project,
}

/// A place where settings may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettingsFile {
    /// Whose it is.
    pub(crate) kind: FileKind,
    /// Where it is.
    pub(crate) path: PathBuf,
}

/// A setting of a file.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) setting: &'static Setting,
    pub(super) values: Vec<String>,
    pub(super) origin: Origin,
}

impl SettingsFile {
    /// Reads the settings.
    ///
    /// # Errors
    /// When the file cannot be read, is no TOML, or has a key or a value that is no setting.
    pub(super) fn read(&self) -> operations::Result<Vec<Entry>> {
        let unreadable = |refused: String| {
            OperationError::new(format!("cannot read the settings of `{}`", self.path.display()))
                .refused(refused)
        };
        let length = fs::metadata(&self.path).map_err(|error| unreadable(error.to_string()))?.len();
        if length > MOST_BYTES {
            return Err(unreadable(format!("it has {length} bytes, and may have {MOST_BYTES}")));
        }
        let text = fs::read_to_string(&self.path).map_err(|error| unreadable(error.to_string()))?;
        self.parse(&text)
    }

    fn parse(&self, text: &str) -> operations::Result<Vec<Entry>> {
        let wrong = |span: &Range<usize>| {
            let line = line(text, span.start);
            OperationError::new(format!("cannot use the settings of `{}`, line {line}", self.path.display()))
        };
        let table = DeTable::parse(text)
            .map_err(|error| wrong(&error.span().unwrap_or_default()).refused(error.message()))?;
        let mut entries = Vec::new();
        for (key, value) in table.get_ref() {
            let setting = find(key.get_ref(), &self.path)
                .map_err(|(refused, hint)| wrong(&key.span()).refused(refused).hint(hint))?;
            if setting.user_only && self.kind == FileKind::Project {
                let refused = format!(
                    "`{}` may not stand in a project's file, which anyone may have written",
                    setting.key
                );
                let hint =
                    format!("type --{}, or move it into your own file: `omics-ecr config path`", setting.key);
                return Err(wrong(&key.span()).refused(refused).hint(hint));
            }
            let values = values(setting, value.get_ref())
                .map_err(|refused| wrong(&value.span()).refused(format!("{}: {refused}", setting.key)))?;
            let (path, line) = (self.path.clone(), line(text, key.span().start));
            let origin = match self.kind {
                FileKind::User => Origin::User { path, line },
                FileKind::Project => Origin::Project { path, line },
            };
            entries.push(Entry { setting, values, origin });
        }
        Ok(entries)
    }
}

/// Returns the setting of a name; else why there is none, and what helps.
fn find(key: &str, path: &Path) -> Result<&'static Setting, (String, String)> {
    if let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) {
        return Ok(setting);
    }
    let letters: String =
        key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    if SECRET.iter().any(|part| letters.contains(part)) {
        return Err((
            format!("`{key}` looks like a secret, and {FILE_NAME} holds none"),
            format!(
                "take it out of `{}`; keep it in Secrets Manager with `omics-ecr secret create`, or with `docker login`",
                path.display()
            ),
        ));
    }
    let near = SETTINGS
        .iter()
        .map(|setting| (setting.key, strsim::jaro_winkler(setting.key, &key.replace('_', "-"))))
        .filter(|(_, alike)| *alike >= ALIKE)
        .max_by(|(_, left), (_, right)| left.total_cmp(right));
    let hint = match near {
        Some((near, _)) => format!("the nearest setting is `{near}`"),
        None => "see all settings with `omics-ecr config show`".to_owned(),
    };
    Err((format!("there is no setting `{key}`"), hint))
}

/// Returns the values as the flag takes them.
fn values(setting: &Setting, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let values = match (setting.shape, value) {
        (Shape::Text, DeValue::String(text)) => vec![text.to_string()],
        (Shape::Number, DeValue::Integer(number)) if number.radix() == 10 => vec![number.as_str().to_owned()],
        (Shape::Switch, DeValue::Boolean(switch)) => vec![switch.to_string()],
        (Shape::List, DeValue::Array(list)) => {
            let texts = list.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<_>>().ok_or_else(|| format!("it must be {}", setting.shape.title()))?
        }
        _ => return Err(format!("it must be {}", setting.shape.title())),
    };
    values.iter().try_for_each(|value| setting.check(value))?;
    Ok(values)
}

/// Returns the line that a byte is in, from 1.
fn line(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(kind: FileKind, text: &str) -> operations::Result<Vec<Entry>> {
        SettingsFile { kind, path: PathBuf::from("omics-ecr.toml") }.parse(text)
    }

    fn refusal(kind: FileKind, text: &str) -> String {
        match parse(kind, text) {
            Ok(entries) => panic!("{text} is taken as {entries:?}"),
            Err(error) => crate::failure::text(&error),
        }
    }

    #[test]
    fn values_of_every_shape_are_read() {
        let text = "region = \"eu-west-1\"\ntransfers = 8\n\nno-progress = true\nprefix = [\"quay.io=quay\", \"ghcr.io=ghcr\"]\n";
        let entries = parse(FileKind::Project, text).unwrap_or_else(|error| panic!("{error}"));
        let mut found: Vec<String> = entries
            .iter()
            .map(|entry| format!("{} {} {}", entry.origin, entry.setting.key, entry.values.join(" ")))
            .collect();
        found.sort();
        let wanted = [
            "omics-ecr.toml:1 region eu-west-1",
            "omics-ecr.toml:2 transfers 8",
            "omics-ecr.toml:4 no-progress true",
            "omics-ecr.toml:5 prefix quay.io=quay ghcr.io=ghcr",
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn what_is_no_setting_is_refused_with_its_line_and_what_helps() {
        for (text, wanted) in [
            (
                "\nregoin = \"us-east-1\"",
                &["line 2", "no setting `regoin`", "nearest setting is `region`"][..],
            ),
            ("source_account = \"123456789012\"", &["line 1", "nearest setting is `source-account`"]),
            ("qqq = 1", &["no setting `qqq`", "omics-ecr config show"]),
            ("docker-hub-token = \"x\"", &["looks like a secret", "omics-ecr secret create"]),
            ("Secret_Access_Key = \"x\"", &["looks like a secret"]),
            ("region = \"nowhere\"", &["line 1", "region:"]),
            ("region = 1", &["it must be a text"]),
            ("transfers = 0", &["from 1 to 256"]),
            ("prefix = [\"quay.io=q\", 1]", &["a list of texts"]),
            ("output = \"xml\"", &["none of table, json, yaml"]),
            ("endpoint-url = \"https://u:x@ecr.example\"", &["names a user or a password"]),
            ("region = ", &["line 1"]),
            ("[region]\nx = 1", &["it must be a text"]),
        ] {
            let refusal = refusal(FileKind::User, text);
            for wanted in wanted {
                assert!(refusal.contains(wanted), "{text}: {wanted} is not in {refusal}");
            }
            assert!(!refusal.contains("\"x\""), "{refusal}");
        }
    }

    #[test]
    fn a_projects_file_sends_nothing_elsewhere() {
        for text in ["endpoint-url = \"http://127.0.0.1:1\"", "plain-http = [\"quay.io\"]"] {
            assert!(parse(FileKind::User, text).is_ok(), "{text}");
            let refusal = refusal(FileKind::Project, text);
            assert!(refusal.contains("may not stand in a project's file"), "{refusal}");
        }
    }
}
