//! What the words of a query stand for, and how well each document fits them.

use std::cmp::Reverse;

use crate::{
    inverted::Inverted,
    lexicon::Lexicon,
    query_words::{MIN_LETTERS_FOR_ERROR, QueryWord},
    vocabulary::Term,
    words::{is_stop_word, is_within_one_letter},
};

/// The most terms that an unfinished or misspelled word may stand for.
const MAX_TERMS: usize = 50;
/// The fewest letters of a word that may be unfinished.
const MIN_PREFIX_LETTERS: usize = 2;
/// The most words of a query that may have a wrong letter: for each, all spellings are compared.
const MAX_MISSPELLED_WORDS: usize = 4;
/// What a word counts that is longer than the one that was typed, means the same, or is spelled differently.
const UNFINISHED: f32 = 0.7;
const SYNONYM: f32 = 0.6;
const MISSPELLED: f32 = 0.5;
/// The most words that a suggestion replaces, and the most letters by which it differs.
const MAX_SUGGESTED_WORDS: usize = 3;
const MAX_SUGGESTED_LETTERS: usize = 3;

/// A word of a query with the terms that it can stand for, each with what it counts.
#[derive(Debug)]
pub struct Clause {
    /// The terms; none for a word that no document contains.
    pub terms: Vec<(Term, f32)>,
    /// What finding the word is worth.
    pub weight: f32,
}

/// How well each document fits a query.
#[derive(Debug)]
pub struct Scores {
    /// The sum over the words (BM25), by document.
    pub sums: Vec<f32>,
    /// The weights of the words that are found, by document.
    pub covered: Vec<f32>,
}

impl Inverted {
    /// Returns what each word stands for.
    pub fn clauses(&self, words: &[QueryWord], lexicon: &Lexicon) -> Vec<Clause> {
        let mut misspelled = 0;
        let clauses = words.iter().map(|word| {
            let mut terms = self.terms(word, lexicon);
            if terms.is_empty() && word.may_be_misspelled && misspelled < MAX_MISSPELLED_WORDS {
                misspelled += 1;
                terms = self.similar_terms(word);
            }
            Clause { terms, weight: word.weight }
        });
        clauses.collect()
    }

    /// Returns how well each document fits.
    pub fn scores(&self, clauses: &[Clause]) -> Scores {
        let mut scores = Scores { sums: vec![0.0; self.documents], covered: vec![0.0; self.documents] };
        let mut of_clause = vec![0.0_f32; self.documents];
        for clause in clauses {
            let mut touched = Vec::new();
            for (term, factor) in &clause.terms {
                for posting in self.postings(*term) {
                    let best = &mut of_clause[posting.document as usize];
                    if *best == 0.0 {
                        touched.push(posting.document);
                    }
                    let k1 = self.saturation;
                    *best = best.max(factor * posting.frequency * (k1 + 1.0) / (posting.frequency + k1));
                }
            }
            let rarity = self.rarity(touched.len());
            for document in touched {
                let at = document as usize;
                scores.sums[at] += clause.weight * rarity * std::mem::take(&mut of_clause[at]);
                scores.covered[at] += clause.weight;
            }
        }
        scores
    }

    /// Returns what a word counts that so many documents contain (the inverse document frequency, never negative).
    pub fn rarity(&self, containing: usize) -> f32 {
        let (containing, all) = (number(containing), number(self.documents));
        (1.0 + (all - containing + 0.5) / (containing + 0.5)).ln().powf(self.rarity)
    }

    /// Returns what a term counts, for every term.
    pub(crate) fn rarities(&self) -> Vec<f32> {
        (0..self.terms_count()).map(|term| self.rarity(self.postings(term).len())).collect()
    }

    /// Returns what finding a word counts: the more, the fewer documents contain what it stands for.
    pub(crate) fn clause_rarity(&self, clause: &Clause) -> f32 {
        let mut documents = clause.terms.iter().flat_map(|(term, _)| self.postings(*term)).map(|found| found.document);
        let documents = match clause.terms.len() {
            0 => 0,
            1 => documents.by_ref().count(),
            _ => {
                let mut documents = documents.collect::<Vec<_>>();
                documents.sort_unstable();
                documents.dedup();
                documents.len()
            }
        };
        self.rarity(documents)
    }

    /// Returns the terms that mean what a word means.
    fn synonymous_terms<'a>(&'a self, word: &str, lexicon: &'a Lexicon) -> impl Iterator<Item = Term> + 'a {
        let meanings = lexicon.of_stem(&self.spellings.stemmer.stem(word));
        meanings.iter().filter_map(|word| self.term(word))
    }

    /// Returns the terms that a word can stand for as it is spelled, each with what it counts.
    fn terms(&self, word: &QueryWord, lexicon: &Lexicon) -> Vec<(Term, f32)> {
        let mut terms: Vec<(Term, f32)> = self.term(&word.text).map(|term| (term, 1.0)).into_iter().collect();
        for joined in &word.joined {
            let means = self.term(joined).into_iter().chain(self.synonymous_terms(joined, lexicon));
            self.add_frequent(&mut terms, means, 1.0);
        }
        self.add_frequent(&mut terms, self.synonymous_terms(&word.text, lexicon), SYNONYM);
        if word.is_unfinished && word.text.chars().count() >= MIN_PREFIX_LETTERS {
            let longer = self.spellings.with_prefix(&word.text).iter().map(|spelling| spelling.term);
            self.add_frequent(&mut terms, longer, UNFINISHED);
        }
        terms
    }

    /// Returns the terms that a word with a wrong letter can stand for, each with what it counts.
    fn similar_terms(&self, word: &QueryWord) -> Vec<(Term, f32)> {
        let mut terms = Vec::new();
        let similar = self.spellings.all.iter().filter(|spelling| {
            // A letter has at most four bytes.
            spelling.text.len().abs_diff(word.text.len()) <= 4 && is_within_one_letter(&spelling.text, &word.text)
        });
        self.add_frequent(&mut terms, similar.map(|spelling| spelling.term), MISSPELLED);
        if terms.is_empty() && word.is_unfinished && word.text.chars().count() > MIN_LETTERS_FOR_ERROR {
            let similar =
                self.spellings.all.iter().filter(|spelling| begins_within_one_letter(&spelling.text, &word.text));
            self.add_frequent(&mut terms, similar.map(|spelling| spelling.term), MISSPELLED * UNFINISHED);
        }
        terms
    }

    /// Adds the terms that most documents contain.
    fn add_frequent(&self, terms: &mut Vec<(Term, f32)>, others: impl Iterator<Item = Term>, factor: f32) {
        let mut others = others.filter(|other| terms.iter().all(|(term, _)| term != other)).collect::<Vec<_>>();
        others.sort_unstable();
        others.dedup();
        others.sort_by_key(|term| Reverse(self.postings(*term).len()));
        terms.extend(others.into_iter().take(MAX_TERMS).map(|term| (term, factor)));
    }

    /// Returns the words with the most similar spellings, if there are such.
    pub fn suggestion(&self, words: &[QueryWord]) -> Option<String> {
        let mut is_different = false;
        let words = words.iter().filter(|word| word.text.chars().all(char::is_alphabetic)).take(MAX_SUGGESTED_WORDS);
        let words = words.filter_map(|word| {
            let known = self.term(&word.text).map(|_| word.text.as_str());
            known.or_else(|| {
                is_different = true;
                self.most_similar(&word.text)
            })
        });
        let words = words.collect::<Vec<_>>().join(" ");
        (is_different && !words.is_empty()).then_some(words)
    }

    fn most_similar(&self, word: &str) -> Option<&str> {
        let allowed = MAX_SUGGESTED_LETTERS.min(word.chars().count() / 2);
        let similar = self.spellings.all.iter().filter_map(|spelling| {
            let is_candidate = spelling.text.len().abs_diff(word.len()) <= allowed
                && spelling.text.chars().all(char::is_alphabetic)
                && !is_stop_word(&spelling.text);
            let letters = is_candidate.then(|| strsim::osa_distance(&spelling.text, word))?;
            (letters <= allowed).then_some((letters, Reverse(self.postings(spelling.term).len()), spelling))
        });
        similar.min_by_key(|(letters, frequent, _)| (*letters, *frequent)).map(|(_, _, spelling)| &*spelling.text)
    }
}

/// Returns true if a word begins with letters that differ from `start` by at most one.
fn begins_within_one_letter(word: &str, start: &str) -> bool {
    let letters = start.chars().count();
    (letters - 1..=letters + 1).any(|count| {
        let end = word.char_indices().nth(count).map_or(word.len(), |(at, _)| at);
        is_within_one_letter(&word[..end], start)
    })
}

/// Returns a count as a number; a count above 65535 is that.
fn number(count: usize) -> f32 {
    f32::from(u16::try_from(count).unwrap_or(u16::MAX))
}
