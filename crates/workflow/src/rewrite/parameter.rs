//! The parameter that stands for the registry in rewritten names.
//!
//! Owns what it may be called and what may be its default. Must not know where it is declared.

/// Longest name of a parameter, in characters.
const LONGEST: usize = 64;

/// Words that one of the languages has for itself.
const RESERVED: [&str; 59] = [
    "Array",
    "Boolean",
    "Directory",
    "File",
    "Float",
    "Int",
    "Map",
    "None",
    "Object",
    "Pair",
    "String",
    "alias",
    "as",
    "assert",
    "break",
    "call",
    "case",
    "catch",
    "class",
    "command",
    "const",
    "continue",
    "def",
    "default",
    "do",
    "else",
    "enum",
    "false",
    "final",
    "finally",
    "for",
    "goto",
    "if",
    "import",
    "in",
    "input",
    "instanceof",
    "left",
    "meta",
    "new",
    "null",
    "object",
    "output",
    "parameter_meta",
    "right",
    "runtime",
    "scatter",
    "struct",
    "switch",
    "task",
    "then",
    "this",
    "throw",
    "true",
    "try",
    "version",
    "while",
    "workflow",
    "params",
];

/// A parameter that stands for the registry at the beginning of image names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    name: String,
    registry: String,
    default: Option<String>,
    in_cwl: bool,
}

/// Why a parameter is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// The name is none that every language takes.
    #[error(
        "`{0}` is no name for a parameter: letters, digits and underscores, begun by a letter, and no word of WDL or Groovy"
    )]
    Name(String),
    /// The registry or the default cannot stand in every string.
    #[error("`{0}` is no registry: a host, and what stands before the repositories' names")]
    Registry(String),
}

impl Parameter {
    /// Returns the parameter of this name. In the names of the map it takes the place of `registry`, and
    /// where it is declared it gets the default.
    ///
    /// # Errors
    /// [`ParameterError`] when the name or a registry is none that every language takes.
    pub fn new(name: &str, registry: &str, default: Option<&str>) -> Result<Self, ParameterError> {
        let is_word = name.len() <= LONGEST
            && name.starts_with(|first: char| first.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_word || RESERVED.contains(&name) {
            return Err(ParameterError::Name(name.to_owned()));
        }
        let registry = checked(registry)?;
        Ok(Self {
            name: name.to_owned(),
            registry,
            default: default.map(checked).transpose()?,
            in_cwl: false,
        })
    }

    /// Returns the parameter, for CWL too where `is_asked` says so: as an expression in `dockerPull`, which AWS
    /// HealthOmics evaluates and the standard does not have.
    #[must_use]
    pub fn with_cwl_expressions(self, is_asked: bool) -> Self {
        Self { in_cwl: is_asked, ..self }
    }

    /// Returns whether it may stand in CWL.
    pub(crate) fn is_for_cwl(&self) -> bool {
        self.in_cwl
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the registry whose place it takes.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Returns the default it was given.
    pub fn default(&self) -> Option<&str> {
        self.default.as_deref()
    }

    /// Returns the value with which names are proved.
    pub(crate) fn value(&self) -> &str {
        self.default.as_deref().unwrap_or(&self.registry)
    }

    /// Returns what stands behind the registry in a text; `None` when the text does not begin with it.
    pub(crate) fn behind<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.strip_prefix(self.registry.as_str()).filter(|rest| rest.starts_with('/'))
    }
}

fn checked(registry: &str) -> Result<String, ParameterError> {
    let plain = registry.strip_suffix('/').unwrap_or(registry);
    let starts = plain.starts_with(|first: char| first.is_ascii_alphanumeric());
    if starts && super::proposal::is_plain(plain) && !plain.contains('@') {
        Ok(plain.to_owned())
    } else {
        Err(ParameterError::Registry(registry.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Parameter, ParameterError};

    #[test]
    fn names_are_words_that_no_language_has() {
        assert!(Parameter::new("ecr_registry", "h.example", None).is_ok());
        for name in ["", "1x", "a-b", "task", "def", "é", "_x", &"x".repeat(65)] {
            let made = Parameter::new(name, "h.example", None);
            assert_eq!(made, Err(ParameterError::Name(name.to_owned())), "{name}");
        }
    }

    #[test]
    fn a_registry_has_nothing_to_escape() {
        let parameter = Parameter::new("r", "h.example/", Some("localhost:5000/a")).unwrap();
        assert_eq!((parameter.registry(), parameter.default()), ("h.example", Some("localhost:5000/a")));
        for registry in ["", "a b", "a\"", "${x}", "/a", "a@b"] {
            assert!(Parameter::new("r", registry, None).is_err(), "{registry}");
        }
    }

    #[test]
    fn the_registry_is_cut_off_whole() {
        let parameter = Parameter::new("r", "h.example", None).unwrap();
        assert_eq!(parameter.behind("h.example/a:1"), Some("/a:1"));
        assert_eq!(parameter.behind("h.example.org/a:1"), None);
    }
}
