//! Decisions in words, for people; the data says the same.

use std::fmt::{self, Display, Formatter};

use crate::decision::{
    Caution, Decision, Denial, Hanging, Miss, Missing, NearMiss, Reason, Remedy, Side, StatementRef, Verdict,
};

impl Display for Verdict {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Verdict::Allowed => "allowed",
            Verdict::Denied => "denied",
            Verdict::Depends => "depends",
        })
    }
}

impl Display for StatementRef {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "statement {}", self.index + 1)?;
        if let Some(sid) = &self.sid {
            write!(formatter, " (`{sid}`)")?;
        }
        write!(formatter, " of {} `{}`", self.kind.name(), self.document)
    }
}

impl Display for Missing {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Missing::Key { key } => write!(formatter, "the value of `{key}`"),
            Missing::Operator { name } => write!(formatter, "the meaning of operator `{name}`"),
            Missing::Session => formatter.write_str("which session of the role asks"),
            Missing::PartOfResource { resource } => {
                write!(formatter, "which resource of `{resource}` is meant")
            }
        }
    }
}

impl Display for Hanging {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let effect = if self.forbids { "denies" } else { "allows" };
        write!(formatter, "{} {effect} depending on ", self.statement)?;
        joined(formatter, &self.missing, " and ")
    }
}

impl Display for Denial {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "by {}", self.statement)?;
        for (position, absent) in self.absent.iter().enumerate() {
            let link = if position == 0 { ", because" } else { " and" };
            write!(
                formatter,
                "{link} the request lacks `{}` and `{}` then holds",
                absent.key, absent.operator
            )?;
        }
        Ok(())
    }
}

impl Display for Remedy {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Remedy::AddCondition { operator, key, value } => {
                write!(
                    formatter,
                    r#"add the condition "{operator}": {{"{key}": "{value}"}} to the statement"#
                )
            }
            Remedy::AddToNotPrincipal { service } => {
                write!(formatter, "add the service `{service}` to the statement's `NotPrincipal`")
            }
        }
    }
}

impl Display for Miss {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Miss::Principal => formatter.write_str("it is for other principals"),
            Miss::Action => formatter.write_str("it is for other actions"),
            Miss::Resource => formatter.write_str("it is for other resources"),
            Miss::Condition { operator, key, wanted, found } => {
                write!(formatter, "`{operator}` wants `{key}` to be ")?;
                joined(formatter, wanted, " or ")?;
                if found.is_empty() {
                    return formatter.write_str(" and the request lacks it");
                }
                formatter.write_str(" and it is ")?;
                joined(formatter, found, ", ")
            }
        }
    }
}

impl Display for NearMiss {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} does not grant: ", self.statement)?;
        joined(formatter, &self.missed, "; ")
    }
}

impl Display for Caution {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Caution::Public { statement } => write!(formatter, "{statement} grants to everybody"),
            Caution::BroadAction { statement } => write!(formatter, "{statement} grants every action"),
            Caution::AllowedByNotPrincipal { statement } => {
                write!(formatter, "{statement} grants to all but those it lists")
            }
            Caution::IdentityPoliciesNotGiven => {
                formatter.write_str("the identity's own policies must grant it too and were not looked at")
            }
            Caution::ResourcePoliciesNotGiven => {
                formatter.write_str("the resource's account must grant it too and was not looked at")
            }
        }
    }
}

impl Display for Decision {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.verdict)?;
        match &self.why {
            Reason::Granted { by } => {
                formatter.write_str(" by ")?;
                joined(formatter, by, " and ")
            }
            Reason::ExplicitDeny { denials } => {
                formatter.write_str(" ")?;
                joined(formatter, denials, " and ")
            }
            Reason::NoGrant { side, nearest } => {
                formatter.write_str(match side {
                    Side::Any => ": no statement grants it",
                    Side::Resource => ": the resource's policies do not grant it",
                    Side::Identity => ": the identity's policies do not grant it",
                    Side::Delegation => {
                        ": the resource leaves it to the account, whose policies do not grant it"
                    }
                })?;
                near(formatter, nearest)
            }
            Reason::OutsideLimit { limit, nearest } => {
                write!(formatter, ": the {} does not include it", limit.name())?;
                near(formatter, nearest)
            }
            Reason::Hangs { on } => {
                formatter.write_str(": ")?;
                joined(formatter, on, "; ")
            }
        }
    }
}

fn near(formatter: &mut Formatter<'_>, nearest: &[NearMiss]) -> fmt::Result {
    if nearest.is_empty() {
        return Ok(());
    }
    formatter.write_str("; ")?;
    joined(formatter, nearest, "; ")
}

fn joined<T: Display>(formatter: &mut Formatter<'_>, items: &[T], link: &str) -> fmt::Result {
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            formatter.write_str(link)?;
        }
        write!(formatter, "{item}")?;
    }
    Ok(())
}
