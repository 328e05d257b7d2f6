//! What a reader searches for.

use std::{collections::HashSet, error::Error, fmt};

use patchbay_search::{MAX_WORDS, QueryWord, query_words};

/// The longest query in characters.
pub const MAX_QUERY_CHARACTERS: usize = 200;

/// A query within the bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    text: String,
}

/// A query is longer than [`MAX_QUERY_CHARACTERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryTooLong;

impl fmt::Display for QueryTooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the query is longer than {MAX_QUERY_CHARACTERS} characters; search for fewer words")
    }
}

impl Error for QueryTooLong {}

impl Query {
    /// Takes a query as it was typed.
    ///
    /// # Errors
    ///
    /// Returns an error if it is too long.
    pub fn new(text: &str) -> Result<Self, QueryTooLong> {
        // White space and control characters separate words, nothing else.
        let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let mut text = String::new();
        for word in words {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
            if text.chars().nth(MAX_QUERY_CHARACTERS).is_some() {
                return Err(QueryTooLong);
            }
        }
        Ok(Self { text })
    }

    /// Returns the query, with single spaces between its words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns true if there is nothing to search for.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns what could be an identifier: the whole query, and each of its words.
    pub(super) fn identifiers(&self) -> HashSet<String> {
        let words = self.text.split(' ').take(MAX_WORDS);
        std::iter::once(self.text.as_str()).chain(words).map(normal_identifier).collect()
    }

    /// Returns the words to search for.
    pub(super) fn words(&self) -> Vec<QueryWord> {
        query_words(&self.text)
    }
}

/// Returns an identifier in the spelling by which it is found: lower case, without the punctuation of a sentence.
pub(super) fn normal_identifier(text: &str) -> String {
    let punctuation =
        |c: char| matches!(c, '`' | '"' | '\'' | ',' | ';' | '.' | ':' | '!' | '?' | '(' | ')' | '<' | '>');
    text.trim_matches(punctuation).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_not_a_query() {
        assert!(Query::new(" \n\u{0} ").unwrap().is_empty());
        assert_eq!(Query::new(" a\u{0}\tb ").unwrap().text(), "a b");
    }

    #[test]
    fn long_queries_are_errors() {
        assert!(Query::new(&"é".repeat(MAX_QUERY_CHARACTERS)).is_ok());
        assert_eq!(Query::new(&"é".repeat(MAX_QUERY_CHARACTERS + 1)), Err(QueryTooLong));
        assert!(Query::new(&" ".repeat(1000)).is_ok());
        assert_eq!(Query::new(&"a ".repeat(200)), Err(QueryTooLong));
    }

    #[test]
    fn identifiers_are_found_in_sentences() {
        let identifiers = Query::new("What is `X-Account-Id`?").unwrap().identifiers();
        assert!(identifiers.contains("x-account-id"), "{identifiers:?}");
        assert_eq!(normal_identifier("--data-dir"), "--data-dir");
        assert_eq!(normal_identifier("/accounts/{id}."), "/accounts/{id}");
    }
}
