//! Signed requests: whether a request bears the signature, version 4, of one of the server's access keys.
//!
//! The head is judged before the body is read, so that only who knows a key's id has a body read. What is
//! refused is refused in the words of AWS.

use axum::http::header;
use axum::http::request::Parts;
use hmac::{Hmac, KeyInit, Mac};
use image::Region;
use sha2::{Digest, Sha256};
use time::{Date, Month, OffsetDateTime};
use zeroize::Zeroizing;

use super::canonical;
use super::key::{AccessKey, AccessKeys};
use crate::clock::Timestamp;
use crate::fault::{Code, Fault};

/// The algorithm of signatures that are taken.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far the time of a request may lie from the server's, in seconds.
const SKEW: i64 = 15 * 60;
/// Most headers that a signature may name.
const MOST_HEADERS: usize = 100;

/// A service that requests are signed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// Amazon ECR.
    Ecr,
    /// AWS Secrets Manager.
    SecretsManager,
    /// AWS STS.
    Sts,
}

impl Service {
    /// Returns the name in the scope of a signature.
    fn name(self) -> &'static str {
        match self {
            Self::Ecr => "ecr",
            Self::SecretsManager => "secretsmanager",
            Self::Sts => "sts",
        }
    }
}

/// A request whose head is in order: what is left is its signature.
#[derive(Debug)]
pub(crate) struct Signed<'a> {
    key: &'a AccessKey,
    authorization: Authorization<'a>,
    time: String,
}

/// The parts of an `Authorization` header.
#[derive(Debug)]
struct Authorization<'a> {
    key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

/// Reads the head of a signed request.
///
/// # Errors
/// `MissingAuthenticationTokenException`, `IncompleteSignatureException`, `UnrecognizedClientException` and
/// `InvalidSignatureException`.
pub(crate) fn read<'a>(
    parts: &'a Parts,
    keys: &'a AccessKeys,
    service: Service,
    region: &Region,
    now: Timestamp,
) -> Result<Signed<'a>, Fault> {
    let Some(header) = parts.headers.get(header::AUTHORIZATION) else {
        return Err(Fault::new(Code::MissingAuthenticationToken, "Missing Authentication Token"));
    };
    let header = header.to_str().map_err(|_| incomplete("Authorization header is no text."))?;
    let authorization = Authorization::read(header)?;
    // A key of its own has no session, so a token of one was given out by somebody else.
    let foreign = parts.headers.contains_key("x-amz-security-token");
    let key = keys.get(authorization.key_id).filter(|_| !foreign).ok_or_else(|| {
        Fault::new(Code::UnrecognizedClient, "The security token included in the request is invalid.")
    })?;
    authorization.check_scope(service, region)?;
    authorization.check_headers(parts)?;
    let time = time_of(parts)?;
    check_time(&time, authorization.date, now)?;
    Ok(Signed { key, authorization, time })
}

impl<'a> Signed<'a> {
    /// Returns the key, when the signature is the one that it makes of the request and this body; takes the same
    /// time for every wrong signature.
    ///
    /// # Errors
    /// `InvalidSignatureException`.
    pub(crate) fn verify(&self, parts: &Parts, body: &[u8]) -> Result<&'a AccessKey, Fault> {
        let own = &self.authorization;
        let matches = || {
            let signature = from_hex(own.signature)?;
            let hash = hex(&Sha256::digest(body));
            let canonical = canonical::request(parts, &own.signed_headers, &hash)?;
            let scope = format!("{}/{}/{}/aws4_request", own.date, own.region, own.service);
            let hash = hex(&Sha256::digest(canonical.as_bytes()));
            let text = format!("{ALGORITHM}\n{}\n{scope}\n{hash}", self.time);
            let key = signing_key(&self.key.secret, own)?;
            keyed(&key)?.chain_update(text.as_bytes()).verify_slice(&signature).ok()
        };
        matches().map(|()| self.key).ok_or_else(|| {
            invalid(
                "The request signature we calculated does not match the signature you provided. Check your AWS \
                 Secret Access Key and signing method. Consult the service documentation for details.",
            )
        })
    }
}

impl<'a> Authorization<'a> {
    fn read(header: &'a str) -> Result<Self, Fault> {
        let Some(fields) = header.strip_prefix(ALGORITHM) else {
            let algorithm: String = header.chars().take_while(|c| c.is_ascii_graphic()).take(40).collect();
            return Err(incomplete(&format!("Unsupported AWS 'algorithm': '{algorithm}'.")));
        };
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            match field.trim().split_once('=') {
                Some(("Credential", value)) => credential = Some(value),
                Some(("SignedHeaders", value)) => signed_headers = Some(value),
                Some(("Signature", value)) => signature = Some(value),
                _ => {}
            }
        }
        let required = |name: &str| incomplete(&format!("Authorization header requires '{name}' parameter."));
        let credential = credential.ok_or_else(|| required("Credential"))?;
        let signed_headers = signed_headers.ok_or_else(|| required("SignedHeaders"))?;
        let signature = signature.ok_or_else(|| required("Signature"))?;
        let parts: Vec<&str> = credential.splitn(6, '/').collect();
        let [key_id, date, region, service, "aws4_request"] = parts[..] else {
            return Err(incomplete(
                "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
            ));
        };
        let signed_headers: Vec<&str> = signed_headers.split(';').collect();
        let sorted = signed_headers.windows(2).all(|pair| pair[0] < pair[1]);
        let lower = signed_headers.iter().all(|name| !name.bytes().any(|byte| byte.is_ascii_uppercase()));
        if !sorted || !lower || signed_headers.len() > MOST_HEADERS {
            return Err(incomplete("SignedHeaders must be in lower case and sorted, each once."));
        }
        Ok(Self { key_id, date, region, service, signed_headers, signature })
    }

    fn check_scope(&self, service: Service, region: &Region) -> Result<(), Fault> {
        // The one endpoint of STS for all Regions is signed for in us-east-1.
        let global = service == Service::Sts && self.region == "us-east-1";
        if self.region != region.as_str() && !global {
            let text = format!("Credential should be scoped to a valid region, not '{}'.", word(self.region));
            return Err(invalid(&text));
        }
        if self.service != service.name() {
            return Err(invalid(&format!(
                "Credential should be scoped to correct service: '{}'.",
                service.name()
            )));
        }
        Ok(())
    }

    /// Checks that what decides what a request does is signed.
    fn check_headers(&self, parts: &Parts) -> Result<(), Fault> {
        let must = |name: &str| name == "host" || name.starts_with("x-amz-");
        let names = parts.headers.keys().map(axum::http::HeaderName::as_str).chain(["host"]);
        for name in names.filter(|name| must(name)) {
            if !self.signed_headers.contains(&name) {
                return Err(invalid(&format!(
                    "'{name}' must be a 'SignedHeader' in the AWS Authorization header."
                )));
            }
        }
        Ok(())
    }
}

/// Returns the time of a request as `20260101T000000Z`.
fn time_of(parts: &Parts) -> Result<String, Fault> {
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(time) = text("x-amz-date") {
        return Ok(time.to_owned());
    }
    let since = text("date")
        .and_then(|text| httpdate::parse_http_date(text).ok())
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_secs()).ok());
    since.map(format_time).ok_or_else(|| {
        incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    })
}

fn check_time(time: &str, date: &str, now: Timestamp) -> Result<(), Fault> {
    let Some(seconds) = parse_time(time) else {
        return Err(incomplete(&format!("Date must be in ISO-8601 'basic format'. Got '{}'.", word(time))));
    };
    if time.get(..8) != Some(date) {
        return Err(invalid(&format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{}'.",
            word(date),
            word(time)
        )));
    }
    let now = i64::try_from(now.0 / 1000).unwrap_or(i64::MAX);
    if seconds < now - SKEW {
        return Err(invalid(&format!(
            "Signature expired: {time} is now earlier than {} ({} - 15 min.)",
            format_time(now - SKEW),
            format_time(now)
        )));
    }
    if seconds > now + SKEW {
        return Err(invalid(&format!(
            "Signature not yet current: {time} is still later than {} ({} + 15 min.)",
            format_time(now + SKEW),
            format_time(now)
        )));
    }
    Ok(())
}

/// Reads `20260101T000000Z` as seconds since 1970.
fn parse_time(text: &str) -> Option<i64> {
    let well_formed = text.len() == 16
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if !well_formed {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u8>().ok();
    let year = text.get(..4)?.parse().ok()?;
    let date = Date::from_calendar_date(year, Month::try_from(number(4..6)?).ok()?, number(6..8)?).ok()?;
    let time = date.with_hms(number(9..11)?, number(11..13)?, number(13..15)?).ok()?;
    Some(time.assume_utc().unix_timestamp())
}

fn format_time(seconds: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

fn keyed(key: &[u8]) -> Option<Hmac<Sha256>> {
    <Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()
}

fn signing_key(secret: &str, scope: &Authorization<'_>) -> Option<Zeroizing<Vec<u8>>> {
    let mut key = Zeroizing::new(format!("AWS4{secret}").into_bytes());
    for text in [scope.date, scope.region, scope.service, "aws4_request"] {
        key = Zeroizing::new(keyed(&key)?.chain_update(text.as_bytes()).finalize().into_bytes().to_vec());
    }
    Some(key)
}

/// Returns the first letters, digits and signs of a text that came from outside.
fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | ':')).take(40).collect()
}

fn invalid(message: &str) -> Fault {
    Fault::new(Code::InvalidSignature, message)
}

fn incomplete(message: &str) -> Fault {
    Fault::new(Code::IncompleteSignature, message)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads 64 hexadecimal digits.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (number, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * number..2 * number + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
