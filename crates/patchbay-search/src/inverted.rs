//! The inverted index: for each word, the documents that contain it and how much it counts there.

use std::{
    collections::HashMap,
    fmt::{self, Debug},
};

use crate::{
    vocabulary::{Spelling, Spellings, Term, Vocabulary},
    words::{for_each_word, is_stop_word},
};

/// What words count in documents with `F` fields (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
/// Beyond", 2009).
#[derive(Clone, Copy, Debug)]
pub struct Weighting<const F: usize> {
    /// What a word in each field is worth.
    pub fields: [f32; F],
    /// How much the length of a field counts: 0 means not at all. The usual value is 0.75.
    pub length: f32,
    /// How slowly further occurrences of a word stop counting. Usual values are 1.2 to 2.
    pub saturation: f32,
    /// How much the rarity of a word counts, as the exponent of its inverse document frequency: 1 is usual, and less is better
    /// for documents that are so short that a rare word says little.
    pub rarity: f32,
}

/// A word's weight in a document.
#[derive(Clone, Copy, Debug)]
pub struct Posting {
    /// The number of the document, in the order in which they were added.
    pub document: u32,
    /// How often the word is there, weighted by field and divided by the field's relative length.
    pub frequency: f32,
}

/// A word in a document, while the index is built.
struct Occurrence<const F: usize> {
    term: Term,
    document: u32,
    counts: [u16; F],
}

/// Builds an [`Inverted`].
pub struct Builder<const F: usize> {
    weighting: Weighting<F>,
    vocabulary: Vocabulary,
    occurrences: Vec<Occurrence<F>>,
    lengths: Vec<[u16; F]>,
}

impl<const F: usize> Debug for Builder<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("documents", &self.lengths.len()).finish_non_exhaustive()
    }
}

impl<const F: usize> Builder<F> {
    /// Begins an index without documents.
    pub fn new(weighting: Weighting<F>) -> Self {
        Self { weighting, vocabulary: Vocabulary::new(), occurrences: Vec::new(), lengths: Vec::new() }
    }

    /// Adds a document with the texts of its fields. The parts of `names` find it, too, even if no text contains them; they
    /// count as one word of the field `names_count_in`.
    pub fn add<'a>(&mut self, texts: [&str; F], names: impl IntoIterator<Item = &'a str>, names_count_in: usize) {
        let document = u32::try_from(self.lengths.len()).unwrap_or(u32::MAX);
        let mut lengths = [0_u16; F];
        let mut counts: HashMap<Term, [u16; F]> = HashMap::new();
        for (field, text) in texts.into_iter().enumerate() {
            for_each_word(text, |word| {
                let term = self.vocabulary.term(word.text);
                let counts = &mut counts.entry(term).or_insert([0; F])[field];
                *counts = counts.saturating_add(1);
                lengths[field] = lengths[field].saturating_add(1);
            });
        }
        for name in names {
            for_each_word(name, |word| {
                let term = self.vocabulary.term(word.text);
                let counts = counts.entry(term).or_insert([0; F]);
                if counts.iter().all(|&count| count == 0) {
                    counts[names_count_in] = 1;
                }
            });
        }
        self.lengths.push(lengths);
        self.occurrences.extend(counts.into_iter().map(|(term, counts)| Occurrence { term, document, counts }));
    }

    /// Returns the index.
    pub fn build(mut self) -> Inverted {
        let Weighting { fields, length: b, saturation, rarity } = self.weighting;
        let averages = averages(&self.lengths);
        self.occurrences.sort_unstable_by_key(|occurrence| (occurrence.term, occurrence.document));
        let mut starts = Vec::with_capacity(self.vocabulary.terms() + 1);
        let mut postings = Vec::with_capacity(self.occurrences.len());
        for (at, occurrence) in (0..).zip(&self.occurrences) {
            // Each term has a posting, so this adds one start.
            while starts.len() <= occurrence.term as usize {
                starts.push(at);
            }
            let frequency = fields.into_iter().zip(occurrence.counts).enumerate().map(|(field, (weight, count))| {
                let length = f32::from(self.lengths[occurrence.document as usize][field]);
                weight * f32::from(count) / (1.0 - b + b * length / averages[field])
            });
            postings.push(Posting { document: occurrence.document, frequency: frequency.sum() });
        }
        starts.push(u32::try_from(postings.len()).unwrap_or(u32::MAX));
        let documents = self.lengths.len();
        Inverted { spellings: self.vocabulary.into_spellings(), starts, postings, documents, saturation, rarity }
    }
}

/// Returns the average length of each field, at least 1.
fn averages<const F: usize>(lengths: &[[u16; F]]) -> [f32; F] {
    let mut averages = [0.0; F];
    for (field, average) in averages.iter_mut().enumerate() {
        // Documents without the field do not count.
        let present = lengths.iter().map(|lengths| lengths[field]).filter(|&length| length > 0);
        let (sum, count) = present.fold((0.0, 0.0), |(sum, count), length| (sum + f32::from(length), count + 1.0));
        *average = if count > 0.0 { sum / count } else { 1.0 };
    }
    averages
}

/// The words of documents. Its size is linear in that of the texts.
pub struct Inverted {
    pub(crate) spellings: Spellings,
    /// The first posting of each term, and the end of the last.
    starts: Vec<u32>,
    postings: Vec<Posting>,
    pub(crate) documents: usize,
    pub(crate) saturation: f32,
    pub(crate) rarity: f32,
}

impl Debug for Inverted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inverted")
            .field("documents", &self.documents)
            .field("words", &self.spellings.all.len())
            .finish_non_exhaustive()
    }
}

impl Inverted {
    /// Returns the number of documents.
    pub fn documents(&self) -> usize {
        self.documents
    }

    /// Returns the term of a word: of its spelling or of its stem.
    pub fn term(&self, word: &str) -> Option<Term> {
        self.spellings.term(word)
    }

    /// Returns the stem of a word.
    pub(crate) fn stem(&self, word: &str) -> String {
        self.spellings.stemmer.stem(word).into_owned()
    }

    /// Returns true if a spelling begins with a prefix.
    pub(crate) fn has_prefix(&self, prefix: &str) -> bool {
        !self.spellings.with_prefix(prefix).is_empty()
    }

    /// Returns every spelling, in alphabetical order.
    pub fn spellings(&self) -> &[Spelling] {
        &self.spellings.all
    }

    /// Returns the number of terms.
    pub(crate) fn terms_count(&self) -> Term {
        Term::try_from(self.starts.len().saturating_sub(1)).unwrap_or(Term::MAX)
    }

    /// Returns the documents that contain a term.
    pub fn postings(&self, term: Term) -> &[Posting] {
        let at = term as usize;
        &self.postings[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// Returns the stems of a text's words, except those that say nothing, each after a space: no identifier begins with
    /// one.
    pub fn name(&self, text: &str) -> String {
        let mut name = String::new();
        let mut end = 0;
        for_each_word(text, |word| {
            // The parts of a compound say nothing that the whole does not say.
            if word.range.start >= end && !is_stop_word(word.text) {
                name.push(' ');
                name.push_str(&self.spellings.stemmer.stem(word.text));
            }
            end = end.max(word.range.end);
        });
        name
    }
}
