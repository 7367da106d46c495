//! Observations that an operation makes beside its answer.

use schemars::JsonSchema;
use serde::Serialize;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The run would fail, or part of the answer is missing.
    Error,
    /// Something to look at before a run.
    Warning,
    /// Good to know.
    Note,
}

/// Declares the codes with their stable ids.
macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal,)+) => {
        /// What was observed; stable ids that scripts may test for.
        ///
        /// The hundreds say what it is about: 0 a workflow, 1 rules, 2 credentials, 3 policies, 4 templates,
        /// 5 repositories and images, 6 the registries that images come from, 7 the account.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        pub enum Code {
            $($(#[doc = $doc])+ #[serde(rename = $id)] $name,)+
        }

        impl Code {
            /// Every code, in the order of the ids.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the id: `OE101`.
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)+
                }
            }
        }
    };
}

codes! {
    /// No file gives the container attribute a value.
    Unresolved = "OE001",
    /// The text is no valid image reference.
    Malformed = "OE002",
    /// The host of a registry stands in the name twice.
    DoubledHost = "OE003",
    /// A file was left out of a scan.
    LeftOut = "OE004",
    /// The image cannot come into the private registry.
    NoRoute = "OE005",
    /// A digest through a pull through cache rule: ECR does not find it on the first pull.
    DigestThroughRule = "OE006",
    /// A rule for the registry needs a credential.
    CredentialNeeded = "OE007",
    /// The account or the Region is a placeholder.
    Placeholder = "OE008",
    /// An entry of an existing map differs and was kept.
    KeptEntry = "OE009",
    /// A value that is longer than HealthOmics takes.
    TooLong = "OE010",
    /// Prefixes of rules are nested: the longer one takes names from the shorter one.
    NestedRules = "OE102",
    /// Several rules are for one upstream registry.
    SameUpstream = "OE103",
    /// HealthOmics takes no images through a rule for the upstream registry.
    UpstreamNotTaken = "OE104",
    /// The upstream registry takes no credential, and one was given.
    CredentialLeftOut = "OE105",
    /// HealthOmics cannot pull through a rule's prefix, or it is not certain.
    ClosedPrefix = "OE106",
    /// A grant is for runs of any account, or not for those that were asked for.
    GrantNotBound = "OE107",
    /// A new template has the settings of the one that governed its prefix so far.
    InheritedSettings = "OE108",
    /// Repositories stay when their rule goes.
    RepositoriesStay = "OE109",
    /// The pull through cache rules could not be read.
    RulesUnknown = "OE110",
    /// A secret's name does not begin as ECR wants it.
    SecretName = "OE201",
    /// A secret is of another account or Region than the rule.
    SecretElsewhere = "OE202",
    /// There is no such secret.
    SecretMissing = "OE203",
    /// A secret waits for its deletion.
    SecretDeleted = "OE204",
    /// A secret does not hold what ECR reads from it.
    SecretContent = "OE205",
    /// A secret is encrypted with a key that ECR may not use.
    SecretKey = "OE206",
    /// A secret could not be looked at.
    SecretUnknown = "OE207",
    /// The upstream registry refuses what a secret holds.
    LoginRefused = "OE208",
    /// Nobody tried whether the upstream registry takes what a secret holds.
    LoginUnknown = "OE209",
    /// HealthOmics may not read a repository, or it is not certain.
    Access = "OE501",
    /// A repository was made and has no image.
    EmptyRepository = "OE502",
    /// A repository has other settings than those asked for.
    Settings = "OE503",
    /// The account does not let ECR take layers from other repositories.
    MountingOff = "OE504",
    /// Signatures and other referrers do not go along.
    Referrers = "OE505",
    /// A name leads to a registry that HealthOmics cannot read: another Region, or no registry at all.
    WrongPlace = "OE510",
    /// The image is archived, and cannot be pulled before it is restored.
    Archived = "OE511",
    /// Manifests or layers of the image are missing in ECR.
    Incomplete = "OE512",
    /// The tags of a repository never move, so what a rule brought is not renewed.
    NeverRenewed = "OE513",
    /// The tag stands for another image than the digest beside it.
    TagElsewhere = "OE514",
    /// The image runs nowhere in HealthOmics.
    Platform = "OE520",
    /// The image is larger than some or all instances take.
    TooLarge = "OE521",
    /// The image's ENTRYPOINT may keep the command of a run from being executed.
    Entrypoint = "OE522",
    /// The image starts as another user than root.
    User = "OE523",
    /// What is in ECR is no container image.
    NotAnImage = "OE524",
    /// A cached tag stands for another image upstream by now.
    TagMoved = "OE530",
    /// A cached tag is not there upstream any more.
    TagGone = "OE531",
    /// A source registry allows fewer pulls now than are needed.
    PullLimit = "OE601",
}

/// One observation, with an action where one helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What was observed.
    pub code: Code,
    /// The image, file or entry it is about.
    pub subject: String,
    /// The observation in words, in lower case.
    pub message: String,
    /// One action that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub hint: Option<String>,
}

impl Finding {
    /// Returns a finding without a hint.
    pub fn new(
        severity: Severity,
        code: Code,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { severity, code, subject: subject.into(), message: message.into(), hint: None }
    }

    /// Adds an action that helps.
    #[must_use]
    pub fn hint(self, action: impl Into<String>) -> Self {
        Self { hint: Some(action.into()), ..self }
    }
}
