//! What the error codes of the services mean.

use super::ErrorKind;

/// Returns the kind of failure that a code stands for; the status decides where a code says nothing.
pub(crate) fn kind_of_code(code: Option<&str>, status: Option<u16>, words: &str) -> ErrorKind {
    if let Some(kind) = code.and_then(|code| known(code, words)) {
        return kind;
    }
    match status {
        Some(401) => ErrorKind::CredentialsRefused,
        Some(403) => ErrorKind::AccessDenied,
        Some(404) => ErrorKind::NotFound,
        Some(429) => ErrorKind::Throttled,
        Some(400) => ErrorKind::Invalid,
        _ => ErrorKind::Other,
    }
}

fn known(code: &str, words: &str) -> Option<ErrorKind> {
    Some(match code {
        // Access.
        "AccessDeniedException"
        | "AccessDenied"
        | "UnauthorizedOperation"
        | "AuthorizationError"
        | "NotAuthorized"
        | "OptInRequired" => ErrorKind::AccessDenied,
        // Credentials.
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "RequestExpired" => {
            ErrorKind::CredentialsExpired
        }
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "AuthFailure"
        | "InvalidToken" => ErrorKind::CredentialsRefused,
        "MissingAuthenticationToken" | "MissingAuthenticationTokenException" => ErrorKind::CredentialsMissing,
        // Rates and quotas. `LimitExceededException` is ECR's and Secrets Manager's word for a quota.
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "SlowDown"
        | "BandwidthLimitExceeded" => ErrorKind::Throttled,
        "LimitExceededException" | "TooManyTagsException" => ErrorKind::Limit,
        // Objects. Secrets Manager says "invalid request" of a secret that waits for its deletion.
        "ResourceNotFoundException" | "LayersNotFoundException" | "ReferencedImagesNotFoundException" => {
            ErrorKind::NotFound
        }
        "InvalidRequestException"
            if words.contains("marked for deletion") || words.contains("scheduled for deletion") =>
        {
            ErrorKind::Conflict
        }
        "ResourceExistsException" | "RepositoryNotEmptyException" | "LayerInaccessibleException" => {
            ErrorKind::Conflict
        }
        // Values.
        "ValidationException"
        | "ValidationError"
        | "UnsupportedUpstreamRegistryException"
        | "UnsupportedImageTypeException"
        | "UnableToAccessSecretException"
        | "UnableToDecryptSecretValueException"
        | "MalformedPolicyDocumentException"
        | "LayerPartTooSmallException"
        | "EmptyUploadException"
        | "ImageDigestDoesNotMatchException"
        | "KmsException"
        | "EncryptionFailure"
        | "DecryptionFailure"
        | "SerializationException"
        | "UnknownOperationException" => ErrorKind::Invalid,
        _ if code.ends_with("NotFoundException") => ErrorKind::NotFound,
        _ if code.ends_with("AlreadyExistsException") => ErrorKind::Conflict,
        _ if code.starts_with("Invalid") => ErrorKind::Invalid,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart() {
        for (code, kind) in [
            ("RepositoryNotFoundException", ErrorKind::NotFound),
            ("RegistryPolicyNotFoundException", ErrorKind::NotFound),
            ("ScanNotFoundException", ErrorKind::NotFound),
            ("PullThroughCacheRuleAlreadyExistsException", ErrorKind::Conflict),
            ("ImageTagAlreadyExistsException", ErrorKind::Conflict),
            ("InvalidParameterException", ErrorKind::Invalid),
            ("InvalidLayerPartException", ErrorKind::Invalid),
            ("InvalidSignatureException", ErrorKind::CredentialsRefused),
            ("UnsupportedUpstreamRegistryException", ErrorKind::Invalid),
            ("LimitExceededException", ErrorKind::Limit),
            ("ThrottlingException", ErrorKind::Throttled),
            ("AccessDeniedException", ErrorKind::AccessDenied),
            ("ExpiredTokenException", ErrorKind::CredentialsExpired),
        ] {
            assert_eq!(kind_of_code(Some(code), Some(400), ""), kind, "{code}");
        }
    }

    #[test]
    fn a_secret_that_waits_for_its_deletion_is_a_conflict() {
        let words = "You can't perform this operation on the secret because it was marked for deletion.";
        assert_eq!(kind_of_code(Some("InvalidRequestException"), Some(400), words), ErrorKind::Conflict);
        assert_eq!(kind_of_code(Some("InvalidRequestException"), Some(400), "no"), ErrorKind::Invalid);
    }

    #[test]
    fn the_status_decides_for_unknown_codes() {
        for (status, kind) in [
            (Some(403), ErrorKind::AccessDenied),
            (Some(429), ErrorKind::Throttled),
            (Some(500), ErrorKind::Other),
            (None, ErrorKind::Other),
        ] {
            assert_eq!(kind_of_code(Some("SomethingNew"), status, ""), kind);
            assert_eq!(kind_of_code(None, status, ""), kind);
        }
    }
}
