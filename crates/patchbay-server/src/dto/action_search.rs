//! The bodies of the search for actions.

use patchbay_engine::{ActionSearchQuery, Error, FoundAction};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problems::invalid;

/// The most results of a search, if the request does not say.
const DEFAULT_TOP_K: u32 = 100;
/// The most results of a search.
const MAX_TOP_K: u32 = 1000;

/// A search for actions.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "query": "send a message to the team channel", "connector": "slack", "top_k": 5 }))]
pub(crate) struct SearchActions {
    /// What the action should do, in your own words, or its ID. After 500 characters it is cut.
    #[schema(example = "send a message to the team channel")]
    query: String,
    /// Only actions of this connector.
    #[serde(default)]
    #[schema(example = "slack")]
    connector: Option<String>,
    /// The most results; 100 if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    top_k: Option<u32>,
    /// Only results with at least this similarity, from 0 to 1.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    min_similarity: Option<f32>,
    /// The ID of the API key's project. A search for another project finds nothing.
    #[serde(default)]
    project_id: Option<String>,
}

impl SearchActions {
    /// Returns the engine's query.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a number outside of its bounds.
    pub(crate) fn query(&self) -> Result<ActionSearchQuery, Error> {
        let top = self.top_k.unwrap_or(DEFAULT_TOP_K);
        if !(1..=MAX_TOP_K).contains(&top) {
            return Err(invalid("top_k", &format!("top_k must be between 1 and {MAX_TOP_K}")));
        }
        let min_score = self.min_similarity.unwrap_or_default();
        if !(0.0..=1.0).contains(&min_score) {
            return Err(invalid("min_similarity", "min_similarity must be between 0 and 1"));
        }
        Ok(ActionSearchQuery {
            text: self.query.clone(),
            connector: self.connector.clone(),
            top: usize::try_from(top).unwrap_or(usize::MAX),
            min_score,
        })
    }

    /// Returns true if the search is for another project than this one.
    pub(crate) fn is_for_other_project(&self, project: &str) -> bool {
        self.project_id.as_deref().is_some_and(|id| id != project)
    }
}

/// An action that was found.
#[derive(Serialize, ToSchema)]
#[schema(as = FoundAction)]
pub(crate) struct FoundActionOut {
    /// The action's ID.
    #[schema(example = "slack_post_message")]
    id: String,
    /// The action's ID, by the name that some clients read.
    action_name: String,
    /// The connector's key.
    #[schema(example = "slack")]
    connector_key: String,
    /// The display name.
    label: String,
    /// The description.
    description: String,
    /// How well the action fits, from 0 to 1. A good match has at least 0.4.
    #[schema(example = 0.82)]
    similarity_score: f32,
}

/// What a search for actions found.
#[derive(Serialize, ToSchema)]
#[schema(as = ActionSearchResult)]
pub(crate) struct ActionSearchOut {
    /// The actions, the best first.
    results: Vec<FoundActionOut>,
    /// The number of results.
    total_count: usize,
    /// The query of the request.
    query: String,
    /// The connector of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    connector_filter: Option<String>,
    /// The project of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    project_filter: Option<String>,
}

impl ActionSearchOut {
    pub(crate) fn new(request: SearchActions, found: Vec<FoundAction>) -> Self {
        let results = found.into_iter().map(|FoundAction { connector, action, score }| FoundActionOut {
            id: action.public_id.clone(),
            action_name: action.public_id.clone(),
            connector_key: connector.key.clone(),
            label: action.label.clone(),
            description: action.description.clone(),
            similarity_score: (score * 1e4).round() / 1e4,
        });
        let results = results.collect::<Vec<_>>();
        Self {
            total_count: results.len(),
            results,
            query: request.query,
            connector_filter: request.connector,
            project_filter: request.project_id,
        }
    }
}

/// A request to build the index of actions.
#[derive(Deserialize, ToSchema)]
#[schema(example = json!({ "connector_key": "slack" }))]
pub(crate) struct BuildActions {
    /// The connector whose actions are counted.
    #[serde(default)]
    connector_key: Option<String>,
    /// Builds the index even if it is up to date.
    #[serde(default)]
    force_refresh: bool,
}

impl BuildActions {
    /// Returns the connector and whether an index that is up to date is built again.
    pub(crate) fn parts(&self) -> (Option<&str>, bool) {
        (self.connector_key.as_deref(), self.force_refresh)
    }

    /// Returns the response.
    pub(crate) fn response(self, indexed: usize) -> ActionBuildOut {
        ActionBuildOut {
            status: BuildStatus::Success,
            message: format!("actions that can be found: {indexed}"),
            actions_indexed: indexed,
            connector_filter: self.connector_key,
        }
    }
}

/// The state of an index.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BuildStatus {
    /// The index is up to date.
    Success,
}

/// The state of the index of actions.
#[derive(Serialize, ToSchema)]
#[schema(as = ActionBuildResult)]
pub(crate) struct ActionBuildOut {
    /// `success`: the index is up to date.
    status: BuildStatus,
    /// The state, for a person.
    message: String,
    /// The number of actions that can be found, of the connector if the request names one.
    actions_indexed: usize,
    /// The connector of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    connector_filter: Option<String>,
}
