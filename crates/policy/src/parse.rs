//! Reads a policy document and says in words where it is wrong.
//!
//! Lists may be written as one value everywhere; elements IAM does not know are kept and mean nothing.
//! What a kind of document should contain is not judged here.

use serde_json::{Map, Value};

use crate::condition::{Condition, Operator};
use crate::document::{ActionElement, Document, Effect, ResourceElement, Statement, Version};
use crate::pattern::Pattern;
use crate::place::{Place, Step};
use crate::principal::{Label, PrincipalElement};
use crate::reader;
use crate::variable::{Reading, Template};

/// Bytes of text that are read at most; every limit of AWS is well below.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseFault {
    /// The text is longer than [`MAX_TEXT_BYTES`].
    #[error("the text has {bytes} bytes, more than {MAX_TEXT_BYTES}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// The text is not JSON, names an element twice or is nested too deep; the reader's words.
    #[error("{0}")]
    Unreadable(String),
    /// A value of another form is wanted here.
    #[error("expected {wanted}, found {found}")]
    Expected {
        /// What is wanted.
        wanted: &'static str,
        /// What is there, in words.
        found: String,
    },
    /// A needed element is missing.
    #[error("element {0} is missing")]
    Missing(&'static str),
    /// Two elements exclude each other.
    #[error("elements `{0}` and `{1}` exclude each other")]
    Both(&'static str, &'static str),
}

/// A document that cannot be read, and the place where reading stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the policy document: {fault}{}", .place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default())]
pub struct ParseError {
    /// What is wrong.
    pub fault: ParseFault,
    /// Where; nothing when the fault is in the document as a whole.
    pub place: Option<Place>,
}

/// A fault and the path to it, outermost element last.
struct Fault {
    fault: ParseFault,
    path: Vec<Step>,
}

type Read<T> = Result<T, Fault>;

/// Returns the document of a text.
///
/// # Errors
/// [`ParseError`] with the place, when the text is too long, is not JSON or is not in the grammar of IAM policies.
pub fn parse(text: &str) -> Result<Document, ParseError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(ParseError { fault: ParseFault::TooLong { bytes: text.len() }, place: None });
    }
    let value = reader::read(text).map_err(|error| {
        let words = error.to_string();
        let position = format!(" at line {} column {}", error.line(), error.column());
        let words = words.strip_suffix(&position).unwrap_or(&words).to_owned();
        let place = Place { path: Vec::new(), line: error.line().max(1), column: error.column().max(1) };
        ParseError { fault: ParseFault::Unreadable(words), place: Some(place) }
    })?;
    document(value).map_err(|mut fault| {
        fault.path.reverse();
        ParseError { fault: fault.fault, place: Some(Place::find(text, fault.path)) }
    })
}

fn document(value: Value) -> Read<Document> {
    let elements = object(&value, "an object with the element `Statement`")?;
    let version = match elements.get("Version") {
        None => None,
        Some(Value::String(text)) if text == "2012-10-17" => Some(Version::V2012),
        Some(Value::String(text)) if text == "2008-10-17" => Some(Version::V2008),
        Some(other) => return expected("`2012-10-17` or `2008-10-17`", other).at("Version"),
    };
    let variables = version == Some(Version::V2012);
    let statements = match elements.get("Statement") {
        None => return Err(Fault { fault: ParseFault::Missing("`Statement`"), path: Vec::new() }),
        Some(Value::Array(list)) => list
            .iter()
            .enumerate()
            .map(|(index, entry)| statement(entry, variables).at_index(index))
            .collect::<Read<Vec<_>>>()
            .at("Statement")?,
        Some(single @ Value::Object(_)) => vec![statement(single, variables).at("Statement")?],
        Some(other) => return expected("a statement or a list of statements", other).at("Statement"),
    };
    Ok(Document { version, statements, value })
}

/// Returns one statement.
fn statement(value: &Value, variables: bool) -> Read<Statement> {
    let elements = object(value, "a statement object")?;
    let sid = match elements.get("Sid") {
        None => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(other) => return expected("a string", other).at("Sid"),
    };
    let effect = match elements.get("Effect") {
        None => return missing("`Effect`"),
        Some(Value::String(text)) if text == "Allow" => Effect::Allow,
        Some(Value::String(text)) if text == "Deny" => Effect::Deny,
        Some(other) => return expected("`Allow` or `Deny`", other).at("Effect"),
    };
    let principal = match either(elements, "Principal", "NotPrincipal")? {
        Some((key, negated, value)) => Some(principal(value, negated).at(key)?),
        None => None,
    };
    let action = match either(elements, "Action", "NotAction")? {
        None => return missing("`Action` or `NotAction`"),
        Some((key, negated, value)) => {
            let patterns = strings(value).at(key)?;
            let patterns = patterns.iter().map(|text| Pattern::glob(&text.to_ascii_lowercase())).collect();
            ActionElement { negated, patterns }
        }
    };
    let resource = match either(elements, "Resource", "NotResource")? {
        None => None,
        Some((key, negated, value)) => {
            let reading = Reading { wildcards: true, variables };
            let texts = strings(value).at(key)?;
            let templates = texts.iter().map(|text| Template::read(text, reading)).collect();
            Some(ResourceElement { negated, templates })
        }
    };
    let conditions = match elements.get("Condition") {
        None => Vec::new(),
        Some(value) => conditions(value, variables).at("Condition")?,
    };
    Ok(Statement { sid, effect, principal, action, resource, conditions })
}

fn principal(value: &Value, negated: bool) -> Read<PrincipalElement> {
    let mut element = PrincipalElement { negated, ..PrincipalElement::default() };
    match value {
        Value::String(text) if text == "*" => element.everyone = true,
        Value::Object(labels) => {
            for (name, value) in labels {
                let label = match name.as_str() {
                    "AWS" => Label::Aws,
                    "Service" => Label::Service,
                    "Federated" => Label::Federated,
                    "CanonicalUser" => Label::CanonicalUser,
                    _ => Label::Other,
                };
                let values = strings(value).at(name)?;
                element.entries.extend(values.into_iter().map(|text| (label.clone(), text.to_owned())));
            }
        }
        other => return expected("`*` or an object of principals", other),
    }
    Ok(element)
}

/// Returns every pair of operator and key of a `Condition` element.
fn conditions(value: &Value, variables: bool) -> Read<Vec<Condition>> {
    let mut conditions = Vec::new();
    for (name, keys) in object(value, "an object of operators")? {
        let operator = Operator::read(name);
        for (key, values) in object(keys, "an object of condition keys").at(name)? {
            let values = scalars(values).at(key).at(name)?;
            conditions.push(Condition::new(operator, name, key, values, variables));
        }
    }
    Ok(conditions)
}

/// Returns the one of two elements that is there, and whether it is the second.
fn either<'v>(
    elements: &'v Map<String, Value>,
    plain: &'static str,
    negated: &'static str,
) -> Read<Option<(&'static str, bool, &'v Value)>> {
    match (elements.get(plain), elements.get(negated)) {
        (Some(_), Some(_)) => Err(Fault { fault: ParseFault::Both(plain, negated), path: Vec::new() }),
        (Some(value), None) => Ok(Some((plain, false, value))),
        (None, Some(value)) => Ok(Some((negated, true, value))),
        (None, None) => Ok(None),
    }
}

/// Returns the entries of a string or a list of strings.
fn strings(value: &Value) -> Read<Vec<&str>> {
    match value {
        Value::Array(list) => {
            list.iter().enumerate().map(|(index, entry)| one_string(entry).at_index(index)).collect()
        }
        Value::String(text) => Ok(vec![text]),
        other => expected("a string or a list of strings", other),
    }
}

fn one_string(value: &Value) -> Read<&str> {
    match value {
        Value::String(text) => Ok(text),
        other => expected("a string", other),
    }
}

/// Returns the values of a condition key as text; numbers and booleans may be written without quotes.
fn scalars(value: &Value) -> Read<Vec<String>> {
    let one = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        other => expected("a string, number or boolean", other),
    };
    match value {
        Value::Array(list) => {
            list.iter().enumerate().map(|(index, entry)| one(entry).at_index(index)).collect()
        }
        other => Ok(vec![one(other)?]),
    }
}

fn object<'v>(value: &'v Value, wanted: &'static str) -> Read<&'v Map<String, Value>> {
    match value {
        Value::Object(elements) => Ok(elements),
        other => expected(wanted, other),
    }
}

fn missing<T>(element: &'static str) -> Read<T> {
    Err(Fault { fault: ParseFault::Missing(element), path: Vec::new() })
}

fn expected<T>(wanted: &'static str, found: &Value) -> Read<T> {
    let found = match found {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.chars().count() > 64 => "a long string".to_owned(),
        Value::String(text) => format!("`{text}`"),
    };
    Err(Fault { fault: ParseFault::Expected { wanted, found }, path: Vec::new() })
}

/// Adds the element a fault lies in.
trait Within {
    fn at(self, key: &str) -> Self;
    fn at_index(self, index: usize) -> Self;
}

impl<T> Within for Read<T> {
    fn at(self, key: &str) -> Self {
        self.map_err(|mut fault| {
            fault.path.push(Step::Key(key.to_owned()));
            fault
        })
    }

    fn at_index(self, index: usize) -> Self {
        self.map_err(|mut fault| {
            fault.path.push(Step::Index(index));
            fault
        })
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn words(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn errors_show_the_place() {
        assert_eq!(
            words(
                "{\"Statement\": [\n  {\"Effect\": \"Allow\", \"Action\": \"*\"},\n  {\"Effect\": \"allow\"}]}"
            ),
            "cannot read the policy document: expected `Allow` or `Deny`, found `allow` \
             at `Statement[1].Effect`, line 3, column 14"
        );
        assert_eq!(
            words(r#"{"Statement":{"Effect":"Deny","Action":["a:b",7]}}"#),
            "cannot read the policy document: expected a string, found a number \
             at `Statement.Action[1]`, line 1, column 47"
        );
        assert_eq!(
            words(r#"{"Statement":[{"Effect":"Deny","Action":"*","Condition":{"Bool":{"k":null}}}]}"#),
            "cannot read the policy document: expected a string, number or boolean, found null \
             at `Statement[0].Condition.Bool.k`, line 1, column 70"
        );
        assert!(words("{\"Statement\": [}").contains("line 1, column 16"));
        assert!(words("{}").contains("element `Statement` is missing"));
        assert!(words(r#"{"Version":"2020-01-01","Statement":[]}"#).contains("`Version`"));
        assert!(
            words(r#"{"Statement":{"Effect":"Deny","Action":"*","NotAction":"*"}}"#)
                .contains("`Action` and `NotAction` exclude each other")
        );
        assert!(words(&" ".repeat(300_000)).contains("300000 bytes"));
    }

    #[test]
    fn one_value_or_a_list_everywhere() {
        let single =
            parse(r#"{"Statement":{"Sid":"A","Effect":"Allow","Principal":{"AWS":"1"},"Action":"a:b"}}"#);
        assert_eq!(single.unwrap().statements().len(), 1);
        assert_eq!(parse(r#"{"Id":"x","Statement":[]}"#).unwrap().statements().len(), 0);
    }
}
