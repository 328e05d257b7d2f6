//! Search of the documentation: an inverted index over the parts of all pages, ranked by BM25.
//!
//! - A name that a place defines (an action ID, an error code, a setting, a term, its title) leads to that place first.
//! - Words are compared by their English stems, and stand for their synonyms; the last one may be unfinished; a word that
//!   nothing contains may have one wrong letter.
//! - The work for a query is bounded: its length, its words, those that may have a wrong letter, the words that each may
//!   stand for, and the results.

mod entry;
mod index;
mod query;
mod ranking;
mod snippet;
mod synonyms;

pub use entry::{Entry, entries_of};
pub use index::Index;
pub use query::{MAX_QUERY_CHARACTERS, Query, QueryTooLong};
pub use ranking::{Hit, Hits, MAX_HITS};

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::{Site, page::Section, written_pages};

    /// The actions of connectors that do not exist.
    fn actions(connectors: usize, actions: usize) -> impl Iterator<Item = Entry> {
        const VERBS: [&str; 5] = ["list", "get", "create", "update", "delete"];
        const NOUNS: [&str; 8] =
            ["contracts", "employees", "invoices", "candidates", "tickets", "files", "contacts", "payments"];
        (0..connectors).flat_map(move |connector| {
            (0..actions).map(move |action| {
                let (verb, noun) = (VERBS[action % 5], NOUNS[action / 5 % 8]);
                let id = format!("vendor{connector}_{verb}_{noun}");
                Entry {
                    path: format!("/docs/connectors/vendor{connector}/actions/{id}"),
                    title: format!("{verb} {noun}"),
                    heading: None,
                    section: Section::Connectors,
                    description: format!("Calls Vendor {connector} to {verb} {noun} of the linked account."),
                    text: format!("The inputs are the id of the account, the page size and a filter of {noun}. ")
                        .repeat(4),
                    terms: Vec::new(),
                    code: String::new(),
                    identifiers: vec![id],
                }
            })
        })
    }

    #[test]
    fn a_hundred_connectors_are_searched() {
        let site = Site::new(written_pages().unwrap());
        let started = Instant::now();
        let index = Index::of(&site, actions(100, 40));
        println!("{index:?} built in {:?}", started.elapsed());
        for (query, first) in [
            ("vendor42_create_invoices", "/docs/connectors/vendor42/actions/vendor42_create_invoices"),
            ("vendor42 create invoices", "/docs/connectors/vendor42/actions/vendor42_create_invoices"),
            ("what does UnauthorizedError mean?", "/docs/errors#UnauthorizedError"),
        ] {
            let query = Query::new(query).unwrap();
            let hits = index.search(&query).hits;
            assert_eq!(hits.first().map(|hit| hit.path.as_str()), Some(first), "{}", query.text());
        }
        for query in
            ["a", "account", "list contracts of the linked account", "acount pagge filtr", "zzzzzz qqqqqq xxxxxx"]
        {
            let query = Query::new(query).unwrap();
            let started = Instant::now();
            let found = index.search(&query).hits.len();
            println!("{:?}: {found} results in {:?}", query.text(), started.elapsed());
        }
    }
}
