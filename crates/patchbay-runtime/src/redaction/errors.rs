//! Removes an account's secrets from an error.

use super::redactor::Redactor;
use crate::Error;

/// Redacts the account's secrets in an error and in the provider's response of that error.
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
        // Scopes are stored, so a value that contains a secret is dropped.
        provider.wanted_scopes.retain(|scope| redactor.text(scope) == scope.as_str());
    }
    error
}
