//! The search among the tools of a request.

use std::collections::HashSet;

use patchbay_search::actions::{ActionIndex, GOOD_SCORE};
use serde_json::{Map, Value, json};

use super::{
    compact::parameters,
    links::Links,
    names::tool_name,
    tools::{Tool, is_read_only, one_line},
    toolset::ToolSet,
    view::View,
};
use crate::{
    Caller, Error,
    action_access::is_enabled,
    action_search::{ActionSearch, text_of},
    profiles::Profiles,
};

/// The most connectors for which a search offers to connect an account.
const MAX_OFFERS: usize = 3;

/// What finds tools.
pub(super) struct ToolSearch<'a> {
    pub(super) search: &'a ActionSearch,
    pub(super) profiles: &'a Profiles,
    pub(super) links: &'a Links,
}

/// A search for tools.
pub(super) struct ToolQuery<'a> {
    pub(super) text: &'a str,
    pub(super) connector: Option<&'a str>,
    pub(super) top: usize,
}

impl ToolSearch<'_> {
    /// Returns the tools that fit a query, the best first, each with its score. Only what can be called is found.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub(super) async fn find<'t>(
        &self,
        caller: &Caller,
        tools: &'t ToolSet,
        query: &ToolQuery<'_>,
    ) -> Result<Vec<(&'t Tool, f32)>, Error> {
        let of_connector = |key: &str| query.connector.is_none_or(|wanted| wanted.eq_ignore_ascii_case(key));
        let is_wanted = |connector: &str, action: &str| {
            of_connector(connector) && tools.of_action(action).any(|tool| tool.connector.key == connector)
        };
        let found = self
            .search
            .among(caller, query.text, query.top, |connector, action| is_wanted(&connector.key, &action.public_id));
        let found = found.await?;
        let mut scored = Vec::new();
        for found in &found {
            let same =
                tools.of_action(&found.action.public_id).filter(|tool| tool.connector.key == found.connector.key);
            scored.extend(same.map(|tool| (tool, found.score)));
        }
        let newest = self.search.registry(caller).await?;
        let is_indexed = |tool: &Tool| {
            newest.action(&tool.action.public_id).is_some_and(|(connector, _)| connector.key == tool.connector.key)
        };
        // The index has the newest version of each connector. Actions that only an older one has are searched by themselves.
        let rest = tools.tools.iter().filter(|tool| of_connector(&tool.connector.key) && !is_indexed(tool));
        let rest = rest.collect::<Vec<_>>();
        if !rest.is_empty() {
            let texts = rest.iter().map(|tool| text_of(&tool.connector, &tool.action)).collect::<Vec<_>>();
            let hits = ActionIndex::new(&texts).search(query.text, query.top, |_| true);
            scored.extend(hits.into_iter().filter_map(|hit| Some((*rest.get(hit.action as usize)?, hit.score))));
        }
        scored.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        scored.truncate(query.top);
        Ok(scored)
    }

    /// Returns actions of connectors of which the owner has no account, each with a link that connects one. Nothing for a
    /// request that names accounts.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub(super) async fn offers(
        &self,
        caller: &Caller,
        view: &View,
        tools: &ToolSet,
        query: &ToolQuery<'_>,
    ) -> Result<Vec<Value>, Error> {
        let Some(owner) = &view.owner else { return Ok(Vec::new()) };
        let connected = tools.connector_keys().collect::<HashSet<_>>();
        let profiles = self.profiles.active(caller).await?;
        let found = self.search.among(caller, query.text, query.top, |connector, action| {
            query.connector.is_none_or(|wanted| wanted.eq_ignore_ascii_case(&connector.key))
                && !connected.contains(connector.key.as_str())
                && view.filter.matches(&connector.key, &action.public_id)
                && profiles.get(&connector.key).is_some_and(|profile| is_enabled(Some(profile), action))
        });
        let mut offered = HashSet::new();
        let mut offers = Vec::new();
        for found in found.await?.iter().filter(|found| found.score >= GOOD_SCORE) {
            if offered.len() == MAX_OFFERS && !offered.contains(&found.connector.key) {
                continue;
            }
            let is_first = offered.insert(found.connector.key.clone());
            let mut offer = json!({
                "name": tool_name(&found.action.public_id, None),
                "description": one_line(&found.action),
                "connector": found.connector.key,
                "connected": false,
                "score": rounded(found.score),
            });
            if is_first && let Some(link) = self.links.connect(caller, owner, &found.connector.key).await {
                offer["auth_link"] = json!(link.expose());
            }
            offers.push(offer);
        }
        Ok(offers)
    }
}

/// Returns a found tool for a model.
pub(super) fn shown(tool: &Tool, score: f32, tools: &ToolSet, troubled: &HashSet<&str>) -> Value {
    let arguments = tool.arguments(tools.style);
    let ids = tool.accounts.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>();
    let is_connected = ids.iter().any(|id| !troubled.contains(id));
    let mut shown = Map::from_iter([
        ("name".to_owned(), json!(tool.name)),
        ("description".to_owned(), json!(one_line(&tool.action))),
        ("parameters".to_owned(), json!(parameters(&arguments.schema, tools.style))),
        ("connector".to_owned(), json!(tool.connector.key)),
        ("account_ids".to_owned(), json!(ids)),
        ("connected".to_owned(), json!(is_connected)),
        ("read_only".to_owned(), json!(is_read_only(&tool.action))),
    ]);
    shown.insert("score".to_owned(), json!(rounded(score)));
    shown.into()
}

/// Returns a score with two decimal places.
pub(super) fn rounded(score: f32) -> f64 {
    (f64::from(score) * 100.0).round() / 100.0
}
