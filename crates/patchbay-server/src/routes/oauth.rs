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
    cookies::AUTHORIZATION,
    dto::{errors::ErrorOut, oauth::ClientMetadataOut},
    error::ApiError,
    extract::{MAX_SMALL_BODY_BYTES, QueryMap, collect},
    pages,
    state::AppState,
    urls::LAUNCH_CODE_PARAMETER,
};

/// The parameters of the start that are not fields of the form.
const RESERVED_PARAMETERS: [&str; 3] = ["token", "redirect_uri", "connection_attempt_id"];
/// How long others may cache the client metadata document.
const CLIENT_METADATA_CACHE: &str = "public, max-age=300";

/// `GET /connect/oauth2/{integration_id}`: redirects the browser to the provider.
pub(crate) async fn start(
    State(state): State<AppState>,
    Path(integration): Path<String>,
    mut query: QueryMap,
) -> Response {
    let profile_id = ProfileId::new(integration);
    let allowed_origins = state.config.hub_allowed_origins.clone();
    let started = if let Some(launch_code) = query.text(&[LAUNCH_CODE_PARAMETER]) {
        state.engine.oauth.launch(&Secret::new(launch_code), &profile_id, allowed_origins).await
    } else {
        let token = Secret::new(query.text(&["token"]).unwrap_or_default());
        let attempt_id = query.text(&["connection_attempt_id"]).map(AttemptId::new);
        let return_url = query.text(&["redirect_uri"]);
        let fields = query.pairs().filter(|(name, _)| !RESERVED_PARAMETERS.contains(name));
        let request = NewAuthorization {
            token,
            profile_id,
            attempt_id,
            return_url,
            fields: fields.map(|(name, value)| (name.to_owned(), Secret::new(value))).collect(),
            allowed_origins,
        };
        state.engine.oauth.start(request).await
    };
    match started {
        Ok(start) => {
            let (suffix, value) = (&start.cookie_suffix, start.browser_secret.expose());
            let cookie = AUTHORIZATION.header(&state.config.urls, suffix, value, start.cookie_max_age_secs);
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
    let cookies = AUTHORIZATION.read(&state.config.urls, &headers);
    let returned = AuthorizationCallback { connector, parameters, cookies };
    match state.engine.oauth.finish(returned).await {
        Ok(end) => {
            let removed = AUTHORIZATION.header(&state.config.urls, &end.cookie_suffix, "", 0);
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
    (status, pages::not_connected(error)).into_response()
}
