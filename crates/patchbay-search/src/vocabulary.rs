//! The words of all documents: their spellings, and the terms that these stand for.

use std::collections::HashMap;

use rust_stemmers::{Algorithm, Stemmer};

/// A term: every word with one stem.
pub type Term = u32;

/// A spelling that a document contains, and its term.
#[derive(Debug)]
pub struct Spelling {
    /// The spelling, in lower case.
    pub text: Box<str>,
    /// Its term.
    pub term: Term,
}

/// Every word, while an index is built.
pub(crate) struct Vocabulary {
    stemmer: Stemmer,
    spellings: HashMap<Box<str>, Term>,
    /// By stem.
    terms: HashMap<Box<str>, Term>,
}

impl Vocabulary {
    pub(crate) fn new() -> Self {
        Self { stemmer: Stemmer::create(Algorithm::English), spellings: HashMap::new(), terms: HashMap::new() }
    }

    /// Returns the term of a word, a new one for a word with an unknown stem.
    pub(crate) fn term(&mut self, word: &str) -> Term {
        if let Some(term) = self.spellings.get(word) {
            return *term;
        }
        // An identifier has no stem.
        let is_plain = word.chars().all(char::is_alphabetic);
        let stem = if is_plain { self.stemmer.stem(word) } else { word.into() };
        let next = u32::try_from(self.terms.len()).unwrap_or(u32::MAX);
        let term = *self.terms.entry(stem.as_ref().into()).or_insert(next);
        self.spellings.insert(word.into(), term);
        term
    }

    pub(crate) fn terms(&self) -> usize {
        self.terms.len()
    }

    /// Returns the spellings, and the stems that are not spellings of their own term.
    pub(crate) fn into_spellings(self) -> Spellings {
        let mut stems = Vec::new();
        for (text, term) in self.terms {
            if self.spellings.get(&text) != Some(&term) {
                stems.push(Spelling { text, term });
            }
        }
        let all = self.spellings.into_iter().map(|(text, term)| Spelling { text, term });
        let mut all = all.collect::<Vec<_>>();
        all.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        stems.sort_unstable_by(|a, b| a.text.cmp(&b.text));
        Spellings { all, stems, stemmer: self.stemmer }
    }
}

/// Every word, once an index is built.
pub(crate) struct Spellings {
    /// Every spelling, in alphabetical order.
    pub(crate) all: Vec<Spelling>,
    /// The stems that are not spellings of their own term, in alphabetical order.
    stems: Vec<Spelling>,
    pub(crate) stemmer: Stemmer,
}

impl Spellings {
    /// Returns the term of a word: of its spelling or of its stem.
    pub(crate) fn term(&self, word: &str) -> Option<Term> {
        let find = |list: &[Spelling], word: &str| {
            list.binary_search_by(|spelling| (*spelling.text).cmp(word)).ok().map(|at| list[at].term)
        };
        let stem = self.stemmer.stem(word);
        find(&self.all, word).or_else(|| find(&self.stems, &stem)).or_else(|| find(&self.all, &stem))
    }

    /// Returns the spellings that begin with a prefix.
    pub(crate) fn with_prefix(&self, prefix: &str) -> &[Spelling] {
        let start = self.all.partition_point(|spelling| *spelling.text < *prefix);
        let length = self.all[start..].partition_point(|spelling| spelling.text.starts_with(prefix));
        &self.all[start..start + length]
    }
}
