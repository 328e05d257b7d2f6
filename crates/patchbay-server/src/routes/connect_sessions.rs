//! Connect sessions.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use patchbay_engine::{Engine, NewSession};
use patchbay_model::{AccountId, ConnectSession, Metadata, Owner, ProfileId};
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{hub::attempt_out, wire};
use crate::{
    error::{ApiError, ErrorBody},
    extract::{ApiJson, Authenticated},
};

/// What a session is made from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateSession {
    /// Your customer's id in your system.
    #[serde(alias = "owner_id")]
    origin_owner_id: String,
    /// Your customer's name.
    #[serde(alias = "owner_name")]
    origin_owner_name: String,
    /// Who links the account, such as an e-mail address.
    #[serde(default, alias = "owner_username")]
    origin_username: Option<String>,
    /// Opens the Hub on this connector.
    #[serde(default, alias = "connector")]
    provider: Option<String>,
    /// Deprecated and ignored: the profile's pin decides.
    #[serde(default)]
    #[expect(dead_code, reason = "older clients send it")]
    provider_version: Option<String>,
    /// Shows connectors of these categories only.
    #[serde(default)]
    categories: Option<Vec<String>>,
    /// Opens the Hub to edit this account.
    #[serde(default)]
    account_id: Option<String>,
    /// Opens the Hub on this connector profile.
    #[serde(default, alias = "connector_profile_id", alias = "auth_config_id")]
    integration_id: Option<String>,
    /// The session's life in seconds; 1800 when absent.
    #[serde(default)]
    expires_in: Option<i64>,
    /// Goes with the account.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Metadata>,
    /// Links another account even where the owner has one with this connector.
    #[serde(default)]
    multiple: Option<bool>,
    /// The account's label.
    #[serde(default)]
    label: Option<String>,
    /// Origins of your pages that may frame the Hub with this session, such as `https://app.example.com`.
    #[serde(default)]
    allowed_origins: Vec<String>,
    /// Where a browser that has signed in at a provider is sent with `?confirmation=…`, so that your product says whose
    /// browser it is (`POST /connect_sessions/confirm`) before anything is linked. `https`, or `http` on localhost.
    #[serde(default)]
    confirm_url: Option<String>,
    /// `production` or `test`.
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

/// A connect session. `token` and `auth_link_url` are shown once, when it is made.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionOut {
    id: i64,
    organization_id: String,
    project_id: String,
    origin_owner_id: String,
    origin_owner_name: String,
    origin_username: Option<String>,
    categories: Vec<String>,
    provider: Option<String>,
    account_id: Option<String>,
    integration_id: Option<String>,
    label: Option<String>,
    #[schema(value_type = Object)]
    metadata: Metadata,
    #[serde(rename = "type")]
    kind: &'static str,
    /// Origins that may frame the Hub with this session.
    allowed_origins: Vec<String>,
    /// Where a browser that has signed in at a provider is sent to be confirmed.
    confirm_url: Option<String>,
    external_trigger_token: String,
    created_at: String,
    /// When it stops working.
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_link_url: Option<String>,
}

impl SessionOut {
    fn new(session: ConnectSession) -> Self {
        Self {
            id: session.id.0,
            organization_id: session.organization_id.into(),
            project_id: session.project_id.into(),
            origin_owner_id: session.owner.id,
            origin_owner_name: session.owner.name,
            origin_username: session.owner.username,
            categories: session.categories,
            provider: session.connector,
            account_id: session.account_id.map(Into::into),
            integration_id: session.profile_id.map(Into::into),
            label: session.label,
            metadata: session.metadata,
            kind: session.kind.as_str(),
            allowed_origins: session.allowed_origins,
            confirm_url: session.confirm_url,
            external_trigger_token: session.external_trigger_token,
            created_at: session.created_at.to_rfc3339(),
            expires_at: session.expires_at.to_rfc3339(),
            token: None,
            auth_link_url: None,
        }
    }
}

/// Makes a connect session: the right to link one account for one of your customers.
#[utoipa::path(
    post, path = "/connect_sessions", tag = "Connect sessions", request_body = CreateSession,
    responses(
        (status = 201, description = "The session with its token, which is shown this once.", body = SessionOut),
        (status = 400, description = "The request is not valid.", body = ErrorBody),
        (status = 404, description = "No such account or profile in this project.", body = ErrorBody),
    )
)]
pub(crate) async fn create(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(new): ApiJson<CreateSession>,
) -> Result<impl IntoResponse, ApiError> {
    let kind = wire::kind(new.kind.as_deref())?.unwrap_or_default();
    let created = engine
        .create_session(
            &caller,
            NewSession {
                owner: Owner { id: new.origin_owner_id, name: new.origin_owner_name, username: new.origin_username },
                categories: new.categories.unwrap_or_default(),
                connector: new.provider.filter(|provider| !provider.is_empty()),
                profile_id: new.integration_id.map(ProfileId::new),
                account_id: new.account_id.map(AccountId::new),
                label: new.label,
                metadata: new.metadata.unwrap_or_default(),
                kind,
                multiple: new.multiple.unwrap_or(false),
                allowed_origins: new.allowed_origins,
                confirm_url: new.confirm_url.filter(|url| !url.is_empty()),
                expires_in: new.expires_in,
            },
        )
        .await?;
    let mut out = SessionOut::new(created.session);
    out.token = Some(created.token.expose().to_owned());
    out.auth_link_url = Some(created.auth_link_url.expose().to_owned());
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(out)))
}

/// A session's token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthenticateSession {
    /// The token.
    #[schema(value_type = String)]
    token: Secret,
}

/// Looks up the session behind a token.
#[utoipa::path(
    post, path = "/connect_sessions/authenticate", tag = "Connect sessions", request_body = AuthenticateSession,
    responses(
        (status = 200, description = "The session, without its token.", body = SessionOut),
        (status = 404, description = "No live session with this token in this project.", body = ErrorBody),
    )
)]
pub(crate) async fn authenticate(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(body): ApiJson<AuthenticateSession>,
) -> Result<Json<SessionOut>, ApiError> {
    Ok(Json(SessionOut::new(engine.authenticate_session(&caller, &body.token).await?)))
}

/// Whose browser has finished a sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmSession {
    /// What the browser brought to your `confirm_url`.
    #[schema(value_type = String)]
    confirmation: Secret,
    /// The customer who is signed in to your product in that browser, by your own log-in.
    origin_owner_id: String,
}

/// How a confirmed sign-in ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConfirmedOut {
    /// `authenticated` or `error`.
    status: &'static str,
    /// The account that was linked: `{id}`.
    #[schema(value_type = Option<Object>)]
    account: Value,
    /// Why none was: `{code, description}`. The Hub shows it too.
    #[schema(value_type = Option<Object>)]
    error: Value,
    /// Where to send the browser now, whatever came of it.
    redirect_uri: String,
}

/// Says whose browser has signed in at a provider, and links the account if that is the session's owner.
///
/// For sessions with a `confirm_url`: the browser comes there with `confirmation`, and nothing is linked before your product
/// has said by its own log-in who it is. That keeps anyone from having a stranger link an account for them.
#[utoipa::path(
    post, path = "/connect_sessions/confirm", tag = "Connect sessions", request_body = ConfirmSession,
    responses(
        (status = 200, description = "The sign-in has ended; send the browser to `redirect_uri`.", body = ConfirmedOut),
        (status = 400, description = "Nothing waits for this confirmation, or the sign-in was begun for another customer: nothing is linked.", body = ErrorBody),
    )
)]
pub(crate) async fn confirm(
    State(engine): State<Engine>,
    Authenticated(caller): Authenticated,
    ApiJson(body): ApiJson<ConfirmSession>,
) -> Result<impl IntoResponse, ApiError> {
    let ended = engine.confirm_authorization(&caller, &body.confirmation, &body.origin_owner_id).await?;
    let mut attempt = attempt_out(&ended.attempt);
    let out = ConfirmedOut {
        status: ended.attempt.status.as_str(),
        account: attempt["account"].take(),
        error: attempt["error"].take(),
        redirect_uri: ended.return_url,
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(out)))
}
