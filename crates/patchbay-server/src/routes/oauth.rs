//! Authorization at a provider: one route redirects the browser to the provider, the callback receives it back. Both respond
//! to browsers, so errors are pages.

use axum::{
    Json,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use patchbay_engine::{AuthorizationCallback, Error, ErrorCode, NewAuthorization};
use patchbay_model::{AttemptId, ProfileId};
use patchbay_vault::Secret;
use url::form_urlencoded;

use crate::{
    dto::{errors::ErrorOut, oauth::ClientMetadataOut},
    error::ApiError,
    extract::{MAX_SMALL_BODY_BYTES, QueryMap, collect},
    pages,
    state::AppState,
    urls::LAUNCH_CODE_PARAMETER,
};

/// The prefixes of the cookies' names, over https and http. A suffix follows: each authorization has its own cookie, so that
/// several windows of a browser do not overwrite each other's.
const SECURE_COOKIE_PREFIX: &str = "__Host-patchbay_sign_in_";
const PLAIN_COOKIE_PREFIX: &str = "patchbay_sign_in_";
/// The parameters of the start that are not fields of the form.
const RESERVED_PARAMETERS: [&str; 3] = ["token", "redirect_uri", "connection_attempt_id"];
/// How long others may cache the client metadata document.
const CLIENT_METADATA_CACHE: &str = "public, max-age=300";

/// `GET /connect/oauth2/{integration_id}`: redirects the browser to the provider.
pub(crate) async fn start(State(state): State<AppState>, Path(integration): Path<String>, query: QueryMap) -> Response {
    let profile_id = ProfileId::new(integration);
    let allowed_origins = state.config.hub_allowed_origins.clone();
    let started = if let Some(launch_code) = query.text(&[LAUNCH_CODE_PARAMETER]) {
        state.engine.oauth.launch(&Secret::new(launch_code), &profile_id, allowed_origins).await
    } else {
        let fields = query.pairs().filter(|(name, _)| !RESERVED_PARAMETERS.contains(name));
        let request = NewAuthorization {
            token: Secret::new(query.text(&["token"]).unwrap_or_default()),
            profile_id,
            attempt_id: query.text(&["connection_attempt_id"]).map(AttemptId::new),
            return_url: query.text(&["redirect_uri"]),
            fields: fields.map(|(name, value)| (name.to_owned(), Secret::new(value))).collect(),
            allowed_origins,
        };
        state.engine.oauth.start(request).await
    };
    match started {
        Ok(start) => {
            let cookie = cookie(&state, &start.cookie_suffix, start.browser_secret.expose(), start.cookie_max_age_secs);
            redirect(StatusCode::FOUND, start.location.expose(), Some(cookie))
        }
        Err(error) => error_page(&error),
    }
}

/// `GET /connect/oauth2/{connector}/callback`: receives the browser back from the provider.
pub(crate) async fn callback(
    State(state): State<AppState>,
    Path(connector): Path<String>,
    query: QueryMap,
    headers: HeaderMap,
) -> Response {
    let parameters = query.pairs().map(|(name, value)| (name.to_owned(), Secret::new(value))).collect();
    let returned = AuthorizationCallback { connector, parameters, cookies: cookies(&headers) };
    match state.engine.oauth.finish(returned).await {
        Ok(end) => {
            let removed = cookie(&state, &end.cookie_suffix, "", 0);
            match end.outcome {
                Ok(_) => redirect(StatusCode::SEE_OTHER, &end.return_url, Some(removed)),
                Err(error) => (AppendHeaders([(header::SET_COOKIE, removed)]), error_page(&error)).into_response(),
            }
        }
        Err(error) => error_page(&error),
    }
}

/// `POST /connect/oauth2/{connector}/callback`: receives the response as a form (OAuth 2.0 Form Post Response Mode). A form
/// from another site is sent without this server's cookie, so the browser is redirected to the GET callback.
pub(crate) async fn callback_by_form(
    State(state): State<AppState>,
    Path(connector): Path<String>,
    request: Request,
) -> Response {
    let Ok(body) = collect(request.into_body(), MAX_SMALL_BODY_BYTES).await else {
        let message = "the provider's response is too large or incomplete; start again in the page you came from";
        return error_page(&Error::new(ErrorCode::SignInRefused, message));
    };
    // The media type is not checked: anything but a form has no state, and the next page says so.
    let parameters = form_urlencoded::parse(&body);
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    redirect(StatusCode::SEE_OTHER, &state.config.urls.callback_with_query(&connector, &query), None)
}

/// Returns the client metadata document of a connector.
///
/// Authorization servers read it (OAuth Client ID Metadata Document): its URL is the client ID. It needs no key.
#[utoipa::path(
    get, path = "/connect/oauth2/{key}/client.json", tag = "OAuth", operation_id = "oauth_client_metadata", security(()),
    params(("key" = String, Path, description = "The connector's key.", example = "acme")),
    responses(
        (status = 200, description = "The document.", body = ClientMetadataOut),
        (status = 404, description = "The connector has no such document, or the server has no public https URL.", body = ErrorOut),
    )
)]
pub(crate) async fn client_metadata(State(state): State<AppState>, Path(connector): Path<String>) -> Response {
    match state.engine.oauth.client_document(&connector) {
        Some(metadata) => {
            ([(header::CACHE_CONTROL, CLIENT_METADATA_CACHE)], Json(ClientMetadataOut::from(metadata))).into_response()
        }
        None => {
            let message = "this connector has no client metadata document";
            ApiError::from(Error::new(ErrorCode::RouteNotFound, message)).into_response()
        }
    }
}

/// Redirects the browser. The location is never logged: it contains codes and tokens.
fn redirect(status: StatusCode, to: &str, cookie: Option<HeaderValue>) -> Response {
    let Ok(mut location) = HeaderValue::from_str(to) else { return StatusCode::BAD_GATEWAY.into_response() };
    location.set_sensitive(true);
    let mut response = (status, AppendHeaders([(header::LOCATION, location)])).into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn error_page(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
    (status, pages::not_connected(&error.message)).into_response()
}

fn cookie(state: &AppState, suffix: &str, value: &str, max_age_secs: i64) -> HeaderValue {
    let is_https = state.config.urls.is_https();
    let (prefix, secure) = if is_https { (SECURE_COOKIE_PREFIX, "; Secure") } else { (PLAIN_COOKIE_PREFIX, "") };
    // Lax: it must be sent with the navigation from the provider, and with no other request from other sites.
    let text = format!("{prefix}{suffix}={value}; Path=/; Max-Age={max_age_secs}; HttpOnly; SameSite=Lax{secure}");
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// Returns the suffixes and the values of the cookies of authorizations.
fn cookies(headers: &HeaderMap) -> Vec<(String, Secret)> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs
        .filter_map(|(name, value)| {
            let suffix = name.strip_prefix(SECURE_COOKIE_PREFIX).or_else(|| name.strip_prefix(PLAIN_COOKIE_PREFIX))?;
            Some((suffix.to_owned(), Secret::new(value)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cookies_of_authorizations_are_read() {
        let line = "patchbay_session=no; patchbay_sign_in_ab=one; __Host-patchbay_sign_in_cd=two; x=patchbay_sign_in_=";
        let headers = HeaderMap::from_iter([(header::COOKIE, line.parse().unwrap())]);
        let found = cookies(&headers);
        let found = found.iter().map(|(suffix, value)| (suffix.as_str(), value.expose())).collect::<Vec<_>>();
        assert_eq!(found, [("ab", "one"), ("cd", "two")]);
    }
}
