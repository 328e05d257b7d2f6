//! Signing in to the dashboard. The browser keeps a cookie; scripts never see its token.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use patchbay_engine::{Error, ErrorCode, LoggedIn, MemberSession};
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::wire;
use crate::{
    error::{ApiError, ErrorBody},
    extract::{OwnPage, SmallJson, cookie_header, session_token},
    state::{AppState, SandboxInfo},
};

/// Who is signed in, and what the dashboard needs to know at once.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionState {
    /// Whether this browser is signed in.
    signed_in: bool,
    /// Whether a password has been chosen; if not, a one-time link is needed.
    password_set: bool,
    /// The project that calls without `x-project-id` work in.
    project: Option<ProjectRef>,
    /// The projects to choose from.
    projects: Vec<ProjectRef>,
    /// What links an account of the sandbox, when it is on and somebody is signed in.
    sandbox: Option<SandboxOut>,
    /// The server's version.
    version: &'static str,
    /// The one public URL.
    public_url: String,
}

/// A project.
#[derive(Clone, Serialize, ToSchema)]
struct ProjectRef {
    id: String,
    name: String,
}

/// The sandbox's credentials.
#[derive(Serialize, ToSchema)]
struct SandboxOut {
    /// The connector.
    provider: &'static str,
    /// Field values by key.
    #[schema(value_type = Object)]
    credentials: serde_json::Value,
}

impl SessionState {
    fn new(state: &AppState, session: Option<&MemberSession>, password_set: bool) -> Self {
        let projects = session.map(|session| session.projects.as_slice()).unwrap_or_default();
        let projects = projects
            .iter()
            .map(|project| ProjectRef { id: project.id.to_string(), name: project.name.clone() })
            .collect::<Vec<_>>();
        let sandbox = state.config.sandbox.as_ref().filter(|_| session.is_some());
        Self {
            signed_in: session.is_some(),
            password_set,
            project: projects.first().cloned(),
            projects,
            sandbox: sandbox
                .map(|sandbox| SandboxOut { provider: SandboxInfo::CONNECTOR, credentials: sandbox.credentials() }),
            version: state.config.version,
            public_url: state.config.public_url.clone(),
        }
    }
}

/// Tells whether this browser is signed in.
#[utoipa::path(get, path = "/auth/session", tag = "Sign-in", security(()),
    responses((status = 200, description = "Never 401: a browser that is not signed in learns just that.", body = SessionState)))]
pub(crate) async fn session(State(state): State<AppState>, headers: HeaderMap) -> Result<impl IntoResponse, ApiError> {
    let session = match session_token(&headers) {
        Some(token) => state.engine.member_session(&token).await?,
        None => None,
    };
    let password_set = match &session {
        Some(session) => session.password_set,
        None => state.engine.is_password_set().await?,
    };
    Ok(Json(SessionState::new(&state, session.as_ref(), password_set)))
}

/// One of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// The token of a one-time link.
    #[schema(value_type = Option<String>)]
    login_token: Option<Secret>,
    /// The password.
    #[schema(value_type = Option<String>)]
    password: Option<Secret>,
}

/// Signs this browser in, by the token of a one-time link or by password.
#[utoipa::path(post, path = "/auth/login", tag = "Sign-in", security(()), request_body = Login,
    responses(
        (status = 200, description = "Signed in; the cookie is set.", body = SessionState),
        (status = 400, description = "Neither or both were sent.", body = ErrorBody),
        (status = 401, description = "The link is spent or the password is wrong.", body = ErrorBody),
        (status = 429, description = "Too many wrong passwords; `Retry-After` tells when to try again.", body = ErrorBody),
    ))]
pub(crate) async fn login(
    State(state): State<AppState>,
    _: OwnPage,
    SmallJson(body): SmallJson<Login>,
) -> Result<impl IntoResponse, ApiError> {
    let LoggedIn { session, token, ttl } = match (&body.login_token, &body.password) {
        (Some(token), None) => state.engine.log_in_by_link(token).await?,
        (None, Some(password)) => state.engine.log_in_by_password(password).await?,
        _ => return Err(wire::invalid("password", "send login_token or password, one of the two").into()),
    };
    let password_set = session.password_set;
    let cookie = cookie_header(&state.config.public_url, token.expose(), ttl);
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), Json(SessionState::new(&state, Some(&session), password_set))))
}

/// Signs this browser out.
#[utoipa::path(post, path = "/auth/logout", tag = "Sign-in", security(()), responses((status = 204, description = "Signed out.")))]
pub(crate) async fn logout(
    State(state): State<AppState>,
    _: OwnPage,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    if let Some(token) = session_token(&headers) {
        state.engine.log_out(&token).await?;
    }
    let cookie = cookie_header(&state.config.public_url, "", Duration::ZERO);
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cookie)])))
}

/// The password to have from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// From 12 to 200 characters.
    #[schema(value_type = String)]
    password: Secret,
    /// The one so far, where there is one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    current_password: Option<Secret>,
}

/// Chooses the password of the member who is signed in. Other browsers are signed out.
#[utoipa::path(put, path = "/auth/password", tag = "Sign-in", security(("browser" = [])), request_body = NewPassword,
    responses(
        (status = 204, description = "It counts from now on."),
        (status = 400, description = "The password is too weak, or the current one is missing.", body = ErrorBody),
        (status = 401, description = "Not signed in, or the current password is wrong.", body = ErrorBody),
        (status = 429, description = "Too many wrong passwords.", body = ErrorBody),
    ))]
pub(crate) async fn set_password(
    State(state): State<AppState>,
    _: OwnPage,
    headers: HeaderMap,
    SmallJson(body): SmallJson<NewPassword>,
) -> Result<StatusCode, ApiError> {
    let Some(token) = session_token(&headers) else {
        return Err(Error::new(ErrorCode::Unauthorized, "you are not signed in; sign in first").into());
    };
    state.engine.set_password(&token, body.current_password.as_ref(), &body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
