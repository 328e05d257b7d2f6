//! The token endpoint (RFC 6749 sections 4.1.3, 4.4 and 6), revocation (RFC 7009) and introspection (RFC 7662).

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    OAuthRules, OAuthServer, TokenResponseShape, id_token,
    store::{TokenExpiries, Tokens},
};

type Fields = HashMap<String, String>;

pub(super) async fn token(State(server): State<OAuthServer>, headers: HeaderMap, body: Bytes) -> Response {
    let fields = fields(&headers, &body);
    let grant = fields.get("grant_type").cloned().unwrap_or_default();
    server.note(&grant);
    let rules = server.rules();
    let Some(client) = client(&server, &headers, &fields) else {
        return refused(rules.shape, StatusCode::UNAUTHORIZED, "invalid_client", "no such client, or a wrong secret");
    };
    let invalid = |why: &str| refused(rules.shape, StatusCode::BAD_REQUEST, "invalid_grant", why);
    let now = server.now();
    let expires_after = |life: Option<i64>| life.map_or(i64::MAX, |life| now + life);
    let ends = TokenExpiries {
        access: expires_after(rules.access_token_ttl_secs),
        refresh: expires_after(rules.refresh_token_ttl_secs),
    };
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let is_theirs = rules.resource.as_deref().is_none_or(|resource| resource == field("resource"));
    if !is_theirs && matches!(grant.as_str(), "authorization_code" | "refresh_token") {
        return refused(
            rules.shape,
            StatusCode::BAD_REQUEST,
            "invalid_target",
            "this server issues tokens only for its resource",
        );
    }
    let tokens = match grant.as_str() {
        "authorization_code" => {
            let mut store = server.store();
            let Some(code) = store.use_code(field("code")) else { return invalid("the code is unknown or was used") };
            if code.resource.is_some() && code.resource.as_deref() != Some(field("resource")) {
                return invalid("the code was issued for another resource");
            }
            if code.client != client || code.redirect_uri != field("redirect_uri") || code.expires_at <= now {
                return invalid("the code was issued to another client or redirect URI, or is expired");
            }
            let verified = URL_SAFE_NO_PAD.encode(digest(&SHA256, field("code_verifier").as_bytes()));
            if code.challenge.as_ref().is_some_and(|challenge| *challenge != verified) {
                return invalid("the code verifier does not match the challenge");
            }
            let mut tokens = store.grant(&client, &code.scope, Some(field("code")), ends, rules.issues_refresh_tokens);
            tokens.id_token = id_token::of(&rules, &client, &code, now);
            tokens
        }
        "refresh_token" => {
            let token = field("refresh_token");
            let refreshed = server.store().refresh(
                &client,
                token,
                now,
                ends,
                rules.rotates_refresh_tokens,
                rules.rotation_grace_secs,
            );
            let Some(tokens) = refreshed else { return invalid("the refresh token is unknown, used or revoked") };
            tokens
        }
        "client_credentials" => {
            let scope = rules.granted_scopes.as_deref().unwrap_or(field("scope")).to_owned();
            server.store().grant(&client, &scope, None, ends, false)
        }
        _ => {
            let why = "this server does not support the grant type";
            return refused(rules.shape, StatusCode::BAD_REQUEST, "unsupported_grant_type", why);
        }
    };
    answer(&rules, now, &tokens)
}

pub(super) async fn revoke(State(server): State<OAuthServer>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let fields = fields(&headers, &body);
    if client(&server, &headers, &fields).is_none() {
        return StatusCode::UNAUTHORIZED;
    }
    server.store().revoke(fields.get("token").map(String::as_str).unwrap_or_default());
    StatusCode::OK
}

pub(super) async fn introspect(State(server): State<OAuthServer>, headers: HeaderMap, body: Bytes) -> Response {
    let fields = fields(&headers, &body);
    if client(&server, &headers, &fields).is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(json!({ "active": server.accepts(fields.get("token").map(String::as_str).unwrap_or_default()) }))
        .into_response()
}

/// Parses the body as a form or as JSON.
fn fields(headers: &HeaderMap, body: &[u8]) -> Fields {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.contains("json") {
        return serde_json::from_slice(body).unwrap_or_default();
    }
    form_urlencoded::parse(body).into_owned().collect()
}

/// Returns the authenticated client, with Basic authentication or credentials in the body.
fn client(server: &OAuthServer, headers: &HeaderMap, fields: &Fields) -> Option<String> {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| {
        let pair = String::from_utf8(STANDARD.decode(value.strip_prefix("Basic ")?).ok()?).ok()?;
        let (id, secret) = pair.split_once(':')?;
        Some((id.to_owned(), secret.to_owned()))
    });
    let in_body = || Some((fields.get("client_id")?.clone(), fields.get("client_secret").cloned().unwrap_or_default()));
    let given = basic.or_else(in_body)?;
    let rules = server.rules();
    let is_document = given.1.is_empty() && rules.document_clients.iter().any(|(id, _)| *id == given.0);
    let is_registered = server.store().registered(&given.0).is_some_and(|client| client.secret == given.1);
    (is_document || is_registered || rules.clients.contains(&given)).then_some(given.0)
}

fn answer(rules: &OAuthRules, now: i64, tokens: &Tokens) -> Response {
    let (shape, life) = (rules.shape, rules.access_token_ttl_secs);
    let mut body = json!({ "access_token": tokens.access, "token_type": "Bearer", "scope": tokens.scope });
    if let Some(refresh) = &tokens.refresh {
        body["refresh_token"] = json!(refresh);
        if let Some(life) = rules.refresh_token_ttl_secs {
            body["refresh_token_expires_in"] = json!(life);
        }
    }
    if let Some(id_token) = &tokens.id_token {
        body["id_token"] = json!(id_token);
    }
    match (shape, life) {
        (_, None) => {}
        (TokenResponseShape::StringLifetime, Some(life)) => body["expires_in"] = json!(life.to_string()),
        (TokenResponseShape::ExpiresAt, Some(life)) => body["expires_at"] = json!(now + life),
        (_, Some(life)) => body["expires_in"] = json!(life),
    }
    match shape {
        TokenResponseShape::Form => {
            let pairs = body.as_object().into_iter().flatten();
            let pairs = pairs.map(|(name, value)| (name, value.as_str().map_or(value.to_string(), str::to_owned)));
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            ([(header::CONTENT_TYPE, "application/x-www-form-urlencoded")], form).into_response()
        }
        TokenResponseShape::Nested => Json(json!({ "ok": true, "authed_user": body })).into_response(),
        TokenResponseShape::Enveloped => {
            Json(json!({ "data": body, "error": { "code": "ok", "message": "" }, "message": "success" }))
                .into_response()
        }
        _ => Json(body).into_response(),
    }
}

fn refused(shape: TokenResponseShape, status: StatusCode, error: &str, description: &str) -> Response {
    let status = if shape == TokenResponseShape::AlwaysOk { StatusCode::OK } else { status };
    let body: Value = json!({ "error": error, "error_description": description });
    (status, Json(body)).into_response()
}
