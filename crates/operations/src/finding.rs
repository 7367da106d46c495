//! Observations that an operation makes beside its answer.

use std::collections::BTreeMap;

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
        /// 5 repositories and images, 6 the registries that images come from, 7 the account, 8 this machine and what it
        /// reaches.
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
    /// The registry has no pull through cache rule.
    NoRules = "OE101",
    /// The prefix of a rule lies below the prefix of another one.
    NestedRules = "OE102",
    /// Several rules reach the same part of an upstream registry.
    SameUpstream = "OE103",
    /// HealthOmics takes no images through a rule for this upstream registry.
    UpstreamNotTaken = "OE104",
    /// The upstream registry takes no credential, and one was given.
    CredentialLeftOut = "OE105",
    /// HealthOmics cannot pull through a rule's prefix, or it is not certain.
    ClosedPrefix = "OE106",
    /// A new template has the settings of the one that governed its prefix so far.
    InheritedSettings = "OE108",
    /// Repositories stay when their rule goes.
    RepositoriesStay = "OE109",
    /// The pull through cache rules could not be read.
    RulesUnknown = "OE110",
    /// The upstream registry of a rule is none that is known.
    UpstreamUnknown = "OE111",
    /// There is no rule with the prefix that was asked for.
    NoSuchRule = "OE112",
    /// The registry has, or nearly has, as many rules as it may.
    RulesQuota = "OE113",
    /// The credential of a rule is no secret that ECR takes.
    SecretName = "OE201",
    /// The credential of a rule is in another account or Region.
    SecretElsewhere = "OE202",
    /// The secret of a rule does not exist.
    SecretMissing = "OE203",
    /// The secret of a rule waits for its deletion.
    SecretDeleted = "OE204",
    /// The secret of a rule does not hold a user name and an access token.
    SecretContent = "OE205",
    /// The secret of a rule is encrypted with a key that ECR cannot use.
    SecretKey = "OE206",
    /// A secret could not be looked at.
    SecretUnknown = "OE207",
    /// ECR cannot sign in upstream with the credential of a rule.
    LoginRefused = "OE208",
    /// Nobody tried whether the upstream registry takes what a secret holds.
    LoginUnknown = "OE209",
    /// A rule for an upstream registry that always wants a credential has none.
    CredentialMissing = "OE210",
    /// The registry has no policy.
    NoRegistryPolicy = "OE301",
    /// No statement lets HealthOmics import images below a prefix.
    ImportNotGranted = "OE302",
    /// A statement of the registry policy forbids HealthOmics to import images.
    ImportDenied = "OE303",
    /// Whether HealthOmics may import images below a prefix hangs on what only a run tells.
    ImportDepends = "OE304",
    /// A policy grants more than a run needs.
    BroadGrant = "OE305",
    /// A policy cannot be read as one.
    PolicyUnreadable = "OE306",
    /// A policy is nearly as long as it may be.
    PolicyNearLimit = "OE307",
    /// The registry policy speaks of actions that it is not asked about.
    PolicyScope = "OE308",
    /// A policy names an identity that no longer exists.
    OrphanPrincipal = "OE309",
    /// A grant holds for the runs of every account.
    NoSourceAccount = "OE310",
    /// A policy has something that AWS refuses or that does not do what it seems to.
    PolicyProblem = "OE311",
    /// No repository creation template makes the repositories below a prefix.
    TemplateMissing = "OE401",
    /// A template is not applied for pull through.
    TemplateNotApplied = "OE402",
    /// HealthOmics may not read the repositories that a template makes.
    TemplateNotGranted = "OE403",
    /// A statement forbids HealthOmics to read the repositories that a template makes.
    TemplateDenied = "OE404",
    /// Whether HealthOmics may read what a template makes hangs on what only a run tells.
    TemplateDepends = "OE405",
    /// A template sets resource tags or a KMS key and names no role.
    TemplateWithoutRole = "OE406",
    /// A template makes repositories whose tags cannot move.
    TemplateImmutable = "OE407",
    /// A more specific template makes other repositories than the one for the whole prefix.
    TemplateDiffers = "OE408",
    /// A template grants what a pull needs and not all that HealthOmics' guide lists.
    TemplateIncomplete = "OE409",
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
    /// A repository grants what a pull needs and not all that HealthOmics' guide lists.
    AccessIncomplete = "OE541",
    /// The tags of a repository below a prefix cannot move, so ECR cannot refresh them.
    ImmutableTags = "OE542",
    /// A source registry allows fewer pulls now than are needed.
    PullLimit = "OE601",
    /// HealthOmics, or pull through, is not offered in the Region.
    RegionNotServed = "OE701",
    /// It could not be told whether HealthOmics is offered in the Region.
    RegionUnknown = "OE702",
    /// Something could not be looked at, and nothing follows about what is there.
    CouldNotLook = "OE710",
    /// The caller may not do what the answer needs.
    PermissionMissing = "OE711",
    /// There are no credentials, or AWS does not take them.
    CredentialsUnusable = "OE801",
    /// The credentials are of another account than the one that was named.
    OtherAccount = "OE802",
    /// The settings of this machine give no way to AWS: no Region, an unknown profile, a value that is none.
    SettingsUnusable = "OE803",
    /// The clock of this machine is wrong.
    ClockSkew = "OE804",
    /// A service or a registry cannot be reached from this machine, or is out of sorts.
    Unreachable = "OE805",
    /// A file of logins to registries cannot be read.
    LoginFile = "OE806",
}

/// An action that helps, as something to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fix {
    /// The command line; words in capitals are to be filled in.
    pub command: String,
    /// The MCP tool that does the same, where one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub tool: Option<String>,
    /// The arguments of the tool.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, String>,
}

impl Fix {
    /// Returns a command line that no tool stands for.
    pub fn command(command: impl Into<String>) -> Self {
        Self { command: command.into(), tool: None, arguments: BTreeMap::new() }
    }

    /// Adds the tool that does the same, with its arguments.
    #[must_use]
    pub fn tool<const N: usize>(self, tool: &str, arguments: [(&str, String); N]) -> Self {
        let arguments = arguments.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { tool: Some(tool.to_owned()), arguments, ..self }
    }
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
    /// The same action as something to run, where a command or a tool does it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Fix")]
    pub fix: Option<Fix>,
}

impl Finding {
    /// Returns a finding without a hint.
    pub fn new(
        severity: Severity,
        code: Code,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self { severity, code, subject: subject.into(), message: message.into(), hint: None, fix: None }
    }

    /// Adds an action that helps.
    #[must_use]
    pub fn hint(self, action: impl Into<String>) -> Self {
        Self { hint: Some(action.into()), ..self }
    }
    /// Adds an action that helps and can be run; it is the hint too, where there is none yet.
    #[must_use]
    pub fn fix(self, fix: Fix) -> Self {
        let hint = self.hint.or_else(|| Some(format!("run `{}`", fix.command)));
        Self { hint, fix: Some(fix), ..self }
    }
}
