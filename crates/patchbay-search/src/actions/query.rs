//! The words of a query for actions, and what finding each is worth.
//!
//! People and agents say more than what they want done: names, dates, addresses, what is quoted. Such values are not in the
//! texts of actions, so they count little.

use std::borrow::Cow;

use crate::{
    inverted::Inverted,
    query_words::{QueryWord, weighed_words},
    words::Word,
};

/// The longest query in characters; the rest of a longer one is ignored.
pub const MAX_QUERY_CHARACTERS: usize = 500;
/// What a frequent word of English is worth: it may be part of what is wanted ("who is out today"), but rarely decides.
const FREQUENT: f32 = 0.4;
/// What a word is worth that is probably a value: one in quotation marks, or an unknown one that begins with a capital letter.
const VALUE: f32 = 0.4;
/// What a word is worth that nothing contains: without it, "the price of bitcoin" would be one of the prices.
const UNKNOWN: f32 = 1.5;

/// The shortest word in bytes that may begin a longer one.
const MIN_COMPOUND_BYTES: usize = 4;

/// Returns the part of a query that is searched for.
pub(super) fn bounded(query: &str) -> &str {
    query.char_indices().nth(MAX_QUERY_CHARACTERS).map_or(query, |(end, _)| &query[..end])
}

/// Returns the words of a query, which is [`bounded`].
pub(super) fn words_of(text: &str, known: &Inverted) -> Vec<QueryWord> {
    let text = &*with_kinds(text);
    let quoted = quoted_parts(text);
    let mut words = weighed_words(text, |word| {
        let is_known = known.term(word.text).is_some();
        let original = &text[word.range.clone()];
        if says_nothing(word.text) || is_value(text, word) || (!is_known && original.contains(char::is_numeric)) {
            0.0
        } else if quoted.iter().any(|(start, end)| (*start..*end).contains(&word.range.start)) {
            VALUE
        } else if is_frequent(word.text) {
            FREQUENT
        } else if is_known {
            1.0
        } else if word.range.start > 0 && original.starts_with(char::is_uppercase) {
            VALUE
        } else {
            UNKNOWN
        }
    });
    words.retain(|word| !says_nothing(&word.text));
    for word in &mut words {
        // The last word is whole if it is a word.
        word.is_unfinished &= known.term(&word.text).is_none();
        let text = &word.text;
        word.joined.retain(|joined| {
            let other = joined.strip_prefix(text.as_str()).or_else(|| joined.strip_suffix(text.as_str()));
            other.is_some_and(|other| !says_nothing(other))
        });
        // Nearly every word of four letters is a wrong letter away from another.
        word.may_be_misspelled &= word.text.chars().count() > 4;
        complete(word, known);
    }
    words
}

/// Lets an unknown word stand for those that begin with its stem ("scores" for "scorecard").
fn complete(word: &mut QueryWord, known: &Inverted) {
    let is_plain = word.text.chars().all(char::is_alphabetic);
    if !is_plain || word.text.len() < MIN_COMPOUND_BYTES || known.term(&word.text).is_some() {
        return;
    }
    let stem = known.stem(&word.text);
    if stem.len() >= MIN_COMPOUND_BYTES && known.has_prefix(&stem) {
        word.text = stem;
        word.is_unfinished = true;
    }
}

/// Returns a text with what its values are: `PROJ-42` is a ticket, `#general` a channel.
fn with_kinds(text: &str) -> Cow<'_, str> {
    let kinds = text.split_whitespace().filter_map(|token| {
        let token = token.trim_matches(|c: char| !c.is_alphanumeric() && c != '#');
        if token.strip_prefix('#').is_some_and(|name| name.starts_with(char::is_alphabetic)) {
            return Some("channel");
        }
        let (project, number) = token.split_once('-')?;
        let is_key = project.len() >= 2 && project.chars().all(|c| c.is_ascii_uppercase());
        (is_key && !number.is_empty() && number.chars().all(|c| c.is_ascii_digit())).then_some("ticket")
    });
    let mut kinds = kinds.filter(|kind| !text.contains(kind)).collect::<Vec<_>>();
    kinds.dedup();
    if kinds.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(format!("{text} {}", kinds.join(" "))) }
}

/// Returns true for a word of an email address.
fn is_value(text: &str, word: &Word<'_>) -> bool {
    let before = text[..word.range.start].split(char::is_whitespace).next_back().unwrap_or_default().len();
    let after = text[word.range.end..].split(char::is_whitespace).next().unwrap_or_default().len();
    text[word.range.start - before..word.range.end + after].trim_matches(|c: char| !c.is_alphanumeric()).contains('@')
}

/// Returns where the parts in quotation marks begin and end.
fn quoted_parts(text: &str) -> Vec<(usize, usize)> {
    let marks = text.char_indices().filter(|(_, c)| matches!(c, '"' | '“' | '”' | '«' | '»'));
    let marks = marks.map(|(at, _)| at).collect::<Vec<_>>();
    let parts = marks.chunks_exact(2).map(|pair| (pair[0], pair[1]));
    let parts = parts.collect::<Vec<_>>();
    // A query that is quoted as a whole is what it quotes.
    let quoted = parts.iter().map(|(start, end)| end - start).sum::<usize>();
    if quoted + 4 >= text.trim().len() { Vec::new() } else { parts }
}

/// Words that say nothing about an action, in order.
const STOP_WORDS: [&str; 73] = [
    "a", "about", "already", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "being", "by", "can",
    "could", "did", "do", "does", "doing", "for", "from", "had", "has", "have", "how", "i", "if", "in", "into", "is",
    "it", "its", "me", "my", "need", "of", "on", "or", "our", "please", "should", "so", "some", "than", "that", "the",
    "their", "them", "then", "there", "these", "they", "this", "those", "to", "us", "want", "wants", "was", "we",
    "were", "what", "when", "where", "which", "why", "will", "with", "would", "you", "your",
];

/// Frequent words of English that rarely decide, in order.
const FREQUENT_WORDS: [&str; 139] = [
    "after",
    "again",
    "ago",
    "all",
    "another",
    "anyone",
    "anything",
    "april",
    "around",
    "august",
    "back",
    "because",
    "before",
    "between",
    "both",
    "bring",
    "but",
    "came",
    "come",
    "day",
    "days",
    "december",
    "down",
    "during",
    "each",
    "end",
    "ever",
    "every",
    "everyone",
    "everything",
    "far",
    "february",
    "few",
    "first",
    "friday",
    "give",
    "given",
    "go",
    "goes",
    "going",
    "gone",
    "good",
    "got",
    "he",
    "her",
    "here",
    "him",
    "his",
    "hour",
    "hours",
    "january",
    "july",
    "june",
    "just",
    "keep",
    "know",
    "last",
    "lately",
    "later",
    "left",
    "less",
    "let",
    "like",
    "long",
    "look",
    "looked",
    "lot",
    "made",
    "make",
    "many",
    "march",
    "may",
    "minute",
    "monday",
    "month",
    "months",
    "more",
    "morning",
    "most",
    "much",
    "must",
    "name",
    "next",
    "night",
    "not",
    "november",
    "now",
    "october",
    "off",
    "old",
    "one",
    "only",
    "other",
    "out",
    "over",
    "own",
    "put",
    "quarter",
    "right",
    "same",
    "saturday",
    "say",
    "second",
    "see",
    "september",
    "set",
    "she",
    "since",
    "somebody",
    "someone",
    "something",
    "still",
    "sunday",
    "take",
    "tell",
    "thing",
    "things",
    "thursday",
    "till",
    "time",
    "today",
    "tomorrow",
    "too",
    "tuesday",
    "two",
    "until",
    "up",
    "use",
    "very",
    "way",
    "wednesday",
    "week",
    "weeks",
    "who",
    "whose",
    "year",
    "years",
    "yesterday",
    "yet",
];

/// Returns true if a word says nothing about an action.
pub(super) fn says_nothing(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

fn is_frequent(word: &str) -> bool {
    FREQUENT_WORDS.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inverted::{Builder, Weighting};

    fn worth(text: &str) -> Vec<(String, f32)> {
        let mut known = Builder::new(Weighting { fields: [1.0], length: 0.0, saturation: 1.0, rarity: 1.0 });
        known.add(["send the message to a channel again"], [], 0);
        words_of(text, &known.build()).into_iter().map(|word| (word.text, word.weight)).collect()
    }

    #[test]
    fn values_count_little() {
        let word = |text: &str, weight| (text.to_owned(), weight);
        assert_eq!(
            worth("Send \"Channel\" to Ann (ann@example.com) and PROJ-42 again"),
            [
                word("send", 1.0),
                word("channel", VALUE),
                word("ann", VALUE),
                word("proj", 0.5 * VALUE),
                word("again", FREQUENT),
                word("ticket", UNKNOWN)
            ]
        );
        assert_eq!(worth("\"send channel\""), [word("send", 1.0), word("channel", 1.0)]);
        assert_eq!(worth("unknown"), [word("unknown", UNKNOWN)]);
        assert_eq!(worth("the"), []);
        assert_eq!(worth(&"channel ".repeat(10_000)).len(), 16);
    }

    #[test]
    fn values_say_what_they_are() {
        let text = "close PROJ-42, and PROJ-43 in #dev-ops!";
        assert_eq!(with_kinds(text), format!("{text} ticket channel"));
        for text in ["close ticket PROJ-42", "#42", "COVID-x", "a-1", "UTF-", "-1", "#", ""] {
            assert_eq!(with_kinds(text), text);
        }
    }

    #[test]
    fn lists_are_sorted() {
        assert!(STOP_WORDS.is_sorted() && FREQUENT_WORDS.is_sorted());
        assert!(FREQUENT_WORDS.iter().all(|word| !says_nothing(word)));
    }
}
