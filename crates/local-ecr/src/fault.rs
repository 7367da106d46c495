//! What ECR answers when it does not do what it was asked: one type for both planes.
//!
//! The control plane writes a fault under its exception name, the registry under its OCI code.

use std::fmt;

use serde_json::{Map, Value};

use crate::storage::StorageError;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The exceptions of the service models, by their names without the ending.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Code {
            $($(#[$doc])* $name),*
        }

        impl Code {
            /// Returns the exception's name on the wire.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$name => concat!(stringify!($name), "Exception")),*
                }
            }
        }
    };
}

codes! {
    /// The caller may not do it.
    AccessDenied,
    /// An upload without a byte.
    EmptyUpload,
    /// The principal is on the list already.
    ExclusionAlreadyExists,
    /// The principal is not on the list.
    ExclusionNotFound,
    /// The very same image is there already.
    ImageAlreadyExists,
    /// The manifest has another digest than said.
    ImageDigestDoesNotMatch,
    /// No such image.
    ImageNotFound,
    /// The tag is there and must not move.
    ImageTagAlreadyExists,
    /// The header of a signed request is not whole.
    IncompleteSignature,
    /// The bytes of a layer have another digest than said.
    InvalidLayer,
    /// A part of a layer that does not follow the one before.
    InvalidLayerPart,
    /// A continuation token that was not given out (Secrets Manager).
    InvalidNextToken,
    /// A parameter that breaks a constraint.
    InvalidParameter,
    /// A request that the state of a secret does not allow.
    InvalidRequest,
    /// A signature that is not the one of the request, or whose time is over.
    InvalidSignature,
    /// A resource tag that breaks a constraint.
    InvalidTagParameter,
    /// The repository has the layer already.
    LayerAlreadyExists,
    /// The layer belongs to no image that can be pulled.
    LayerInaccessible,
    /// A part that is too small for any but the last.
    LayerPartTooSmall,
    /// The manifest names layers that the repository does not have.
    LayersNotFound,
    /// No lifecycle policy is set.
    LifecyclePolicyNotFound,
    /// No preview of a lifecycle policy was asked for.
    LifecyclePolicyPreviewNotFound,
    /// A quota is used up.
    LimitExceeded,
    /// A request without a signature, where one is needed.
    MissingAuthenticationToken,
    /// The operation exists, but not here.
    NotImplemented,
    /// A rule for the prefix is there already.
    PullThroughCacheRuleAlreadyExists,
    /// No rule for the prefix.
    PullThroughCacheRuleNotFound,
    /// The index names images that the repository does not have.
    ReferencedImagesNotFound,
    /// No such backfill of replicas.
    ReplicationBackfillNotFound,
    /// No registry policy is set.
    RegistryPolicyNotFound,
    /// A repository of the name is there already.
    RepositoryAlreadyExists,
    /// The repository still has images.
    RepositoryNotEmpty,
    /// No such repository.
    RepositoryNotFound,
    /// No repository policy is set.
    RepositoryPolicyNotFound,
    /// A secret of the name is there already.
    ResourceExists,
    /// No such secret.
    ResourceNotFound,
    /// The image was never scanned.
    ScanNotFound,
    /// No such secret, where a rule names one.
    SecretNotFound,
    /// The body is not the JSON the operation takes.
    Serialization,
    /// The server failed.
    Server,
    /// No signing configuration is set.
    SigningConfigurationNotFound,
    /// A template for the prefix is there already.
    TemplateAlreadyExists,
    /// No template for the prefix.
    TemplateNotFound,
    /// More requests than the server works on.
    Throttling,
    /// More resource tags than allowed.
    TooManyTags,
    /// The secret cannot be used.
    UnableToAccessSecret,
    /// The secret is encrypted under a key that ECR may not use.
    UnableToDecryptSecretValue,
    /// The upstream registry did not give the image.
    UnableToGetUpstreamImage,
    /// The upstream registry did not give the layer.
    UnableToGetUpstreamLayer,
    /// The upstream registry did not say what refers to the image.
    UnableToListUpstreamImageReferrers,
    /// No such operation.
    UnknownOperation,
    /// No such access key.
    UnrecognizedClient,
    /// ECR cannot pull through that registry as asked.
    UnsupportedUpstreamRegistry,
    /// No such upload.
    UploadNotFound,
    /// A parameter that breaks a constraint, in the newer operations' words.
    Validation,
}

impl Code {
    /// Returns the status of an answer of the control plane.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Server => 500,
            Self::NotImplemented => 501,
            _ => 400,
        }
    }
}

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    /// The exception.
    pub(crate) code: Code,
    /// What to tell the caller.
    pub(crate) message: String,
    /// Members of the exception beside its message.
    pub(crate) members: Map<String, Value>,
}

impl Fault {
    /// Returns a fault of a code.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), members: Map::new() }
    }

    /// Returns ECR's answer to a parameter that breaks a constraint.
    pub(crate) fn parameter(name: &str, constraint: impl fmt::Display) -> Self {
        Self::new(
            Code::InvalidParameter,
            format!("Invalid parameter at '{name}' failed to satisfy constraint: '{constraint}'"),
        )
    }

    /// Adds a member of the exception.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.message)
    }
}

impl std::error::Error for Fault {}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        let mut causes = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            causes = format!("{causes}: {error}");
            cause = error.source();
        }
        tracing::error!(error = causes, "the storage failed");
        Self::new(Code::Server, "the server could not use its storage")
    }
}
