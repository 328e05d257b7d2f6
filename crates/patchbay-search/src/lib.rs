//! Search by words, for whatever has texts: the pages of the documentation and the actions of connectors.
//!
//! - [`Inverted`] knows which documents contain which words, and ranks them by BM25 over their fields.
//! - Words are compared by their English stems, and stand for the words that a [`Lexicon`] gives; the last one may be
//!   unfinished; a word that nothing contains may have one wrong letter.
//! - The work for a query is bounded: its words, those that may have a wrong letter, and the words that each may stand for.
//!
//! Nothing here does I/O, starts a thread or knows what a document is.

pub mod actions;
mod clauses;
mod inverted;
mod lexicon;
mod query_words;
mod vocabulary;
mod words;

pub use clauses::{Clause, Scores};
pub use inverted::{Builder, Inverted, Posting, Weighting};
pub use lexicon::Lexicon;
pub use query_words::{MAX_WORDS, QueryWord, query_words};
pub use vocabulary::{Spelling, Term};
pub use words::{Word, for_each_word, is_stop_word};
