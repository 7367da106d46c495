//! What IAM says when it denies access.

/// Who may not do what on what, as far as the message tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The action that is missing: `ecr:CreateRepository`. What the message names, else the one of the call.
    pub action: String,
    /// The ARN of the caller.
    pub principal: Option<String>,
    /// The ARN of what it was tried on.
    pub resource: Option<String>,
    /// Why it was denied.
    pub reason: DenialReason,
}

/// Why access was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DenialReason {
    /// No policy of this kind allows it: `identity-based`, `session`, `permissions boundary`.
    NotAllowed(String),
    /// A policy of this kind forbids it, so that allowing it elsewhere does not help: `service control`.
    Forbidden(String),
    /// The message does not say.
    Unsaid,
}

impl Denial {
    /// Reads a message of IAM; `action` is what was asked for, in case the message does not name it.
    pub(crate) fn read(words: &str, action: &str) -> Self {
        Self {
            action: after(words, "not authorized to perform: ")
                .or_else(|| after(words, "not authorized to perform "))
                .filter(|named| named.contains(':'))
                .map_or_else(|| action.to_owned(), str::to_owned),
            principal: after(words, "User: ").filter(|arn| arn.starts_with("arn:")).map(str::to_owned),
            resource: after(words, "on resource: ").filter(|arn| arn.starts_with("arn:")).map(str::to_owned),
            reason: reason(words),
        }
    }
}

/// Returns the word behind a phrase, without punctuation at its end.
fn after<'a>(words: &'a str, phrase: &str) -> Option<&'a str> {
    let (_, rest) = words.split_once(phrase)?;
    let word = rest.split_whitespace().next()?.trim_end_matches(['.', ',', ';']);
    (!word.is_empty()).then_some(word)
}

fn reason(words: &str) -> DenialReason {
    if let Some((_, rest)) = words.split_once("explicit deny in a") {
        // "in a resource-based policy", "in an identity-based policy".
        let rest = rest.strip_prefix('n').unwrap_or(rest);
        return DenialReason::Forbidden(kind_of_policy(rest));
    }
    if words.contains("explicit deny") {
        return DenialReason::Forbidden(String::new());
    }
    match words.split_once("because no ") {
        Some((_, rest)) => DenialReason::NotAllowed(kind_of_policy(rest)),
        None => DenialReason::Unsaid,
    }
}

/// Returns the words before "policy" or "allows", which say what kind of policy it is.
fn kind_of_policy(rest: &str) -> String {
    let words: Vec<&str> =
        rest.split_whitespace().take(4).take_while(|word| !matches!(*word, "policy" | "allows")).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:sts::123456789012:assumed-role/dev/me";
    const REPOSITORY: &str = "arn:aws:ecr:us-east-1:123456789012:repository/x";

    #[test]
    fn a_missing_allow_is_read() {
        let words = format!(
            "User: {ROLE} is not authorized to perform: ecr:CreateRepository on resource: {REPOSITORY} because no \
             identity-based policy allows the ecr:CreateRepository action"
        );
        let denial = Denial::read(&words, "ecr:Other");
        assert_eq!(denial.action, "ecr:CreateRepository");
        assert_eq!(denial.principal.as_deref(), Some(ROLE));
        assert_eq!(denial.resource.as_deref(), Some(REPOSITORY));
        assert_eq!(denial.reason, DenialReason::NotAllowed("identity-based".into()));
    }

    #[test]
    fn an_explicit_deny_is_told_from_a_missing_allow() {
        for (tail, kind) in [
            ("with an explicit deny in a service control policy", "service control"),
            ("with an explicit deny in an identity-based policy", "identity-based"),
            ("with an explicit deny in a permissions boundary", "permissions boundary"),
            ("with an explicit deny", ""),
        ] {
            let words = format!(
                "User: {ROLE} is not authorized to perform: ecr:PutImage on resource: {REPOSITORY} {tail}"
            );
            let denial = Denial::read(&words, "ecr:PutImage");
            assert_eq!(denial.reason, DenialReason::Forbidden(kind.into()), "{tail}");
        }
        let words = "not authorized because no permissions boundary allows the ecr:PutImage action";
        assert_eq!(Denial::read(words, "x").reason, DenialReason::NotAllowed("permissions boundary".into()));
    }

    #[test]
    fn other_words_leave_the_action_of_the_call() {
        for words in ["", "Not authorized", "User:  is not authorized to perform: ", "User: x on resource: *"]
        {
            let denial = Denial::read(words, "ecr:GetRegistryPolicy");
            assert_eq!(denial.action, "ecr:GetRegistryPolicy");
            assert_eq!((denial.principal, denial.resource), (None, None));
            assert_eq!(denial.reason, DenialReason::Unsaid);
        }
    }
}
