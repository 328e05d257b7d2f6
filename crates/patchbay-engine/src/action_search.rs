//! The search for actions, by what a person or an agent would say.
//!
//! There is one index for each set of connectors ([`PerRegistry`]), which is built when it is first searched. A search finds what
//! [`ActionCatalog`] lists.
//!
//! [`ActionCatalog`]: crate::ActionCatalog

use std::{collections::HashSet, sync::Arc};

use patchbay_connector::{Connector, Registry, definition::Action};
use patchbay_model::ApiScope;
use patchbay_search::actions::{ActionIndex, ActionText, GOOD_SCORE};

use crate::{
    Caller, Error, ErrorCode, Field, PerRegistry, action_access::is_enabled, connector_catalog::ConnectorCatalog,
    profiles::Profiles, validation::invalid_at,
};

/// The most actions that a list with a search text contains because of what it says.
const MAX_GOOD_MATCHES: usize = 20;

/// A search for actions.
#[derive(Clone, Debug)]
pub struct ActionSearchQuery {
    /// What the action should do, in a person's words, or its ID.
    pub text: String,
    /// Only actions of this connector.
    pub connector: Option<String>,
    /// The most results.
    pub top: usize,
    /// The least score of a result, from 0 to 1.
    pub min_score: f32,
}

/// An action that was found.
#[derive(Clone, Debug)]
pub struct FoundAction {
    /// The connector.
    pub connector: Arc<Connector>,
    /// The action.
    pub action: Arc<Action>,
    /// How well it fits, from 0 to 1.
    pub score: f32,
}

/// The index of a set of connectors.
struct ActionsOf {
    registry: Arc<Registry>,
    actions: Vec<(Arc<Connector>, Arc<Action>)>,
    index: ActionIndex,
}

impl ActionsOf {
    fn new(registry: &Arc<Registry>) -> Self {
        let actions = registry
            .iter()
            .flat_map(|connector| {
                let of_connector = connector.actions.iter().map(|action| (connector.clone(), action.clone()));
                of_connector.collect::<Vec<_>>()
            })
            .collect::<Vec<_>>();
        let texts = actions.iter().map(|(connector, action)| text_of(connector, action)).collect::<Vec<_>>();
        let index = ActionIndex::new(&texts);
        Self { registry: registry.clone(), actions, index }
    }
}

/// Returns what the index knows of an action.
pub(crate) fn text_of<'a>(connector: &'a Connector, action: &'a Action) -> ActionText<'a> {
    let categories = connector.categories.iter().chain(&action.categories);
    let inputs = action.inputs.iter().filter(|input| input.is_shown());
    ActionText {
        id: &action.public_id,
        local_id: &action.id,
        connector: &connector.key,
        title: &connector.title,
        label: &action.label,
        description: &action.description,
        phrases: &action.search_phrases,
        categories: categories.map(String::as_str).collect(),
        parameters: inputs.map(|input| input.name.as_str()).collect(),
    }
}

/// Finds actions.
pub struct ActionSearch {
    connectors: Arc<ConnectorCatalog>,
    profiles: Arc<Profiles>,
    indexes: PerRegistry<ActionsOf>,
}

impl ActionSearch {
    pub(crate) fn new(connectors: Arc<ConnectorCatalog>, profiles: Arc<Profiles>) -> Self {
        Self { connectors, profiles, indexes: PerRegistry::default() }
    }

    /// Returns the actions that fit a query, the best first.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a query without text.
    pub async fn search(&self, caller: &Caller, query: &ActionSearchQuery) -> Result<Vec<FoundAction>, Error> {
        caller.require(ApiScope::ConnectorsRead)?;
        if query.text.trim().is_empty() {
            let message = "the query is empty; say what the action should do, such as \"send a message\"";
            return Err(invalid_at(Field::Search, "required", message));
        }
        let profiles = self.profiles.active(caller).await?;
        let known = self.current(caller, false).await?;
        let is_allowed = |number: u32| {
            known.actions.get(number as usize).is_some_and(|(connector, action)| {
                query.connector.as_ref().is_none_or(|key| connector.key.eq_ignore_ascii_case(key))
                    && is_enabled(profiles.get(&connector.key).map(Arc::as_ref), action)
            })
        };
        let hits = known.index.search(&query.text, query.top, is_allowed);
        let good = hits.into_iter().filter(|hit| hit.score >= query.min_score);
        let found = good.filter_map(|hit| {
            let (connector, action) = known.actions.get(hit.action as usize)?.clone();
            Some(FoundAction { connector, action, score: hit.score })
        });
        Ok(found.collect())
    }

    /// Returns the actions that fit a text and that `is_wanted` accepts, the best first, whatever their profiles say.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub(crate) async fn among(
        &self,
        caller: &Caller,
        text: &str,
        top: usize,
        is_wanted: impl Fn(&Connector, &Action) -> bool,
    ) -> Result<Vec<FoundAction>, Error> {
        let known = self.current(caller, false).await?;
        let is_allowed = |number: u32| {
            known.actions.get(number as usize).is_some_and(|(connector, action)| is_wanted(connector, action))
        };
        let hits = known.index.search(text, top, is_allowed).into_iter();
        let found = hits.filter_map(|hit| {
            let (connector, action) = known.actions.get(hit.action as usize)?.clone();
            Some(FoundAction { connector, action, score: hit.score })
        });
        Ok(found.collect())
    }

    /// Returns the connectors whose actions are found.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub(crate) async fn registry(&self, caller: &Caller) -> Result<Arc<Registry>, Error> {
        self.connectors.of_project(&caller.project_id).await
    }

    /// Returns the public IDs of the actions that probably do what a text says, whether a profile allows them or not.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub(crate) async fn good_matches(&self, caller: &Caller, text: &str) -> Result<HashSet<String>, Error> {
        let known = self.current(caller, false).await?;
        let hits = known.index.search(text, MAX_GOOD_MATCHES, |_| true).into_iter();
        let good =
            hits.take_while(|hit| hit.score >= GOOD_SCORE).filter_map(|hit| known.actions.get(hit.action as usize));
        Ok(good.map(|(_, action)| action.public_id.clone()).collect())
    }

    /// Builds the index of the caller's project unless it is there, or in any case with `force`. Returns how many actions of
    /// the connector it contains, or of all connectors.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a connector that the project does not have.
    pub async fn build(&self, caller: &Caller, connector: Option<&str>, force: bool) -> Result<usize, Error> {
        caller.require(ApiScope::ConnectorsRead)?;
        let known = self.current(caller, force).await?;
        if let Some(key) = connector
            && known.registry.get(key).is_none()
        {
            let message = format!("the project has no connector `{key}`; GET /connectors lists those it has");
            return Err(invalid_at(Field::Connector, "unknown", message));
        }
        Ok(known.actions.iter().filter(|(of, _)| connector.is_none_or(|key| of.key == key)).count())
    }

    /// Returns the index of the caller's project, a new one with `force`.
    async fn current(&self, caller: &Caller, force: bool) -> Result<Arc<ActionsOf>, Error> {
        let registry = self.connectors.of_project(&caller.project_id).await?;
        let built = self.indexes.get_or_make(&self.connectors, registry, force, |registry, _| ActionsOf::new(registry));
        built.await.ok_or_else(|| Error::new(ErrorCode::Internal, "the index of actions was not built"))
    }
}
