//! The search for actions.

use axum::{Json, extract::State};
use patchbay_engine::{Engine, Field};

use crate::{
    dto::{
        action_search::{ActionBuildOut, ActionSearchOut, BuildActions, SearchActions},
        problems::with_name,
        responses::{BodyErrors, KeyErrors},
    },
    error::ApiError,
    extract::{Authenticated, WireJson},
};

/// Finds actions by what they should do.
///
/// The query is what a person or an agent would say, such as "send a message to the team channel". The result has the
/// actions that `GET /actions` lists: those that the project's connector profiles allow. Scope: `connectors:read`.
#[utoipa::path(
    post, path = "/actions/search", tag = "Actions", operation_id = "actions_search", request_body = SearchActions,
    responses(
        KeyErrors, BodyErrors,
        (status = 200, description = "The actions, the best first.", body = ActionSearchOut),
    )
)]
pub(crate) async fn search(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    WireJson(body): WireJson<SearchActions>,
) -> Result<Json<ActionSearchOut>, ApiError> {
    let query = body.query()?;
    let found = engine.action_search.search(&caller, &query).await;
    let mut found = found.map_err(|error| with_name(error, Field::Search, "query"))?;
    if body.is_for_other_project(caller.project_id.as_str()) {
        found.clear();
    }
    Ok(Json(ActionSearchOut::new(body, found)))
}

/// Updates the index of actions.
///
/// You do not need it: the first search after a change of the connectors does the same. Scope: `connectors:read`.
#[utoipa::path(
    post, path = "/actions/build", tag = "Actions", operation_id = "actions_build", request_body = BuildActions,
    responses(
        KeyErrors, BodyErrors,
        (status = 200, description = "The index is up to date.", body = ActionBuildOut),
    )
)]
pub(crate) async fn build(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    WireJson(body): WireJson<BuildActions>,
) -> Result<Json<ActionBuildOut>, ApiError> {
    let (connector, force) = body.parts();
    let indexed = engine.action_search.build(&caller, connector, force).await;
    let indexed = indexed.map_err(|error| with_name(error, Field::Connector, "connector_key"))?;
    Ok(Json(body.response(indexed)))
}
