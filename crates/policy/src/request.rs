//! The question put to policies: who wants to do what to which resource, and what is known around it.

use std::collections::BTreeMap;

use crate::pattern::Pattern;
use crate::principal::Principal;

/// What is recorded of a condition key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Recorded {
    Values(Vec<String>),
    Absent,
    Present,
    Unknown,
}

/// What a request says of a condition key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyState<'r> {
    /// The request carries the key with these values, at least one.
    Values(&'r [String]),
    /// The request certainly lacks the key.
    Absent,
    /// The request carries the key; its value is not known.
    Present,
    /// Whether the request carries the key is not known.
    Unknown,
}

/// The resource asked about: one, or all whose names match a pattern.
#[derive(Debug, Clone)]
pub(crate) enum Asked {
    One(String),
    All { text: String, pattern: Pattern },
}

/// One action of one principal on one resource, with the condition keys of the request.
///
/// A key that was never mentioned is absent, unless [`Request::others_unknown`] was called.
#[derive(Debug, Clone)]
pub struct Request {
    principal: Principal,
    action: String,
    folded_action: String,
    resource: Asked,
    resource_account: Option<String>,
    keys: BTreeMap<String, Recorded>,
    unknown_families: Vec<String>,
    others_unknown: bool,
}

impl Request {
    /// Returns a request of which no condition key is known to be there.
    ///
    /// `resource` is an ARN, or `*` for actions that are for no resource; the account that owns it is read
    /// from the ARN.
    pub fn new(principal: Principal, action: &str, resource: &str) -> Request {
        Request {
            principal,
            action: action.to_owned(),
            folded_action: action.to_ascii_lowercase(),
            resource_account: field(resource, 4),
            resource: Asked::One(resource.to_owned()),
            keys: BTreeMap::new(),
            unknown_families: Vec::new(),
            others_unknown: false,
        }
    }

    /// Returns a request that an AWS service makes in its own name.
    ///
    /// Keys that such requests carry are set: `aws:PrincipalIsAWSService` and the service's name are known,
    /// `aws:SourceArn` and `aws:SourceAccount` are there with unknown values, the time, the organization and the
    /// tags are unknown. All others are absent, `aws:PrincipalOrgID`, `aws:SourceIp` and `aws:SourceVpce` among them.
    pub fn from_service(service: &str, action: &str, resource: &str) -> Request {
        let mut request = Request::new(Principal::Service(service.to_owned()), action, resource)
            .with("aws:PrincipalIsAWSService", "true")
            .with("aws:PrincipalServiceName", service)
            .present("aws:PrincipalServiceNamesList")
            .present("aws:SourceArn")
            .present("aws:SourceAccount")
            .unknown("aws:SourceOrgID")
            .unknown("aws:SourceOrgPaths")
            .with("aws:ViaAWSService", "false");
        request.set_surroundings(resource);
        request
    }

    /// Returns a request that a user, role, session or account makes.
    ///
    /// The keys that follow from the principal are set; every other one is unknown, as it depends on how and from
    /// where the call is made.
    pub fn from_caller(principal: Principal, action: &str, resource: &str) -> Request {
        let mut request = Request::new(principal.clone(), action, resource)
            .with("aws:PrincipalIsAWSService", "false")
            .without("aws:PrincipalServiceName")
            .without("aws:PrincipalServiceNamesList")
            .without("aws:SourceArn")
            .without("aws:SourceAccount")
            .without("aws:SourceOrgID")
            .without("aws:SourceOrgPaths")
            .others_unknown();
        for (key, value) in principal.keys() {
            request = match value {
                Some(value) => request.with(key, &value),
                None => request.without(key),
            };
        }
        request.set_surroundings(resource);
        request
    }

    /// Sets what is true of every call to an AWS endpoint.
    fn set_surroundings(&mut self, resource: &str) {
        self.record("aws:SecureTransport", Recorded::Values(vec!["true".to_owned()]));
        for key in ["aws:CurrentTime", "aws:EpochTime"] {
            self.record(key, Recorded::Present);
        }
        for key in ["aws:ResourceOrgID", "aws:ResourceOrgPaths", "aws:TagKeys"] {
            self.record(key, Recorded::Unknown);
        }
        if let Some(region) = field(resource, 3) {
            self.record("aws:RequestedRegion", Recorded::Values(vec![region]));
        }
        if let Some(account) = field(resource, 4) {
            self.record("aws:ResourceAccount", Recorded::Values(vec![account]));
        }
        self.unknown_families.extend(["aws:resourcetag/".to_owned(), "aws:requesttag/".to_owned()]);
        if let Some((service, _)) = self.folded_action.split_once(':') {
            self.unknown_families.push(format!("{service}:resourcetag/"));
        }
    }

    /// Says that the request carries this key with this value.
    #[must_use]
    pub fn with(self, key: &str, value: &str) -> Request {
        self.with_values(key, [value])
    }

    /// Says that the request carries this key with these values; none at all is the same as absent.
    #[must_use]
    pub fn with_values<'v>(mut self, key: &str, values: impl IntoIterator<Item = &'v str>) -> Request {
        let values: Vec<String> = values.into_iter().map(str::to_owned).collect();
        self.record(key, if values.is_empty() { Recorded::Absent } else { Recorded::Values(values) });
        self
    }

    /// Says that the request certainly lacks this key.
    #[must_use]
    pub fn without(mut self, key: &str) -> Request {
        self.record(key, Recorded::Absent);
        self
    }

    /// Says that the request carries this key, with a value that is not known.
    #[must_use]
    pub fn present(mut self, key: &str) -> Request {
        self.record(key, Recorded::Present);
        self
    }

    /// Says that it is not known whether the request carries this key.
    #[must_use]
    pub fn unknown(mut self, key: &str) -> Request {
        self.record(key, Recorded::Unknown);
        self
    }

    /// Says that nothing is known of the keys that begin so, for example `aws:PrincipalTag/`.
    #[must_use]
    pub fn unknown_family(mut self, prefix: &str) -> Request {
        self.unknown_families.push(prefix.to_ascii_lowercase());
        self
    }

    /// Says that keys that were never mentioned are unknown instead of absent.
    #[must_use]
    pub fn others_unknown(mut self) -> Request {
        self.others_unknown = true;
        self
    }

    /// Asks about every resource whose ARN matches the pattern (`*` and `?`) instead of one resource.
    ///
    /// A statement for only some of them makes the answer depend on which one is meant.
    #[must_use]
    pub fn for_all_matching(mut self, pattern: &str) -> Request {
        self.resource_account = field(pattern, 4).filter(|account| !account.contains(['*', '?']));
        self.resource = Asked::All { text: pattern.to_owned(), pattern: Pattern::glob(pattern) };
        self
    }

    /// Says which account owns the resource, where its ARN does not.
    #[must_use]
    pub fn resource_owned_by(mut self, account: &str) -> Request {
        self.resource_account = Some(account.to_owned());
        self
    }

    /// Returns who asks.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Returns the action as it was given.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Returns the ARN or ARN pattern asked about.
    pub fn resource(&self) -> &str {
        match &self.resource {
            Asked::One(text) | Asked::All { text, .. } => text,
        }
    }

    /// Returns the action in small letters.
    pub(crate) fn folded_action(&self) -> &str {
        &self.folded_action
    }

    pub(crate) fn asked(&self) -> &Asked {
        &self.resource
    }

    /// Returns whether principal and resource belong to one account.
    ///
    /// Where either account cannot be told the answer is no, which asks for grants on both sides.
    pub(crate) fn same_account(&self) -> bool {
        self.principal.account().is_some() && self.principal.account() == self.resource_account.as_deref()
    }

    /// Returns what the request says of a key, whatever its letter case.
    pub(crate) fn key(&self, key: &str) -> KeyState<'_> {
        let folded = key.to_ascii_lowercase();
        match self.keys.get(&folded) {
            Some(Recorded::Values(values)) => KeyState::Values(values),
            Some(Recorded::Absent) => KeyState::Absent,
            Some(Recorded::Present) => KeyState::Present,
            Some(Recorded::Unknown) => KeyState::Unknown,
            None if self.others_unknown => KeyState::Unknown,
            None if self.unknown_families.iter().any(|prefix| folded.starts_with(prefix)) => {
                KeyState::Unknown
            }
            None => KeyState::Absent,
        }
    }

    fn record(&mut self, key: &str, recorded: Recorded) {
        self.keys.insert(key.to_ascii_lowercase(), recorded);
    }
}

/// Returns a field of an ARN, the first being 0; empty fields and texts that are no ARN have none.
fn field(arn: &str, index: usize) -> Option<String> {
    let mut fields = arn.splitn(6, ':');
    (fields.next() == Some("arn")).then_some(())?;
    fields
        .nth(index.checked_sub(1)?)
        .filter(|text| !text.is_empty() && !text.contains(['*', '?']))
        .map(str::to_owned)
}
