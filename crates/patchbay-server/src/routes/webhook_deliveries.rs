//! Deliveries to webhooks.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::IntoResponse,
};
use patchbay_engine::{DeliveryFilter, Engine, Error, ReportedEvent};
use patchbay_model::{DeliveryId, DeliveryState, Timestamp};

use crate::{
    dto::{
        problems::invalid,
        responses::{BodyErrors, ConflictErrors, KeyErrors, ValidationErrors},
        webhook_deliveries::{
            DeliveryDetailsOut, DeliveryListOut, DeliveryStateOut, ReplayDeliveries, ReplayOut, ReportedEventIn,
            ReportedEventOut, delivery_id,
        },
        webhooks::webhook_id,
    },
    error::ApiError,
    extract::{AccountHeader, ApiJson, ApiList, Authenticated, DEFAULT_PAGE_SIZE, QueryMap},
};

/// Reports events of an account to a webhook.
///
/// Each is queued for this webhook, whatever it is subscribed to. The body of an event `account.…` is that of the account as it is
/// now. Scope: `platform:write`.
#[utoipa::path(
    post, path = "/webhooks/{id}/events", tag = "Webhooks", operation_id = "webhooks_report_events",
    params(
        ("id" = i64, Path, minimum = 0, description = "The webhook's number."),
        ("x-account-id" = String, Header, description = "The account that the events concern.", example = "V1StGXR8z5jdHi6BmyT1x"),
    ),
    request_body(content = Vec<ReportedEventIn>, example = json!([{ "event": "hris_employees.updated", "record_id": "4711" }])),
    responses(KeyErrors, BodyErrors, ConflictErrors, (status = 207, description = "For each event whether it is queued.", body = Vec<ReportedEventOut>))
)]
pub(crate) async fn report(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    account: AccountHeader,
    ApiList(body): ApiList<ReportedEventIn>,
) -> Result<impl IntoResponse, ApiError> {
    let (webhook, account) = (webhook_id(&id)?, account.or_of_body(None)?);
    let events = body.iter().cloned().map(ReportedEvent::from).collect::<Vec<_>>();
    let outcomes = engine.deliveries.report(&caller, webhook, &account, &events).await?;
    let answers = body.into_iter().zip(outcomes).map(|(event, outcome)| ReportedEventOut::new(event, outcome));
    Ok((StatusCode::MULTI_STATUS, Json(answers.collect::<Vec<_>>())))
}

/// Lists the deliveries of a webhook.
///
/// The newest delivery is first. `next` is the cursor of the next page. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/webhooks/{id}/deliveries", tag = "Webhooks", operation_id = "webhooks_deliveries",
    params(
        ("id" = i64, Path, minimum = 0, description = "The webhook's number."),
        ("state" = Option<Vec<DeliveryStateOut>>, Query, style = Form, explode = false, description = "Only deliveries in these states, comma-separated."),
        ("event" = Option<String>, Query, description = "Only deliveries of this event."),
        ("status" = Option<u16>, Query, minimum = 100, maximum = 599, description = "Only deliveries whose last attempt had this HTTP status."),
        ("since" = Option<String>, Query, format = DateTime, description = "Only deliveries that were queued at or after this moment."),
        ("until" = Option<String>, Query, format = DateTime, description = "Only deliveries that were queued before this moment."),
        ("page_size" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Deliveries per page."),
        ("next" = Option<String>, Query, description = "The cursor of the page, from the response before."),
    ),
    responses(KeyErrors, ValidationErrors, (status = 200, description = "The deliveries of the page.", body = DeliveryListOut))
)]
pub(crate) async fn list(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    query: QueryMap,
) -> Result<Json<DeliveryListOut>, ApiError> {
    let webhook = webhook_id(&id)?;
    let (deliveries, has_more) = engine.deliveries.list(&caller, webhook, delivery_filter(query)?).await?;
    Ok(Json(DeliveryListOut::new(&deliveries, has_more)))
}

fn delivery_filter(mut query: QueryMap) -> Result<DeliveryFilter, Error> {
    let states = query.choices(&["state"], &DeliveryState::ALL.map(DeliveryState::as_str))?;
    let moment = |query: &mut QueryMap, name: &'static str| {
        let text = query.single_text(&[name])?;
        text.map(|text| text.parse::<Timestamp>().map_err(|error| invalid(name, &error.to_string()))).transpose()
    };
    let number = |query: &mut QueryMap, name: &'static str| {
        let text = query.single_text(&[name])?;
        text.map(|text| text.parse::<i64>().map_err(|_| invalid(name, &format!("{name} is not valid")))).transpose()
    };
    let status = number(&mut query, "status")?;
    let filter = DeliveryFilter {
        states: states.into_iter().filter_map(|state| state.parse().ok()).collect(),
        event: query.key(&["event"])?,
        status: status.map(|status| u16::try_from(status).unwrap_or_default()),
        since: moment(&mut query, "since")?,
        until: moment(&mut query, "until")?,
        before: number(&mut query, "next")?.map(DeliveryId),
        limit: query.number(&["page_size"], DEFAULT_PAGE_SIZE)?,
    };
    query.finish()?;
    Ok(filter)
}

/// Returns a delivery.
///
/// With its body and each attempt. Secrets are redacted in responses. Scope: `platform:read`.
#[utoipa::path(
    get, path = "/webhook_deliveries/{id}", tag = "Webhooks", operation_id = "webhook_deliveries_get",
    params(("id" = i64, Path, minimum = 0, description = "The delivery's number.")),
    responses(KeyErrors, (status = 200, description = "The delivery.", body = DeliveryDetailsOut))
)]
pub(crate) async fn get(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<DeliveryDetailsOut>, ApiError> {
    Ok(Json(DeliveryDetailsOut::new(engine.deliveries.get(&caller, delivery_id(&id)?).await?)))
}

/// Sends a delivery again.
///
/// At once, whatever its state, and then by the whole schedule. Its id and its bytes stay the same. Scope: `platform:write`.
#[utoipa::path(
    post, path = "/webhook_deliveries/{id}/replay", tag = "Webhooks", operation_id = "webhook_deliveries_replay",
    params(("id" = i64, Path, minimum = 0, description = "The delivery's number.")),
    responses(KeyErrors, ConflictErrors, (status = 202, description = "The delivery, which is due now.", body = DeliveryDetailsOut))
)]
pub(crate) async fn replay(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let replayed = engine.deliveries.replay(&caller, delivery_id(&id)?).await?;
    Ok((StatusCode::ACCEPTED, Json(DeliveryDetailsOut::new(replayed))))
}

/// Sends many deliveries of a webhook again.
///
/// The oldest first, 20 a second. The response is a replay, whose progress `GET /webhook_replays/{id}` shows. Scope:
/// `platform:write`.
#[utoipa::path(
    post, path = "/webhooks/{id}/replay", tag = "Webhooks", operation_id = "webhooks_replay",
    params(("id" = i64, Path, minimum = 0, description = "The webhook's number.")),
    request_body(content = ReplayDeliveries, example = json!({ "since": "2026-01-15T00:00:00Z", "state": "failed" })),
    responses(KeyErrors, BodyErrors, ConflictErrors, (status = 202, description = "The replay.", body = ReplayOut))
)]
pub(crate) async fn replay_many(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    ApiJson(body): ApiJson<ReplayDeliveries>,
) -> Result<impl IntoResponse, ApiError> {
    let progress = engine.deliveries.replay_many(&caller, webhook_id(&id)?, body.into()).await?;
    Ok((StatusCode::ACCEPTED, Json(ReplayOut::from(progress))))
}

/// Returns how far a replay is.
///
/// Scope: `platform:read`.
#[utoipa::path(
    get, path = "/webhook_replays/{id}", tag = "Webhooks", operation_id = "webhook_replays_get",
    params(("id" = String, Path, description = "The replay's ID.")),
    responses(KeyErrors, (status = 200, description = "The replay.", body = ReplayOut))
)]
pub(crate) async fn replay_progress(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<Json<ReplayOut>, ApiError> {
    Ok(Json(engine.deliveries.replay_progress(&caller, &id).await?.into()))
}
