//! HashiCorp's configuration language, as `terraform fmt` writes it.

use serde_json::Value;

/// A block: its kind, its labels and what is in it.
#[derive(Debug, Clone)]
pub(super) struct Block {
    head: String,
    body: Vec<Item>,
}

#[derive(Debug, Clone)]
enum Item {
    Attribute { name: String, value: Expression },
    Block(Block),
}

/// What stands behind an equals sign.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    /// A string, a number, a list or an object.
    Value(Value),
    /// A document that is passed as JSON.
    Json(Value),
    /// References to other resources.
    References(Vec<String>),
    /// A reference to another resource.
    Reference(String),
}

impl Block {
    /// Returns an empty block; labels are identifiers.
    pub(super) fn new(kind: &str, labels: &[&str]) -> Self {
        let labels: String = labels.iter().map(|label| format!(" {}", quoted(label))).collect();
        Self { head: format!("{kind}{labels}"), body: Vec::new() }
    }

    /// Adds an attribute.
    #[must_use]
    pub(super) fn set(mut self, name: &str, value: Expression) -> Self {
        self.body.push(Item::Attribute { name: name.to_owned(), value });
        self
    }

    /// Adds an attribute that is a string.
    #[must_use]
    pub(super) fn text(self, name: &str, value: &str) -> Self {
        self.set(name, Expression::Value(Value::from(value)))
    }

    /// Adds an attribute that is a string, where there is one.
    #[must_use]
    pub(super) fn text_if(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds a block inside.
    #[must_use]
    pub(super) fn block(mut self, block: Self) -> Self {
        self.body.push(Item::Block(block));
        self
    }

    /// Writes it, and a line break behind it.
    pub(super) fn write(&self, out: &mut String) {
        self.write_at(out, 0);
    }

    fn write_at(&self, out: &mut String, depth: usize) {
        indent(out, depth);
        out.push_str(&self.head);
        out.push_str(" {\n");
        let mut attributes = Vec::new();
        for (place, item) in self.body.iter().enumerate() {
            match item {
                Item::Attribute { name, value } => attributes.push((name.clone(), value.render(depth + 1))),
                Item::Block(block) => {
                    aligned(out, depth + 1, &std::mem::take(&mut attributes));
                    if place > 0 {
                        out.push('\n');
                    }
                    block.write_at(out, depth + 1);
                }
            }
        }
        aligned(out, depth + 1, &attributes);
        indent(out, depth);
        out.push_str("}\n");
    }
}

impl Expression {
    fn render(&self, depth: usize) -> String {
        match self {
            Self::Value(value) => render(value, depth),
            // A text that is no document is passed as it is.
            Self::Json(Value::String(text)) => quoted(text),
            Self::Json(value) => format!("jsonencode({})", render(value, depth)),
            Self::Reference(name) => name.clone(),
            Self::References(names) => list(names.iter().cloned(), depth),
        }
    }
}

/// Writes attributes so that the equals signs of neighbours stand below each other; a value of several lines has no
/// neighbours.
fn aligned(out: &mut String, depth: usize, attributes: &[(String, String)]) {
    for group in attributes.chunk_by(|(_, one), (_, other)| !one.contains('\n') && !other.contains('\n')) {
        let width = group.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, value) in group {
            indent(out, depth);
            out.push_str(name);
            out.extend(std::iter::repeat_n(' ', width - name.chars().count()));
            out.push_str(" = ");
            out.push_str(value);
            out.push('\n');
        }
    }
}

/// Returns a value; objects and lists of more than one entry go over several lines.
fn render(value: &Value, depth: usize) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(values) => list(values.iter().map(|value| render(value, depth + 1)), depth),
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| (key(name), render(value, depth + 1))).collect();
            let mut text = "{\n".to_owned();
            aligned(&mut text, depth + 1, &fields);
            indent(&mut text, depth);
            text.push('}');
            text
        }
        other => other.to_string(),
    }
}

fn list(values: impl Iterator<Item = String>, depth: usize) -> String {
    let values: Vec<String> = values.collect();
    match values.as_slice() {
        [] => "[]".to_owned(),
        [one] if !one.contains('\n') => format!("[{one}]"),
        several => {
            let mut text = "[\n".to_owned();
            for value in several {
                indent(&mut text, depth + 1);
                text.push_str(value);
                text.push_str(",\n");
            }
            indent(&mut text, depth);
            text.push(']');
            text
        }
    }
}

/// Returns a key of an object; what is no identifier is quoted, for it would be an expression.
fn key(name: &str) -> String {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if starts && plain && !["for", "null", "true", "false"].contains(&name) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// Returns a string literal in which nothing is taken for a template: `${` and `%{` are doubled.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if letters.peek() == Some(&'{') => {
                out.push(letter);
                out.push(letter);
            }
            control if control.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

fn indent(out: &mut String, depth: usize) {
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_in_a_string_is_taken_for_a_template() {
        assert_eq!(quoted("a${b}%{c}$d"), r#""a$${b}%%{c}$d""#);
        assert_eq!(quoted("\"\\\n\u{1}"), r#""\"\\\n\u0001""#);
        assert_eq!(key("aws:SourceAccount"), "\"aws:SourceAccount\"");
        assert_eq!(key("${x}"), "\"$${x}\"");
    }

    #[test]
    fn equals_signs_of_neighbours_stand_below_each_other() {
        let block = Block::new("resource", &["a", "b"])
            .text("name", "x")
            .text("long_name", "y")
            .set("policy", Expression::Json(json!({ "A": 1, "Statement": [{ "Sid": "s", "Effect": "e" }] })))
            .text("z", "z")
            .block(Block::new("inner", &[]).text("k", "v"));
        let mut text = String::new();
        block.write(&mut text);
        let expected = r#"resource "a" "b" {
  name      = "x"
  long_name = "y"
  policy = jsonencode({
    A = 1
    Statement = [
      {
        Sid    = "s"
        Effect = "e"
      },
    ]
  })
  z = "z"

  inner {
    k = "v"
  }
}
"#;
        assert_eq!(text, expected);
    }
}
