//! What was seen becomes an answer for one image.

use image::{AccountId, ImageReference};

use super::reading::Place;
use super::remarks;
use super::report::{Availability, Cause, CheckedImage, Evidence, ReadAs, Reading, UpstreamLook};
use super::stored::{Found, Looks, Stored};
use super::survey::{Repository, Seen, id};
use crate::account::{Looked, repository_arn};
use crate::error::OperationError;
use crate::finding::{Code, Finding, Severity};
use crate::healthomics::{Access, Judge, PrefixAccess};
use crate::mutability::may_move;
use crate::platform;

/// What is known of one image of this registry.
pub(super) struct Facts<'a> {
    pub(super) text: &'a str,
    pub(super) place: &'a Place,
    pub(super) stored: Stored,
    /// What its tag stands for, where it is named by a digest too.
    pub(super) tag: Option<&'a Stored>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) upstream: Option<&'a (UpstreamLook, Vec<Evidence>)>,
    /// Tags of its repository that come near.
    pub(super) near: &'a [String],
}

/// What is known of an image of another account.
pub(super) struct Foreign {
    pub(super) account: Option<AccountId>,
    pub(super) looks: Looks,
    pub(super) policy: Looked<Option<String>>,
}

impl Foreign {
    /// Returns an image of a registry that could not be opened.
    pub(super) fn unknown(error: OperationError) -> Self {
        Self { account: None, looks: Looks::default(), policy: Looked::Unseen(error) }
    }
}

/// Returns the answer for a text that is no name.
pub(super) fn malformed(text: &str, reason: &str) -> CheckedImage {
    let mut image = blank(text, Reading { kind: ReadAs::Nothing, why: None, upstream: None });
    image.decide(
        Availability::Unusable,
        Cause::Malformed,
        image.problem("read").refused(reason).hint("write it as HOST/REPOSITORY:TAG or REPOSITORY:TAG"),
    );
    image
}

/// Returns the answer for an image that HealthOmics cannot read where it is.
pub(super) fn elsewhere(text: &str, named: &ImageReference, reason: &str) -> CheckedImage {
    let reading = Reading { kind: ReadAs::Public, why: None, upstream: Some(named.to_string()) };
    let mut image = blank(text, reading);
    let problem = image.problem("use").refused(reason).hint("name an image that a registry serves");
    image.decide(Availability::Unusable, Cause::WrongPlace, problem);
    image
}

/// Returns the answer for an image in the registry of another account.
pub(super) fn foreign(
    seen: &Seen<'_>,
    text: &str,
    named: &ImageReference,
    foreign: &Foreign,
) -> CheckedImage {
    let mut image = blank(text, Reading { kind: ReadAs::EcrUri, why: None, upstream: None });
    image.uri = Some(named.to_string());
    let wanted = id(named);
    image.evidence = foreign.looks.evidence.get(&wanted).cloned().unwrap_or_default();
    let judge = Judge::of_repositories(seen.runs_in.as_str());
    let owner = foreign.account.as_ref().unwrap_or(seen.account.id());
    let arn = repository_arn(seen.account.region(), owner, named.repository().as_str());
    match foreign.looks.images.get(&wanted) {
        Some(Stored::There(found)) => {
            let access = read_access(&judge, &foreign.policy, &arn);
            image.found(found, access, None);
        }
        Some(Stored::NoImage | Stored::NoRepository) => {
            let problem = image
                .problem("find")
                .refused(format!(
                    "the registry of account {owner} has no such image, or does not show it to us"
                ))
                .hint(format!("ask account {owner} for it, or clone it: `omics-ecr clone {text}`"));
            image.decide(Availability::NotThere, Cause::NotInEcr, problem);
        }
        Some(Stored::Unknown(error)) => image.unknown(Cause::EcrUnknown, error.clone()),
        None => {
            let error = foreign.policy.unseen().cloned();
            image.unknown(Cause::EcrUnknown, error.unwrap_or_else(|| image.problem("look for")));
        }
    }
    image
}

/// Returns the answer for an image of this registry.
pub(super) fn own(seen: &Seen<'_>, facts: Facts<'_>) -> CheckedImage {
    let place = facts.place;
    let mut image = blank(facts.text, place.reading.clone());
    image.uri = Some(place.image.to_string());
    image.rule = place.rule.as_ref().map(|rule| rule.ecr_repository_prefix.to_string());
    image.evidence = facts.evidence;
    let repository = seen.repositories.seen().and_then(|all| all.get(place.repository()));
    let never_renewed = place.rule.is_some() && repository.is_some_and(|own| keeps(own, &place.image));
    if never_renewed {
        image.findings.push(remarks::never_renewed(place.repository()));
    }
    let judge = Judge::new(seen.runs_in.as_str(), &seen.state.policy);
    let arn = seen.account.repository_arn(place.repository().as_str());
    match &facts.stored {
        Stored::There(found) => {
            let policy = match (&seen.repositories, repository) {
                (_, Some(repository)) => repository.policy.clone(),
                (Looked::Unseen(error), None) => Looked::Unseen(error.clone()),
                (Looked::Seen(_), None) => Looked::Seen(None),
            };
            let access = read_access(&judge, &policy, &arn);
            if let Some(finding) = remarks::tag_elsewhere(&place.image, &found.detail.digest, facts.tag) {
                image.findings.push(finding);
            }
            image.found(found, access, place.rule.as_ref().map(|_| place.repository()));
        }
        Stored::Unknown(error) => image.unknown(Cause::EcrUnknown, error.clone()),
        Stored::NoImage | Stored::NoRepository => {
            if let Some((look, evidence)) = facts.upstream {
                image.upstream = Some(look.clone());
                image.evidence.extend(evidence.iter().cloned());
            }
            match (&place.rule, &seen.state.rules) {
                (Some(_), _) => {
                    let access = match repository.map(|own| &own.policy) {
                        // The repository is there: its own policy counts, whatever a template says.
                        Some(policy) => {
                            let registry_policy = judge.import(&arn);
                            let all = registry_policy.clone().and(read_access(&judge, policy, &arn));
                            PrefixAccess { all, registry_policy, templates: Vec::new() }
                        }
                        None => {
                            PrefixAccess::of_new_repository(seen.account, &seen.state, place.repository())
                        }
                    };
                    image.through_rule(seen, place, access);
                }
                (None, Looked::Unseen(error)) => image.unknown(Cause::EcrUnknown, error.clone()),
                (None, Looked::Seen(_)) => image.without_rule(seen, place, facts.near),
            }
        }
    }
    image
}

/// Returns what HealthOmics may read of a repository.
fn read_access(judge: &Judge, policy: &Looked<Option<String>>, arn: &str) -> Access {
    match policy {
        Looked::Seen(text) => judge.read(text.as_deref(), arn).access,
        Looked::Unseen(error) => {
            let words = error.refused.as_deref().unwrap_or(&error.tried);
            Access::Unknown { reason: format!("the repository's policy could not be read: {words}") }
        }
    }
}

fn keeps(repository: &Repository, image: &ImageReference) -> bool {
    match (&repository.mutability, image.tag_or_latest()) {
        (Some(setting), Some(tag)) => !may_move(setting, tag),
        _ => false,
    }
}

fn blank(text: &str, reading: Reading) -> CheckedImage {
    CheckedImage {
        image: text.to_owned(),
        reading,
        uri: None,
        availability: Availability::Unknown,
        cause: None,
        problem: None,
        rule: None,
        stored: None,
        upstream: None,
        healthomics_access: Access::Unknown {
            reason: "the image is not in ECR, or not known to be".to_owned(),
        },
        prefix_access: None,
        prime_error: None,
        findings: Vec::new(),
        evidence: Vec::new(),
    }
}

impl CheckedImage {
    pub(super) fn problem(&self, verb: &str) -> OperationError {
        OperationError::new(format!("cannot {verb} `{}`", self.image))
    }

    pub(super) fn decide(&mut self, availability: Availability, cause: Cause, problem: OperationError) {
        let code = match cause {
            Cause::WrongPlace => Some(Code::WrongPlace),
            Cause::Archived => Some(Code::Archived),
            Cause::NotAnImage => Some(Code::NotAnImage),
            _ => None,
        };
        if let Some(code) = code {
            let words = problem.refused.clone().unwrap_or_else(|| problem.tried.clone());
            let finding = Finding::new(Severity::Error, code, self.image.as_str(), words);
            self.findings.push(Finding { hint: problem.hint.clone(), ..finding });
        }
        self.availability = availability;
        self.cause = Some(cause);
        self.problem = Some(problem);
    }

    pub(super) fn unknown(&mut self, cause: Cause, error: OperationError) {
        self.evidence.extend(error.refused.clone().map(|words| Evidence::new(error.tried.clone(), words)));
        self.decide(Availability::Unknown, cause, error);
    }

    /// Judges an image that is there; `filled` is its repository where a rule fills it.
    fn found(&mut self, found: &Found, access: Access, filled: Option<&image::RepositoryName>) {
        let stored = remarks::stored(found);
        let large = stored.size_bytes.and_then(|size| crate::healthomics::too_large(&self.image, size));
        self.stored = Some(stored);
        self.healthomics_access = access;
        let contents = found.contents.as_ref().and_then(|contents| contents.as_ref().ok());
        let missing = contents.and_then(|contents| contents.missing.as_deref());
        if let Some(contents) = contents {
            self.findings.extend(remarks::start(&self.image, contents));
        }
        if let (Some(missing), Some(_)) = (missing, filled) {
            self.findings.push(remarks::still_coming(&self.image, missing));
        }
        // What a rule has not brought yet comes with the next pull.
        let missing = missing.filter(|_| filled.is_none());
        if let Some((cause, problem)) = self.obstacle(found, large.as_ref(), missing) {
            self.decide(Availability::Unusable, cause, problem);
        } else if !self.access_refused() {
            match &found.contents {
                Some(Err(error)) => {
                    let hint = "allow `ecr:BatchGetImage` and `ecr:BatchCheckLayerAvailability` to whoever runs this, or \
                                leave the contents out with --no-contents";
                    let error = if error.hint.is_some() { error.clone() } else { error.clone().hint(hint) };
                    self.decide(Availability::Unknown, Cause::EcrUnknown, error);
                }
                _ => self.availability = Availability::Usable,
            }
        }
        self.findings.extend(large.filter(|_| self.cause != Some(Cause::TooLarge)));
    }

    /// Returns what keeps an image that is there from running, whoever may read it.
    fn obstacle(
        &self,
        found: &Found,
        large: Option<&Finding>,
        missing: Option<&str>,
    ) -> Option<(Cause, OperationError)> {
        if !found.is_active() {
            let hint = format!(
                "restore it: `aws ecr update-image-storage-class --repository-name {} --image-id imageDigest={} \
                 --target-storage-class STANDARD`",
                self.repository(),
                found.detail.digest
            );
            let problem =
                self.problem("use").refused("it is archived, and ECR gives nobody an archived image");
            return Some((Cause::Archived, problem.hint(hint)));
        }
        let contents = found.contents.as_ref().and_then(|contents| contents.as_ref().ok());
        if let Some(kind) = contents.and_then(|contents| contents.artifact.as_ref()) {
            let problem = self.problem("run").refused(format!("it is no container image but `{kind}`"));
            return Some((Cause::NotAnImage, problem.hint("name the image that it belongs to")));
        }
        let platforms = contents.map(|contents| contents.platforms.as_slice()).unwrap_or_default();
        if !platform::runs(platforms) {
            return Some((Cause::WrongArchitecture, self.wrong_architecture(platforms)));
        }
        if let Some(large) = large.filter(|large| large.severity == Severity::Error) {
            let problem = self.problem("run").refused(&large.message);
            return Some((Cause::TooLarge, problem.hint("make a smaller image: leave data out of it")));
        }
        let problem = self.problem("pull").refused(format!("ECR lacks {}", missing?));
        Some((Cause::Incomplete, problem.hint("push or clone the image again")))
    }

    /// Decides by the access of HealthOmics; returns whether that was not a plain yes.
    pub(super) fn access_refused(&mut self) -> bool {
        let availability = match &self.healthomics_access {
            Access::Accessible => return false,
            Access::NotAccessible { .. } => Availability::Unusable,
            Access::Depends { .. } | Access::Unknown { .. } => Availability::Unknown,
        };
        let reason = self.healthomics_access.reason().unwrap_or_default().to_owned();
        let hint = match (&self.prefix_access, &self.rule) {
            (Some(parts), Some(rule)) if !parts.templates.is_empty() || !parts.registry_policy.is_yes() => {
                format!(
                    "give the prefix `{rule}` its registry policy and its template: run `omics-ecr cache create` for it again"
                )
            }
            _ => format!("`omics-ecr grant {}`", self.repository()),
        };
        let verb = if self.stored.is_some() { "let HealthOmics read" } else { "let HealthOmics pull" };
        let problem = self.problem(verb).refused(reason).hint(hint);
        self.decide(availability, Cause::AccessDenied, problem);
        true
    }

    /// Returns the problem of an image without linux/amd64.
    pub(super) fn wrong_architecture(&self, platforms: &[registry::Platform]) -> OperationError {
        self.problem("run")
            .refused(format!("it has no linux/amd64, only {}", platform::words(platforms)))
            .hint("HealthOmics runs linux/amd64 alone: name a tag or an image that has it")
    }

    /// Returns the repository of its name in ECR.
    fn repository(&self) -> String {
        let image = self.uri.as_deref().and_then(|uri| uri.parse::<ImageReference>().ok());
        image.map(|image| image.repository().to_string()).unwrap_or_default()
    }
}
