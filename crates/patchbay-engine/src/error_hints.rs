//! Adds a remedy to a provider's error.

use patchbay_model::FailureReason;

use crate::{Error, ErrorCode};

/// Adds a remedy to the error of a call if the provider's message does not contain one.
pub(super) fn for_call(error: Error) -> Error {
    with(error, "reconnect the account with valid ones")
}

/// Adds a remedy to the error of a link, for a person who fills in the form.
pub(crate) fn at_link(error: Error) -> Error {
    with(error, "")
}

fn with(mut error: Error, refused: &str) -> Error {
    if error.provider.is_none() {
        return error;
    }
    // The reported status counts: a connector may map an unusual status to another.
    let advice = match (error.code, error.reason(), error.status()) {
        (ErrorCode::AccountInvalidCredentials, ..) => refused,
        (ErrorCode::Provider, Some(FailureReason::Refused), 403) => "the account may lack a permission there",
        (ErrorCode::Provider, Some(FailureReason::TimedOut), _) => "it did not respond in time, try again later",
        (ErrorCode::Provider, Some(FailureReason::RateLimited), _) => {
            "its limit of requests is used up, wait before you try again"
        }
        (ErrorCode::Provider, Some(FailureReason::Unavailable), _) => "the problem is at the provider, try again later",
        _ => "",
    };
    if !advice.is_empty() {
        error.message = format!("{}; {advice}", error.message.trim_end_matches('.'));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, ProviderFailure};

    fn said(code: ErrorCode, status: u16) -> Error {
        let failure = ProviderFailure { status: Some(status), ..ProviderFailure::default() };
        Error::new(code, "Harbor said no.").with_status(status).with_provider(failure)
    }

    #[test]
    fn a_person_is_told_what_to_do() {
        for (code, status, call, link) in [
            (ErrorCode::AccountInvalidCredentials, 401, "; reconnect the account with valid ones", "."),
            (
                ErrorCode::Provider,
                403,
                "; the account may lack a permission there",
                "; the account may lack a permission there",
            ),
            (
                ErrorCode::Provider,
                503,
                "; the problem is at the provider, try again later",
                "; the problem is at the provider, try again later",
            ),
            (
                ErrorCode::Provider,
                504,
                "; it did not respond in time, try again later",
                "; it did not respond in time, try again later",
            ),
            (
                ErrorCode::Provider,
                429,
                "; its limit of requests is used up, wait before you try again",
                "; its limit of requests is used up, wait before you try again",
            ),
            (ErrorCode::Provider, 404, ".", "."),
        ] {
            assert_eq!(for_call(said(code, status)).message, format!("Harbor said no{call}"));
            assert_eq!(at_link(said(code, status)).message, format!("Harbor said no{link}"));
        }
        let page = ProviderFailure { status: Some(403), body: "<html>Blocked".into(), ..ProviderFailure::default() };
        let blocked = Error::new(ErrorCode::Provider, "Harbor said no.").with_status(403).with_provider(page);
        assert_eq!(for_call(blocked).message, "Harbor said no; the problem is at the provider, try again later");
        let ours = Error::new(ErrorCode::Provider, "Ours.");
        assert_eq!(for_call(ours).message, "Ours.");
    }
}
