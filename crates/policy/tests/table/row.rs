//! One row of a table of cases: documents, a request, and what is expected.

use policy::{
    Caution, Decision, Document, Kind, Miss, Principal, Reason, RegistryScope, Remedy, Request, Source,
    decide, parse,
};
use serde_json::{Value, json};

/// One case, ready to be decided.
pub(super) struct Row {
    pub(super) name: String,
    documents: Vec<(Kind, Option<Document>)>,
    request: Request,
}

impl Row {
    /// Reads a case; what it does not say is taken from the file. Without `strict_keys`, a service's source account
    /// and source ARN are taken to be there with unknown values unless the context has them.
    pub(super) fn read(file: &Value, case: &Value, strict_keys: bool) -> Row {
        let name = case["name"].as_str().expect("a case has a name").to_owned();
        let request = request(file, case, strict_keys);
        let documents = match case["documents"].as_array() {
            Some(list) => list.iter().map(|entry| (kind(entry), document(file, entry))).collect(),
            None => {
                let at = if case["kind"].is_string() { case } else { file };
                vec![(kind(at), document(file, case))]
            }
        };
        Row { name, documents, request }
    }

    /// Returns the decision on the case.
    pub(super) fn decide(&self) -> Decision {
        let sources: Vec<Source<'_>> = self
            .documents
            .iter()
            .map(|(kind, document)| Source { kind: *kind, name: "case", document: document.as_ref() })
            .collect();
        decide(&sources, &self.request)
    }
}

fn kind(entry: &Value) -> Kind {
    let level = entry["level"].as_u64().unwrap_or(0) as u8;
    match entry["kind"].as_str().unwrap_or("repository") {
        "repository" => Kind::Repository,
        "registry" => Kind::Registry(RegistryScope::V2),
        "registry_v1" => Kind::Registry(RegistryScope::V1),
        "resource" => Kind::Resource,
        "identity" => Kind::Identity,
        "boundary" => Kind::Boundary,
        "session" => Kind::Session,
        "service_control" => Kind::ServiceControl { level },
        "resource_control" => Kind::ResourceControl { level },
        other => panic!("no kind of document is called {other}"),
    }
}

/// Returns the document: whole under `policy`, or only its statements or condition.
fn document(file: &Value, entry: &Value) -> Option<Document> {
    let read = |value: &Value| Some(parse(&value.to_string()).expect("the document of a case can be read"));
    match entry.get("policy") {
        Some(Value::Null) => return None,
        Some(policy) => return read(policy),
        None => {}
    }
    let mut policy = json!({"Version": "2012-10-17"});
    match entry.get("version") {
        Some(Value::Null) => policy = json!({}),
        Some(version) => policy["Version"] = version.clone(),
        None => {}
    }
    policy["Statement"] = match (entry.get("condition"), entry.get("statement")) {
        (Some(condition), _) => json!({
            "Sid": "C", "Effect": "Allow", "Principal": "*", "Action": "*", "Condition": condition
        }),
        (None, Some(Value::Null)) => return None,
        (None, Some(statement)) => match (file.get("before"), statement) {
            (Some(Value::Array(before)), Value::Array(list)) => before.iter().chain(list).cloned().collect(),
            _ => statement.clone(),
        },
        (None, None) => panic!("{entry} has no document"),
    };
    read(&policy)
}

fn request(file: &Value, case: &Value, strict_keys: bool) -> Request {
    let asked = case.get("request").unwrap_or(case);
    let get = |name: &str| asked.get(name).or_else(|| file.get(name)).unwrap_or(&Value::Null);
    let text =
        |name: &str| get(name).as_str().unwrap_or_else(|| panic!("{name} is missing in {asked}")).to_owned();
    let principal = principal(get("principal"));
    let (action, resource) = (text("action"), text("resource"));
    let mut request = match &principal {
        Principal::Service(service) if get("service_request") == &json!(true) => {
            Request::from_service(service, &action, &resource)
        }
        _ => Request::new(principal.clone(), &action, &resource),
    };
    if !strict_keys && matches!(principal, Principal::Service(_)) {
        request = request.present("aws:SourceArn").present("aws:SourceAccount");
    }
    for (key, values) in get("context").as_object().into_iter().flatten() {
        let values: Vec<&str> = match values {
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        request = request.with_values(key, values);
    }
    let names =
        |name: &str| get(name).as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
    request = names("unknown").into_iter().fold(request, |request, key| request.unknown(key));
    request = names("present").into_iter().fold(request, |request, key| request.present(key));
    if let Some(family) = get("unknown_family").as_str() {
        request = request.unknown_family(family);
    }
    if let Some(pattern) = get("all_of").as_str() {
        request = request.for_all_matching(pattern);
    }
    if get("others_unknown") == &json!(true) {
        request = request.others_unknown();
    }
    request
}

fn principal(value: &Value) -> Principal {
    let Some((label, name)) = value.as_object().and_then(|labels| labels.iter().next()) else {
        return Principal::Anonymous;
    };
    let name = name.as_str().expect("a principal has a name");
    match label.as_str() {
        "Service" => Principal::Service(name.to_owned()),
        "Federated" => Principal::Federated(name.to_owned()),
        "CanonicalUser" => Principal::CanonicalUser(name.to_owned()),
        "AWS" if name == "*" => Principal::Anonymous,
        "AWS" if name.starts_with("arn:") => Principal::from_arn(name).unwrap(),
        "AWS" => Principal::account_root(name).unwrap(),
        other => panic!("no principal is labelled {other}"),
    }
}

/// What a case expects; what it leaves out is not compared.
pub(super) struct Expected<'c> {
    case: &'c Value,
}

impl<'c> Expected<'c> {
    pub(super) fn read(case: &'c Value) -> Expected<'c> {
        Expected { case }
    }

    /// Returns the first difference from what was decided.
    pub(super) fn compare(&self, decision: &Decision) -> Result<(), String> {
        let by = decision.decided_by();
        self.same("verdict", &json!(decision.verdict.to_string()))?;
        for name in ["by", "decided_by"] {
            self.same(name, &json!(by.and_then(|statement| statement.sid.clone())))?;
        }
        self.same("by_index", &json!(by.map(|statement| statement.index)))?;
        self.same("missing", &json!(decision.missing_keys()))?;
        let cautions: Vec<Value> =
            decision.cautions.iter().map(|caution| json!(caution_name(caution))).collect();
        if let Some(Value::Array(wanted)) = self.case.get("cautions")
            && !(wanted.len() == cautions.len() && wanted.iter().all(|caution| cautions.contains(caution)))
        {
            return Err(format!("cautions are {cautions:?}"));
        }
        match &decision.why {
            Reason::Granted { by } => {
                self.same("and", &json!(by.get(1).and_then(|statement| statement.sid.clone())))?;
            }
            Reason::ExplicitDeny { denials } => {
                let first = denials.first().ok_or("no denial is told")?;
                let absent: Vec<&str> = first.absent.iter().map(|absent| absent.key.as_str()).collect();
                self.same("absent", &json!(absent))?;
                let remedy = first.remedy.as_ref().map(|remedy| match remedy {
                    Remedy::AddCondition { .. } => "add_condition",
                    Remedy::AddToNotPrincipal { .. } => "add_to_not_principal",
                });
                self.same("remedy", &json!(remedy))?;
            }
            Reason::NoGrant { side, nearest } => {
                self.same("side", &json!(side))?;
                let missed = nearest.first().map_or(&[][..], |near| &near.missed);
                self.same("misses", &json!(missed.iter().map(miss_name).collect::<Vec<_>>()))?;
            }
            Reason::OutsideLimit { limit, .. } => self.same("limit", &json!(limit_name(*limit)))?,
            Reason::Hangs { on } => {
                if on.is_empty() || on.iter().any(|hanging| hanging.missing.is_empty()) {
                    return Err("it hangs on nothing".to_owned());
                }
            }
        }
        Ok(())
    }

    fn same(&self, name: &str, found: &Value) -> Result<(), String> {
        match self.case.get(name) {
            Some(wanted) if wanted != found => Err(format!("{name} is {found}, expected {wanted}")),
            _ => Ok(()),
        }
    }
}

fn caution_name(caution: &Caution) -> String {
    let value = serde_json::to_value(caution).unwrap();
    value["caution"].as_str().unwrap().to_owned()
}

fn miss_name(miss: &Miss) -> String {
    let value = serde_json::to_value(miss).unwrap();
    value["part"].as_str().unwrap().to_owned()
}

fn limit_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Boundary => "boundary",
        Kind::Session => "session",
        Kind::ServiceControl { .. } => "service_control",
        Kind::ResourceControl { .. } => "resource_control",
        _ => "none",
    }
}
