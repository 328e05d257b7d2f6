//! Removes an account's secrets from an error.

use serde_json::Value;

use super::{redactor::Redactor, shorten::shortened_bytes};
use crate::Error;

/// The maximum length of a message, and of a provider's body that is a text, in bytes.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// Redacts the account's secrets in an error and in the provider's response of that error. Then it shortens long texts: a secret
/// that was cut before would not be found.
pub fn redact_error(mut error: Error, redactor: &Redactor) -> Error {
    error.message = match shortened_bytes(&error.message, MAX_TEXT_BYTES, redactor) {
        Some(short) => format!("{short}…"),
        None => redactor.text(&error.message).into_owned(),
    };
    for problem in &mut error.problems {
        problem.message = redactor.text(&problem.message).into_owned();
    }
    if let Some(provider) = &mut error.provider {
        provider.url = redactor.text(&provider.url).into_owned();
        if let Value::String(text) = &mut provider.body
            && let Some(short) = shortened_bytes(text, MAX_TEXT_BYTES, redactor)
        {
            *text = format!("{short}… (shortened)");
        }
        redactor.value(&mut provider.body);
        for (_, value) in &mut provider.headers {
            *value = redactor.text(value).into_owned();
        }
        // Scopes are stored, so a value that contains a secret is dropped.
        provider.wanted_scopes.retain(|scope| redactor.text(scope) == scope.as_str());
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorCode, ProviderFailure};

    #[test]
    fn an_error_is_redacted_before_it_is_shortened() {
        let redactor = Redactor::new(["canary-secret"].into_iter());
        for place in MAX_TEXT_BYTES - 14..=MAX_TEXT_BYTES {
            let text = format!("{}canary-secret{}", "x".repeat(place), "y".repeat(100));
            let failure = ProviderFailure { body: Value::String(text.clone()), ..ProviderFailure::default() };
            let error = redact_error(Error::new(ErrorCode::Provider, text).with_provider(failure), &redactor);
            let body = error.provider.unwrap().body.to_string();
            assert!(!body.contains("can") && body.contains("(shortened)"), "{}", &body[place..]);
            assert!(!error.message.contains("can") && error.message.ends_with('…'), "{}", &error.message[place..]);
        }
    }
}
