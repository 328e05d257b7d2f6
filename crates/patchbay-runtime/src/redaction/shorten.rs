//! Shortens texts of providers for errors.
//!
//! The account's secrets are redacted first, and the cut is not within what looks like a secret: a part of one is found by nobody.

use std::borrow::Cow;

use super::{
    detectors::before_secret,
    redactor::{REDACTED, Redactor},
};

/// How much of a text is redacted, in bytes. What follows is never shown.
const MAX_REDACTED_BYTES: usize = 256 * 1024;
/// The longest spelling of a secret that the end of the redacted text may have cut, in bytes.
const MAX_SPELLING_BYTES: usize = 64 * 1024;

/// Returns the text with the account's secrets redacted, and at most this many bytes of it, or none if it is not longer.
pub fn shortened_bytes(text: &str, max_bytes: usize, redactor: &Redactor) -> Option<String> {
    if text.len() <= max_bytes {
        return None;
    }
    let redacted = beginning(text, max_bytes, redactor);
    let end = redacted.floor_char_boundary(max_bytes);
    Some(redacted[..before_secret(&redacted, end)].to_owned())
}

/// Returns the text with the account's secrets redacted, and with an ellipsis in place of what exceeds this many characters.
pub fn shortened(text: &str, max_chars: usize, redactor: &Redactor) -> String {
    let redacted = beginning(text, 4 * max_chars, redactor);
    match redacted.char_indices().nth(max_chars) {
        Some((end, _)) => format!("{}…", &redacted[..before_secret(&redacted, end)]),
        None if text.len() > MAX_REDACTED_BYTES => format!("{redacted}…"),
        None => redacted.into_owned(),
    }
}

/// Returns the beginning of a text, redacted. It contains at least `shown` bytes, and no secret in part.
fn beginning<'a>(text: &'a str, shown: usize, redactor: &Redactor) -> Cow<'a, str> {
    let read = &text[..text.floor_char_boundary(MAX_REDACTED_BYTES)];
    let mut redacted = redactor.text(read);
    // A secret that the end cuts follows the last one that was found.
    if read.len() < text.len()
        && redacted.len() < shown + MAX_SPELLING_BYTES
        && let Some(last) = redacted.rfind(REDACTED)
    {
        redacted.to_mut().truncate(last + REDACTED.len());
    }
    redacted
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "canary-secret-value";

    #[test]
    fn a_text_is_redacted_before_it_is_cut() {
        let redactor = Redactor::new([SECRET].into_iter());
        for secret in [SECRET, "canary%2Dsecret-value", "4111 1111 1111 1111", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"] {
            for fill in 60..=100 {
                let text = format!("{} {secret} {}", "x".repeat(fill), "y".repeat(100));
                let cut = [shortened(&text, 100, &redactor), shortened_bytes(&text, 100, &redactor).unwrap()];
                for cut in cut {
                    let kept = super::super::detectors::redact_secrets(&cut).into_owned();
                    assert!(!kept.contains("canary") && !kept.contains("41") && !kept.contains("sk_"), "{kept}");
                    assert!(kept.starts_with(&"x".repeat(60)) && cut.chars().count() <= 101, "{cut}");
                }
            }
        }
    }

    #[test]
    fn a_secret_at_the_end_of_what_is_redacted_is_not_shown() {
        let secret = "canary".repeat(1_000);
        let redactor = Redactor::new([secret.as_str()].into_iter());
        let text = secret.repeat(100);
        assert!(!shortened(&text, 1_000, &redactor).contains("canary"));
        assert!(!shortened_bytes(&text, 1_000, &redactor).unwrap().contains("canary"));
    }

    #[test]
    fn a_short_text_stays() {
        let redactor = Redactor::default();
        assert_eq!(shortened("über", 4, &redactor), "über");
        assert_eq!(shortened("über", 3, &redactor), "übe…");
        assert_eq!(shortened_bytes("über", 5, &redactor), None);
    }
}
