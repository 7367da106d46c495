//! What networks and servers do to a request.

use std::time::Duration;

use crate::gate::Trick;

/// A fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Refused,
    Reset,
    Stalled,
    TooMany,
    Broken,
    WrongBytes,
    /// The program that asks ends at once; of a pull through, the server.
    Killed,
}

impl Fault {
    pub(crate) const ALL: [Self; 7] = [
        Self::Refused,
        Self::Reset,
        Self::Stalled,
        Self::TooMany,
        Self::Broken,
        Self::WrongBytes,
        Self::Killed,
    ];

    /// Returns its name on the page.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Reset => "reset half-way",
            Self::Stalled => "stalled",
            Self::TooMany => "429",
            Self::Broken => "500",
            Self::WrongBytes => "wrong bytes",
            Self::Killed => "`kill -9`",
        }
    }

    /// Returns what does it to a step, once or for as long as it lasts.
    pub(crate) fn trick(self, step: &str, lasts: bool) -> Trick {
        let answer = |status: u16, kind: &str, code: &str, words: &str| {
            let operation = !step.contains(' ');
            let (kind, body) = match operation {
                true => {
                    ("application/x-amz-json-1.1", format!(r#"{{"__type":"{kind}","message":"{words}"}}"#))
                }
                false => {
                    ("application/json", format!(r#"{{"errors":[{{"code":"{code}","message":"{words}"}}]}}"#))
                }
            };
            Trick::Answer(status, vec![("content-type", kind.to_owned())], body)
        };
        match self {
            Self::Refused => Trick::Refuse((!lasts).then_some(Duration::from_millis(30))),
            Self::Reset => Trick::Reset,
            Self::Stalled | Self::Killed => Trick::Stall,
            Self::TooMany => answer(429, "ThrottlingException", "TOOMANYREQUESTS", "Rate exceeded"),
            Self::Broken => answer(500, "ServerException", "UNKNOWN", "something went wrong"),
            Self::WrongBytes => Trick::Garble,
        }
    }
}
