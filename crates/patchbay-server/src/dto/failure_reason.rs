//! The reasons of failures by their names on the wire.

use patchbay_model::FailureReason;
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request to the provider failed. `refused`: it does not accept the credentials, the permissions or the request.
/// `unreachable`: Patchbay could not connect to it, or the connection was lost. `timed_out`: it did not respond in time.
/// `rate_limited`: the limit of requests is used up at the moment. `misconfigured`: the connector, its profile, the app at
/// the provider or this server is not set up correctly. `unavailable`: it responded with an error of its own.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FailureReason)]
pub(crate) enum FailureReasonOut {
    Refused,
    Unreachable,
    TimedOut,
    RateLimited,
    Misconfigured,
    Unavailable,
}

impl From<FailureReason> for FailureReasonOut {
    fn from(reason: FailureReason) -> Self {
        match reason {
            FailureReason::Refused => Self::Refused,
            FailureReason::Unreachable => Self::Unreachable,
            FailureReason::TimedOut => Self::TimedOut,
            FailureReason::RateLimited => Self::RateLimited,
            FailureReason::Misconfigured => Self::Misconfigured,
            FailureReason::Unavailable => Self::Unavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_wire_are_the_stored_ones() {
        for reason in FailureReason::ALL {
            assert_eq!(serde_json::to_value(FailureReasonOut::from(reason)).unwrap(), reason.as_str());
        }
    }
}
