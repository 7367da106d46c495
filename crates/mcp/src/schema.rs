//! Schemas of what tools take and return, from the types themselves, in as few words as are exact.
//!
//! A list of tools is read by a model at the beginning of every conversation, so what a reader of a result does not
//! need is left out: titles, number formats, and descriptions of what is returned.

use std::sync::Arc;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// A schema as the protocol takes it.
pub(crate) type Schema = Arc<Map<String, Value>>;

/// Returns the schema of what a tool takes: with descriptions and constraints; what may be left out is never null.
pub(crate) fn of_input<T: JsonSchema>() -> Schema {
    let mut schema = generate::<T>(true);
    schema.as_object_mut().map(|object| object.remove("description"));
    shorten(&mut schema, &|object| {
        drop_null(object);
    });
    finish(schema)
}

/// Returns the schema of what a tool returns.
pub(crate) fn of_output<T: JsonSchema>() -> Schema {
    let mut schema = generate::<T>(false);
    shorten(&mut schema, &|object| {
        if object.get("description").is_some_and(Value::is_string) {
            object.remove("description");
        }
        merge_words(object);
    });
    inline_small(&mut schema);
    finish(schema)
}

fn generate<T: JsonSchema>(inline: bool) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = inline;
    settings.meta_schema = None;
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn finish(mut schema: Value) -> Schema {
    match schema.as_object_mut() {
        Some(object) => {
            object.entry("type").or_insert_with(|| json!("object"));
            Arc::new(std::mem::take(object))
        }
        None => Arc::default(),
    }
}

/// Visits every schema, inner ones first. Names of properties are not taken for words of the schema.
fn shorten(schema: &mut Value, change: &dyn Fn(&mut Map<String, Value>)) {
    let Value::Object(object) = schema else { return };
    for (key, inner) in object.iter_mut() {
        match (key.as_str(), inner) {
            ("properties" | "$defs", Value::Object(named)) => {
                named.values_mut().for_each(|inner| shorten(inner, change));
            }
            ("oneOf" | "anyOf" | "allOf", Value::Array(all)) => {
                all.iter_mut().for_each(|inner| shorten(inner, change));
            }
            ("items" | "additionalProperties", inner) => shorten(inner, change),
            _ => {}
        }
    }
    for key in ["title", "format"] {
        if object.get(key).is_some_and(Value::is_string) {
            object.remove(key);
        }
    }
    if object.get("type") == Some(&json!("integer")) && object.get("minimum") == Some(&json!(0)) {
        object.remove("minimum");
        object.remove("maximum");
    }
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    change(object);
}

/// Takes `null` out of what may be: a parameter that has no value is left out.
fn drop_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get("type") {
        let mut rest: Vec<Value> = types.iter().filter(|word| **word != json!("null")).cloned().collect();
        if rest.len() == 1 {
            object.insert("type".to_owned(), rest.remove(0));
        }
    }
    if let Some(Value::Array(words)) = object.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if let Some(Value::Array(choices)) = object.get("anyOf") {
        let rest: Vec<&Value> = choices.iter().filter(|choice| choice["type"] != "null").collect();
        if let [Value::Object(only)] = rest.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
}

/// Turns a choice between words, each with a text of its own, into one list of words.
fn merge_words(object: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = object.get("oneOf") else { return };
    let word = |choice: &Value| {
        let Value::Object(inner) = choice else { return None };
        let is_word = inner.keys().all(|key| matches!(key.as_str(), "type" | "const" | "enum"));
        match (inner.get("const"), inner.get("enum")) {
            (Some(word), None) if is_word => Some(vec![word.clone()]),
            (None, Some(Value::Array(words))) if is_word => Some(words.clone()),
            _ => None,
        }
    };
    let words: Option<Vec<Vec<Value>>> = choices.iter().map(word).collect();
    if let Some(words) = words {
        object.remove("oneOf");
        object.insert("type".to_owned(), json!("string"));
        object.insert("enum".to_owned(), Value::Array(words.concat()));
    }
}

/// Puts definitions in the places that name them, where that is shorter.
fn inline_small(schema: &mut Value) {
    let Some(mut definitions) = schema.get_mut("$defs").and_then(Value::as_object_mut).map(std::mem::take)
    else {
        return;
    };
    loop {
        let text = schema.to_string() + &Value::Object(definitions.clone()).to_string();
        let chosen = definitions.iter().find_map(|(name, definition)| {
            let reference = format!("\"#/$defs/{name}\"");
            let uses = text.matches(&reference).count();
            let definition_text = definition.to_string();
            let length = definition_text.len();
            let named = name.len() + 4 + length + uses * (reference.len() + 9);
            (uses * length <= named && !definition_text.contains(&reference)).then(|| name.clone())
        });
        let Some(name) = chosen else { break };
        let Some(definition) = definitions.remove(&name) else { break };
        let reference = format!("#/$defs/{name}");
        put(schema, &reference, &definition);
        definitions.values_mut().for_each(|inner| put(inner, &reference, &definition));
    }
    if let Some(object) = schema.as_object_mut() {
        if definitions.is_empty() {
            object.remove("$defs");
        } else {
            object.insert("$defs".to_owned(), Value::Object(definitions));
        }
    }
}

fn put(value: &mut Value, reference: &str, definition: &Value) {
    match value {
        Value::Object(object) if object.get("$ref").is_some_and(|to| to == reference) => {
            *value = definition.clone();
        }
        Value::Object(object) => object.values_mut().for_each(|inner| put(inner, reference, definition)),
        Value::Array(all) => all.iter_mut().for_each(|inner| put(inner, reference, definition)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "read by the schema alone")]
    struct Taken {
        /// A name.
        name: Option<String>,
        /// A word.
        word: Option<Word>,
    }

    #[derive(JsonSchema)]
    #[schemars(rename_all = "lowercase")]
    #[allow(dead_code, reason = "read by the schema alone")]
    enum Word {
        /// The first.
        One,
        /// The second.
        Two,
    }

    #[test]
    fn parameters_keep_their_descriptions_and_are_never_null() {
        let schema = Value::Object((*of_input::<Taken>()).clone());
        assert_eq!(schema["properties"]["name"], json!({"description": "A name.", "type": "string"}));
        assert!(!schema.to_string().contains("null"), "{schema}");
        assert!(schema.get("required").is_none());
    }

    #[test]
    fn words_of_a_result_are_one_list() {
        let schema = Value::Object((*of_output::<Taken>()).clone());
        assert!(schema.to_string().contains(r#""enum":["one","two"]"#), "{schema}");
        assert!(!schema.to_string().contains("description"), "{schema}");
    }
}
