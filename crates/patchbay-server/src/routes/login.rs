//! Logging in to the dashboard. The browser keeps a cookie; scripts cannot read its token.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse},
};
use patchbay_engine::{Error, ErrorCode, LoggedIn, LoginClient};

use crate::{
    cookies::DEVICE,
    dto::{
        errors::ErrorOut,
        login::{Login, LoginSessionOut, SetPassword},
        problems::invalid,
        responses::{BodyErrors, CsrfErrors, LoginErrors, ServerErrors},
    },
    error::ApiError,
    extract::{self, SameOrigin, SmallJson, cookie_header},
    limits::ClientAddress,
    state::AppState,
};

/// Returns whether this browser is logged in.
///
/// The response is never 401: `signed_in` is false for a browser that is not logged in.
#[utoipa::path(
    get, path = "/auth/session", tag = "Dashboard login", operation_id = "login_session", security((), ("browser" = [])),
    responses(ServerErrors, (status = 200, description = "The session.", body = LoginSessionOut))
)]
pub(crate) async fn session(
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Result<Json<LoginSessionOut>, ApiError> {
    let session = extract::login(&state, &headers).await?.map(|(_, session)| session);
    let password_set = match &session {
        Some(session) => session.password_set,
        None => state.engine.members.is_password_set().await?,
    };
    Ok(Json(LoginSessionOut::new(&state.config, session.as_ref(), password_set)))
}

/// Logs this browser in.
///
/// With the token of a one-time login link or with the password. The response sets the session's cookie, and a
/// mark with which this browser's wrong passwords are counted apart from those of strangers.
#[utoipa::path(
    post, path = "/auth/login", tag = "Dashboard login", operation_id = "login_login", security(()),
    request_body(content = Login, example = json!({ "password": "correct horse battery staple" })),
    responses(
        ServerErrors, BodyErrors, CsrfErrors, LoginErrors,
        (status = 200, description = "The session.", body = LoginSessionOut, headers(("set-cookie" = String, description = "The session's cookie."))),
        (status = 401, description = "The link was used already or has expired, or the password is wrong.", body = ErrorOut),
    )
)]
pub(crate) async fn login(
    State(state): State<AppState>,
    _: SameOrigin,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    SmallJson(body): SmallJson<Login>,
) -> Result<impl IntoResponse, ApiError> {
    let urls = &state.config.urls;
    let LoggedIn { session, token, ttl, device_mark, device_ttl } = match (&body.login_token, &body.password) {
        (Some(token), None) => state.engine.members.log_in_by_link(token).await?,
        (None, Some(password)) => {
            let device_marks = DEVICE.read(urls, &headers).into_iter().map(|(_, mark)| mark).collect();
            state.engine.members.log_in_by_password(password, &LoginClient { address, device_marks }).await?
        }
        _ => return Err(invalid("password", "send either login_token or password").into()),
    };
    let cookies = [
        (header::SET_COOKIE, cookie_header(urls, token.expose(), ttl)),
        (header::SET_COOKIE, DEVICE.header(urls, "", device_mark.expose(), device_ttl.as_secs())),
    ];
    let session = LoginSessionOut::new(&state.config, Some(&session), session.password_set);
    Ok((AppendHeaders(cookies), Json(session)))
}

/// Logs this browser out.
///
/// The session ends, and its cookie is removed.
#[utoipa::path(
    post, path = "/auth/logout", tag = "Dashboard login", operation_id = "login_logout", security((), ("browser" = [])),
    responses(ServerErrors, CsrfErrors, (status = 204, description = "The browser is logged out."))
)]
pub(crate) async fn logout(
    State(state): State<AppState>,
    _: SameOrigin,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    if let Some((token, _)) = extract::login(&state, &headers).await? {
        state.engine.members.log_out(&token).await?;
    }
    let cookie = cookie_header(&state.config.urls, "", Duration::ZERO);
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cookie)])))
}

/// Sets the password of the member who is logged in.
///
/// All other browsers are logged out.
#[utoipa::path(
    put, path = "/auth/password", tag = "Dashboard login", operation_id = "login_set_password",
    security(("browser" = [])), request_body(content = SetPassword, example = json!({ "password": "correct horse battery staple" })),
    responses(
        ServerErrors, BodyErrors, CsrfErrors, LoginErrors,
        (status = 204, description = "The password is set."),
        (status = 401, description = "The browser is not logged in, or the current password is wrong.", body = ErrorOut),
    )
)]
pub(crate) async fn set_password(
    State(state): State<AppState>,
    _: SameOrigin,
    headers: HeaderMap,
    SmallJson(body): SmallJson<SetPassword>,
) -> Result<StatusCode, ApiError> {
    let Some((token, _)) = extract::login(&state, &headers).await? else {
        return Err(Error::new(ErrorCode::Unauthorized, "this browser is not logged in; log in first").into());
    };
    state.engine.members.set_password(&token, body.current_password.as_ref(), &body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
