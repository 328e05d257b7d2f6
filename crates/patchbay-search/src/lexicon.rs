//! Other words for the same thing.

use std::collections::HashMap;

use rust_stemmers::{Algorithm, Stemmer};

/// The words that a word stands for, by its stem.
#[derive(Debug, Default)]
pub struct Lexicon {
    by_stem: HashMap<Box<str>, Vec<&'static str>>,
}

impl Lexicon {
    /// Takes pairs of a word, or of two that are joined, and a word that it stands for.
    pub fn of_pairs(pairs: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        let stemmer = Stemmer::create(Algorithm::English);
        let mut by_stem: HashMap<Box<str>, Vec<&'static str>> = HashMap::new();
        for (word, meaning) in pairs {
            let meanings = by_stem.entry(stemmer.stem(word).as_ref().into()).or_default();
            if !meanings.contains(&meaning) {
                meanings.push(meaning);
            }
        }
        Self { by_stem }
    }

    /// Returns the words that a word with this stem stands for.
    pub fn of_stem(&self, stem: &str) -> &[&'static str] {
        self.by_stem.get(stem).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_their_stems_once() {
        let lexicon = Lexicon::of_pairs([("connect", "link"), ("connects", "link"), ("connect", "join")]);
        assert_eq!(lexicon.of_stem("connect"), ["link", "join"]);
        assert_eq!(lexicon.of_stem("link"), [""; 0]);
    }
}
