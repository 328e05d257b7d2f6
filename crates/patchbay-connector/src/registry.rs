//! The connectors of an instance, by key. A registry is immutable data; the engine replaces it as a whole.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    Connector, LazyConnector,
    definition::{Action, ReleaseStage},
    suggest::distance,
};

/// A public id that more than one action has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The public id.
    pub public_id: String,
    /// The keys of the connectors whose actions have it.
    pub connectors: Vec<String>,
}

/// The connectors, by key.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    connectors: BTreeMap<String, RegistryEntry>,
}

#[derive(Clone, Debug)]
enum RegistryEntry {
    Compiled(Arc<Connector>),
    Lazy(Arc<LazyConnector>),
}

impl RegistryEntry {
    fn connector(&self) -> Option<&Arc<Connector>> {
        match self {
            Self::Compiled(connector) => Some(connector),
            Self::Lazy(lazy) => lazy.connector(),
        }
    }

    fn stage(&self) -> ReleaseStage {
        match self {
            Self::Compiled(connector) => connector.release_stage,
            Self::Lazy(lazy) => lazy.header().release_stage,
        }
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Compiled(one), Self::Compiled(other)) => Arc::ptr_eq(one, other),
            (Self::Lazy(one), Self::Lazy(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Registry {
    /// Creates an empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the registry with a connector; it replaces one with the same key.
    #[must_use]
    pub fn with(mut self, connector: Arc<Connector>) -> Self {
        self.connectors.insert(connector.key.clone(), RegistryEntry::Compiled(connector));
        self
    }

    /// Returns the registry with a connector that is compiled at its first use; it replaces one with the same key.
    #[must_use]
    pub fn with_lazy(mut self, lazy: Arc<LazyConnector>) -> Self {
        self.connectors.insert(lazy.header().key.clone(), RegistryEntry::Lazy(lazy));
        self
    }

    /// Returns the registry without the connector with this key.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.connectors.remove(key);
        self
    }

    /// Returns the connector with this key and compiles it if needed.
    pub fn get(&self, key: &str) -> Option<&Arc<Connector>> {
        self.connectors.get(key)?.connector()
    }

    /// Returns all connectors, by key, and compiles those that are not yet compiled.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Connector>> {
        self.connectors.values().filter_map(RegistryEntry::connector)
    }

    /// Returns the connectors of a release stage, by key; the others are not compiled.
    pub fn of_stage(&self, stage: ReleaseStage) -> impl Iterator<Item = &Arc<Connector>> {
        self.connectors.values().filter(move |entry| entry.stage() == stage).filter_map(RegistryEntry::connector)
    }

    /// Returns the keys; compiles no connector.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.connectors.keys().map(String::as_str)
    }

    /// Returns true if there is a connector with this key; compiles no connector.
    pub fn contains(&self, key: &str) -> bool {
        self.connectors.contains_key(key)
    }

    /// Returns the keys, with the versions of the connectors that are compiled from the start, a line each. Compiles no connector.
    pub fn outline(&self) -> String {
        let listed = self.connectors.iter().map(|(key, entry)| match entry {
            RegistryEntry::Compiled(connector) => format!("{key} {}\n", connector.version),
            RegistryEntry::Lazy(_) => format!("{key}\n"),
        });
        listed.collect()
    }

    /// Returns true if another registry has the identical connector for a key; compiles no connector.
    pub fn shares(&self, other: &Self, key: &str) -> bool {
        self.connectors.get(key).zip(other.connectors.get(key)).is_some_and(|(one, other)| one.is(other))
    }

    /// Returns the public ids that more than one action has. A connector's key may contain underscores, so the actions
    /// `b_c` of `a` and `c` of `a_b` have one public id; the connector with the shorter key wins.
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

    /// Returns the action with this public id, and its connector.
    pub fn action(&self, public_id: &str) -> Option<(&Arc<Connector>, &Arc<Action>)> {
        // A connector's key may contain underscores, so every prefix is tried.
        public_id.match_indices('_').find_map(|(at, _)| {
            let connector = self.get(&public_id[..at])?;
            connector.action(public_id).map(|action| (connector, action))
        })
    }

    /// Returns the `count` public ids that are most similar to `id`, the most similar one first.
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::{ConnectorHeader, SourceFile, load};

    fn connector(key: &str) -> Arc<Connector> {
        let text = format!(
            "Patchbay: 1.0.0\n\
             info: {{title: T, key: {key}, version: 1.0.0, description: For a test.}}\n\
             categories: [other]\n\
             baseUrl: https://api.example.com\n\
             authentication: [{{custom: {{type: custom, label: Key, authorization: {{type: bearer, token: $.credentials.token}}, \
             configFields: [{{key: token, label: Token, type: password, required: true, secret: true}}]}}}}]\n\
             actions: [{{actionId: get_me, categories: [other], actionType: get, label: Me, description: Gets., \
             steps: [{{stepId: s, description: Gets., stepFunction: {{functionName: request, parameters: {{url: /, method: get}}}}}}], \
             result: {{data: $.steps.s.output.data}}}}]\n"
        );
        let loaded = load(&[SourceFile { name: format!("{key}.connector.yaml"), text }]);
        Arc::new(loaded.connector.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)))
    }

    #[test]
    fn connectors_are_compiled_once_at_their_first_use() {
        let compiled = Arc::new(AtomicUsize::new(0));
        let later = |key: &'static str, stage| {
            let compiled = compiled.clone();
            let header = ConnectorHeader { key: key.to_owned(), release_stage: stage };
            Arc::new(LazyConnector::new(header, move || {
                compiled.fetch_add(1, Ordering::SeqCst);
                (key != "broken").then(|| connector(key))
            }))
        };
        let registry = Registry::new()
            .with_lazy(later("ga", ReleaseStage::Ga))
            .with_lazy(later("beta", ReleaseStage::Beta))
            .with_lazy(later("broken", ReleaseStage::Beta))
            .with(connector("ready"));
        assert_eq!(registry.keys().collect::<Vec<_>>(), ["beta", "broken", "ga", "ready"]);
        assert!(registry.contains("beta") && registry.shares(&registry.clone(), "beta"));
        let other = registry.clone().with_lazy(later("beta", ReleaseStage::Beta)).with(connector("ready"));
        assert!(!registry.shares(&other, "beta") && !registry.shares(&other, "ready") && registry.shares(&other, "ga"));
        assert!(!registry.shares(&registry.clone().without("ga"), "ga"));
        assert_eq!(compiled.load(Ordering::SeqCst), 0);
        assert_eq!(
            registry.of_stage(ReleaseStage::Ga).map(|found| found.key.as_str()).collect::<Vec<_>>(),
            ["ga", "ready"]
        );
        assert_eq!(compiled.load(Ordering::SeqCst), 1);
        assert!(registry.action("beta_get_me").is_some() && registry.action("beta_get_me").is_some());
        assert_eq!(compiled.load(Ordering::SeqCst), 2);
        assert!(registry.get("broken").is_none());
        assert_eq!(registry.iter().map(|found| found.key.as_str()).collect::<Vec<_>>(), ["beta", "ga", "ready"]);
        assert_eq!(compiled.load(Ordering::SeqCst), 3, "each is compiled once, even if it has errors");
    }
}
