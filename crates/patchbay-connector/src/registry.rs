//! All connectors of an instance. Pure data: the engine swaps a registry whole.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Connector, definition::Action, nearest::distance};

/// A public id that leads to more than one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The id.
    pub public_id: String,
    /// The keys of the connectors that have it.
    pub connectors: Vec<String>,
}

/// The connectors, by key.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    connectors: BTreeMap<String, Arc<Connector>>,
}

impl Registry {
    /// Without a connector.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more; it takes the place of one with the same key.
    #[must_use]
    pub fn with(mut self, connector: Arc<Connector>) -> Self {
        self.connectors.insert(connector.key.clone(), connector);
        self
    }

    /// Without the one with this key.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.connectors.remove(key);
        self
    }

    /// The connector with this key.
    pub fn get(&self, key: &str) -> Option<&Arc<Connector>> {
        self.connectors.get(key)
    }

    /// All, by key.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Connector>> {
        self.connectors.values()
    }

    /// The public ids that lead to more than one action. A connector's key may hold underscores, so
    /// that `b_c` of `a` and `c` of `a_b` are one id outside; the shorter key wins.
    pub fn collisions(&self) -> Vec<Collision> {
        let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for connector in self.iter() {
            for action in &connector.actions {
                owners.entry(&action.public_id).or_default().push(&connector.key);
            }
        }
        let several = owners.into_iter().filter(|(_, keys)| keys.len() > 1);
        let collision = |(id, keys): (&str, Vec<&str>)| Collision {
            public_id: id.to_owned(),
            connectors: keys.into_iter().map(str::to_owned).collect(),
        };
        several.map(collision).collect()
    }

    /// The action with this public id, and its connector.
    pub fn action(&self, public_id: &str) -> Option<(&Arc<Connector>, &Arc<Action>)> {
        // A connector's key may hold underscores itself, so every prefix is tried.
        public_id.match_indices('_').find_map(|(at, _)| {
            let connector = self.connectors.get(&public_id[..at])?;
            connector.action(public_id).map(|action| (connector, action))
        })
    }

    /// The `count` actions whose public ids are most like `id`, likeliest first.
    pub fn nearest_actions(&self, id: &str, count: usize) -> Vec<&str> {
        let prefix = id.split('_').next().unwrap_or_default();
        let words = id.split('_').skip(1).collect::<Vec<_>>();
        let mut scored = self
            .iter()
            .flat_map(|connector| connector.actions.iter())
            .map(|action| {
                let shared =
                    words.iter().filter(|word| action.public_id.split('_').any(|other| other == **word)).count();
                let foreign = usize::from(!action.public_id.starts_with(prefix)) * 8;
                (distance(id, &action.public_id) + foreign, usize::MAX - shared, action.public_id.as_str())
            })
            .collect::<Vec<_>>();
        scored.sort_unstable();
        scored.into_iter().take(count).map(|(_, _, id)| id).collect()
    }
}
