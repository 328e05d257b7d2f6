//! How many guesses an attacker needs for a password or a key that a person chose.

use patchbay_vault::Secret;

/// Words that an attacker of this product tries first.
const RELATED_WORDS: [&str; 4] = ["patchbay", "dashboard", "gateway", "integration"];

/// Returns the decimal logarithm of the number of guesses that `secret` withstands, by the patterns that people use:
/// common passwords, words, names, dates, repetitions, sequences and rows of the keyboard.
///
/// Takes a few milliseconds, and more at the first call, which loads the word lists.
pub(crate) fn guesses_log10(secret: &Secret) -> f64 {
    zxcvbn::zxcvbn(secret.expose(), &RELATED_WORDS).guesses_log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_choose_is_guessed_before_random_text() {
        let guesses = |text: &str| guesses_log10(&Secret::new(text));
        for common in
            ["letmeinletmein", "1q2w3e4r5t6y", "patchbay1234", "2024-01-31", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
        {
            assert!(guesses(common) < guesses("xk2-Vq9z"), "{common}");
        }
        assert!(guesses("") < 1.0 && guesses(&"long".repeat(50)).is_finite());
    }
}
