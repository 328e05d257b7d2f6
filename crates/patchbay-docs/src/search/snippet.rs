//! A piece of an entry's text that shows why it was found.

use std::{collections::HashSet, ops::Range};

use patchbay_search::for_each_word;

use crate::markdown::escape;

/// The length of a snippet in bytes, about two lines.
const LENGTH: usize = 180;
/// What is shown before the first word of the query.
const LEAD: usize = 40;
/// The part of a long text in which the words of a query are looked for, in bytes.
const SEARCHED: usize = 16 * 1024;
/// The most words that are compared.
const MAX_WORDS: usize = 200;

/// Returns a piece of `text`, or of `description` if the text has none of the words, as escaped HTML with the matched
/// words in `<mark>`.
pub(super) fn snippet(text: &str, description: &str, matched: &HashSet<&str>) -> String {
    let text = &text[..boundary_before(text, SEARCHED)];
    let found = ranges(text, matched);
    if found.is_empty() && !description.is_empty() {
        return marked(description, 0..description.len(), &ranges(description, matched));
    }
    let window = best_window(text, &found);
    marked(text, window, &found)
}

/// Returns where the matched words are, without overlaps.
fn ranges(text: &str, matched: &HashSet<&str>) -> Vec<(Range<usize>, String)> {
    let mut found: Vec<(Range<usize>, String)> = Vec::new();
    for_each_word(text, |word| {
        let is_new = found.last().is_none_or(|(last, _)| last.end <= word.range.start);
        if is_new && found.len() < MAX_WORDS && matched.contains(word.text) {
            found.push((word.range, word.text.to_owned()));
        }
    });
    found
}

/// Returns the window with the most different words.
fn best_window(text: &str, found: &[(Range<usize>, String)]) -> Range<usize> {
    let mut best = 0..0;
    let mut best_count = 0;
    for (first, (range, _)) in found.iter().enumerate() {
        let start = range.start.saturating_sub(LEAD);
        let inside = found[first..].iter().take_while(|(range, _)| range.end <= start + LENGTH);
        let different = inside.map(|(_, word)| word.as_str()).collect::<HashSet<_>>().len();
        if different > best_count {
            (best_count, best) = (different, start..start + LENGTH);
        }
    }
    let start = if best.start == 0 { 0 } else { next_word(text, boundary_before(text, best.start)) };
    // A word that was found is never cut.
    let least = found.iter().find(|(range, _)| range.start >= start).map_or(start, |(range, _)| range.end);
    let end = boundary_before(text, start + LENGTH);
    let end = if end == text.len() { end } else { text[..end].rfind(' ').map_or(end, |space| space.max(start)) };
    start..end.max(least)
}

/// Returns the start of the first word after a byte, if one is near.
fn next_word(text: &str, at: usize) -> usize {
    text[at..].find(' ').filter(|&space| space < LEAD).map_or(at, |space| at + space + 1)
}

/// Returns the last boundary of characters at or before a byte.
fn boundary_before(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn marked(text: &str, window: Range<usize>, found: &[(Range<usize>, String)]) -> String {
    let mut html = String::new();
    if window.start > 0 {
        html.push('…');
    }
    let mut at = window.start;
    for (range, _) in found.iter().filter(|(range, _)| range.start >= window.start && range.end <= window.end) {
        html.push_str(&escape(&text[at..range.start]));
        html.push_str("<mark>");
        html.push_str(&escape(&text[range.clone()]));
        html.push_str("</mark>");
        at = range.end;
    }
    html.push_str(&escape(text[at..window.end].trim_end()));
    if window.end < text.len() {
        html.push_str(" …");
    }
    html
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn matched_words_are_marked_and_everything_is_escaped() {
        let matched = HashSet::from(["key", "x-account-id"]);
        assert_eq!(
            snippet("<b>Send the key & `x-account-id`.", "", &matched),
            "&lt;b&gt;Send the <mark>key</mark> &amp; `<mark>x-account-id</mark>`."
        );
    }

    #[test]
    fn the_window_shows_most_words_and_ends_between_words() {
        let text = format!("{} key {} key ring {}", "before ".repeat(50), "between ".repeat(50), "after ".repeat(50));
        let html = snippet(&text, "", &HashSet::from(["key", "ring"]));
        assert!(html.contains("<mark>key</mark> <mark>ring</mark> after"), "{html}");
        assert!(html.starts_with("…between ") && html.ends_with("after …"), "{html}");
    }

    #[test]
    fn without_matches_the_description_is_shown_or_the_beginning() {
        let matched = HashSet::from(["key"]);
        assert_eq!(snippet("Text.", "About keys and a key.", &matched), "About keys and a <mark>key</mark>.");
        assert_eq!(snippet("Text.", "", &matched), "Text.");
        assert_eq!(snippet("", "", &matched), "");
    }

    proptest! {
        #[test]
        fn a_snippet_is_a_piece_of_its_text(text in "(\\PC|a | key ){0,300}") {
            let html = snippet(&text, "", &HashSet::from(["key", "a"]));
            prop_assert_eq!(html.matches("<mark>").count(), html.matches("</mark>").count());
            let plain = html.replace("<mark>", "").replace("</mark>", "");
            prop_assert!(!plain.contains(['<', '>', '"', '\'']), "{}", plain);
            let plain = plain.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
            let plain = plain.replace("&amp;", "&");
            let plain = plain.strip_suffix(" …").unwrap_or(&plain);
            let plain = plain.strip_prefix('…').filter(|rest| text.contains(*rest)).unwrap_or(plain);
            prop_assert!(text.contains(plain), "{:?} {:?}", text, plain);
        }
    }
}
