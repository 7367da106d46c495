//! Brings a statement of ours up to the one wanted, without undoing what a person made of it.
//!
//! Everything here adds; nothing is taken away. Knows the elements of one statement, not the document.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::kind::Kind;
use crate::merge::OwnStatement;
use crate::pattern::Pattern;

/// Whether a repair may grant more than a person left of our statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Widening {
    /// What was narrowed or is shared with other principals stays so, and is reported.
    Never,
    /// Wanted actions and resources are added all the same; conditions still stay.
    Asked,
}

/// Why something wanted was not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A narrower entry stands in its place.
    NarrowedByHand,
    /// The statement also grants to principals that are not ours.
    SharedWithOthers,
}

/// How a statement of ours differs from the one wanted and was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "difference")]
pub enum Difference {
    /// Entries that are wanted and were not added.
    NotAdded {
        /// The element.
        element: String,
        /// The entries.
        entries: Vec<String>,
        /// Why not.
        cause: Cause,
    },
    /// A condition of someone's own making.
    OtherCondition {
        /// The operator as written.
        operator: String,
        /// The condition key as written.
        key: String,
        /// The values wanted for that key; none when no condition on it is wanted.
        wanted: Vec<String>,
        /// The values that stand there.
        found: Vec<String>,
    },
    /// Entries beyond the wanted ones.
    Beyond {
        /// The element.
        element: String,
        /// The entries.
        entries: Vec<String>,
    },
}

/// A statement after its repair.
pub(crate) struct Repaired {
    pub(crate) elements: Map<String, Value>,
    pub(crate) differences: Vec<Difference>,
}

/// The work on one statement.
struct Repair<'a> {
    wanted: &'a Map<String, Value>,
    elements: Map<String, Value>,
    differences: Vec<Difference>,
    widening: Widening,
    shared: bool,
}

/// Returns the statement brought up to ours, or what shows that it is not ours.
pub(crate) fn repair(
    before: &Map<String, Value>,
    own: &OwnStatement,
    kind: Kind,
    widening: Widening,
) -> Result<Repaired, &'static str> {
    let wanted = &own.elements;
    if before.get("Effect") != wanted.get("Effect") {
        return Err("it has another effect");
    }
    if ["NotPrincipal", "NotAction", "NotResource"].iter().any(|element| before.contains_key(*element)) {
        return Err("it says whom or what it is not for");
    }
    let mut repair =
        Repair { wanted, elements: before.clone(), differences: Vec::new(), widening, shared: false };
    repair.principals()?;
    repair.actions();
    repair.resources(kind);
    repair.conditions();
    Ok(Repaired { elements: repair.elements, differences: repair.differences })
}

impl Repair<'_> {
    fn principals(&mut self) -> Result<(), &'static str> {
        let Some(wanted) = self.wanted.get("Principal") else { return Ok(()) };
        let Some(found) = self.elements.get("Principal") else {
            self.elements.insert("Principal".to_owned(), wanted.clone());
            return Ok(());
        };
        let (ours, theirs) = (principals(wanted), principals(found));
        let is_star = |(label, name): &(String, String)| label == "AWS" && name == "*";
        let beyond: Vec<String> = theirs
            .iter()
            .filter(|entry| !ours.iter().any(|our| same_principal(our, entry)))
            .map(|(_, name)| name.clone())
            .collect();
        self.shared = !beyond.is_empty();
        if theirs.iter().any(is_star) {
            self.beyond("Principal", beyond);
            return Ok(());
        }
        let lacking: Vec<(String, String)> = ours
            .iter()
            .filter(|entry| !theirs.iter().any(|their| same_principal(their, entry)))
            .cloned()
            .collect();
        if self.shared && lacking.len() == ours.len() {
            return Err("it is for other principals");
        }
        self.beyond("Principal", beyond);
        if lacking.iter().any(is_star) {
            let entries = vec!["*".to_owned()];
            self.not_added("Principal", entries, Cause::NarrowedByHand);
            return Ok(());
        }
        if let Some(Value::Object(labels)) = self.elements.get_mut("Principal") {
            for (label, name) in lacking {
                extend(labels.entry(label).or_insert_with(|| Value::Array(Vec::new())), vec![name]);
            }
        }
        Ok(())
    }

    fn actions(&mut self) {
        let (ours, theirs) = (entries(self.wanted.get("Action")), entries(self.elements.get("Action")));
        let fold = |text: &String| Pattern::glob(&text.to_ascii_lowercase());
        let (our_patterns, their_patterns): (Vec<_>, Vec<_>) =
            (ours.iter().map(fold).collect(), theirs.iter().map(fold).collect());
        self.beyond("Action", uncovered(&theirs, &their_patterns, &our_patterns));
        let lacking = uncovered(&ours, &our_patterns, &their_patterns);
        self.add("Action", lacking);
    }

    fn resources(&mut self, kind: Kind) {
        let all = |value: Option<&Value>| match value {
            None if kind.implies_resource() => vec!["*".to_owned()],
            value => entries(value),
        };
        let (ours, theirs) = (all(self.wanted.get("Resource")), all(self.elements.get("Resource")));
        let glob = |text: &String| Pattern::glob(text);
        let (our_patterns, their_patterns): (Vec<_>, Vec<_>) =
            (ours.iter().map(glob).collect(), theirs.iter().map(glob).collect());
        let lacking = uncovered(&ours, &our_patterns, &their_patterns);
        // An entry that a standing one overlaps was narrowed there; one far from all others is new.
        let (narrowed, new): (Vec<_>, Vec<_>) = lacking.into_iter().partition(|text| {
            let pattern = Pattern::glob(text);
            their_patterns.iter().any(|their| their.meets(&pattern))
        });
        let beyond = theirs
            .iter()
            .zip(&their_patterns)
            .filter(|(_, their)| !our_patterns.iter().any(|our| our.covers(their)))
            .map(|(text, _)| text.clone())
            .collect();
        self.beyond("Resource", beyond);
        if !self.wanted.contains_key("Resource") || self.widening == Widening::Never {
            self.not_added("Resource", narrowed, Cause::NarrowedByHand);
            self.add("Resource", new);
        } else {
            self.add("Resource", narrowed.into_iter().chain(new).collect());
        }
    }

    fn conditions(&mut self) {
        let (ours, theirs) =
            (conditions(self.wanted.get("Condition")), conditions(self.elements.get("Condition")));
        for their in &theirs {
            if ours.iter().any(|our| our.says_the_same(their)) {
                continue;
            }
            let same_key = ours.iter().find(|our| our.key.eq_ignore_ascii_case(&their.key));
            self.differences.push(Difference::OtherCondition {
                operator: their.operator.clone(),
                key: their.key.clone(),
                wanted: same_key.map(|our| our.values.clone()).unwrap_or_default(),
                found: their.values.clone(),
            });
        }
        for our in &ours {
            if theirs.iter().any(|their| their.key.eq_ignore_ascii_case(&our.key)) {
                continue;
            }
            if self.shared {
                let entries = vec![format!("{} {}", our.operator, our.key)];
                self.not_added("Condition", entries, Cause::SharedWithOthers);
                continue;
            }
            let block = self.elements.entry("Condition").or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(operators) = block else { continue };
            let standing = operators.keys().find(|name| name.eq_ignore_ascii_case(&our.operator)).cloned();
            let name = standing.unwrap_or_else(|| our.operator.clone());
            let keys = operators.entry(name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(keys) = keys {
                keys.insert(our.key.clone(), our.value.clone());
            }
        }
    }

    /// Adds entries to an element, unless that would give them to principals that are not ours.
    fn add(&mut self, element: &str, lacking: Vec<String>) {
        if self.shared && self.widening == Widening::Never {
            self.not_added(element, lacking, Cause::SharedWithOthers);
        } else if !lacking.is_empty() {
            match self.elements.get_mut(element) {
                Some(value) => extend(value, lacking),
                None => {
                    if let Some(wanted) = self.wanted.get(element) {
                        self.elements.insert(element.to_owned(), wanted.clone());
                    }
                }
            }
        }
    }

    fn not_added(&mut self, element: &str, entries: Vec<String>, cause: Cause) {
        if !entries.is_empty() {
            self.differences.push(Difference::NotAdded { element: element.to_owned(), entries, cause });
        }
    }

    fn beyond(&mut self, element: &str, entries: Vec<String>) {
        if !entries.is_empty() {
            self.differences.push(Difference::Beyond { element: element.to_owned(), entries });
        }
    }
}

/// Returns the texts whose patterns none of the others covers.
fn uncovered(texts: &[String], patterns: &[Pattern], others: &[Pattern]) -> Vec<String> {
    texts
        .iter()
        .zip(patterns)
        .filter(|(_, pattern)| !others.iter().any(|other| other.covers(pattern)))
        .map(|(text, _)| text.clone())
        .collect()
}

/// Appends entries; a single value becomes the first of a list, and an empty list with one entry a value.
fn extend(value: &mut Value, more: Vec<String>) {
    let mut list = match value.take() {
        Value::Array(list) => list,
        single => vec![single],
    };
    list.extend(more.into_iter().map(Value::String));
    *value = match <[Value; 1]>::try_from(list) {
        Ok([single]) => single,
        Err(list) => Value::Array(list),
    };
}

/// Returns the entries of a string or a list of strings.
fn entries(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().map(text).collect(),
        Some(single) => vec![text(single)],
        None => Vec::new(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the entries of a principal element; the bare star is the star of `AWS`.
fn principals(value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Object(labels) => labels
            .iter()
            .flat_map(|(label, names)| entries(Some(names)).into_iter().map(|name| (label.clone(), name)))
            .collect(),
        other => vec![("AWS".to_owned(), text(other))],
    }
}

/// Returns whether two entries mean the same principal; an account may be its id or its root ARN.
fn same_principal(left: &(String, String), right: &(String, String)) -> bool {
    let account = |name: &str| -> Option<String> {
        let fields: Vec<&str> = name.split(':').collect();
        match fields[..] {
            ["arn", _, "iam", "", id, "root"] => Some(id.to_owned()),
            _ => None,
        }
    };
    left.0 == right.0
        && (left.1 == right.1
            || account(&left.1).as_deref() == Some(&right.1)
            || account(&right.1).as_deref() == Some(&left.1))
}

/// One operator with one key, as written.
struct ConditionEntry {
    operator: String,
    key: String,
    values: Vec<String>,
    value: Value,
}

impl ConditionEntry {
    fn says_the_same(&self, other: &ConditionEntry) -> bool {
        let (mut mine, mut theirs) = (self.values.clone(), other.values.clone());
        mine.sort();
        theirs.sort();
        self.operator.eq_ignore_ascii_case(&other.operator)
            && self.key.eq_ignore_ascii_case(&other.key)
            && mine == theirs
    }
}

fn conditions(value: Option<&Value>) -> Vec<ConditionEntry> {
    let operators = value.and_then(Value::as_object).into_iter().flatten();
    operators
        .flat_map(|(operator, keys)| keys.as_object().into_iter().flatten().map(move |pair| (operator, pair)))
        .map(|(operator, (key, value))| ConditionEntry {
            operator: operator.clone(),
            key: key.clone(),
            values: entries(Some(value)),
            value: value.clone(),
        })
        .collect()
}
