//! Answers for images that are not in ECR: what a rule will bring, and what nothing brings.

use image::{Upstream, UpstreamRegistry};

use super::reading::Place;
use super::remarks;
use super::report::{Availability, Cause, CheckedImage, UpstreamAnswer, UpstreamLook};
use super::survey::Seen;
use crate::error::OperationError;
use crate::healthomics::{Access, PrefixAccess};
use crate::platform;
use crate::route::Route;
use crate::target::EcrTarget;

impl CheckedImage {
    /// Judges an image that is not there and that a rule covers.
    pub(super) fn through_rule(&mut self, seen: &Seen<'_>, place: &Place, access: PrefixAccess) {
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
                    return self.untold(Cause::UpstreamAccessDenied, problem.hint(hint));
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
                self.untold(Cause::RateLimited, problem);
            }
            UpstreamAnswer::Unreachable { words } => {
                let hint = "ECR may reach it all the same: check again, or import it with --prime";
                let problem = self.problem("ask upstream for").refused(words).hint(hint);
                self.untold(Cause::UpstreamUnreachable, problem);
            }
            UpstreamAnswer::There { platforms, .. } => {
                let platforms: Vec<_> = platforms.iter().filter_map(|own| own.parse().ok()).collect();
                self.findings.extend(remarks::pulls_left(place, &look, has_credential));
                if !platform::runs(&platforms) {
                    let problem = self.wrong_architecture(&platforms);
                    return self.decide(Availability::Unusable, Cause::WrongArchitecture, problem);
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

    /// Decides where upstream does not tell whether it has the image: what a policy refuses is refused all the same.
    fn untold(&mut self, cause: Cause, problem: OperationError) {
        if !matches!(self.healthomics_access, Access::NotAccessible { .. }) || !self.access_refused() {
            return self.decide(Availability::Unknown, cause, problem);
        }
        if let (Some(refusal), Some(words)) = (&mut self.problem, problem.refused) {
            let policy = refusal.refused.take().unwrap_or_default();
            refusal.refused =
                Some(format!("{policy}; and upstream does not tell whether it has it: {words}"));
        }
    }

    /// Judges an image that is not there and that no rule covers.
    pub(super) fn without_rule(&mut self, seen: &Seen<'_>, place: &Place, near: &[String]) {
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
