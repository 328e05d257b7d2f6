//! The short texts of actions, each compared with a query as a whole.

use crate::{clauses::Clause, inverted::Inverted, vocabulary::Term, words::for_each_word};

/// Short texts with the actions that they belong to.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    /// The action of each phrase.
    actions: Vec<u32>,
    /// The length of each phrase as a vector.
    lengths: Vec<f32>,
    /// The first entry of each term in `of_term`, and the end of the last.
    starts: Vec<u32>,
    /// The phrases that contain each term.
    of_term: Vec<u32>,
    /// What each term counts.
    rarity: Vec<f32>,
}

impl Phrases {
    /// Takes texts with their actions.
    pub(super) fn new<'a>(
        texts: impl Iterator<Item = (u32, &'a str)>,
        words: &Inverted,
        says_nothing: fn(&str) -> bool,
    ) -> Self {
        let mut phrases = Self::default();
        let mut pairs: Vec<(Term, u32)> = Vec::new();
        phrases.rarity = words.rarities();
        for (action, text) in texts {
            let mut terms = Vec::new();
            for_each_word(text, |word| {
                if !says_nothing(word.text) {
                    terms.extend(words.term(word.text));
                }
            });
            terms.sort_unstable();
            terms.dedup();
            let id = u32::try_from(phrases.actions.len()).unwrap_or(u32::MAX);
            let square = terms.iter().map(|term| phrases.rarity[*term as usize].powi(2)).sum::<f32>();
            phrases.actions.push(action);
            phrases.lengths.push(square.sqrt().max(f32::MIN_POSITIVE));
            pairs.extend(terms.into_iter().map(|term| (term, id)));
        }
        pairs.sort_unstable();
        phrases.starts = vec![0; phrases.rarity.len() + 1];
        for (term, _) in &pairs {
            phrases.starts[*term as usize + 1] += 1;
        }
        for at in 1..phrases.starts.len() {
            phrases.starts[at] += phrases.starts[at - 1];
        }
        phrases.of_term = pairs.into_iter().map(|(_, phrase)| phrase).collect();
        phrases
    }

    /// Returns how similar the best phrase of each action is to a query: 1 if it consists of the same words.
    pub(super) fn similarities(&self, clauses: &[Clause], weights: &[f32], actions: usize) -> Vec<f32> {
        let mut products = vec![0.0_f32; self.actions.len()];
        let mut of_clause = vec![0.0_f32; self.actions.len()];
        let mut touched: Vec<u32> = Vec::new();
        for (clause, weight) in clauses.iter().zip(weights) {
            for (term, factor) in &clause.terms {
                let at = *term as usize;
                for phrase in &self.of_term[self.starts[at] as usize..self.starts[at + 1] as usize] {
                    let best = &mut of_clause[*phrase as usize];
                    if *best == 0.0 {
                        touched.push(*phrase);
                    }
                    *best = best.max(factor * self.rarity[at]);
                }
            }
            for phrase in touched.drain(..) {
                let at = phrase as usize;
                products[at] += weight * std::mem::take(&mut of_clause[at]);
            }
        }
        let length = weights.iter().map(|weight| weight * weight).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        let mut best = vec![0.0_f32; actions];
        for (phrase, product) in products.into_iter().enumerate().filter(|(_, product)| *product > 0.0) {
            let similarity = (product / (length * self.lengths[phrase])).min(1.0);
            let best = &mut best[self.actions[phrase] as usize];
            *best = best.max(similarity);
        }
        best
    }
}
