//! Other words for what the documentation calls by one name (its glossary keeps to one word for one thing).

/// Pairs of a word that newcomers use, or of two that are joined, and a word of the documentation.
pub(super) const SYNONYMS: [(&str, &str); 32] = [
    ("call", "run"),
    ("color", "theme"),
    ("colour", "theme"),
    ("connect", "link"),
    ("cost", "paying"),
    ("credentials", "secret"),
    ("disconnect", "delete"),
    ("embed", "embedding"),
    ("embedding", "embed"),
    ("encrypted", "sealed"),
    ("fails", "error"),
    ("free", "license"),
    ("getstarted", "quickstart"),
    ("https", "tls"),
    ("iframe", "embed"),
    ("integration", "connector"),
    ("login", "log"),
    ("move", "migrate"),
    ("paid", "paying"),
    ("pause", "suspend"),
    ("permission", "scope"),
    ("price", "paying"),
    ("ram", "memory"),
    ("remove", "delete"),
    ("renew", "reconnect"),
    ("secret", "credentials"),
    ("ssl", "tls"),
    ("style", "theme"),
    ("switch", "migrate"),
    ("tenant", "project"),
    ("update", "upgrade"),
    ("widget", "embed"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Site, search::Index, written_pages};

    #[test]
    fn synonyms_lead_to_words_of_the_documentation() {
        assert!(SYNONYMS.is_sorted());
        let index = Index::of(&Site::new(written_pages().unwrap()), []);
        for (word, ours) in SYNONYMS {
            assert!(index.words.term(ours).is_some(), "{word}: the documentation does not contain {ours}");
        }
    }
}
