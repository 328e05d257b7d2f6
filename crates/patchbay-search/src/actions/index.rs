//! The index of actions.

use std::{
    cmp::Ordering,
    collections::HashMap,
    fmt::{self, Debug},
    sync::LazyLock,
};

use super::{
    lexicon,
    phrases::Phrases,
    query::{bounded, says_nothing, words_of},
};
use crate::{
    inverted::{Builder, Inverted, Weighting},
    lexicon::Lexicon,
    query_words::QueryWord,
};

/// The score from which an action probably does what the query asks for. Clients of agents ignore what is below.
pub const GOOD_SCORE: f32 = 0.4;

/// The measure of a good match: what queries that no action serves stay below.
const GOOD_MATCH: f32 = 0.38;

/// Name, label, phrases, connector, description, categories, parameters.
const FIELDS: usize = 7;
const DESCRIPTION: usize = 4;
const WEIGHTING: Weighting<FIELDS> =
    Weighting { fields: [2.0, 2.0, 3.0, 1.5, 1.5, 1.0, 0.4], length: 0.3, saturation: 0.5, rarity: 0.45 };
/// The share of the connector in the score, if the query names one.
const CONNECTOR_SHARE: f32 = 0.3;
/// The share of the best phrase in the score.
const PHRASE_SHARE: f32 = 0.3;

/// The lexicon, for all indexes.
static LEXICON: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::of_pairs(lexicon::pairs()));

/// The texts of an action.
#[derive(Clone, Debug, Default)]
pub struct ActionText<'a> {
    /// The public ID, such as `slack_post_message`.
    pub id: &'a str,
    /// The ID without the connector, such as `post_message`.
    pub local_id: &'a str,
    /// The connector's key.
    pub connector: &'a str,
    /// The connector's name.
    pub title: &'a str,
    /// The name for people.
    pub label: &'a str,
    /// What it does.
    pub description: &'a str,
    /// What people say who want it.
    pub phrases: &'a [String],
    /// The connector's and the action's categories.
    pub categories: Vec<&'a str>,
    /// The names of the inputs.
    pub parameters: Vec<&'a str>,
}

/// An action that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActionHit {
    /// The number of the action, in the order in which they were given.
    pub action: u32,
    /// How well it fits, from 0 to 1.
    pub score: f32,
}

/// An index of actions. Its size is linear in that of their texts.
pub struct ActionIndex {
    words: Inverted,
    phrases: Phrases,
    /// The names of each connector, each as stems between spaces.
    connectors: Vec<Vec<Box<str>>>,
    /// The connector of each action.
    connector_of: Vec<u32>,
    /// The actions with each ID, public or local.
    by_id: HashMap<Box<str>, Vec<u32>>,
}

impl Debug for ActionIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionIndex").field("words", &self.words).finish_non_exhaustive()
    }
}

impl ActionIndex {
    /// Builds the index of actions.
    pub fn new(actions: &[ActionText<'_>]) -> Self {
        let mut words = Builder::new(WEIGHTING);
        let mut by_id: HashMap<Box<str>, Vec<u32>> = HashMap::new();
        for (number, action) in (0..).zip(actions) {
            let connector = format!("{} {}", action.title, action.connector);
            let texts = [
                &*action.local_id.replace('_', " "),
                action.label,
                &*action.phrases.join("\n"),
                &connector,
                action.description,
                &*action.categories.join(" "),
                &*action.parameters.join(" "),
            ];
            words.add(texts, [], DESCRIPTION);
            by_id.entry(action.id.into()).or_default().push(number);
            by_id.entry(action.local_id.into()).or_default().push(number);
        }
        let words = words.build();
        let texts = (0..).zip(actions).flat_map(|(number, action)| {
            let short = [action.label, action.local_id].into_iter();
            short.chain(action.phrases.iter().map(String::as_str)).map(move |text| (number, text))
        });
        let phrases = Phrases::new(texts, &words, says_nothing);
        let mut connectors: Vec<Vec<Box<str>>> = Vec::new();
        let mut by_key: HashMap<&str, u32> = HashMap::new();
        let connector_of = actions.iter().map(|action| {
            *by_key.entry(action.connector).or_insert_with(|| {
                let names = [action.title, action.connector].map(|name| words.name(name));
                let names = names.into_iter().filter(|name| !name.is_empty());
                connectors.push(names.map(|name| format!("{name} ").into_boxed_str()).collect());
                u32::try_from(connectors.len() - 1).unwrap_or(u32::MAX)
            })
        });
        let connector_of = connector_of.collect();
        Self { words, phrases, connectors, connector_of, by_id }
    }

    /// Returns the number of actions.
    pub fn len(&self) -> usize {
        self.words.documents()
    }

    /// Returns true if the index is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns at most `top` of the actions that `is_allowed` admits, the best first.
    pub fn search(&self, query: &str, top: usize, is_allowed: impl Fn(u32) -> bool) -> Vec<ActionHit> {
        let query = bounded(query);
        let mut words = words_of(query, &self.words);
        let named = self.named_connectors(query, &mut words);
        let mut hits = self.scored(&words, &named).filter(|hit| is_allowed(hit.action)).collect::<Vec<_>>();
        let named = self.by_id.get(query.trim().to_lowercase().as_str());
        for action in named.into_iter().flatten().filter(|action| is_allowed(**action)) {
            hits.retain(|hit| hit.action != *action);
            hits.push(ActionHit { action: *action, score: 1.0 });
        }
        hits.sort_unstable_by(|a, b| {
            b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal).then(a.action.cmp(&b.action))
        });
        hits.truncate(top);
        hits
    }

    /// Returns the connectors that a query names, and removes their names from the words, if it has other words.
    fn named_connectors(&self, query: &str, words: &mut Vec<QueryWord>) -> Vec<u32> {
        let query = format!("{} ", self.words.name(query));
        let mut named = Vec::new();
        let mut names = String::new();
        for (number, connector) in (0..).zip(&self.connectors) {
            if let Some(name) = connector.iter().find(|name| query.contains(&***name)) {
                named.push(number);
                names.push_str(name);
            }
        }
        let is_name = |word: &QueryWord| names.contains(&format!("{} ", self.words.name(&word.text)));
        if !named.is_empty() && words.iter().any(|word| !is_name(word)) {
            words.retain(|word| !is_name(word));
        }
        named
    }

    /// Returns every action that has a word of the query.
    fn scored<'a>(&'a self, words: &[QueryWord], named: &'a [u32]) -> impl Iterator<Item = ActionHit> + 'a {
        let clauses = self.words.clauses(words, &LEXICON);
        let weights = clauses.iter().map(|clause| clause.weight * self.words.clause_rarity(clause));
        let weights = weights.collect::<Vec<_>>();
        let total = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE) * (WEIGHTING.saturation + 1.0);
        let covered = self.words.scores(&clauses).sums;
        let similar = self.phrases.similarities(&clauses, &weights, self.len());
        (0..).zip(covered.into_iter().zip(similar)).filter(|(_, (covered, _))| *covered > 0.0).map(
            move |(action, (covered, similar))| {
                let mut score = (1.0 - PHRASE_SHARE) * covered / total + PHRASE_SHARE * similar;
                if !named.is_empty() {
                    let is_named = self.connector_of.get(action as usize).is_some_and(|of| named.contains(of));
                    score = (1.0 - CONNECTOR_SHARE) * score + if is_named { CONNECTOR_SHARE } else { 0.0 };
                }
                ActionHit { action, score: calibrated(score) }
            },
        )
    }
}

/// Returns a score of the wire, in the same order: [`GOOD_MATCH`] becomes [`GOOD_SCORE`].
fn calibrated(score: f32) -> f32 {
    if score < GOOD_MATCH {
        score / GOOD_MATCH * GOOD_SCORE
    } else {
        GOOD_SCORE + (score - GOOD_MATCH).min(1.0 - GOOD_MATCH) / (1.0 - GOOD_MATCH) * (1.0 - GOOD_SCORE)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ACTIONS: [(&str, &str, &str, &str, &str); 6] = [
        ("slack", "Slack", "post_message", "Send a message", "tell the team"),
        ("slack", "Slack", "delete_message", "Delete a message", "take back a post"),
        ("jira", "Jira", "create_issue", "Create an issue", "report a bug"),
        ("jira", "Jira", "search_issues", "Search issues", "open bugs"),
        ("zendesk", "Zendesk", "create_ticket", "Create a ticket", "open a support request"),
        ("zendesk", "Zendesk", "list_tickets", "List tickets", "latest requests"),
    ];

    fn index() -> ActionIndex {
        let texts = ACTIONS.map(|(connector, _, id, _, phrase)| (format!("{connector}_{id}"), [phrase.to_owned()]));
        let actions = ACTIONS.iter().zip(&texts).map(|((connector, title, local_id, label, _), (id, phrases))| {
            ActionText { id, local_id, connector, title, label, phrases, ..ActionText::default() }
        });
        ActionIndex::new(&actions.collect::<Vec<_>>())
    }

    fn found(index: &ActionIndex, query: &str) -> Vec<&'static str> {
        index.search(query, 10, |_| true).into_iter().map(|hit| ACTIONS[hit.action as usize].2).collect()
    }

    #[test]
    fn actions_are_found_by_phrases_other_words_misspellings_and_ids() {
        let index = index();
        for (query, expected) in [
            ("tell the team about the release", "post_message"),
            ("erase a message", "delete_message"),
            ("take back a post", "delete_message"),
            ("mesage to the team", "post_message"),
            ("report a defect", "create_issue"),
            ("make a Zendesk ticket", "create_ticket"),
            ("make a Jira ticket", "create_issue"),
            ("slack_delete_message", "delete_message"),
            ("List_Tickets", "list_tickets"),
        ] {
            assert_eq!(found(&index, query).first(), Some(&expected), "{query}");
        }
        assert!(index.search("jira_create_issue", 1, |_| true)[0].score >= 1.0);
    }

    #[test]
    fn the_end_of_a_long_query_is_ignored() {
        let index = index();
        let (long, short) = ("message ".repeat(100), "message ".repeat(60));
        let hits = index.search(&short, 10, |_| true);
        assert_eq!(index.search(&format!("{long} Jira"), 10, |_| true), hits);
        assert_ne!(index.search(&format!("{short} Jira"), 10, |_| true), hits);
    }

    #[test]
    fn only_admitted_actions_take_a_place_among_the_best() {
        let index = index();
        let all = index.search("message", 10, |_| true);
        assert_eq!(all.len(), 2);
        let second = index.search("message", 1, |action| action != all[0].action);
        assert_eq!(second, [all[1]]);
        assert_eq!(index.search("slack_post_message", 10, |_| false), []);
        assert_eq!(index.search("message", 0, |_| true), []);
    }

    #[test]
    fn a_query_that_no_action_serves_has_no_good_match() {
        let index = index();
        for query in ["order a pizza", "the weather in Paris", "", " ", "the", "🦀", "@", "\"", "#"] {
            let hits = index.search(query, 10, |_| true);
            assert!(hits.iter().all(|hit| hit.score < GOOD_SCORE), "{query}: {hits:?}");
        }
        let empty = ActionIndex::new(&[]);
        assert_eq!((empty.search("message", 10, |_| true), empty.is_empty()), (Vec::new(), true));
    }

    #[test]
    fn a_score_grows_with_the_measure() {
        let scores = (0..=1000_u16).map(|measure| calibrated(f32::from(measure) / 1000.0)).collect::<Vec<_>>();
        assert!(scores.is_sorted() && scores[0].abs() < 1e-6 && (scores[1000] - 1.0).abs() < 1e-6, "{scores:?}");
        assert!((calibrated(GOOD_MATCH) - GOOD_SCORE).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn any_text_can_be_searched_for(text in "\\PC{0,60}|(message|Jira|ticket|PROJ-1|#a|\"|@|_|-| ){0,12}") {
            let index = index();
            let hits = index.search(&text, 10, |_| true);
            prop_assert!(hits.iter().all(|hit| (0.0..=1.0).contains(&hit.score)), "{:?}", hits);
            prop_assert!(hits.is_sorted_by(|a, b| a.score >= b.score));
            prop_assert_eq!(&hits, &index.search(&text, 10, |_| true));
        }
    }
}
