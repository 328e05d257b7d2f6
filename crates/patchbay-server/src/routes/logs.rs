//! The logs of calls: runs, their steps, and the requests to providers.

use axum::{
    Json,
    extract::{Path, State},
};
use patchbay_engine::{Dimension, Engine, Error, ErrorCode, LogFilter, LogKind, LogPageQuery, RunRow, StepPageQuery};
use serde_json::json;

use crate::{
    dto::{
        logs::{
            ActionLogOut, AdvancedLogOut, AggregateIn, AggregatesOut, DimensionsIn, DimensionsOut, LISTED_KINDS,
            LogPageOut, LogQueryIn, LogStatusOut, PageQueryOut, ProviderLogOut, ProviderLogPageOut, StepLogOut,
            StepLogPageOut,
        },
        responses::{BodyErrors, KeyErrors, ValidationErrors},
        shared::PageParams,
    },
    error::ApiError,
    extract::{ApiJson, Authenticated, QueryMap},
};

/// Returns the filter for logs of these kinds only.
fn of_kinds(mut filter: LogFilter, kinds: &[LogKind]) -> LogFilter {
    let kinds = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
    filter.any_of.push((Dimension::LogType, kinds));
    filter
}

async fn page(
    engine: &Engine,
    Authenticated(caller): Authenticated,
    query: LogQueryIn,
    kinds: &[LogKind],
) -> Result<Json<LogPageOut>, ApiError> {
    let (shown, filters, next) = query.into_parts();
    let (filter, order) = filters.into_filter()?;
    let PageQueryOut { page, page_size } = shown;
    let query = LogPageQuery { filter: of_kinds(filter, kinds), order, page, page_size, next };
    Ok(Json(LogPageOut::new(engine.logs.runs(&caller, query).await?, shown)))
}

async fn run(
    engine: &Engine,
    Authenticated(caller): Authenticated,
    id: &str,
    kind: LogKind,
) -> Result<RunRow, ApiError> {
    Ok(engine.logs.run(&caller, id, &[kind]).await?)
}

/// Returns 404 for a part of a log that does not exist.
fn not_found(what: &str) -> ApiError {
    Error::new(ErrorCode::LogNotFound, format!("the log has no {what}")).into()
}

/// Returns what the logs of the instance contain, and what they lack.
///
/// Of all projects together. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/admin/logs", tag = "Health", operation_id = "admin_logs",
    responses(KeyErrors, (status = 200, description = "The state of the logs.", body = LogStatusOut))
)]
pub(crate) async fn status(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
) -> Result<Json<LogStatusOut>, ApiError> {
    let (status, dropped) = engine.logs.status(&caller).await?;
    Ok(Json(LogStatusOut::new(status, dropped)))
}

/// Lists the logs of actions and raw requests.
///
/// Newest first unless `filters` say otherwise. A log appears a second after its call. Scope: `platform:read`.
#[utoipa::path(
    post, path = "/logs", tag = "Logs", operation_id = "logs_list", request_body = LogQueryIn,
    responses(KeyErrors, BodyErrors, (status = 200, description = "The page.", body = LogPageOut))
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    caller: Authenticated,
    ApiJson(query): ApiJson<LogQueryIn>,
) -> Result<Json<LogPageOut>, ApiError> {
    page(&engine, caller, query, &LISTED_KINDS).await
}

/// Lists the logs of actions.
///
/// As `POST /logs`, without raw requests. Scope: `platform:read`.
#[utoipa::path(
    post, path = "/logs/actions", tag = "Logs", operation_id = "logs_actions_list", request_body = LogQueryIn,
    responses(KeyErrors, BodyErrors, (status = 200, description = "The page.", body = LogPageOut))
)]
pub(crate) async fn list_actions(
    State(engine): State<Engine>,
    caller: Authenticated,
    ApiJson(query): ApiJson<LogQueryIn>,
) -> Result<Json<LogPageOut>, ApiError> {
    page(&engine, caller, query, &[LogKind::Action]).await
}

/// Lists the logs of raw requests.
///
/// As `POST /logs`, without actions. Scope: `platform:read`.
#[utoipa::path(
    post, path = "/logs/unified", tag = "Logs", operation_id = "logs_unified_list", request_body = LogQueryIn,
    responses(KeyErrors, BodyErrors, (status = 200, description = "The page.", body = LogPageOut))
)]
pub(crate) async fn list_unified(
    State(engine): State<Engine>,
    caller: Authenticated,
    ApiJson(query): ApiJson<LogQueryIn>,
) -> Result<Json<LogPageOut>, ApiError> {
    page(&engine, caller, query, &[LogKind::Unified]).await
}

/// Returns the log of a run.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/logs/actions/{id}", tag = "Logs", operation_id = "logs_actions_get",
    params(("id" = String, Path, format = "uuid", description = "The run's ID.")),
    responses(KeyErrors, (status = 200, description = "The log.", body = ActionLogOut))
)]
pub(crate) async fn get_action(
    State(engine): State<Engine>,
    caller: Authenticated,
    Path(id): Path<String>,
) -> Result<Json<ActionLogOut>, ApiError> {
    Ok(Json(run(&engine, caller, &id, LogKind::Action).await?.into()))
}

/// Returns the log of a run with its requests to the provider.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/logs/actions/{id}/advanced", tag = "Logs", operation_id = "logs_actions_advanced",
    params(("id" = String, Path, format = "uuid", description = "The run's ID.")),
    responses(KeyErrors, (status = 200, description = "The log.", body = AdvancedLogOut))
)]
pub(crate) async fn get_action_advanced(
    State(engine): State<Engine>,
    caller: Authenticated,
    Path(id): Path<String>,
) -> Result<Json<AdvancedLogOut>, ApiError> {
    Ok(Json(AdvancedLogOut::new(run(&engine, caller, &id, LogKind::Action).await?)))
}

/// Answers 404: the result of a run is not scanned for prompt injection.
///
/// Scope: `platform:read`.
pub(crate) async fn get_action_defender(
    State(engine): State<Engine>,
    caller: Authenticated,
    Path(id): Path<String>,
) -> Result<(), ApiError> {
    run(&engine, caller, &id, LogKind::Action).await?;
    Err(not_found("scan; the result of this run was not scanned"))
}

/// Lists the steps of a run, in order.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/logs/actions/{id}/steps", tag = "Logs", operation_id = "logs_actions_steps",
    params(PageParams, ("id" = String, Path, format = "uuid", description = "The run's ID.")),
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The page.", body = StepLogPageOut))
)]
pub(crate) async fn list_action_steps(
    State(engine): State<Engine>,
    caller: Authenticated,
    Path(id): Path<String>,
    mut query: QueryMap,
) -> Result<Json<StepLogPageOut>, ApiError> {
    let shown = page_of(&mut query)?;
    query.finish()?;
    let run = run(&engine, caller, &id, LogKind::Action).await?;
    Ok(Json(StepLogPageOut::of_run(run, shown)))
}

fn page_of(query: &mut QueryMap) -> Result<PageQueryOut, Error> {
    let PageParams { page, page_size } = query.page()?;
    if page == 0 || !(1..=100).contains(&page_size) {
        let message = "page must be 1 or more, and page_size from 1 to 100";
        return Err(Error::new(ErrorCode::Validation, message));
    }
    Ok(PageQueryOut { page, page_size })
}

/// Returns a step of a run.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/logs/actions/{id}/steps/{index}", tag = "Logs", operation_id = "logs_actions_step",
    params(
        ("id" = String, Path, format = "uuid", description = "The run's ID."),
        ("index" = u32, Path, description = "The step's place in the action, from 0.", example = 0),
    ),
    responses(KeyErrors, (status = 200, description = "The step.", body = StepLogOut))
)]
pub(crate) async fn get_step(
    State(engine): State<Engine>,
    caller: Authenticated,
    Path((id, index)): Path<(String, String)>,
) -> Result<Json<StepLogOut>, ApiError> {
    let mut run = run(&engine, caller, &id, LogKind::Action).await?;
    run.steps.retain(|step| step.index.to_string() == index);
    StepLogOut::of_run(run).pop().map(Json).ok_or_else(|| not_found("such step"))
}

/// Returns a step of a run with its requests to the provider.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/logs/actions/{id}/steps/{index}/advanced", tag = "Logs", operation_id = "logs_actions_step_advanced",
    params(
        ("id" = String, Path, format = "uuid", description = "The run's ID."),
        ("index" = u32, Path, description = "The step's place in the action, from 0.", example = 0),
    ),
    responses(KeyErrors, (status = 200, description = "The step.", body = StepLogOut))
)]
pub(crate) async fn get_step_advanced(
    state: State<Engine>,
    caller: Authenticated,
    path: Path<(String, String)>,
) -> Result<Json<StepLogOut>, ApiError> {
    get_step(state, caller, path).await
}

fn step_query(query: LogQueryIn) -> Result<(PageQueryOut, StepPageQuery), ApiError> {
    let (shown, filters, next) = query.into_parts();
    let (filter, _) = filters.into_filter()?;
    let PageQueryOut { page, page_size } = shown;
    Ok((shown, StepPageQuery { filter, only_attempts: false, page, page_size, next }))
}

/// Lists the steps of all runs.
///
/// Steps of newer runs first, those of a run in order. The filters are those of the runs, but `success` is the step's own.
/// Scope: `platform:read`.
#[utoipa::path(
    post, path = "/logs/steps", tag = "Logs", operation_id = "logs_steps_list", request_body = LogQueryIn,
    responses(KeyErrors, BodyErrors, (status = 200, description = "The page.", body = StepLogPageOut))
)]
pub(crate) async fn list_steps(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(query): ApiJson<LogQueryIn>,
) -> Result<Json<StepLogPageOut>, ApiError> {
    let (shown, query) = step_query(query)?;
    let found = engine.logs.steps(&caller, query).await?;
    Ok(Json(StepLogPageOut::new(found, caller.project_id.as_str(), shown)))
}

/// Lists the requests to providers of all calls.
///
/// A page has the requests of `page_size` steps: each page of a list and each retry is a request. `success` is the step's. Scope:
/// `platform:read`.
#[utoipa::path(
    post, path = "/logs/provider", tag = "Logs", operation_id = "logs_provider_list", request_body = LogQueryIn,
    responses(KeyErrors, BodyErrors, (status = 200, description = "The page.", body = ProviderLogPageOut))
)]
pub(crate) async fn list_provider(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(query): ApiJson<LogQueryIn>,
) -> Result<Json<ProviderLogPageOut>, ApiError> {
    let (shown, query) = step_query(query)?;
    let query = StepPageQuery { only_attempts: true, ..query };
    let found = engine.logs.steps(&caller, query).await?;
    Ok(Json(ProviderLogPageOut::new(found, caller.project_id.as_str(), shown)))
}

/// Returns the log of a raw request.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/logs/unified/{id}", tag = "Logs", operation_id = "logs_unified_get",
    params(("id" = String, Path, format = "uuid", description = "The ID of the log.")),
    responses(KeyErrors, (status = 200, description = "The log.", body = ActionLogOut))
)]
pub(crate) async fn get_unified(
    State(engine): State<Engine>,
    caller: Authenticated,
    Path(id): Path<String>,
) -> Result<Json<ActionLogOut>, ApiError> {
    Ok(Json(run(&engine, caller, &id, LogKind::Unified).await?.into()))
}

/// Returns the log of a raw request with its requests to the provider.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/logs/unified/{id}/advanced", tag = "Logs", operation_id = "logs_unified_advanced",
    params(("id" = String, Path, format = "uuid", description = "The ID of the log.")),
    responses(KeyErrors, (status = 200, description = "The log.", body = AdvancedLogOut))
)]
pub(crate) async fn get_unified_advanced(
    State(engine): State<Engine>,
    caller: Authenticated,
    Path(id): Path<String>,
) -> Result<Json<AdvancedLogOut>, ApiError> {
    Ok(Json(AdvancedLogOut::new(run(&engine, caller, &id, LogKind::Unified).await?)))
}

/// Lists the requests to the provider of a raw request.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/logs/unified/{id}/provider", tag = "Logs", operation_id = "logs_unified_provider",
    params(PageParams, ("id" = String, Path, format = "uuid", description = "The ID of the log.")),
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The page.", body = ProviderLogPageOut))
)]
pub(crate) async fn list_unified_provider(
    State(engine): State<Engine>,
    caller: Authenticated,
    Path(id): Path<String>,
    mut query: QueryMap,
) -> Result<Json<ProviderLogPageOut>, ApiError> {
    let shown = page_of(&mut query)?;
    query.finish()?;
    let run = run(&engine, caller, &id, LogKind::Unified).await?;
    Ok(Json(ProviderLogPageOut::of_run(run, shown)))
}

/// Returns a request to the provider of a raw request.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/logs/unified/{id}/provider/{request}", tag = "Logs", operation_id = "logs_unified_provider_get",
    params(
        ("id" = String, Path, format = "uuid", description = "The ID of the log."),
        ("request" = String, Path, description = "The ID of the request."),
    ),
    responses(KeyErrors, (status = 200, description = "The request.", body = ProviderLogOut))
)]
pub(crate) async fn get_unified_provider(
    State(engine): State<Engine>,
    caller: Authenticated,
    Path((id, request)): Path<(String, String)>,
) -> Result<Json<ProviderLogOut>, ApiError> {
    let run = run(&engine, caller, &id, LogKind::Unified).await?;
    let found = ProviderLogOut::of_run(run).into_iter().find(|found| found.id() == request);
    found.map(Json).ok_or_else(|| not_found("such request"))
}

/// Returns a request to the provider of a raw request with everything that was kept.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/logs/unified/{id}/provider/{request}/advanced", tag = "Logs", operation_id = "logs_unified_provider_advanced",
    params(
        ("id" = String, Path, format = "uuid", description = "The ID of the log."),
        ("request" = String, Path, description = "The ID of the request."),
    ),
    responses(KeyErrors, (status = 200, description = "The request.", body = ProviderLogOut))
)]
pub(crate) async fn get_unified_provider_advanced(
    state: State<Engine>,
    caller: Authenticated,
    path: Path<(String, String)>,
) -> Result<Json<ProviderLogOut>, ApiError> {
    get_unified_provider(state, caller, path).await
}

/// Counts logs by properties and intervals.
///
/// Counts by connector, action, status and kind of source come from roll-ups, which are kept for 400 days; others from the logs
/// themselves, newest first, within two seconds. Scope: `platform:read`.
#[utoipa::path(
    post, path = "/logs/stats/aggregate", tag = "Logs", operation_id = "logs_aggregate", request_body = AggregateIn,
    responses(KeyErrors, BodyErrors, (status = 200, description = "The counts.", body = AggregatesOut))
)]
pub(crate) async fn aggregate(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(query): ApiJson<AggregateIn>,
) -> Result<Json<AggregatesOut>, ApiError> {
    let (filter, dimensions, interval, period) = query.into_parts()?;
    let filter = of_kinds(filter, &LISTED_KINDS);
    let found = engine.logs.aggregate(&caller, filter, dimensions.clone(), interval, period).await?;
    Ok(Json(AggregatesOut::new(found, &dimensions)))
}

/// Lists the values of properties, for filters.
///
/// At most 500 of each, most frequent first. Scope: `platform:read`.
#[utoipa::path(
    post, path = "/logs/stats/dimensions", tag = "Logs", operation_id = "logs_dimensions", request_body = DimensionsIn,
    responses(KeyErrors, BodyErrors, (status = 200, description = "The values.", body = DimensionsOut))
)]
pub(crate) async fn dimensions(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(query): ApiJson<DimensionsIn>,
) -> Result<Json<DimensionsOut>, ApiError> {
    let (filter, dimensions) = query.into_parts()?;
    let filter = of_kinds(filter, &LISTED_KINDS);
    let found = engine.logs.dimension_values(&caller, filter, dimensions).await?;
    let values = |values: Vec<(String, u64)>| {
        values.into_iter().map(|(value, count)| json!({ "value": value, "count": count })).collect::<Vec<_>>().into()
    };
    let data = found.into_iter().map(|(dimension, found)| (dimension.as_str().to_owned(), values(found)));
    Ok(Json(DimensionsOut { data: data.collect() }))
}
