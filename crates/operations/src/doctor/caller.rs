//! Whose credentials these are, in which Region, and whether the clock of this machine is right.

use std::time::Duration;

use aws::{AwsError, ClockReading, ErrorKind, Identity, Session};
use image::AccountId;

use super::report::{Aspect, Check, words};
use crate::error::OperationError;
use crate::finding::Code;
use crate::healthomics::{Availability, REGIONS};

/// From how far on a clock that is wrong is told: answers take some time, and have their time to the second.
const NOTABLE: Duration = Duration::from_secs(60);

/// From how far on AWS refuses what is signed.
///
/// Source: Signature Version 4, within five minutes of the service's time.
const REFUSED: Duration = Duration::from_secs(300);

/// Looks at what STS says of the caller.
pub(super) fn credentials(
    session: &Session,
    identity: &Result<&Identity, AwsError>,
    named: Option<&AccountId>,
) -> Check {
    let aspect = Aspect::Credentials;
    match identity {
        Ok(identity) => {
            let profile = session.profile().map(|name| format!(", of profile `{name}`")).unwrap_or_default();
            let arn = identity.arn.to_string();
            let said = format!("account {}{profile}", identity.account);
            match named {
                Some(named) if *named != identity.account => Check::warning(
                    aspect,
                    arn,
                    Code::OtherAccount,
                    format!("they are of {said}, and account {named} was named"),
                    "use credentials of that account, or leave --account and OMICS_ECR_ACCOUNT away",
                ),
                _ => Check::ok(aspect, arn, said),
            }
        }
        Err(error) => {
            let told = OperationError::from(error.clone());
            match error.kind() {
                ErrorKind::CredentialsMissing
                | ErrorKind::CredentialsExpired
                | ErrorKind::CredentialsRefused
                | ErrorKind::AccessDenied
                | ErrorKind::Configuration => {
                    let next = told.hint.clone().unwrap_or_else(|| "give other credentials".to_owned());
                    Check::warning(aspect, "caller", Code::CredentialsUnusable, words(&told), next)
                }
                _ => Check::cannot_tell(aspect, "caller", &told),
            }
        }
    }
}

/// Looks at the Region.
pub(super) fn region(session: &Session) -> Check {
    let (region, source) = (session.region(), session.region_source());
    let name = region.as_str();
    match Availability::of(region) {
        Availability::Offered => {
            Check::ok(Aspect::Region, name, format!("HealthOmics is offered there; named by {source}"))
        }
        Availability::NotOffered => Check::warning(
            Aspect::Region,
            name,
            Code::RegionNotServed,
            format!(
                "HealthOmics is not offered there, and reads its own Region's registry alone; named by {source}"
            ),
            format!("choose one of {}", REGIONS.join(", ")),
        ),
        Availability::Unknown => {
            let newer = "the Region is newer than what is known here";
            let why = OperationError::new("cannot tell whether HealthOmics is offered there").refused(newer);
            let check = Check::cannot_tell(Aspect::Region, name, &why);
            Check { code: Some(Code::RegionUnknown), ..check }
                .next("see AWS's list of the Regions of HealthOmics")
        }
    }
}

/// Looks at the clock of this machine beside STS's.
pub(super) fn clock(reading: Option<ClockReading>) -> Check {
    const SUBJECT: &str = "this machine";
    let Some(reading) = reading else {
        let why = OperationError::new("cannot compare the clock of this machine")
            .refused("STS told no time")
            .hint("see to STS and the credentials first, and run it again");
        return Check::cannot_tell(Aspect::Clock, SUBJECT, &why);
    };
    let (skew, ahead) = reading.skew();
    let side = if ahead { "ahead of" } else { "behind" };
    if skew < NOTABLE {
        return Check::ok(Aspect::Clock, SUBJECT, "it agrees with STS to the minute");
    }
    let refused = match skew < REFUSED {
        true => "; AWS refuses what is signed from five minutes on",
        false => ", and AWS refuses what is signed so",
    };
    Check::warning(
        Aspect::Clock,
        SUBJECT,
        Code::ClockSkew,
        format!("its clock is {} {side} STS's{refused}", long(skew)),
        "set the clock of this machine, or have it set: `timedatectl set-ntp true`",
    )
}

/// Returns a time in words, cut to its greatest unit.
fn long(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 7200 => format!("{} min", seconds / 60),
        seconds if seconds < 172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn a_clock_is_wrong_from_a_minute_on_to_either_side() {
        let service = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let at = |here| clock(Some(ClockReading { here, service }));
        assert_eq!(at(service + Duration::from_secs(59)).verdict, Verdict::Ok);
        assert_eq!(at(service - Duration::from_secs(59)).verdict, Verdict::Ok);
        let ahead = at(service + Duration::from_secs(60));
        assert_eq!((ahead.verdict, ahead.code), (Verdict::Warning, Some(Code::ClockSkew)));
        assert!(ahead.said.starts_with("its clock is 60 s ahead of STS's; AWS refuses"), "{}", ahead.said);
        let behind = at(service - Duration::from_secs(3 * 3600));
        assert_eq!(behind.said, "its clock is 3 h behind STS's, and AWS refuses what is signed so");
        let unknown = clock(None);
        assert_eq!((unknown.verdict, unknown.code), (Verdict::CannotTell, Some(Code::CouldNotLook)));
        assert!(unknown.next_step.is_some());
    }
}
