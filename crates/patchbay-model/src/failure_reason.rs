//! The reason why a request to a provider failed, for people: each reason has its own next step.

use std::fmt::Write;

use crate::names::wire_enum;

/// The reason why a request to a provider failed.
///
/// A provider that cannot be reached has refused nothing. Screens and callers branch on the reason to tell people what
/// happened and what to do; the error code says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// The provider responded, and does not accept the credentials, the permissions or the request.
    Refused,
    /// Patchbay could not connect to the provider, or the connection was lost.
    Unreachable,
    /// The provider did not respond in time.
    TimedOut,
    /// The limit of requests to the provider is used up at the moment: its own, or the one that its connector declares.
    RateLimited,
    /// The connector, its profile, the app at the provider or this server is not set up correctly.
    Misconfigured,
    /// The provider responded, with an error of its own or with something that cannot be read.
    Unavailable,
}

wire_enum!(FailureReason {
    Refused = "refused",
    Unreachable = "unreachable",
    TimedOut = "timed_out",
    RateLimited = "rate_limited",
    Misconfigured = "misconfigured",
    Unavailable = "unavailable",
});

impl FailureReason {
    /// Every reason.
    pub const ALL: [Self; 6] =
        [Self::Refused, Self::Unreachable, Self::TimedOut, Self::RateLimited, Self::Misconfigured, Self::Unavailable];

    /// Returns what happened and what to do, in Markdown.
    const fn doc(self) -> (&'static str, &'static str) {
        match self {
            Self::Refused => (
                "The provider responded, and does not accept the credentials, the permissions or the request",
                "Correct the values, or reconnect the account",
            ),
            Self::Unreachable => (
                "Patchbay could not connect to the provider, or the connection was lost. The credentials were not checked",
                "Check the address, and that this server can reach it; try again",
            ),
            Self::TimedOut => ("The provider did not respond in time", "Try again later, or request less at once"),
            Self::RateLimited => {
                ("The limit of requests to the provider is used up at the moment", "Wait for `Retry-After` seconds")
            }
            Self::Misconfigured => (
                "The connector, its profile, the app at the provider or this server is not set up correctly",
                "The operator corrects what the message names",
            ),
            Self::Unavailable => (
                "The provider responded with an error of its own, or with something that cannot be read",
                "Try again later",
            ),
        }
    }

    /// Writes the section of the reference.
    pub(crate) fn write_reference(page: &mut String) {
        page.push_str(
            "\n## Reasons\n\nIf a request to a provider failed, `reason` says why, for people: one value for each next step. A \
             provider that could not be reached has refused nothing.\n\n| Reason | Meaning | What to do |\n|---|---|---|\n",
        );
        for reason in Self::ALL {
            let (meaning, remedy) = reason.doc();
            // Writing to a String does not fail.
            let _ = writeln!(page, "| `{}` | {meaning} | {remedy} |", reason.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stored_and_read() {
        for reason in FailureReason::ALL {
            assert_eq!(reason.as_str().parse::<FailureReason>().unwrap(), reason);
        }
    }
}
