//! The words of a text, for people and for programs.
//!
//! `limits.keyRequestsPerMinute` is one word for people who copy it and several for those who remember half of it. So the
//! letters and digits between two spaces, joined by `_`, `-`, `.`, `/` or `:`, give the whole, each piece of it, and each
//! part of a piece in `camelCase` or before a digit.

use std::ops::Range;

/// The longest word in bytes. A longer one is a key or a hash, which nobody types.
const MAX_WORD_BYTES: usize = 64;

/// A word of a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// The word in lower case.
    pub text: &'a str,
    /// The bytes of the text that it stands for.
    pub range: Range<usize>,
}

/// Calls `each` with every word of a text, in order; a whole comes before its parts.
pub fn for_each_word(text: &str, mut each: impl FnMut(Word<'_>)) {
    let mut lower = String::new();
    let mut emit = |range: Range<usize>| {
        let original = &text[range.clone()];
        if original.len() > MAX_WORD_BYTES {
            return;
        }
        lower.clear();
        lower.extend(original.chars().flat_map(char::to_lowercase));
        each(Word { text: &lower, range });
    };
    let mut at = 0;
    while let Some(whole) = next_whole(text, at) {
        at = whole.end;
        emit(whole.clone());
        for piece in pieces(&text[whole.clone()]) {
            let piece = whole.start + piece.start..whole.start + piece.end;
            if piece != whole && has_two_characters(&text[piece.clone()]) {
                emit(piece.clone());
            }
            for part in parts(&text[piece.clone()]) {
                let part = piece.start + part.start..piece.start + part.end;
                if part != piece && has_two_characters(&text[part.clone()]) {
                    emit(part);
                }
            }
        }
    }
}

/// Returns the next run of letters and digits at or after a byte, with the marks that join them.
fn next_whole(text: &str, from: usize) -> Option<Range<usize>> {
    // After an apostrophe, up to two letters belong to the word before ("customer's", "you'll").
    let from = from + ending_after_apostrophe(&text[from..]);
    let start = from + text[from..].find(is_of_word)?;
    let mut end = start;
    loop {
        let rest = &text[end..];
        let letters = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        end += letters;
        let mut after = text[end..].chars();
        match after.next() {
            Some(joint) if is_joint(joint) && after.next().is_some_and(is_of_word) => end += joint.len_utf8(),
            _ => return Some(start..end),
        }
    }
}

fn ending_after_apostrophe(rest: &str) -> usize {
    let Some(ending) = rest.strip_prefix(['\'', '’']) else { return 0 };
    let letters = ending.find(|c| !is_of_word(c)).unwrap_or(ending.len());
    if (1..=2).contains(&letters) { rest.len() - ending.len() + letters } else { 0 }
}

fn is_of_word(c: char) -> bool {
    // Combining accents are not letters, but do not end a word.
    c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)
}

fn is_joint(c: char) -> bool {
    matches!(c, '_' | '-' | '.' | '/' | ':')
}

fn has_two_characters(text: &str) -> bool {
    text.chars().nth(1).is_some()
}

fn pieces(whole: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    whole.split(is_joint).map(move |piece| {
        let range = start..start + piece.len();
        start = range.end + 1;
        range
    })
}

/// Returns the parts of a piece in camel case or with digits.
fn parts(piece: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (at, c) in piece.char_indices() {
        let rest = &piece[at + c.len_utf8()..];
        let is_boundary = before.is_some_and(|before| {
            let begins_word = c.is_uppercase() && before.is_lowercase();
            // `HTTPServer`, but neither `OAuth` nor `APIs`.
            let ends_acronym = c.is_uppercase()
                && before.is_uppercase()
                && rest.starts_with(char::is_lowercase)
                && rest != "s"
                && has_two_characters(&piece[start..at]);
            begins_word || ends_acronym || c.is_numeric() != before.is_numeric()
        });
        if is_boundary {
            parts.push(start..at);
            start = at;
        }
        before = Some(c);
    }
    parts.push(start..piece.len());
    parts
}

/// Words that say nothing about the subject of a question, in order.
const STOP_WORDS: [&str; 58] = [
    "a", "about", "am", "an", "and", "are", "as", "at", "be", "by", "can", "could", "did", "do", "does", "doing",
    "for", "from", "get", "have", "how", "i", "if", "in", "into", "is", "it", "let", "me", "my", "need", "of", "on",
    "or", "our", "should", "so", "that", "the", "their", "them", "there", "they", "this", "to", "want", "was", "we",
    "were", "what", "when", "where", "which", "why", "will", "with", "you", "your",
];

/// Returns true if a word says nothing about the subject of a question.
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// Returns true if two words differ by at most one letter: wrong, missing, too many, or exchanged with the next.
pub(crate) fn is_within_one_letter(a: &str, b: &str) -> bool {
    let start = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum::<usize>();
    let (a, b) = (&a[start..], &b[start..]);
    let end =
        a.chars().rev().zip(b.chars().rev()).take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum::<usize>();
    let (mut a, mut b) = (a[..a.len() - end].chars(), b[..b.len() - end].chars());
    match (a.next(), b.next(), a.next(), b.next()) {
        (_, _, None, None) => true,
        (Some(a1), Some(b1), Some(a2), Some(b2)) => a1 == b2 && a2 == b1 && a.next().is_none() && b.next().is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut words = Vec::new();
        for_each_word(text, |word| words.push(word.text.to_owned()));
        words
    }

    #[test]
    fn a_text_has_the_words_that_people_would_type() {
        for (text, expected) in [
            ("Link an Account.", &["link", "an", "account"][..]),
            ("the customer's key, they'll don’t", &["the", "customer", "key", "they", "don"]),
            ("x-account-id", &["x-account-id", "account", "id"]),
            ("accounts:read", &["accounts:read", "accounts", "read"]),
            (
                "`limits.keyRequestsPerMinute`",
                &["limits.keyrequestsperminute", "limits", "keyrequestsperminute", "key", "requests", "per", "minute"],
            ),
            ("spotdraft_list_contracts", &["spotdraft_list_contracts", "spotdraft", "list", "contracts"]),
            ("OAuth2 HTTPServer APIs", &["oauth2", "oauth", "httpserver", "http", "server", "apis"]),
            ("GET /accounts/{id}", &["get", "accounts", "id"]),
            ("--data-dir. End", &["data-dir", "data", "dir", "end"]),
            ("Größe naïve e\u{301}t\u{e9} 接続", &["größe", "naïve", "e\u{301}té", "接続"]),
            ("??? -- '' … 'ab'", &["ab"]),
            ("", &[]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
        assert_eq!(words(&"a".repeat(65)), [""; 0]);
    }

    #[test]
    fn stop_words_are_found() {
        assert!(["a", "how", "to", "you", "the"].into_iter().all(is_stop_word));
        assert!(STOP_WORDS.is_sorted());
        assert!(!is_stop_word("account") && !is_stop_word(""));
    }

    proptest! {
        #[test]
        fn words_are_parts_of_the_text(text in "\\PC{0,80}|[a-zA-Z0-9_.:/'’ -]{0,80}") {
            for_each_word(&text, |word| {
                assert!(!word.range.is_empty() && text.get(word.range.clone()).is_some(), "{word:?}");
                assert_eq!(text[word.range.clone()].chars().flat_map(char::to_lowercase).collect::<String>(), word.text);
            });
        }

        #[test]
        fn one_letter_is_one_edit(a in "[abé]{0,6}", b in "[abé]{0,6}") {
            prop_assert_eq!(is_within_one_letter(&a, &b), strsim::osa_distance(&a, &b) <= 1);
        }
    }
}
