//! JSON text to a value, with bounds: a repeated element or too many levels is an error, not a guess.
//!
//! Knows nothing of policies.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Levels of lists and objects a document may have.
const MAX_DEPTH: usize = 32;
/// The largest whole number that a floating-point value still keeps exactly.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Returns the value of a JSON text; the order of elements is kept.
///
/// # Errors
/// The reader's own words with line and column, when the text is not JSON, names an element twice, is
/// nested too deep or holds a number that could not be written back as it was.
pub(crate) fn read(text: &str) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Level(MAX_DEPTH).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// The number of levels that may still be opened.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    fn down<E: Error>(self) -> Result<Level, E> {
        match self.0.checked_sub(1) {
            Some(left) => Ok(Level(left)),
            None => Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels"))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        match Number::from_f64(value) {
            Some(number) if value.abs() < MAX_EXACT => Ok(Value::Number(number)),
            _ => Err(E::custom("a number too large to be kept exactly; write it as a string")),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let below = self.down()?;
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element_seed(below)? {
            list.push(entry);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let below = self.down()?;
        let mut object = Map::new();
        while let Some(key) = elements.next_key::<String>()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format_args!("element `{key}` is there twice")));
            }
            let value = elements.next_value_seed(below)?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn refuses_what_could_not_be_kept() {
        assert!(read(r#"{"a":{"b":1},"c":[true,null,"x",-2,0.5]}"#).is_ok());
        let twice = read("{\"a\":1,\n\"a\":2}").unwrap_err().to_string();
        assert_eq!(twice, "element `a` is there twice at line 2 column 3");
        let deep = "[".repeat(100_000);
        assert!(read(&deep).unwrap_err().to_string().starts_with("nested deeper than 32 levels"));
        assert!(read("[123456789012345678901234567890]").is_err());
        assert!(read("{} x").is_err());
    }
}
