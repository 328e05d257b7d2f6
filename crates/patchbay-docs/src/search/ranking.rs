//! The order of what a query finds.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
};

use patchbay_search::Clause;

use super::{entry::Entry, index::Index, query::Query, snippet::snippet};
use crate::page::Section;

/// The most results of a query.
pub const MAX_HITS: usize = 20;
/// The most results of one page: its other parts are a click away.
const MAX_HITS_OF_PAGE: usize = 2;
/// The most places that define a name.
const MAX_DEFINITIONS: usize = 5;
/// A place that a query finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The path, with an anchor if it is a part of a page.
    pub path: String,
    /// The title of the page.
    pub title: String,
    /// The heading of the part.
    pub heading: Option<String>,
    /// The section of the documentation.
    pub section: Section,
    /// Escaped HTML: a piece of the text with the words of the query in `<mark>`.
    pub snippet: String,
}

/// What a query finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// The places, the best one first; at most [`MAX_HITS`].
    pub hits: Vec<Hit>,
    /// If nothing was found: the query with the most similar words that the documentation contains.
    pub suggestion: Option<String>,
}

/// An entry that was found.
struct Candidate {
    entry: u32,
    /// How many names in the query it defines.
    definitions: usize,
    score: f32,
}

impl Index {
    /// Returns what a query finds.
    pub fn search(&self, query: &Query) -> Hits {
        let words = query.words();
        let mut clauses = self.words.clauses(&words, &self.synonyms);
        // A word that the documentation does not contain says nothing about it.
        clauses.retain(|clause| !clause.terms.is_empty());
        let candidates = self.candidates(query, &clauses);
        if candidates.is_empty() {
            return Hits { hits: Vec::new(), suggestion: self.words.suggestion(&words) };
        }
        let terms = clauses.iter().flat_map(|clause| &clause.terms).map(|(term, _)| *term).collect::<HashSet<_>>();
        let matched = self.words.spellings().iter().filter(|spelling| terms.contains(&spelling.term));
        let matched = matched.map(|spelling| &*spelling.text).collect::<HashSet<_>>();
        let mut of_page: Vec<&str> = Vec::new();
        let mut hits = Vec::new();
        for candidate in candidates {
            let entry = &self.entries[candidate.entry as usize];
            let page = entry.page_path();
            if of_page.iter().filter(|path| **path == page).count() >= MAX_HITS_OF_PAGE {
                continue;
            }
            of_page.push(page);
            hits.push(hit(entry, &matched));
            if hits.len() == MAX_HITS {
                break;
            }
        }
        Hits { hits, suggestion: None }
    }

    /// Returns everything that was found, the best first.
    fn candidates(&self, query: &Query, clauses: &[Clause]) -> Vec<Candidate> {
        let scores = self.words.scores(clauses);
        let total = clauses.iter().map(|clause| clause.weight).sum::<f32>().max(f32::MIN_POSITIVE);
        let mut definitions: HashMap<u32, usize> = HashMap::new();
        for name in query.identifiers().into_iter().chain([self.words.name(query.text())]) {
            let places = self.definitions(&name);
            // A name that many places list, such as a parameter's, is a word like any other.
            if places.len() <= MAX_DEFINITIONS {
                for entry in places {
                    *definitions.entry(*entry).or_default() += 1;
                }
            }
        }
        let mut candidates = (0..)
            .zip(&self.entries)
            .map(|(id, entry): (u32, _)| Candidate {
                entry: id,
                definitions: definitions.get(&id).copied().unwrap_or_default(),
                // An entry with all words is better than one with a rare word several times.
                score: scores.sums[id as usize] * scores.covered[id as usize] / total * section_weight(entry.section),
            })
            .filter(|candidate| candidate.definitions > 0 || candidate.score > 0.0)
            .collect::<Vec<_>>();
        candidates.sort_unstable_by(|a, b| {
            b.definitions
                .cmp(&a.definitions)
                .then(b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal))
                .then(a.entry.cmp(&b.entry))
        });
        candidates
    }
}

/// The list of changes mentions everything, and there is a page for each connector and each operation. A search for one of
/// them contains its name.
fn section_weight(section: Section) -> f32 {
    match section {
        Section::Releases => 0.4,
        Section::Connectors | Section::Api => 0.8,
        _ => 1.0,
    }
}

fn hit(entry: &Entry, matched: &HashSet<&str>) -> Hit {
    Hit {
        path: entry.path.clone(),
        title: entry.title.clone(),
        heading: entry.heading.clone(),
        section: entry.section,
        snippet: snippet(&entry.text, &entry.description, matched),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(path: &str, title: &str, heading: Option<&str>, text: &str) -> Entry {
        Entry {
            path: path.to_owned(),
            title: title.to_owned(),
            heading: heading.map(str::to_owned),
            section: Section::Guides,
            description: String::new(),
            text: text.to_owned(),
            terms: Vec::new(),
            code: String::new(),
            identifiers: Vec::new(),
        }
    }

    fn index() -> Index {
        let mut error =
            entry("/docs/errors#keys", "Error codes", Some("Keys"), "UnauthorizedError · 401 · The key is not valid");
        error.identifiers = vec!["UnauthorizedError".to_owned()];
        let mut action = entry("/docs/actions/x", "List contracts", None, "Returns contracts.");
        action.identifiers = vec!["acme_list_contracts".to_owned()];
        Index::new([
            entry(
                "/docs/backup",
                "Back up and restore",
                None,
                "Copy the database and the key ring. A backup is consistent.",
            ),
            entry(
                "/docs/backup#restore",
                "Back up and restore",
                Some("Restore"),
                "Stop the server. Authentication goes on.",
            ),
            entry(
                "/docs/link",
                "Link accounts",
                None,
                "Customers link accounts in the Hub. UnauthorizedError is rare.",
            ),
            entry(
                "/docs/limits",
                "Rate limits",
                None,
                "The setting limits.keyRequestsPerMinute and UnauthorizedError.",
            ),
            error,
            action,
        ])
    }

    fn paths(index: &Index, query: &str) -> Vec<String> {
        index.search(&Query::new(query).unwrap()).hits.into_iter().map(|hit| hit.path).collect()
    }

    #[test]
    fn words_are_found_by_stem_prefix_and_with_one_wrong_letter() {
        let index = index();
        for (query, expected) in [
            ("backup", "/docs/backup"),
            ("how do I back up?", "/docs/backup"),
            ("restoring", "/docs/backup#restore"),
            ("linked account", "/docs/link"),
            ("lin", "/docs/link"),
            ("acount", "/docs/link"),
            ("acocunt", "/docs/link"),
            ("bccount", "/docs/link"),
            ("custone", "/docs/link"),
            ("authentcation", "/docs/backup#restore"),
            ("rate limit", "/docs/limits"),
            ("keyRequestsPerMinute", "/docs/limits"),
            ("requests per minute", "/docs/limits"),
            ("contracts", "/docs/actions/x"),
        ] {
            assert_eq!(paths(&index, query).first().map(String::as_str), Some(expected), "{query}");
        }
    }

    #[test]
    fn the_number_of_words_with_a_wrong_letter_is_bounded() {
        let index = index();
        let unknown = |count: usize| ["zzzza", "zzzzb", "zzzzc", "zzzzd"][..count].join(" ");
        let query = format!("{} acount", unknown(3));
        assert_eq!(paths(&index, &query).first().map(String::as_str), Some("/docs/link"));
        // Words that are spelled correctly are found after any number of others.
        let unknown = unknown(4);
        assert_eq!(paths(&index, &format!("{unknown} acount")), [""; 0]);
        assert_eq!(paths(&index, &format!("{unknown} account")).first().map(String::as_str), Some("/docs/link"));
    }

    #[test]
    fn definitions_are_first() {
        let index = index();
        for query in ["UnauthorizedError", "unauthorizederror", "what is `UnauthorizedError`?"] {
            let paths = paths(&index, query);
            assert_eq!(paths[0], "/docs/errors#keys", "{query}");
            assert!(paths.contains(&"/docs/limits".to_owned()), "{paths:?}");
        }
        assert_eq!(paths(&index, "acme_list_contracts")[0], "/docs/actions/x");
        // The words of a title, in any form.
        assert_eq!(paths(&index, "what is a rate limit?")[0], "/docs/limits");
        assert_eq!(paths(&index, "list_contracts")[0], "/docs/actions/x");
    }

    #[test]
    fn the_nearest_words_are_suggested_if_nothing_is_found() {
        let index = index();
        let hits = index.search(&Query::new("akkounnts").unwrap());
        assert_eq!((hits.hits.len(), hits.suggestion.as_deref()), (0, Some("accounts")));
        for query in ["zzzzzzzz", "", "?", "x", "77777"] {
            assert_eq!(index.search(&Query::new(query).unwrap()), Hits::default(), "{query}");
        }
        assert_eq!(Index::new([]).search(&Query::new("account").unwrap()), Hits::default());
    }

    #[test]
    fn results_are_bounded_and_show_several_pages() {
        let parts = (0..50).map(|n| entry(&format!("/docs/many#{n}"), "Many", Some("Word"), "word word"));
        let pages = (0..50).map(|n| entry(&format!("/docs/page{n}"), "Page", None, "word"));
        let index = Index::new(parts.chain(pages));
        let paths = paths(&index, "word");
        assert_eq!(paths.len(), MAX_HITS);
        assert_eq!(paths.iter().filter(|path| path.starts_with("/docs/many")).count(), MAX_HITS_OF_PAGE);
    }

    #[test]
    fn hits_show_where_the_words_are() {
        let hits = index().search(&Query::new("key ring").unwrap()).hits;
        assert_eq!(
            hits[0].snippet,
            "Copy the database and the <mark>key</mark> <mark>ring</mark>. A backup is consistent."
        );
        assert_eq!(
            (hits[0].title.as_str(), hits[0].section, &hits[0].heading),
            ("Back up and restore", Section::Guides, &None)
        );
    }

    proptest! {
        #[test]
        fn any_text_can_be_searched_for(text in "\\PC{0,60}|[a-z_./ -]{0,60}|(account|link|Error|back up|[_-]){0,8}") {
            let hits = index().search(&Query::new(&text).unwrap());
            prop_assert!(hits.hits.len() <= MAX_HITS);
            prop_assert!(hits.hits.is_empty() || hits.suggestion.is_none());
        }

        /// Each word of four or more letters is found if one of its letters is wrong, missing, doubled or exchanged.
        #[test]
        fn one_wrong_letter_is_forgiven(at in 0_usize..8, kind in 0..4, letter in "[a-z]", which in 0_usize..4) {
            let word = ["consistent", "database", "customers", "contracts"][which];
            let mut letters = word.chars().map(String::from).collect::<Vec<_>>();
            let at = at.min(letters.len() - 2);
            match kind {
                0 => letters[at] = letter,
                1 => drop(letters.remove(at)),
                2 => letters.insert(at, letter),
                _ => letters.swap(at, at + 1),
            }
            let index = index();
            let right = paths(&index, &format!("{word} "));
            let wrong = paths(&index, &letters.concat());
            prop_assert!(right.iter().any(|path| wrong.contains(path)), "{} {:?} {:?}", letters.concat(), right, wrong);
        }
    }
}
