//! What was seen becomes an answer for one image.

use image::{AccountId, ImageReference, Upstream, UpstreamRegistry};

use super::reading::Place;
use super::remarks;
use super::report::{
    Availability, Cause, CheckedImage, Evidence, ReadAs, Reading, UpstreamAnswer, UpstreamLook,
};
use super::stored::{Found, Looks, Stored};
use super::survey::{Repository, Seen, id};
use crate::account::{Looked, repository_arn};
use crate::error::OperationError;
use crate::healthomics::{Access, Judge, LARGEST_ON_GPU, PrefixAccess};
use crate::mutability::may_move;
use crate::platform;
use crate::route::Route;
use crate::target::EcrTarget;

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
    let judge = Judge::of_repositories(seen.account.id().as_str());
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
    let judge = Judge::new(seen.account.id().as_str(), &seen.state.policy);
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
    fn problem(&self, verb: &str) -> OperationError {
        OperationError::new(format!("cannot {verb} `{}`", self.image))
    }

    fn decide(&mut self, availability: Availability, cause: Cause, problem: OperationError) {
        self.availability = availability;
        self.cause = Some(cause);
        self.problem = Some(problem);
    }

    fn unknown(&mut self, cause: Cause, error: OperationError) {
        self.evidence.extend(error.refused.clone().map(|words| Evidence::new(error.tried.clone(), words)));
        self.decide(Availability::Unknown, cause, error);
    }

    /// Judges an image that is there; `filled` is its repository where a rule fills it.
    fn found(&mut self, found: &Found, access: Access, filled: Option<&image::RepositoryName>) {
        self.stored = Some(remarks::stored(found));
        self.healthomics_access = access;
        let contents = found.contents.as_ref();
        if let Some(Ok(contents)) = contents {
            self.findings.extend(remarks::start(&self.image, contents));
        }
        let size = self.stored.as_ref().and_then(|stored| stored.size_bytes);
        let large = size.and_then(|size| crate::healthomics::too_large(&self.image, size));
        let platforms =
            contents.and_then(|contents| contents.as_ref().ok()).map(|own| own.platforms.as_slice());
        let platforms = platforms.unwrap_or_default();
        let missing = contents.and_then(|contents| contents.as_ref().ok()?.missing.clone());
        let artifact = contents.and_then(|contents| contents.as_ref().ok()?.artifact.clone());
        let uri = self.uri.clone().unwrap_or_default();
        if !found.is_active() {
            let digest = &found.detail.digest;
            let problem = self
                .problem("use")
                .refused("it is archived, and ECR gives nobody an archived image")
                .hint(format!(
                    "restore it: `aws ecr update-image-storage-class --repository-name {} --image-id \
                     imageDigest={digest} --target-storage-class STANDARD`",
                    repository_of(&uri)
                ));
            self.decide(Availability::Unusable, Cause::Archived, problem);
        } else if let Some(kind) = artifact {
            let problem = self.problem("run").refused(format!("it is no container image but `{kind}`"));
            self.decide(
                Availability::Unusable,
                Cause::NotAnImage,
                problem.hint("name the image that it belongs to"),
            );
        } else if !platform::runs(platforms) {
            self.wrong_architecture(platforms);
        } else if let Some(size) = size.filter(|size| *size > LARGEST_ON_GPU) {
            let words =
                large.as_ref().map_or_else(|| format!("it has {size} bytes"), |own| own.message.clone());
            let problem =
                self.problem("run").refused(words).hint("make a smaller image: leave data out of it");
            self.decide(Availability::Unusable, Cause::TooLarge, problem);
        } else if let Some(missing) = missing.as_ref().filter(|_| filled.is_none()) {
            let problem = self.problem("pull").refused(format!("ECR lacks {missing}"));
            self.decide(
                Availability::Unusable,
                Cause::Incomplete,
                problem.hint("push or clone the image again"),
            );
        } else if self.access_refused() {
        } else if let Some(Err(error)) = contents {
            let hint = "allow `ecr:BatchGetImage` and `ecr:BatchCheckLayerAvailability` to whoever runs this, or leave \
                        the contents out with --no-contents";
            let error = if error.hint.is_some() { error.clone() } else { error.clone().hint(hint) };
            self.decide(Availability::Unknown, Cause::EcrUnknown, error);
        } else {
            self.availability = Availability::Usable;
        }
        if let (Some(missing), Some(_)) = (missing, filled) {
            self.findings.push(remarks::still_coming(&self.image, &missing));
        }
        self.findings.extend(large.filter(|_| self.cause != Some(Cause::TooLarge)));
    }

    /// Decides by the access of HealthOmics; returns whether that was not a plain yes.
    fn access_refused(&mut self) -> bool {
        let availability = match &self.healthomics_access {
            Access::Accessible => return false,
            Access::NotAccessible { .. } => Availability::Unusable,
            Access::Depends { .. } | Access::Unknown { .. } => Availability::Unknown,
        };
        let reason = self.healthomics_access.reason().unwrap_or_default().to_owned();
        let repository = repository_of(self.uri.as_deref().unwrap_or_default());
        let hint = match (&self.prefix_access, &self.rule) {
            (Some(parts), Some(rule)) if parts.templates.is_empty() && parts.registry_policy.is_yes() => {
                format!("`omics-ecr grant {repository}`; the rule is `{rule}`")
            }
            (Some(_), Some(rule)) => format!(
                "give the prefix `{rule}` its registry policy and its template: run `omics-ecr cache create` for it again"
            ),
            _ => format!("`omics-ecr grant {repository}`"),
        };
        let verb = if self.stored.is_some() { "let HealthOmics read" } else { "let HealthOmics pull" };
        let problem = self.problem(verb).refused(reason).hint(hint);
        self.decide(availability, Cause::AccessDenied, problem);
        true
    }

    fn wrong_architecture(&mut self, platforms: &[registry::Platform]) {
        let problem = self
            .problem("run")
            .refused(format!("it has no linux/amd64, only {}", platform::words(platforms)))
            .hint("HealthOmics runs linux/amd64 alone: name a tag or an image that has it");
        self.decide(Availability::Unusable, Cause::WrongArchitecture, problem);
    }

    /// Judges an image that is not there and that a rule covers.
    fn through_rule(&mut self, seen: &Seen<'_>, place: &Place, access: PrefixAccess) {
        self.healthomics_access = access.all.clone();
        self.prefix_access = Some(access);
        let Some(look) = self.upstream.clone() else {
            let problem = self.problem("tell what comes through the rule for");
            return self.unknown(Cause::UpstreamUnreachable, problem);
        };
        let prefix = self.rule.clone().unwrap_or_default();
        let has_credential = credential(seen, place).is_some();
        match &look.answer {
            UpstreamAnswer::NotFound { .. } => self.not_upstream(&look),
            UpstreamAnswer::Denied { words } => {
                let problem = self.problem("find").refused(words);
                let host = place.upstream.as_ref().map(|image| image.host().to_string()).unwrap_or_default();
                if has_credential {
                    let hint = format!(
                        "{host} answers so for private images and for those that are not there; ECR asks with the \
                         credential of the rule `{prefix}`: import it with --prime, or log in with `docker login {host}` \
                         and check again"
                    );
                    return self.decide(
                        Availability::Unknown,
                        Cause::UpstreamAccessDenied,
                        problem.hint(hint),
                    );
                }
                let hint = format!(
                    "{host} answers so for private images and for those that are not there: see that the name is right; a \
                     private image needs a rule with a credential"
                );
                self.decide(Availability::NotThere, Cause::UpstreamAccessDenied, problem.hint(hint));
            }
            UpstreamAnswer::RateLimited { words } => {
                let host = place.upstream.as_ref().map(|image| image.host().to_string()).unwrap_or_default();
                let hint = match look.with_login {
                    true => "wait until the window of pulls ends, and check again".to_owned(),
                    false => {
                        format!("log in with `docker login {host}`, or wait until the window of pulls ends")
                    }
                };
                let problem = self.problem("ask upstream for").refused(words).hint(hint);
                self.decide(Availability::Unknown, Cause::RateLimited, problem);
            }
            UpstreamAnswer::Unreachable { words } => {
                let hint = "ECR may reach it all the same: check again, or import it with --prime";
                let problem = self.problem("ask upstream for").refused(words).hint(hint);
                self.decide(Availability::Unknown, Cause::UpstreamUnreachable, problem);
            }
            UpstreamAnswer::There { platforms, .. } => {
                let platforms: Vec<_> = platforms.iter().filter_map(|own| own.parse().ok()).collect();
                self.findings.extend(remarks::pulls_left(place, &look, has_credential));
                if !platform::runs(&platforms) {
                    return self.wrong_architecture(&platforms);
                }
                if let Some(pinned) = place.image.digest() {
                    let tag = place.image.tag().map(ToString::to_string);
                    let problem = self
                        .problem("pull")
                        .refused(format!(
                            "through a rule ECR does not find {pinned} before the image is there"
                        ))
                        .hint(match tag {
                            Some(_) => format!(
                                "import it by its tag first: `omics-ecr check --prime {}`",
                                self.image
                            ),
                            None => format!("clone it: `omics-ecr clone {}`", look.image),
                        });
                    return self.decide(Availability::NotThere, Cause::DigestThroughRule, problem);
                }
                if let Some(title) = unsupported(place) {
                    let words = format!("HealthOmics takes no images through a rule for {title}");
                    let hint = "import it yourself with --prime: then it is an image like any other";
                    let problem = self.problem("let HealthOmics pull").refused(words).hint(hint);
                    return self.decide(Availability::Unusable, Cause::WrongPlace, problem);
                }
                if !self.access_refused() {
                    self.availability = Availability::PulledThrough;
                }
            }
        }
    }

    /// Judges an image that is not there and that no rule covers.
    fn without_rule(&mut self, seen: &Seen<'_>, place: &Place, near: &[String]) {
        if let Some(look) = self.upstream.clone()
            && matches!(look.answer, UpstreamAnswer::NotFound { .. })
        {
            return self.not_upstream(&look);
        }
        let repository = place.repository();
        let first = repository.as_str().split('/').next().unwrap_or_default();
        let known = Upstream::ALL.iter().find(|upstream| upstream.default_prefix == first);
        let target = EcrTarget {
            account: Some(seen.account.id().clone()),
            region: Some(seen.account.region().clone()),
        };
        let there = seen.repositories.seen().is_some_and(|all| all.contains_key(repository));
        let hint = match (&place.upstream, known) {
            (Some(upstream), _) => match Route::of(upstream, &target) {
                Route::Rule { .. } => format!(
                    "make a rule, `omics-ecr cache create {}`, or clone it: `omics-ecr clone {upstream}`",
                    upstream.host()
                ),
                _ => format!("clone it: `omics-ecr clone {upstream}`"),
            },
            (None, Some(upstream)) if !there => format!(
                "make the rule: `omics-ecr cache create {} --prefix {first}`",
                upstream.hosts.first().unwrap_or(&upstream.url)
            ),
            _ if !near.is_empty() => format!("tags that are there: {}", near.join(", ")),
            _ if there => {
                format!("see which tags there are: `aws ecr list-images --repository-name {repository}`")
            }
            _ => "push it, or clone it from where it is: `omics-ecr clone SOURCE --to REPOSITORY:TAG`"
                .to_owned(),
        };
        let what = if there { "no such image" } else { "no such repository" };
        let words = format!("ECR has {what} `{}`, and no rule covers it", place.image);
        let problem = self.problem("find").refused(words).hint(hint);
        self.decide(Availability::NotThere, Cause::NotInEcr, problem);
    }

    fn not_upstream(&mut self, look: &UpstreamLook) {
        let UpstreamAnswer::NotFound { repository_exists, nearest_tags } = &look.answer else { return };
        let words = match repository_exists {
            Some(true) => {
                format!("`{}` does not exist: the repository does, without this tag or digest", look.image)
            }
            Some(false) => format!("`{}` does not exist: there is no such repository", look.image),
            None => format!("`{}` does not exist", look.image),
        };
        let hint = match nearest_tags.as_slice() {
            [] => "see that name and tag are right".to_owned(),
            near => format!("tags that come near: {}", near.join(", ")),
        };
        let problem = self.problem("find").refused(words).hint(hint);
        self.decide(Availability::NotThere, Cause::ImageNotFound, problem);
    }
}

/// Returns the credential of the rule that covers an image.
fn credential<'s>(seen: &'s Seen<'_>, place: &Place) -> Option<&'s str> {
    let prefix = &place.rule.as_ref()?.ecr_repository_prefix;
    let rule = seen.state.rules.seen()?.iter().find(|rule| rule.names.ecr_repository_prefix == *prefix)?;
    rule.credential_arn.as_deref().or(rule.custom_role_arn.as_deref())
}

/// Returns the title of an upstream registry through whose rules HealthOmics takes nothing.
fn unsupported(place: &Place) -> Option<&'static str> {
    let upstream = UpstreamRegistry::of(&place.rule.as_ref()?.upstream)?.upstream();
    (!upstream.healthomics).then_some(upstream.title)
}

fn repository_of(uri: &str) -> String {
    uri.parse::<ImageReference>().map(|image| image.repository().to_string()).unwrap_or_default()
}
