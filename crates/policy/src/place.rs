//! Where in a document something stands: the path of elements, and the line and column of the text.
//!
//! Knows JSON text and nothing of policies.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// One step into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Step {
    /// The element of an object with this name.
    Key(String),
    /// The entry of a list, the first being 0.
    Index(usize),
}

/// A place in a policy document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// The elements from the outermost to the one meant; empty for the document as a whole.
    pub path: Vec<Step>,
    /// Line of the text, the first being 1.
    pub line: usize,
    /// Character of the line, the first being 1.
    pub column: usize,
}

impl Place {
    /// Returns the place of the path in a text that is known to be JSON.
    ///
    /// A path that leads nowhere gives the line of its deepest part that exists.
    pub(crate) fn find(text: &str, path: Vec<Step>) -> Place {
        let offset = Cursor { bytes: text.as_bytes(), at: 0 }.follow(&path);
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).map_or(0, |line| line.chars().count()) + 1;
        Place { path, line: before.matches('\n').count() + 1, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            formatter.write_str("`")?;
            for (position, step) in self.path.iter().enumerate() {
                match step {
                    Step::Key(key) if position == 0 => write!(formatter, "{key}")?,
                    Step::Key(key) => write!(formatter, ".{key}")?,
                    Step::Index(index) => write!(formatter, "[{index}]")?,
                }
            }
            formatter.write_str("`, ")?;
        }
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// Walks over JSON text without building values.
struct Cursor<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Cursor<'_> {
    /// Returns the offset of the value the path leads to, or of its deepest part that exists.
    fn follow(mut self, path: &[Step]) -> usize {
        self.skip_space();
        for step in path {
            let start = self.at;
            let found = match step {
                Step::Key(key) => self.enter_key(key),
                Step::Index(index) => self.enter_index(*index),
            };
            if found.is_none() {
                return start;
            }
        }
        self.at
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.skip_space();
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    /// Moves to the value of the element with this name.
    fn enter_key(&mut self, wanted: &str) -> Option<()> {
        self.take(b'{')?;
        loop {
            self.skip_space();
            let start = self.at;
            self.skip_string()?;
            let key: String = serde_json::from_slice(self.bytes.get(start..self.at)?).ok()?;
            self.take(b':')?;
            self.skip_space();
            if key == wanted {
                return Some(());
            }
            self.skip_value()?;
            self.take(b',')?;
        }
    }

    /// Moves to the entry of a list.
    fn enter_index(&mut self, wanted: usize) -> Option<()> {
        self.take(b'[')?;
        for _ in 0..wanted {
            self.skip_value()?;
            self.take(b',')?;
        }
        self.skip_space();
        Some(())
    }

    fn skip_string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    fn skip_value(&mut self) -> Option<()> {
        self.skip_space();
        let mut open = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    open += 1;
                    self.at += 1;
                }
                b'}' | b']' if open == 0 => return Some(()),
                b'}' | b']' => {
                    open -= 1;
                    self.at += 1;
                }
                b',' if open == 0 => return Some(()),
                _ => self.at += 1,
            }
            if open == 0 && self.peek().is_none_or(|byte| matches!(byte, b',' | b'}' | b']')) {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Step};

    #[test]
    fn finds_line_and_column_through_strings_with_brackets() {
        let text = "{\n \"a\": \"}],{\\\"\",\n \"b\": [ {\"c\": 1},\n   {\"d\": true}\n ]\n}";
        let key = |name: &str| Step::Key(name.to_owned());
        let place = Place::find(text, vec![key("b"), Step::Index(1), key("d")]);
        assert_eq!((place.line, place.column), (4, 10));
        assert_eq!(place.to_string(), "`b[1].d`, line 4, column 10");
        let nowhere = Place::find(text, vec![key("b"), Step::Index(7)]);
        assert_eq!(nowhere.line, 3);
        assert_eq!(Place::find("", vec![key("x")]).line, 1);
    }
}
