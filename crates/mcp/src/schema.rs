//! Schemas of what tools take and return, from the types themselves, in as few words as are exact.
//!
//! A list of tools is read by a model at the beginning of every conversation, so what a reader of a result does not
//! need is left out there: titles, number formats, descriptions of what is returned, and what is deeper than fits. The
//! whole schema of each result is a resource.

use std::sync::Arc;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// Most levels of fields that a list of tools tells of what is returned.
const DEEPEST: usize = 3;

/// Longest schema of what a tool returns in a list of tools, in bytes, as long as the fields of the result itself fit.
const LONGEST: usize = 1150;

/// Most words of a list of words.
const MOST_WORDS: usize = 12;

/// A schema as the protocol takes it.
pub(crate) type Schema = Arc<Map<String, Value>>;

/// Returns the schema of what a tool takes: with descriptions and constraints; what may be left out is never null.
pub(crate) fn of_input<T: JsonSchema>() -> Schema {
    let mut schema = generate::<T>(false);
    schema.as_object_mut().map(|object| object.remove("description"));
    shorten(&mut schema, &drop_null);
    if let Some(object) = schema.as_object_mut() {
        object.entry("required").or_insert_with(|| json!([]));
    }
    finish(schema)
}

/// Returns the schema of what a tool returns for a list of tools: each field as deep as there is room, and from there on
/// its type alone.
pub(crate) fn of_output<T: JsonSchema>() -> Schema {
    let mut whole = generate::<T>(true);
    shorten(&mut whole, &|object| {
        if object.get("description").is_some_and(Value::is_string) {
            object.remove("description");
        }
        merge_words(object);
        merge_records(object);
        if object.get("enum").and_then(Value::as_array).is_some_and(|words| words.len() > MOST_WORDS) {
            object.remove("enum");
        }
    });
    for deepest in (1..=DEEPEST).rev() {
        let mut schema = whole.clone();
        cut(&mut schema, 0, deepest);
        if schema.to_string().len() <= LONGEST {
            return finish(schema);
        }
    }
    cut(&mut whole, 0, 0);
    finish(whole)
}

/// Returns the whole schema of what a tool returns, with the meaning of every field.
pub(crate) fn whole<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>().to_value()
}

fn generate<T: JsonSchema>(is_output: bool) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let mut settings = if is_output { settings.for_serialize() } else { settings };
    settings.inline_subschemas = true;
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
    if object.get("default").is_some_and(|value| value.is_null() || *value == json!([])) {
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

/// Turns a choice between records into one record with all of their fields, of which those are required that all have.
fn merge_records(object: &mut Map<String, Value>) {
    for key in ["oneOf", "anyOf"] {
        let Some(Value::Array(choices)) = object.get(key) else { continue };
        if !choices.iter().all(|choice| choice["type"] == "object") {
            continue;
        }
        let choices = choices.clone();
        let mut fields = object.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut required: Option<Vec<Value>> = None;
        for choice in &choices {
            for (name, field) in choice["properties"].as_object().into_iter().flatten() {
                match (field.get("const"), fields.get_mut(name).and_then(|there| there.get_mut("enum"))) {
                    (Some(word), Some(Value::Array(words))) if !words.contains(word) => {
                        words.push(word.clone())
                    }
                    (Some(_), Some(_)) => {}
                    (Some(word), None) => {
                        fields.insert(name.clone(), json!({"type": "string", "enum": [word]}));
                    }
                    (None, _) => {
                        fields.entry(name.clone()).or_insert_with(|| field.clone());
                    }
                }
            }
            let own = choice["required"].as_array().cloned().unwrap_or_default();
            required = Some(match required {
                None => own,
                Some(all) => all.into_iter().filter(|name| own.contains(name)).collect(),
            });
        }
        let mut all = object.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        for name in required.unwrap_or_default() {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        object.remove(key);
        object.insert("type".to_owned(), json!("object"));
        object.insert("properties".to_owned(), Value::Object(fields));
        object.insert("required".to_owned(), Value::Array(all));
    }
}

/// Leaves out what is deeper than fields are told; which fields are required is told of the whole alone.
fn cut(schema: &mut Value, depth: usize, deepest: usize) {
    let Some(object) = schema.as_object_mut() else { return };
    if depth > 0 {
        object.remove("required");
    }
    if depth > deepest {
        object.remove("properties");
        object.remove("enum");
    }
    for inner in object.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        cut(inner.1, depth + 1, deepest);
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = object.get_mut(key) {
            cut(inner, depth, deepest);
        }
    }
    for key in ["oneOf", "anyOf"] {
        for inner in object.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            cut(inner, depth, deepest);
        }
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
        assert_eq!(schema["required"], json!([]));
    }

    #[derive(JsonSchema)]
    #[schemars(tag = "kind", rename_all = "lowercase")]
    #[allow(dead_code, reason = "read by the schema alone")]
    enum Route {
        /// As it is.
        Direct,
        /// By another one.
        By { name: String },
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "read by the schema alone")]
    struct Returned {
        route: Route,
        list: Vec<Route>,
    }

    #[test]
    fn a_choice_of_records_is_one_record_that_all_of_them_fit() {
        let schema = Value::Object((*of_output::<Returned>()).clone());
        let route = json!({
            "type": "object",
            "properties": {
                "kind": {"type": "string", "enum": ["direct", "by"]},
                "name": {"type": "string"},
            },
        });
        assert_eq!(schema["properties"]["route"], route);
        assert_eq!(schema["properties"]["list"]["items"], route);
        assert_eq!(schema["required"], json!(["route", "list"]));
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "read by the schema alone")]
    struct Wide {
        routes: Vec<Deep>,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "read by the schema alone")]
    struct Deep {
        one: [Route; 1],
        a_name_of_some_length_for_the_sake_of_length: Many,
    }

    #[derive(JsonSchema)]
    #[allow(dead_code, reason = "read by the schema alone")]
    struct Many {
        words: std::collections::BTreeMap<String, [Taken; 3]>,
        others: Option<String>,
    }

    #[test]
    fn a_long_schema_is_told_less_deep_and_is_whole_elsewhere() {
        let short = Value::Object((*of_output::<Wide>()).clone()).to_string();
        assert!(short.len() <= LONGEST, "{short}");
        let whole = whole::<Wide>();
        assert_eq!(whole["$defs"]["Taken"]["properties"]["name"]["description"], "A name.");
    }

    #[test]
    fn words_of_a_result_are_one_list() {
        let schema = Value::Object((*of_output::<Taken>()).clone());
        assert!(schema.to_string().contains(r#""enum":["one","two"]"#), "{schema}");
        assert!(!schema.to_string().contains("description"), "{schema}");
    }
}
