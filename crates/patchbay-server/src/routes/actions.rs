//! Actions: the catalog, and running them.

use std::io;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use patchbay_engine::{
    ActionQuery, Engine, Error, ErrorCode, ReservedBuffer, RunOutcome, RunReply, leave, memory_spent,
};
use patchbay_model::{AccountId, MemorySpent, ProfileId};

use super::{file, heartbeat};
use crate::{
    dto::{
        actions::{
            ActionPageOut, ExcludedPart, FileBytes, GroupBy, IncludedPart, RunAction, RunResultOut, ShownParts,
            say_not_screened,
        },
        errors::ErrorOut,
        responses::{BodyErrors, KeyErrors, NotModified, ProviderErrors, ValidationErrors},
    },
    error::{ApiError, after_call},
    extract::{
        AccountHeader, Authenticated, DEFAULT_PAGE_SIZE, DataJson, EntityTag, LoggedCaller, QueryMap, RateLimitWait,
    },
    state::AppState,
};

/// The names of each filter of the catalog.
const CONNECTORS: [&str; 8] = [
    "filter[connectors]",
    "filter[connector]",
    "filter[providers]",
    "filter[provider]",
    "connectors",
    "connector",
    "providers",
    "provider",
];
const ACCOUNTS: [&str; 4] = ["filter[account_ids]", "filter[account_id]", "account_ids", "account_id"];
const ACTIONS: [&str; 4] = ["filter[action_key]", "filter[action_keys]", "action_key", "action_keys"];

/// Lists connectors with their actions.
///
/// Only the actions that the connector profile allows: the account's, if the request names accounts, otherwise the
/// project's default profile for the connector. An empty filter matches nothing. Scope: `connectors:read`.
#[utoipa::path(
    get, path = "/actions", tag = "Actions", operation_id = "actions_list",
    params(
        ("group_by" = Option<Vec<GroupBy>>, Query, style = Form, explode = false, description = "How to group the actions, comma-separated or as a JSON array; by connector if absent."),
        ("filter[connectors]" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only these connectors, comma-separated.", example = json!(["spotdraft"])),
        ("filter[account_ids]" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only what these accounts can run, comma-separated."),
        ("filter[action_key]" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only these actions, comma-separated.", example = json!(["spotdraft_list_contracts"])),
        ("search" = Option<String>, Query, description = "Words that must all occur in the connector's name or the action's ID, label or description; or what the action should do, as for `POST /actions/search`."),
        ("include" = Option<Vec<IncludedPart>>, Query, style = Form, explode = false, description = "Parts to add, comma-separated."),
        ("exclude" = Option<Vec<ExcludedPart>>, Query, style = Form, explode = false, description = "Parts to omit, comma-separated."),
        ("page_size" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Connectors per page; 25 if absent."),
        ("next" = Option<String>, Query, description = "The cursor of the page: `next` from the previous page."),
    ),
    responses(
        KeyErrors, ValidationErrors, NotModified,
        (status = 200, description = "The page.", body = ActionPageOut, headers(("etag" = String, description = "The tag of this response."))),
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    Authenticated(caller): Authenticated,
    mut query: QueryMap,
    mut tag: EntityTag,
) -> Result<Response, ApiError> {
    tag.add(state.engine.connector_catalog.generation());
    let filter = ActionQuery {
        connectors: query.list(&CONNECTORS),
        account_ids: query.list(&ACCOUNTS).into_iter().map(AccountId::new).collect(),
        action_keys: query.list(&ACTIONS),
        search: query.search()?,
        page_size: query.number(&["page_size"], DEFAULT_PAGE_SIZE)?,
        next: query.single_text(&["next"])?,
    };
    // Older SDKs know the details by another name.
    let parts = ["action_details", "authentication_guides", "operation_details", "tool_feedback"];
    let include = query.choices(&["include"], &parts)?;
    let exclude = query.choices(&["exclude"], &["actions"])?;
    query.choices(&["group_by"], &["connector"])?;
    query.finish()?;
    let feedback = if include.contains(&"tool_feedback") {
        Some(state.engine.tool_feedback.newest(&caller, None).await?)
    } else {
        None
    };
    let shown = ShownParts {
        details: include.contains(&"action_details") || include.contains(&"operation_details"),
        guides: include.contains(&"authentication_guides"),
        actions: exclude.is_empty(),
        feedback: feedback.as_deref(),
        urls: &state.config.urls,
    };
    for message in feedback.iter().flatten() {
        tag.add((&message.key, &message.tool));
    }
    let page = state.engine.action_catalog.list(&caller, filter).await?;
    tag.add(&caller.project_id);
    for entry in &page.entries {
        let profile = entry.profile.as_ref().map(|profile| (&profile.id, profile.updated_at.as_micros()));
        tag.add((&entry.connector.key, &entry.account_id, profile, entry.actions.len(), &entry.missing_scopes));
    }
    Ok(tag.respond(|| Json(ActionPageOut::new(&page, &shown))))
}

/// Runs an action with a linked account.
///
/// The inputs are checked against the action's schema before anything is sent; `problems` lists every problem. `data` is the
/// result, `next` the cursor of the next page. A file that the action streams is base64 or text in the result; with
/// `Accept: application/octet-stream` the response is the file itself, under its own media type. Headers of the body that
/// belong to HTTP itself (`Content-Type`, `Accept`, `User-Agent`, …) are ignored, unless the action declares them. Scope:
/// `actions:execute`.
#[utoipa::path(
    post, path = "/actions/rpc", tag = "Actions", operation_id = "actions_rpc", request_body = RunAction,
    params(
        ("x-account-id" = Option<String>, Header, nullable = false, description = "The account to act with. If absent, `x-account-id` in the `headers` of the body; the header wins.", example = "V1StGXR8z5jdHi6BmyT1x"),
        ("x-connector-profile-id" = Option<String>, Header, format = "uuid", nullable = false, description = "Runs with this profile of the same connector instead of the account's."),
        ("x-rate-limit-wait" = Option<u64>, Header, nullable = false, description = "The longest time in milliseconds that a rate limit may delay a request to the provider; with `0` a limit responds at once with 429. If absent, the time limit of the call."),
        ("prefer" = Option<String>, Header, nullable = false, description = "With `heartbeat` a line break is sent every few seconds while the action runs. The status is then always 200, and an error is in the body.", example = "heartbeat"),
        ("dry_run" = Option<bool>, Query, description = "With `true` the inputs and the account are checked, and nothing is sent to the provider: `debug` contains the first request that would have been."),
        ("debug" = Option<bool>, Query, description = "With `true` the response, or the error, contains `debug`: the requests to the provider and its responses, secrets redacted."),
    ),
    responses(
        KeyErrors, BodyErrors, ProviderErrors,
        (status = 200, content((RunResultOut = "application/json"), (FileBytes = "application/octet-stream")), description = "The result, or the file."),
        (status = 412, description = "The account is suspended or must be reconnected, or its connector profile is disabled.", body = ErrorOut),
    )
)]
pub(crate) async fn rpc(
    State(engine): State<Engine>,
    LoggedCaller(caller): LoggedCaller,
    account: AccountHeader,
    RateLimitWait(max_rate_limit_wait): RateLimitWait,
    headers: HeaderMap,
    mut query: QueryMap,
    DataJson(run, memory): DataJson<RunAction>,
) -> Result<Response, ApiError> {
    let account_id = account.or_of_body(run.headers())?;
    let profile =
        headers.get("x-connector-profile-id").and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty());
    let debug = query.single_text(&["debug"])?.is_some_and(|text| text == "true");
    let dry_run = query.boolean(&["dry_run"])?.unwrap_or_default();
    query.finish_call()?;
    let wants_screening = run.wants_screening();
    let request = run.into_request(account_id, profile.map(ProfileId::new), debug, dry_run, memory);
    if heartbeat::is_preferred(&headers) {
        return Ok(heartbeat::respond(async move {
            let mut outcome = engine.actions.run_within(&caller, request, max_rate_limit_wait).await?;
            if wants_screening {
                say_not_screened(&mut outcome.result);
            }
            written(outcome).await
        }));
    }
    Ok(match engine.actions.run_streaming(&caller, request, max_rate_limit_wait).await? {
        RunReply::File(found) if file::wants_bytes(&headers) => file::bytes(&found.metadata, found.content),
        RunReply::File(mut found) => {
            if wants_screening {
                say_not_screened(&mut found.outcome.result);
            }
            file::json(*found)
        }
        RunReply::Value(mut outcome) => {
            if wants_screening {
                say_not_screened(&mut outcome.result);
            }
            result(outcome).await?
        }
    })
}

/// Returns the result as a response: a small one as it is, a large one from a buffer that is counted.
async fn result(outcome: RunOutcome) -> Result<Response, Error> {
    if outcome.memory.is_none() {
        return Ok(Json(RunResultOut::new(outcome)).into_response());
    }
    Ok(([(header::CONTENT_TYPE, "application/json")], written(outcome).await?).into_response())
}

/// Writes the result: a large one away from the thread that answers.
///
/// # Errors
///
/// 503 `ServerBusyError` if the process has no memory left for it.
async fn written(mut outcome: RunOutcome) -> Result<Bytes, Error> {
    let memory = outcome.memory.take();
    let may_have_effect = outcome.may_have_effect;
    if memory.is_some() {
        leave().await.map_err(|error| after_call(error, may_have_effect))?;
    }
    let mut body = ReservedBuffer::new(usize::MAX);
    if let Err(error) = serde_json::to_writer(&mut body, &RunResultOut::new(outcome)) {
        let error = io::Error::from(error);
        let spent = error.get_ref().and_then(|source| source.downcast_ref::<MemorySpent>());
        let error = match spent {
            Some(spent) => memory_spent("the result was not written", *spent),
            None => Error::new(ErrorCode::Internal, format!("the result cannot be written: {error}")),
        };
        return Err(after_call(error, may_have_effect));
    }
    drop(memory);
    Ok(body.into_bytes())
}
