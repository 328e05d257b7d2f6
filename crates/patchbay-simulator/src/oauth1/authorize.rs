//! The authorization page (RFC 5849, section 2.2).

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use url::Url;

use super::{OAuth1Denial, OAuth1Server};
use crate::oauth::{Approval, consent_page};

#[derive(Deserialize)]
pub(super) struct OAuth1AuthorizeParams {
    #[serde(default)]
    oauth_token: String,
    decision: Option<String>,
}

pub(super) async fn page(State(server): State<OAuth1Server>, Query(request): Query<OAuth1AuthorizeParams>) -> Response {
    match server.rules().approval {
        Approval::Always => back(&server, &request.oauth_token, true),
        Approval::Never => back(&server, &request.oauth_token, false),
        Approval::Ask => match server.store().request_token_of(&request.oauth_token) {
            Some(_) => Html(consent_page(&[("oauth_token", &request.oauth_token)])).into_response(),
            None => unknown(),
        },
    }
}

pub(super) async fn decide(State(server): State<OAuth1Server>, Form(request): Form<OAuth1AuthorizeParams>) -> Response {
    back(&server, &request.oauth_token, request.decision.as_deref() == Some("allow"))
}

fn unknown() -> Response {
    (StatusCode::BAD_REQUEST, Html("<!doctype html><title>Wrong</title><p>no such request token")).into_response()
}

/// Redirects the browser to the callback; each request token allows it once.
fn back(server: &OAuth1Server, token: &str, is_allowed: bool) -> Response {
    let rules = server.rules();
    let mut store = server.store();
    let Some(given) = store.request_token_of(token).filter(|given| given.verifier.is_none()).cloned() else {
        return unknown();
    };
    let Ok(mut to) = Url::parse(&given.callback) else { return StatusCode::BAD_REQUEST.into_response() };
    if !rules.keeps_query {
        to.set_query(None);
    }
    let mut query = to.query_pairs_mut();
    if is_allowed {
        let verifier = store.allow(token).unwrap_or_default();
        query.append_pair("oauth_token", token).append_pair("oauth_verifier", &verifier);
    } else {
        match rules.denial {
            OAuth1Denial::Denied => query.append_pair("denied", token),
            OAuth1Denial::Problem => {
                query.append_pair("oauth_token", token).append_pair("oauth_problem", "user_refused")
            }
            OAuth1Denial::NoVerifier => query.append_pair("oauth_token", token),
        };
    }
    drop(query);
    Redirect::to(to.as_str()).into_response()
}
