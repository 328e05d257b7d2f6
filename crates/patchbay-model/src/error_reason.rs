//! The reason that each error code stands for.

use crate::{ErrorCode, FailureReason};

impl ErrorCode {
    /// Returns the reason of an error with this code and this HTTP status; none if no provider has a part in it.
    pub const fn reason(self, status: u16) -> Option<FailureReason> {
        Some(match self {
            Self::AccountAuthenticationFailed
            | Self::AccountInvalidCredentials
            | Self::AccountExpiredCredentials
            | Self::AccountMissingScopes
            | Self::SignInDenied => FailureReason::Refused,
            Self::ProviderUnreachable | Self::ProviderConnection => FailureReason::Unreachable,
            Self::Timeout => FailureReason::TimedOut,
            Self::AccountRateLimit | Self::AccountConcurrency | Self::ProviderRateLimit => FailureReason::RateLimited,
            Self::ProfileCredentials
            | Self::TokenRequest
            | Self::Connector
            | Self::ConnectorMissing
            | Self::AuthMethodMissing
            | Self::EgressRefused
            | Self::ProviderRedirect
            | Self::SignInDiscovery
            | Self::ClientRegistration => FailureReason::Misconfigured,
            Self::TokenRenewal | Self::TokenAnswer | Self::ProviderInvalidResponse | Self::ProviderResponseTooLarge => {
                FailureReason::Unavailable
            }
            Self::Provider => match status {
                408 | 504 => FailureReason::TimedOut,
                429 => FailureReason::RateLimited,
                500..=599 => FailureReason::Unavailable,
                _ => FailureReason::Refused,
            },
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_that_was_not_reached_has_refused_nothing() {
        for (code, status, reason) in [
            (ErrorCode::AccountAuthenticationFailed, 401, Some(FailureReason::Refused)),
            (ErrorCode::Provider, 403, Some(FailureReason::Refused)),
            (ErrorCode::Provider, 404, Some(FailureReason::Refused)),
            (ErrorCode::ProviderUnreachable, 502, Some(FailureReason::Unreachable)),
            (ErrorCode::ProviderConnection, 502, Some(FailureReason::Unreachable)),
            (ErrorCode::Timeout, 408, Some(FailureReason::TimedOut)),
            (ErrorCode::Provider, 504, Some(FailureReason::TimedOut)),
            (ErrorCode::Provider, 429, Some(FailureReason::RateLimited)),
            (ErrorCode::ProviderRateLimit, 429, Some(FailureReason::RateLimited)),
            (ErrorCode::ProfileCredentials, 412, Some(FailureReason::Misconfigured)),
            (ErrorCode::EgressRefused, 502, Some(FailureReason::Misconfigured)),
            (ErrorCode::Provider, 500, Some(FailureReason::Unavailable)),
            (ErrorCode::TokenAnswer, 502, Some(FailureReason::Unavailable)),
            (ErrorCode::Validation, 400, None),
            (ErrorCode::ProfileInactive, 412, None),
            (ErrorCode::Internal, 500, None),
        ] {
            assert_eq!(code.reason(status), reason, "{code} {status}");
        }
    }
}
