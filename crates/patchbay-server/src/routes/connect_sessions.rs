//! Connect sessions.

use axum::{
    Json,
    extract::{Path, State},
    http::{StatusCode, header},
    response::IntoResponse,
};
use patchbay_engine::{Engine, Field};
use patchbay_model::SessionId;

use crate::{
    dto::{
        connect_sessions::{AuthenticateSession, ConfirmSession, ConfirmationOut, ConnectSessionOut, CreateSession},
        problems::with_name,
        responses::{BodyErrors, KeyErrors},
    },
    error::ApiError,
    extract::{ApiJson, Authenticated, UserAgent, WireJson},
};

/// Creates a connect session.
///
/// A connect session lets one of your customers link one account. Open `auth_link_url` in the customer's browser, or give
/// `token` to the embedded Hub. Only this response contains them. The first successful link uses the session up, unless it
/// was created with `multiple` or `account_id`; its token still reads until it expires. Scope: `platform:write`.
#[utoipa::path(
    post, path = "/connect_sessions", tag = "Connect sessions", operation_id = "connect_sessions_create",
    request_body(content = CreateSession, example = json!({ "origin_owner_id": "customer-123", "origin_owner_name": "Acme", "provider": "spotdraft" })),
    responses(
        KeyErrors, BodyErrors,
        (status = 201, description = "The session with its token.", body = ConnectSessionOut),
        (status = 412, description = "The connector profile is disabled: the Hub would be empty.", body = crate::dto::errors::ErrorOut),
    )
)]
pub(crate) async fn create(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    agent: UserAgent,
    WireJson(body): WireJson<CreateSession>,
) -> Result<impl IntoResponse, ApiError> {
    let created = engine.sessions.create(&caller, body.into_new_session()?).await;
    let created = created.map_err(|error| with_name(error, Field::Connector, "provider"))?;
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(ConnectSessionOut::created(created, &agent))))
}

/// Ends a connect session.
///
/// Its token and its auth link stop working at once: no running attempt or authorization of it links an account. Accounts
/// that it has linked stay. Scope: `platform:write`.
#[utoipa::path(
    delete, path = "/connect_sessions/{id}", tag = "Connect sessions", operation_id = "connect_sessions_delete",
    params(("id" = i64, Path, minimum = 1, description = "The session's ID.")),
    responses(KeyErrors, (status = 204, description = "The session has ended."))
)]
pub(crate) async fn delete(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    // No session has an ID that is not a number, or a negative one.
    let id = SessionId(id.parse().unwrap_or(-1));
    engine.sessions.end(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns the connect session that belongs to a token.
///
/// 404 if the session has expired or belongs to another project. Scope: `platform:read`.
#[utoipa::path(
    post, path = "/connect_sessions/authenticate", tag = "Connect sessions",
    operation_id = "connect_sessions_authenticate",
    request_body(content = AuthenticateSession, example = json!({ "token": "the token of the session" })),
    responses(
        KeyErrors, BodyErrors,
        (status = 201, description = "The session, without its token. Existing clients expect this status.", body = ConnectSessionOut),
    )
)]
pub(crate) async fn authenticate(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    agent: UserAgent,
    WireJson(body): WireJson<AuthenticateSession>,
) -> Result<impl IntoResponse, ApiError> {
    let session = engine.sessions.authenticate(&caller, &body.token).await?;
    Ok((StatusCode::CREATED, Json(ConnectSessionOut::new(session, &agent))))
}

/// Confirms the customer in the browser that has returned from a provider.
///
/// For sessions with a `confirm_url`: the browser opens it with `confirmation`. Your product knows from its own login
/// who uses this browser; the account is linked only if that is the owner of the session. This prevents an attacker from
/// having another person link an account for them. Scope: `platform:write`.
#[utoipa::path(
    post, path = "/connect_sessions/confirm", tag = "Connect sessions", operation_id = "connect_sessions_confirm",
    request_body(content = ConfirmSession, example = json!({ "confirmation": "the value in the URL", "origin_owner_id": "customer-123" })),
    responses(
        KeyErrors, BodyErrors,
        (status = 200, description = "The attempt has ended. Send the browser to `redirect_uri`.", body = ConfirmationOut),
        (status = 400, description = "The confirmation is not valid, or the session belongs to another customer. Nothing is linked.", body = crate::dto::errors::ErrorOut),
    )
)]
pub(crate) async fn confirm(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(body): ApiJson<ConfirmSession>,
) -> Result<impl IntoResponse, ApiError> {
    let confirmed = engine.oauth.confirm(&caller, &body.confirmation, &body.origin_owner_id).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(ConfirmationOut::new(confirmed))))
}
