//! The `Condition` element: operators, and whether a request meets them.
//!
//! Owns what all operators share: set quantifiers, `IfExists`, negation, and what an absent or unknown
//! key means. Each family of operators compares in a file of its own.

mod arn;
mod date;
mod ip;
mod numeric;
mod string;

use std::cmp::Ordering;

use crate::decision::{AbsentKey, Missing};
use crate::request::{KeyState, Request};
use crate::truth::Truth;
use crate::variable::{Reading, Template};

/// How values of a key with several values are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

/// A comparison of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds(self, ordering: Ordering) -> bool {
        match self {
            Order::Equal => ordering.is_eq(),
            Order::Less => ordering.is_lt(),
            Order::LessOrEqual => ordering.is_le(),
            Order::Greater => ordering.is_gt(),
            Order::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// What one value of the request is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    String,
    StringIgnoringCase,
    StringLike,
    Arn,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Null,
    /// An operator this crate does not know.
    Other,
}

/// A condition operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    quantifier: Option<Quantifier>,
    comparison: Comparison,
    negated: bool,
    if_exists: bool,
}

impl Operator {
    /// Returns the operator of a name, whatever its letter case.
    pub(crate) fn read(name: &str) -> Operator {
        let folded = name.to_ascii_lowercase();
        let (quantifier, rest) = if let Some(rest) = folded.strip_prefix("forallvalues:") {
            (Some(Quantifier::All), rest)
        } else if let Some(rest) = folded.strip_prefix("foranyvalue:") {
            (Some(Quantifier::Any), rest)
        } else {
            (None, folded.as_str())
        };
        let (base, if_exists) = match rest.strip_suffix("ifexists") {
            Some(base) => (base, true),
            None => (rest, false),
        };
        let (comparison, negated) = match base {
            "stringequals" => (Comparison::String, false),
            "stringnotequals" => (Comparison::String, true),
            "stringequalsignorecase" => (Comparison::StringIgnoringCase, false),
            "stringnotequalsignorecase" => (Comparison::StringIgnoringCase, true),
            "stringlike" => (Comparison::StringLike, false),
            "stringnotlike" => (Comparison::StringLike, true),
            "arnequals" | "arnlike" => (Comparison::Arn, false),
            "arnnotequals" | "arnnotlike" => (Comparison::Arn, true),
            "numericequals" => (Comparison::Numeric(Order::Equal), false),
            "numericnotequals" => (Comparison::Numeric(Order::Equal), true),
            "numericlessthan" => (Comparison::Numeric(Order::Less), false),
            "numericlessthanequals" => (Comparison::Numeric(Order::LessOrEqual), false),
            "numericgreaterthan" => (Comparison::Numeric(Order::Greater), false),
            "numericgreaterthanequals" => (Comparison::Numeric(Order::GreaterOrEqual), false),
            "dateequals" => (Comparison::Date(Order::Equal), false),
            "datenotequals" => (Comparison::Date(Order::Equal), true),
            "datelessthan" => (Comparison::Date(Order::Less), false),
            "datelessthanequals" => (Comparison::Date(Order::LessOrEqual), false),
            "dategreaterthan" => (Comparison::Date(Order::Greater), false),
            "dategreaterthanequals" => (Comparison::Date(Order::GreaterOrEqual), false),
            "bool" => (Comparison::Bool, false),
            "binaryequals" => (Comparison::Binary, false),
            "ipaddress" => (Comparison::Ip, false),
            "notipaddress" => (Comparison::Ip, true),
            "null" => (Comparison::Null, false),
            _ => (Comparison::Other, false),
        };
        Operator { quantifier, comparison, negated, if_exists }
    }

    /// Returns whether this crate knows the operator.
    pub(crate) fn is_known(self) -> bool {
        self.comparison != Comparison::Other
    }

    /// Returns how texts of the policy are read for this operator.
    fn reading(self, variables: bool) -> Reading {
        match self.comparison {
            Comparison::StringLike | Comparison::Arn => Reading { wildcards: true, variables },
            Comparison::String | Comparison::StringIgnoringCase => Reading { wildcards: false, variables },
            _ => Reading { wildcards: false, variables: false },
        }
    }
}

/// One value of a condition, as written and as read.
#[derive(Debug, Clone)]
struct Wanted {
    text: String,
    template: Template,
}

/// One operator with one key and its values.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    operator: Operator,
    name: String,
    key: String,
    wanted: Vec<Wanted>,
}

/// What an evaluation met on its way, beside its result.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// What the result hangs on where it is unknown.
    pub(crate) missing: Vec<Missing>,
    /// Conditions that hold because the request lacks their key.
    pub(crate) absent: Vec<AbsentKey>,
}

impl Notes {
    fn miss_key(&mut self, key: &str) {
        let missing = Missing::Key { key: key.to_owned() };
        if !self.missing.contains(&missing) {
            self.missing.push(missing);
        }
    }
}

impl Condition {
    /// Returns a condition; `name` and `key` are kept as written.
    pub(crate) fn new(
        operator: Operator,
        name: &str,
        key: &str,
        values: Vec<String>,
        variables: bool,
    ) -> Condition {
        let reading = operator.reading(variables);
        let read = |text: String| {
            let folded;
            let source = if operator.comparison == Comparison::StringIgnoringCase {
                folded = text.to_lowercase();
                &folded
            } else {
                &text
            };
            Wanted { template: Template::read(source, reading), text }
        };
        let wanted = values.into_iter().map(read).collect();
        Condition { operator, name: name.to_owned(), key: key.to_owned(), wanted }
    }

    /// Returns the operator's name as written.
    pub(crate) fn operator_name(&self) -> &str {
        &self.name
    }

    /// Returns the operator.
    pub(crate) fn operator(&self) -> Operator {
        self.operator
    }

    /// Returns the condition key as written.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Returns the values as written.
    pub(crate) fn values(&self) -> Vec<String> {
        self.wanted.iter().map(|wanted| wanted.text.clone()).collect()
    }

    /// Returns whether a value of the condition holds a policy variable.
    pub(crate) fn has_variables(&self) -> bool {
        self.wanted.iter().any(|wanted| wanted.template.has_variables())
    }

    /// Returns whether the request meets the condition.
    pub(crate) fn holds(&self, request: &Request, notes: &mut Notes) -> Truth {
        let operator = self.operator;
        let state = request.key(&self.key);
        match operator.comparison {
            Comparison::Null => return self.null(state, notes),
            Comparison::Other => {
                notes.missing.push(Missing::Operator { name: self.name.clone() });
                return Truth::Unknown;
            }
            _ => {}
        }
        match state {
            KeyState::Values(values) => self.compare(values, request, notes),
            KeyState::Absent => {
                let holds = operator.if_exists
                    || match operator.quantifier {
                        Some(Quantifier::All) => true,
                        Some(Quantifier::Any) => false,
                        None => operator.negated,
                    };
                if holds {
                    notes.absent.push(self.absent_key());
                }
                Truth::of(holds)
            }
            KeyState::Present if self.any_value_matches() => Truth::of(!operator.negated),
            KeyState::Present | KeyState::Unknown => {
                notes.miss_key(&self.key);
                Truth::Unknown
            }
        }
    }

    fn absent_key(&self) -> AbsentKey {
        AbsentKey { operator: self.name.clone(), key: self.key.clone() }
    }

    /// Returns whether the values match whatever the request carries.
    fn any_value_matches(&self) -> bool {
        self.operator.comparison == Comparison::StringLike
            && self.wanted.iter().any(|wanted| matches!(&wanted.template, Template::Fixed(p) if p.is_star()))
    }

    /// Returns the result of `Null`: `true` asks for an absent key, `false` for one that is there.
    fn null(&self, state: KeyState<'_>, notes: &mut Notes) -> Truth {
        let there = match state {
            KeyState::Values(_) | KeyState::Present => false,
            KeyState::Absent => true,
            KeyState::Unknown => {
                notes.miss_key(&self.key);
                return Truth::Unknown;
            }
        };
        let holds = self.wanted.iter().any(|wanted| boolean(&wanted.text) == Some(there));
        if holds && there {
            notes.absent.push(self.absent_key());
        }
        Truth::of(holds)
    }

    fn compare(&self, values: &[String], request: &Request, notes: &mut Notes) -> Truth {
        let operator = self.operator;
        let mut met = Notes::default();
        let results = values.iter().map(|value| {
            let matched = self.wanted.iter().fold(Truth::No, |so_far, wanted| {
                if so_far == Truth::Yes {
                    so_far
                } else {
                    so_far.or(self.one(value, wanted, request, &mut met))
                }
            });
            matched.negate_if(operator.negated)
        });
        let every = match operator.quantifier {
            Some(Quantifier::All) => true,
            Some(Quantifier::Any) => false,
            None => operator.negated,
        };
        let result =
            if every { results.fold(Truth::Yes, Truth::and) } else { results.fold(Truth::No, Truth::or) };
        if result == Truth::Unknown {
            for missing in met.missing {
                if !notes.missing.contains(&missing) {
                    notes.missing.push(missing);
                }
            }
        }
        result
    }

    /// Compares one value of the request with one value of the policy, leaving negation aside.
    fn one(&self, value: &str, wanted: &Wanted, request: &Request, met: &mut Notes) -> Truth {
        match self.operator.comparison {
            Comparison::String | Comparison::StringLike => string::matches(value, wanted, request, met),
            Comparison::StringIgnoringCase => string::matches(&value.to_lowercase(), wanted, request, met),
            Comparison::Arn => arn::matches(value, wanted, request, met),
            Comparison::Numeric(order) => {
                Truth::of(numeric::compare(value, &wanted.text).is_some_and(|o| order.holds(o)))
            }
            Comparison::Date(order) => {
                Truth::of(date::compare(value, &wanted.text).is_some_and(|o| order.holds(o)))
            }
            Comparison::Bool => {
                Truth::of(boolean(value).is_some() && boolean(value) == boolean(&wanted.text))
            }
            Comparison::Binary => Truth::of(value == wanted.text),
            Comparison::Ip => Truth::of(ip::within(value, &wanted.text)),
            Comparison::Null | Comparison::Other => Truth::Unknown,
        }
    }
}

/// Returns the truth value of a text, whatever its letter case.
fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.eq_ignore_ascii_case("false").then_some(false)
    }
}
