//! Removes an account's secrets from an error.

use super::redactor::Redactor;
use crate::Error;

/// An error without the account's secrets.
pub fn redact_error(mut error: Error, redactor: &Redactor) -> Error {
    error.message = redactor.text(&error.message).into_owned();
    for problem in &mut error.problems {
        problem.message = redactor.text(&problem.message).into_owned();
    }
    if let Some(provider) = &mut error.provider {
        provider.url = redactor.text(&provider.url).into_owned();
        redactor.value(&mut provider.body);
        for (_, value) in &mut provider.headers {
            *value = redactor.text(value).into_owned();
        }
        // They are kept: what holds a secret is no scope.
        provider.wanted_scopes.retain(|scope| redactor.text(scope) == scope.as_str());
    }
    error
}
