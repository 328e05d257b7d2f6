//! Signing in at a provider: the window goes out by one route and comes back by the other. Both answer browsers,
//! so what goes wrong is a page.

use axum::{
    Json,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use patchbay_engine::{AuthorizationCallback, Error, ErrorCode, NewAuthorization, PreparedAuthorization};
use patchbay_model::{AttemptId, ProfileId};
use patchbay_vault::Secret;
use url::form_urlencoded;

use crate::{
    error::ApiError,
    extract::{QueryMap, SMALL, collect},
    pages,
    state::AppState,
};

/// What the names of the cookies begin with; a suffix follows. One for each sign-in, so that several windows of a
/// browser do not take each other's.
const SECURE_COOKIE_PREFIX: &str = "__Host-patchbay_sign_in_";
const PLAIN_COOKIE_PREFIX: &str = "patchbay_sign_in_";
/// The parameter of the way out that names a prepared sign-in; nothing else is read then. A connector's field of this
/// name is not to be mistaken for it.
const LAUNCH_CODE: &str = "patchbay_ticket";
/// Parameters of the way out that are no fields.
const RESERVED_PARAMETERS: [&str; 3] = ["token", "redirect_uri", "connection_attempt_id"];

/// Where a prepared sign-in begins, on this server.
pub(super) fn launch_url(profile: &ProfileId, prepared: &PreparedAuthorization) -> String {
    let profile = form_urlencoded::byte_serialize(profile.as_str().as_bytes()).collect::<String>();
    // The ticket's alphabet needs no escaping (base64url).
    format!("/connect/oauth2/{profile}?{LAUNCH_CODE}={}", prepared.launch_code.expose())
}

/// `GET /connect/oauth2/{integration_id}`: on to the provider.
pub(crate) async fn start(State(state): State<AppState>, Path(integration): Path<String>, query: QueryMap) -> Response {
    let profile_id = ProfileId::new(integration);
    let allowed_origins = state.config.hub_allowed_origins.clone();
    let request = if let Some(launch_code) = query.text(&[LAUNCH_CODE]) {
        match state.engine.launch_authorization(&Secret::new(launch_code), &profile_id, allowed_origins).await {
            Ok(request) => request,
            Err(error) => return refused(&error),
        }
    } else {
        let fields = query.pairs().filter(|(name, _)| !RESERVED_PARAMETERS.contains(name));
        NewAuthorization {
            token: Secret::new(query.text(&["token"]).unwrap_or_default()),
            profile_id,
            attempt_id: query.text(&["connection_attempt_id"]).map(AttemptId::new),
            return_url: query.text(&["redirect_uri"]),
            fields: fields.map(|(name, value)| (name.to_owned(), Secret::new(value))).collect(),
            allowed_origins,
        }
    };
    match state.engine.start_authorization(request).await {
        Ok(start) => {
            let cookie = cookie(&state, &start.cookie_suffix, start.browser_secret.expose(), start.cookie_max_age_secs);
            redirect(StatusCode::FOUND, start.location.expose(), Some(cookie))
        }
        Err(error) => refused(&error),
    }
}

/// `GET /connect/oauth2/{connector}/callback`: back from the provider.
pub(crate) async fn callback(
    State(state): State<AppState>,
    Path(connector): Path<String>,
    query: QueryMap,
    headers: HeaderMap,
) -> Response {
    let parameters = query.pairs().map(|(name, value)| (name.to_owned(), Secret::new(value))).collect();
    let answer = AuthorizationCallback { connector, parameters, cookies: cookies(&headers) };
    match state.engine.finish_authorization(answer).await {
        Ok(end) => {
            let gone = cookie(&state, &end.cookie_suffix, "", 0);
            match end.outcome {
                Ok(_) => redirect(StatusCode::SEE_OTHER, &end.return_url, Some(gone)),
                Err(error) => (AppendHeaders([(header::SET_COOKIE, gone)]), refused(&error)).into_response(),
            }
        }
        Err(error) => refused(&error),
    }
}

/// `POST /connect/oauth2/{connector}/callback`: the same as a form (OAuth 2.0 Form Post Response Mode). A form that
/// another site sends brings no cookie of ours, so the browser is asked to come again by itself.
pub(crate) async fn form_post_callback(
    State(state): State<AppState>,
    Path(connector): Path<String>,
    request: Request,
) -> Response {
    let Ok(body) = collect(request.into_body(), SMALL).await else {
        let message =
            "what the provider sent you back with is too large, or did not come whole; start again where you began";
        return refused(&Error::new(ErrorCode::SignInRefused, message));
    };
    // Whatever it is called: what is no form has no state, and that is told on the page that comes next.
    let parameters = form_urlencoded::parse(&body);
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    redirect(StatusCode::SEE_OTHER, &format!("{}?{query}", state.engine.redirect_uri(&connector)), None)
}

/// `GET /connect/oauth2/{connector}/client.json`: who we are, for authorization servers that read it from us
/// (OAuth Client ID Metadata Document). Its address is our client id there.
pub(crate) async fn client_document(State(state): State<AppState>, Path(connector): Path<String>) -> Response {
    match state.engine.client_document(&connector) {
        Some(document) => ([(header::CACHE_CONTROL, "public, max-age=300")], Json(document)).into_response(),
        None => ApiError::from(Error::new(ErrorCode::RouteNotFound, "there is no client document for this connector"))
            .into_response(),
    }
}

/// Never kept, never told to the next page: the address holds codes and tokens.
fn redirect(status: StatusCode, to: &str, cookie: Option<HeaderValue>) -> Response {
    let Ok(mut location) = HeaderValue::from_str(to) else { return StatusCode::BAD_GATEWAY.into_response() };
    location.set_sensitive(true);
    let mut response = (status, AppendHeaders([(header::LOCATION, location)])).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn refused(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    (status, pages::sign_in_refused(&error.message)).into_response()
}

fn cookie(state: &AppState, cookie_suffix: &str, value: &str, cookie_max_age_secs: i64) -> HeaderValue {
    let is_secure = state.config.public_url.starts_with("https://");
    let (prefix, secure) = if is_secure { (SECURE_COOKIE_PREFIX, "; Secure") } else { (PLAIN_COOKIE_PREFIX, "") };
    // Lax: it must come with the browser that a provider sends back, and with nothing else of other sites.
    let text = format!(
        "{prefix}{cookie_suffix}={value}; Path=/; Max-Age={cookie_max_age_secs}; HttpOnly; SameSite=Lax{secure}"
    );
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

fn cookies(headers: &HeaderMap) -> Vec<(String, Secret)> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs
        .filter_map(|(name, value)| {
            let cookie_suffix =
                name.strip_prefix(SECURE_COOKIE_PREFIX).or_else(|| name.strip_prefix(PLAIN_COOKIE_PREFIX))?;
            Some((cookie_suffix.to_owned(), Secret::new(value)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cookies_of_sign_ins_are_read() {
        let line = "patchbay_session=no; patchbay_sign_in_ab=one; __Host-patchbay_sign_in_cd=two; x=patchbay_sign_in_=";
        let headers = HeaderMap::from_iter([(header::COOKIE, line.parse().unwrap())]);
        let found = cookies(&headers);
        let found =
            found.iter().map(|(cookie_suffix, value)| (cookie_suffix.as_str(), value.expose())).collect::<Vec<_>>();
        assert_eq!(found, [("ab", "one"), ("cd", "two")]);
    }
}
