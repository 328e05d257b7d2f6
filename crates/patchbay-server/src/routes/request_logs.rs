//! The logs of calls in the shape of the first version of the API.

use axum::{
    Json,
    extract::{Path, State},
};
use patchbay_engine::{
    Dimension, Engine, Error, ErrorCode, LogFilter, LogKind, LogPageQuery, Order, OrderBy, Problem, StepPageQuery,
};
use patchbay_model::Timestamp;

use crate::{
    dto::{
        logs::LISTED_KINDS,
        request_logs::{RequestLogDetailOut, RequestLogOut, RequestLogPageOut, StepRequestPageOut},
        responses::{KeyErrors, ValidationErrors},
    },
    error::ApiError,
    extract::{Authenticated, DEFAULT_PAGE_SIZE, QueryMap},
};

/// The lists among the filters, with what each is called.
const LISTS: [(&str, Dimension); 14] = [
    ("request_ids", Dimension::RequestId),
    ("account_ids", Dimension::AccountSecureId),
    ("http_methods", Dimension::HttpMethod),
    ("providers", Dimension::Provider),
    ("services", Dimension::Service),
    ("resources", Dimension::Resource),
    ("child_resources", Dimension::ChildResource),
    ("sub_resources", Dimension::SubResource),
    ("actions", Dimension::ActionId),
    ("status_codes", Dimension::StatusCode),
    ("source_types", Dimension::SourceType),
    ("source_values", Dimension::SourceValue),
    ("source_ids", Dimension::SourceId),
    ("categories", Dimension::Category),
];

/// What a query asks for.
struct Asked {
    filter: LogFilter,
    order: Order,
    page_size: u32,
    next: Option<String>,
    steps: bool,
}

fn wrong(path: &str, message: String) -> Error {
    let problem = Problem { path: path.into(), code: "enum", message: message.clone() };
    Error::new(ErrorCode::Validation, message).with_problems(vec![problem])
}

fn time(query: &mut QueryMap, name: &str) -> Result<Option<Timestamp>, Error> {
    let Some(text) = query.single_text(&[name])? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| wrong(name, format!("{name} must be a moment such as 2026-01-15T10:30:00.000Z")))
}

/// Reads a query. A filter that is not named here is an error.
fn asked(mut query: QueryMap, has_sources: bool, has_categories: bool, kinds: &[LogKind]) -> Result<Asked, Error> {
    let mut filter = LogFilter::default();
    for (name, dimension) in LISTS {
        if (!has_sources && name.starts_with("source_")) || (!has_categories && name == "categories") {
            continue;
        }
        let mut values = query.list(&[format!("filter[{name}]").as_str()]);
        if values.is_empty() {
            continue;
        }
        if dimension == Dimension::HttpMethod {
            values.iter_mut().for_each(|value| *value = value.to_uppercase());
        }
        filter.any_of.push((dimension, values));
    }
    filter.start = time(&mut query, "filter[start_date]")?;
    filter.end = time(&mut query, "filter[end_date]")?;
    filter.success = query.boolean(&["filter[success]"])?;
    filter.any_of.push((Dimension::LogType, kinds.iter().map(|kind| kind.as_str().to_owned()).collect()));
    let by = match query.single_text(&["order_by", "filter[order_by]"])?.as_deref() {
        None | Some("eventDatetime" | "event_datetime") => OrderBy::Start,
        Some("duration") => OrderBy::Duration,
        Some("status") => OrderBy::Status,
        Some("provider" | "service") => OrderBy::Connector,
        Some(_) => {
            let message = "order_by must be one of: provider service status eventDatetime duration";
            return Err(wrong("order_by", message.to_owned()));
        }
    };
    let ascending = match query.single_text(&["order_direction", "filter[order_direction]"])?.as_deref() {
        None | Some("desc") => false,
        Some("asc") => true,
        Some(_) => return Err(wrong("order_direction", "order_direction must be asc or desc".to_owned())),
    };
    let include = query.choices(&["include"], &["step_logs", "advanced_logs"])?;
    let asked = Asked {
        filter,
        order: Order { by, ascending },
        page_size: query.number(&["page_size"], DEFAULT_PAGE_SIZE)?,
        next: query.single_text(&["next"])?,
        steps: include.contains(&"step_logs"),
    };
    query.finish()?;
    Ok(asked)
}

/// Lists calls, newest first unless ordered otherwise.
///
/// The first version of `POST /logs`. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/requests/logs", tag = "Logs", operation_id = "request_logs_list",
    params(
        ("page_size" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Calls per page; 25 if absent."),
        ("next" = Option<String>, Query, description = "The cursor of the page: `next` from the previous page."),
        ("order_by" = Option<String>, Query, description = "`provider`, `service`, `status`, `eventDatetime` (if absent) or `duration`."),
        ("order_direction" = Option<String>, Query, description = "`asc` or `desc` (if absent)."),
        ("include" = Option<String>, Query, description = "`step_logs` adds the requests to the provider."),
        ("filter[start_date]" = Option<String>, Query, format = DateTime, description = "The earliest start."),
        ("filter[end_date]" = Option<String>, Query, format = DateTime, description = "The latest start."),
        ("filter[account_ids]" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only calls with these accounts, comma-separated. Other lists: `request_ids`, `http_methods`, `providers`, `actions`, `status_codes`, `source_types`, `source_values`, `source_ids`, `services`, `resources`, `child_resources`, `sub_resources`."),
        ("filter[success]" = Option<bool>, Query, description = "Only calls that succeeded, or that failed."),
    ),
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The page.", body = RequestLogPageOut))
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<Json<RequestLogPageOut>, ApiError> {
    let Asked { filter, order, page_size, next, steps } = asked(query, true, false, &LISTED_KINDS)?;
    let page = engine.logs.runs(&caller, LogPageQuery { filter, order, page: 1, page_size, next }).await?;
    if !steps {
        return Ok(Json(RequestLogPageOut::new(page)));
    }
    let next = page.next.as_ref().map(patchbay_engine::Cursor::encode);
    let mut data = Vec::with_capacity(page.rows.len());
    for row in page.rows {
        let run = engine.logs.run(&caller, &row.id.to_string(), &LISTED_KINDS).await?;
        data.push(RequestLogOut::new(run, true));
    }
    Ok(Json(RequestLogPageOut { next, data }))
}

/// Returns a call.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/requests/logs/{id}", tag = "Logs", operation_id = "request_logs_get",
    params(
        ("id" = String, Path, format = "uuid", description = "The call's ID."),
        ("include" = Option<String>, Query, description = "`step_logs` adds the requests to the provider."),
    ),
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The call.", body = RequestLogDetailOut))
)]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    mut query: QueryMap,
) -> Result<Json<RequestLogDetailOut>, ApiError> {
    let include = query.choices(&["include"], &["step_logs", "advanced_logs"])?;
    query.finish()?;
    let run = engine.logs.run(&caller, &id, &LISTED_KINDS).await?;
    Ok(Json(RequestLogDetailOut { data: RequestLogOut::new(run, include.contains(&"step_logs")) }))
}

/// Lists the requests to providers, newest call first.
///
/// A page has the requests of `page_size` steps. The filters are those of `GET /requests/logs` without sources. Scope:
/// `platform:read`.
#[utoipa::path(
    get, path = "/requests/logs/steps", tag = "Logs", operation_id = "request_logs_steps",
    params(
        ("page_size" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Steps per page; 25 if absent."),
        ("next" = Option<String>, Query, description = "The cursor of the page: `next` from the previous page."),
    ),
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The page.", body = StepRequestPageOut))
)]
pub(crate) async fn steps(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<Json<StepRequestPageOut>, ApiError> {
    let Asked { filter, page_size, next, .. } = asked(query, false, false, &LISTED_KINDS)?;
    let query = StepPageQuery { filter, only_attempts: true, page: 1, page_size, next };
    let page = engine.logs.steps(&caller, query).await?;
    Ok(Json(StepRequestPageOut::new(&page, caller.project_id.as_str())))
}

/// Lists the calls of this server's own API that are neither actions nor raw requests.
///
/// The filters are those of `GET /requests/logs`, and `filter[categories]`. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/requests/platform-logs", tag = "Logs", operation_id = "platform_logs_list",
    params(
        ("page_size" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Calls per page; 25 if absent."),
        ("next" = Option<String>, Query, description = "The cursor of the page: `next` from the previous page."),
        ("filter[categories]" = Option<Vec<String>>, Query, style = Form, explode = false, description = "Only calls of these categories, comma-separated."),
    ),
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The page.", body = RequestLogPageOut))
)]
pub(crate) async fn platform(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    query: QueryMap,
) -> Result<Json<RequestLogPageOut>, ApiError> {
    let Asked { filter, order, page_size, next, .. } = asked(query, true, true, &[LogKind::Platform])?;
    let page = engine.logs.runs(&caller, LogPageQuery { filter, order, page: 1, page_size, next }).await?;
    Ok(Json(RequestLogPageOut::new(page)))
}
