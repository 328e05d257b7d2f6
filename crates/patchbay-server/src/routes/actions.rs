//! Actions: the catalog, and running them.

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use patchbay_connector::definition::Action;
use patchbay_engine::{ActionQuery, CatalogEntry, Engine, RunReply, RunRequest};
use patchbay_model::{AccountId, ProfileId};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{file, wire};
use crate::{
    error::{ApiError, ErrorBody},
    extract::{AccountHeader, ApiJson, Authenticated, Patience, QueryMap},
    state::AppState,
};

/// Lists connectors with their actions.
#[utoipa::path(get, path = "/actions", tag = "Actions",
    params(
        ("filter[connectors]" = Option<String>, Query, description = "Only of these connectors, comma-separated."),
        ("filter[account_ids]" = Option<String>, Query, description = "Only what these accounts can run, comma-separated."),
        ("filter[action_key]" = Option<String>, Query, description = "Only these actions, comma-separated."),
        ("search" = Option<String>, Query, description = "Words that must occur in connector, id, label or description."),
        ("include" = Option<String>, Query, description = "`action_details`, `authentication_guides`, comma-separated."),
        ("exclude" = Option<String>, Query, description = "`actions` leaves the actions out."),
        ("page_size" = Option<u32>, Query, description = "Connectors on a page, 1 to 100; 25 when absent."),
        ("next" = Option<String>, Query, description = "The cursor that the page before gave."),
    ),
    responses((status = 200, description = "`{next, data}`.", body = Object), (status = 400, description = "A filter is not valid.", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<Json<Value>, ApiError> {
    let filter = ActionQuery {
        connectors: query.list(&["filter[connectors]", "filter[connector]"]),
        account_ids: query
            .list(&["filter[account_ids]", "filter[account_id]"])
            .into_iter()
            .map(AccountId::new)
            .collect(),
        action_keys: query.list(&["filter[action_key]", "filter[action_keys]"]),
        search: query.text(&["search"]),
        page_size: query.number(&["page_size"], 25)?,
        next: query.text(&["next"]),
    };
    let include = query.list(&["include"]);
    let shown = Shown {
        details: include.iter().any(|name| name == "action_details"),
        guides: include.iter().any(|name| name == "authentication_guides"),
        actions: !query.list(&["exclude"]).iter().any(|name| name == "actions"),
        public_url: &state.config.public_url,
    };
    let page = state.engine.list_actions(&caller, filter).await?;
    let data = page.entries.iter().map(|found| entry(found, &shown)).collect::<Vec<_>>();
    Ok(Json(json!({ "next": page.next, "data": data })))
}

struct Shown<'a> {
    details: bool,
    guides: bool,
    actions: bool,
    public_url: &'a str,
}

fn entry(found: &CatalogEntry, shown: &Shown<'_>) -> Value {
    let connector = &found.connector;
    let methods = connector
        .authentication
        .iter()
        .map(|method| wire::auth_meta(method, shown.public_url, shown.guides))
        .collect::<Vec<_>>();
    let scopes = connector
        .scopes
        .iter()
        .map(|scope| json!({ "name": scope.name, "description": scope.description, "includes": scope.includes }));
    let mut entry = json!({
        "key": connector.key,
        "name": connector.title,
        "version": connector.version.to_string(),
        "description": connector.description,
        "icon": connector.icon,
        "release_stage": connector.release_stage.as_str(),
        "authentication": methods,
        "scope_definitions": scopes.collect::<Vec<_>>(),
    });
    if let Some(account) = &found.account_id {
        entry["account_id"] = json!(account);
    }
    if let Some(profile) = &found.profile {
        entry["integration_id"] = json!(profile.id);
    }
    if shown.actions {
        let methods = connector
            .authentication
            .iter()
            .map(|method| json!({ "type": wire::auth_type(method.kind).0, "label": method.label, "key": method.key }));
        let methods = methods.collect::<Vec<_>>();
        let mut actions = found.actions.iter().map(|found| action(found, &methods, shown)).collect::<Vec<_>>();
        for (action, missing) in actions.iter_mut().zip(&found.missing_scopes) {
            action["authorized"] = missing.is_empty().into();
            action["missing_scopes"] = json!(missing);
        }
        entry["actions"] = Value::Array(actions);
    }
    entry
}

fn action(action: &Action, methods: &[Value], shown: &Shown<'_>) -> Value {
    let mut meta = json!({
        "id": action.public_id,
        "label": action.label,
        "description": action.description,
        "schema_type": "native",
        "tags": action.tags,
        "required_scopes": action.required_scopes,
        "authentication": methods,
    });
    if shown.details {
        let annotations = &action.annotations;
        meta["action_details"] = json!({
            "action_type": action.kind.as_str(),
            "details": action.details,
            "categories": action.categories,
            "resources": action.resources,
            "annotations": {
                "title": annotations.title.as_ref().unwrap_or(&action.label), "readOnlyHint": annotations.read_only,
                "destructiveHint": annotations.destructive, "idempotentHint": annotations.idempotent, "openWorldHint": annotations.open_world,
            },
            "input_schema": action.input_schema(),
        });
    }
    meta
}

/// A run of an action.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunAction {
    /// The action's id, such as `spotdraft_list_contracts`.
    action: String,
    /// Path inputs.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    path: Option<Map<String, Value>>,
    /// Query inputs.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    query: Option<Map<String, Value>>,
    /// Header inputs.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    headers: Option<Map<String, Value>>,
    /// Body inputs.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    body: Option<Map<String, Value>>,
    /// Accepted from existing clients; answers are not screened by this version.
    #[serde(default)]
    #[expect(dead_code, reason = "existing clients send it")]
    defender_enabled: Option<bool>,
    /// Accepted from existing clients; answers are not screened by this version.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    #[expect(dead_code, reason = "existing clients send it")]
    defender_config: Option<Value>,
}

/// Runs an action with a linked account.
#[utoipa::path(post, path = "/actions/rpc", tag = "Actions", request_body = RunAction,
    params(
        ("x-account-id" = String, Header, description = "The account to act with."),
        ("x-connector-profile-id" = Option<String>, Header, description = "Runs under this profile of the same connector."),
        ("x-rate-limit-wait" = Option<u64>, Header, description = "How long, in milliseconds, a limit of the account may keep a request to the provider back; `0` fails at once with 429. As long as a call may take when absent."),
        ("debug" = Option<bool>, Query, description = "`true` adds `debug` to the answer or the error: what was sent to the provider and answered, secrets redacted."),
    ),
    responses(
        (status = 200, content((Object = "application/json"), (String = "application/octet-stream")), description = "`{data, next, …}`. A file that the action hands on as it comes is base64 (or text) in it; with `Accept: application/octet-stream` the answer is the file itself, under its own media type."),
        (status = 400, description = "The inputs are not valid; every problem is named.", body = ErrorBody),
        (status = 404, description = "No such account or action.", body = ErrorBody),
        (status = 412, description = "The account is suspended or its profile is disabled.", body = ErrorBody),
        (status = 429, description = "A limit of the account; the message says whose, `Retry-After` when to come back.", body = ErrorBody),
        (status = 502, description = "The provider cannot be reached or answers nonsense.", body = ErrorBody),
    ))]
pub(crate) async fn rpc(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    AccountHeader(account_id): AccountHeader,
    Patience(patience): Patience,
    headers: HeaderMap,
    query: QueryMap,
    ApiJson(run): ApiJson<RunAction>,
) -> Result<Response, ApiError> {
    let profile =
        headers.get("x-connector-profile-id").and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty());
    let request = RunRequest {
        account_id,
        profile_id: profile.map(ProfileId::new),
        action: run.action,
        path: run.path.unwrap_or_default(),
        query: run.query.unwrap_or_default(),
        headers: run.headers.unwrap_or_default(),
        body: run.body.unwrap_or_default(),
        debug: query.text(&["debug"]).is_some_and(|text| text == "true"),
    };
    let outcome = match engine.run_action_streaming(&caller, request, patience).await? {
        RunReply::File(found) if file::wants_bytes(&headers) => return Ok(file::bytes(*found)),
        RunReply::File(found) => return Ok(file::json(*found)),
        RunReply::Value(outcome) => outcome,
    };
    let mut answer = outcome.result;
    if let Some(trace) = outcome.trace {
        answer.insert("debug".to_owned(), serde_json::to_value(trace).unwrap_or_default());
    }
    Ok(Json(answer).into_response())
}
