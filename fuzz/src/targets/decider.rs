//! The decider against the plain second reading that its tests have. An input is a row of choices.

use policy::{Document, Kind, Principal, Request, Source, Verdict, decide, parse};
use serde_json::{Value, json};

use super::{Form, Target, hold, mark};

#[path = "../../../crates/policy/tests/naive/evaluator.rs"]
#[allow(clippy::expect_used, clippy::panic, reason = "it is the one of the tests")]
mod evaluator;
#[path = "../../../crates/policy/tests/naive/worlds.rs"]
mod worlds;

use evaluator::{Question, allowed};
use worlds::{KEYS, VALUES, worlds};

pub(super) const TARGET: Target = Target {
    name: "decider",
    about: "decisions on made-up documents, against a plain second implementation",
    form: Form::Text,
    waits: false,
    tokens: &["\u{0}", "\u{1}", "\u{2}", "\u{3}", "\u{7}", "\u{0}\u{0}\u{0}\u{0}", "zzzz"],
    check,
};

const SERVICE: &str = "puller.amazonaws.com";
const ACCOUNT: &str = "111122223333";

/// Takes one choice after the other from bytes; when they are over, always the first.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or_default()) % count.max(1)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        choices.get(self.below(choices.len())).copied()
    }

    fn text(&mut self, choices: &[&'static str]) -> &'static str {
        self.of(choices).unwrap_or_default()
    }

    fn texts(&mut self, choices: &[&'static str]) -> Value {
        match self.below(3) {
            0 => json!(self.text(choices)),
            count => json!((0..=count).map(|_| self.text(choices)).collect::<Vec<_>>()),
        }
    }
}

const OPERATORS: [&str; 22] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "Bool",
    "Null",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "ForAllValues:StringEquals",
    "ForAllValues:StringNotEquals",
    "ForAnyValue:StringLike",
    "ForAnyValue:StringNotEquals",
    "StringEqualsIfExists",
    "StringNotLikeIfExists",
    "ForAnyValue:StringEqualsIfExists",
    "BoolIfExists",
    "ForAllValues:StringLike",
    "ForAnyValue:StringNotLike",
    "StringNotEqualsIgnoreCaseIfExists",
];
const SERVICES: [&str; 3] = [SERVICE, "pusher.amazonaws.com", "puller.*"];
const IDENTITIES: [&str; 6] = [
    "*",
    ACCOUNT,
    "444455556666",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:role/runner",
    "arn:aws:iam::111122223333:role/other",
];
const ACTIONS: [&str; 9] = [
    "ecr:BatchGetImage",
    "ecr:*",
    "ECR:batch*",
    "ecr:PutImage",
    "s3:*",
    "*",
    "ecr:Batch?etImage",
    "e*r:*Image",
    "*:*",
];
const RESOURCES: [&str; 8] = [
    "*",
    "*/hub/*",
    "*/quay/*",
    "arn:aws:ecr:*:repository/hub/a?",
    "*/HUB/*",
    "arn:aws:ecr:*:*:repository/*b",
    "arn:aws:ecr:eu-west-1:111122223333:repository/hub/ab",
    "arn:*:ecr:*",
];

fn principal(choices: &mut Choices<'_>) -> Value {
    match choices.below(4) {
        0 => json!("*"),
        1 => json!({"Service": choices.texts(&SERVICES)}),
        2 => json!({"AWS": choices.texts(&IDENTITIES)}),
        _ => json!({"Service": choices.texts(&SERVICES), "AWS": choices.texts(&IDENTITIES)}),
    }
}

fn statement(choices: &mut Choices<'_>) -> Value {
    let mut statement = json!({"Effect": choices.text(&["Allow", "Deny", "Allow"])});
    let mut name = |plain: &'static str, negated: &'static str| choices.text(&[plain, plain, plain, negated]);
    let names =
        [name("Principal", "NotPrincipal"), name("Action", "NotAction"), name("Resource", "NotResource")];
    let [principals, actions, resources] = names;
    statement[principals] = principal(choices);
    statement[actions] = choices.texts(&ACTIONS);
    if choices.below(3) > 0 {
        statement[resources] = choices.texts(&RESOURCES);
    }
    let mut block = json!({});
    for _ in 0..choices.below(4) {
        let operator = choices.text(&OPERATORS);
        let key = choices.text(&KEYS);
        let key = if choices.below(4) == 0 { key.to_uppercase() } else { key.to_owned() };
        block[operator][key] = match operator {
            "Null" | "Bool" | "BoolIfExists" => choices.texts(&["true", "false"]),
            "NumericEquals" | "NumericNotEquals" | "NumericLessThan" => choices.texts(&["7", "7.0", "8"]),
            _ => choices.texts(&["a", "A*", "*b", "?", "Ab", "*", "**", "a?"]),
        };
    }
    if block != json!({}) {
        statement["Condition"] = block;
    }
    statement
}

fn check(input: &[u8]) -> Result<u64, String> {
    let mut choices = Choices(input.iter());
    let service = choices.below(2) == 0;
    let action = choices.text(&["ecr:BatchGetImage", "ecr:putimage"]);
    let resource = choices.text(&[
        "arn:aws:ecr:eu-west-1:111122223333:repository/hub/ab",
        "arn:aws:ecr:eu-west-1:111122223333:repository/quay/hub/x",
    ]);
    let keys: Vec<Option<Vec<&str>>> = KEYS
        .iter()
        .map(|_| match choices.below(4) {
            0 => None,
            count => Some((1..count).filter_map(|_| choices.of(&VALUES)).collect()),
        })
        .collect();
    let documents: Vec<Value> = (0..=choices.below(2))
        .map(|_| {
            let count = choices.below(4);
            json!({"Version": "2012-10-17", "Statement": (0..count).map(|_| statement(&mut choices)).collect::<Vec<_>>()})
        })
        .collect();
    let parsed: Vec<Document> = documents
        .iter()
        .map(|document| parse(&document.to_string()))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("parse: {error} in {documents:?}"))?;
    let sources: Vec<Source<'_>> =
        parsed.iter().map(|document| Source::new(Kind::Repository, "made up", document)).collect();
    let principal = match service {
        true => Principal::Service(SERVICE.to_owned()),
        false => Principal::from_arn("arn:aws:iam::111122223333:role/runner")
            .map_err(|error| format!("arn: {error}"))?,
    };
    let request =
        KEYS.iter().zip(&keys).fold(Request::new(principal, action, resource), |request, (key, known)| {
            match known {
                Some(values) => request.with_values(key, values.iter().copied()),
                None => request.unknown(key),
            }
        });
    let decision = decide(&sources, &request);
    let role = (!service).then_some((ACCOUNT, "runner"));
    let question = Question { service: service.then_some(SERVICE), role, action, resource };
    let answers: Vec<bool> =
        worlds(&keys).iter().map(|world| allowed(&documents, &question, world)).collect();
    let agrees = match decision.verdict {
        Verdict::Allowed => answers.iter().all(|answer| *answer),
        Verdict::Denied => answers.iter().all(|answer| !*answer),
        Verdict::Depends => answers.len() > 1,
    };
    hold(agrees, || {
        format!("verdict: {decision}, against {answers:?} on {keys:?} for {}", json!(documents))
    })?;
    let by = decision.decided_by().map(|by| by.index);
    Ok(mark((decision.verdict.to_string(), by, documents.len(), answers.len(), super::gist(&decision))))
}
