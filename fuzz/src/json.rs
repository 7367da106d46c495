//! Changes to documents in JSON that leave them JSON.

use serde_json::{Map, Value, json};

/// Returns a document with one node changed; `None` when the text is no JSON.
pub(crate) fn changed(text: &[u8], tokens: &[&str], chance: &mut fastrand::Rng) -> Option<Vec<u8>> {
    let mut document: Value = serde_json::from_slice(text).ok()?;
    let count = count(&document);
    let other = nth(&document, chance.usize(..count)).cloned()?;
    let node = nth_mut(&mut document, &mut chance.usize(..count))?;
    change(node, other, tokens, chance);
    serde_json::to_vec(&document).ok()
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(entries) => entries.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum::<usize>(),
        _ => 0,
    }
}

fn nth(value: &Value, place: usize) -> Option<&Value> {
    let mut waiting = vec![value];
    let mut left = place;
    while let Some(value) = waiting.pop() {
        if left == 0 {
            return Some(value);
        }
        left -= 1;
        match value {
            Value::Array(entries) => waiting.extend(entries),
            Value::Object(members) => waiting.extend(members.values()),
            _ => {}
        }
    }
    None
}

fn nth_mut<'v>(value: &'v mut Value, left: &mut usize) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(entries) => entries.iter_mut().find_map(|entry| nth_mut(entry, left)),
        Value::Object(members) => members.values_mut().find_map(|member| nth_mut(member, left)),
        _ => None,
    }
}

fn leaf(tokens: &[&str], chance: &mut fastrand::Rng) -> Value {
    match chance.u8(..12) {
        0 => Value::Null,
        1 => json!(chance.bool()),
        2 => json!(chance.i64(..)),
        3 => json!(chance.i32(-3..300)),
        4 => json!(1e300),
        5 => json!(""),
        6 => json!("a".repeat(chance.usize(..5000))),
        7 => json!({}),
        8 => json!([]),
        _ => json!(chance.choice(tokens).copied().unwrap_or_default()),
    }
}

fn change(node: &mut Value, other: Value, tokens: &[&str], chance: &mut fastrand::Rng) {
    let name = chance.choice(tokens).copied().unwrap_or_default().to_owned();
    match (chance.u8(..8), &mut *node) {
        (0, _) => *node = other,
        (1, Value::Object(members)) => {
            members.insert(name, other);
        }
        (2, Value::Object(members)) => {
            let keys: Vec<String> = members.keys().cloned().collect();
            if let Some(value) = chance.choice(keys).and_then(|key| members.shift_remove(&key))
                && chance.bool()
            {
                members.insert(name, value);
            }
        }
        (1 | 2, Value::Array(entries)) => {
            let at = chance.usize(..=entries.len());
            entries.insert(at, other);
        }
        (3, Value::Array(entries)) if !entries.is_empty() => {
            entries.remove(chance.usize(..entries.len()));
        }
        (3, Value::String(text)) => {
            let at = text.char_indices().map(|(at, _)| at).nth(chance.usize(..=text.chars().count()));
            text.insert_str(at.unwrap_or_default(), &name);
        }
        (4, _) => *node = Value::Array(vec![node.take()]),
        (5, _) => {
            let deep = if chance.u8(..) < 8 { 120 } else { chance.usize(..6) };
            for _ in 0..deep {
                *node = Value::Object(Map::from_iter([(name.clone(), node.take())]));
            }
        }
        _ => *node = leaf(tokens, chance),
    }
}
