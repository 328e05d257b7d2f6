//! Search for actions, by what a person or an agent would say.
//!
//! An action is found by two measures, each from 0 to 1, whose mean decides the order:
//!
//! - how much of the query its texts contain (BM25 over its name, label, search phrases, connector, description, categories
//!   and parameters, divided by what a text with every word would get), and
//! - how similar the query is to its best single phrase, label or name (the cosine of their words, weighted by rarity).
//!
//! Words that no text contains count in both as missing, so that a query which no action serves has a low score. The order
//! of equal scores is that of the actions.

mod index;
mod lexicon;
mod phrases;
mod query;

pub use index::{ActionHit, ActionIndex, ActionText, GOOD_SCORE};
pub use query::MAX_QUERY_CHARACTERS;
