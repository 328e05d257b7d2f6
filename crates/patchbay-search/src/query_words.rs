//! The words of a query.

use crate::words::{Word, for_each_word, is_stop_word};

/// The words of a query that are searched for; the parts of an identifier count as words. Others are ignored.
pub const MAX_WORDS: usize = 16;
/// What a part of an identifier is worth, compared with the whole.
const PART_WEIGHT: f32 = 0.5;
/// The fewest letters of a word that may have a wrong letter.
pub(crate) const MIN_LETTERS_FOR_ERROR: usize = 4;

/// A word to search for.
#[derive(Debug)]
pub struct QueryWord {
    /// The word, in lower case.
    pub text: String,
    /// What finding it is worth: 1, or less for a part of an identifier.
    pub weight: f32,
    /// Whether more letters may follow, because someone is typing it.
    pub is_unfinished: bool,
    /// Whether it may have a wrong letter.
    pub may_be_misspelled: bool,
    /// The compound words that this word gives with the one before or after it ("back up" and "backup").
    pub joined: Vec<String>,
}

/// Returns the words of a text to search for, at most [`MAX_WORDS`]. Words like "how" count only if there is nothing else.
pub fn query_words(text: &str) -> Vec<QueryWord> {
    weighed_words(text, |word| if is_stop_word(word.text) { 0.0 } else { 1.0 })
}

/// Returns the words of a text to search for, at most [`MAX_WORDS`], each with what `weigh` says that finding it is worth. A
/// word that is worth nothing counts only if there is nothing else.
pub(crate) fn weighed_words(text: &str, weigh: impl Fn(&Word<'_>) -> f32) -> Vec<QueryWord> {
    let mut words: Vec<QueryWord> = Vec::new();
    let mut worth: Vec<f32> = Vec::new();
    let mut neighbours: Vec<(usize, String)> = Vec::new();
    let mut whole_end = 0;
    for_each_word(text, |word| {
        let is_part = word.range.start < whole_end;
        if !is_part {
            whole_end = word.range.end;
            neighbours.push((words.len(), word.text.to_owned()));
        }
        worth.push(weigh(&word));
        words.push(QueryWord {
            text: word.text.to_owned(),
            weight: if is_part { PART_WEIGHT } else { 1.0 },
            is_unfinished: word.range.end == text.len(),
            may_be_misspelled: word.text.chars().count() >= MIN_LETTERS_FOR_ERROR,
            joined: Vec::new(),
        });
    });
    for pair in neighbours.windows(2) {
        let [(first, a), (second, b)] = pair else { continue };
        let joined = format!("{a}{b}");
        words[*first].joined.push(joined.clone());
        words[*second].joined.push(joined);
    }
    if worth.iter().any(|&worth| worth > 0.0) {
        let mut worth = worth.into_iter();
        words.retain_mut(|word| {
            let worth = worth.next().unwrap_or_default();
            word.weight *= worth;
            worth > 0.0
        });
    }
    if words.len() > 1 {
        // The first letter of the next word says nothing yet.
        words.retain(|word| !word.is_unfinished || word.text.chars().nth(1).is_some());
    }
    words.truncate(MAX_WORDS);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        query_words(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn questions_consist_of_their_subjects() {
        assert_eq!(words("How do I rotate a key?"), ["rotate", "key"]);
        assert_eq!(words("how to"), ["how", "to"]);
        assert_eq!((words("api k"), words("k")), (vec!["api".to_owned()], vec!["k".to_owned()]));
        assert_eq!(words("\u{0}\t ?! "), [""; 0]);
        assert_eq!(words(&"word ".repeat(40)).len(), MAX_WORDS);
    }

    #[test]
    fn the_last_word_is_unfinished_and_neighbours_are_joined() {
        let words = query_words("back up my dat");
        let summary = words.iter().map(|word| (word.text.as_str(), word.is_unfinished, word.joined.join(" ")));
        assert_eq!(
            summary.collect::<Vec<_>>(),
            [
                ("back", false, "backup".to_owned()),
                ("up", false, "backup upmy".to_owned()),
                ("dat", true, "mydat".to_owned())
            ]
        );
        assert!(!query_words("done?")[0].is_unfinished);
    }
}
