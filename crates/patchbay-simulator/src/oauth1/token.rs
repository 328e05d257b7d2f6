//! Verifies requests, and issues request tokens and tokens (RFC 5849, sections 2.1 and 2.3).

use axum::{
    Json,
    body::Bytes,
    extract::{OriginalUri, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::{OAuth1Rules, OAuth1Server, signature::Signed};

/// The kind of token whose secret signs a request, in addition to the consumer's secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// No token.
    None,
    /// Issues a request token.
    RequestToken,
    /// A token.
    Token,
}

/// A rejection: the problem's name and additional parameters (OAuth Problem Reporting).
pub(super) struct SignatureProblem {
    problem: &'static str,
    more: Vec<(&'static str, String)>,
}

impl From<&'static str> for SignatureProblem {
    fn from(problem: &'static str) -> Self {
        Self { problem, more: Vec::new() }
    }
}

impl SignatureProblem {
    pub(super) fn response(self, rules: &OAuth1Rules) -> Response {
        if !rules.reports_problems {
            return (StatusCode::UNAUTHORIZED, "not authorized").into_response();
        }
        let pairs = std::iter::once(("oauth_problem", self.problem.to_owned())).chain(self.more);
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let challenge = format!("OAuth realm=\"sim\", oauth_problem=\"{}\"", self.problem);
        let kind = "application/x-www-form-urlencoded".to_owned();
        (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge), (header::CONTENT_TYPE, kind)], body)
            .into_response()
    }
}

/// A request as received.
pub(super) struct IncomingRequest<'a> {
    pub(super) method: &'a Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

impl OAuth1Server {
    /// Verifies a request.
    pub(super) fn verify(&self, came: &IncomingRequest<'_>, by: TokenKind) -> Result<Signed, SignatureProblem> {
        let rules = self.rules();
        let signed = Signed::read(came.method, came.uri, came.headers, came.body).ok_or("parameter_absent")?;
        let get = |name: &str| signed.get(name).ok_or("parameter_absent");
        if signed.get("oauth_version").is_some_and(|version| version != "1.0") {
            return Err("version_rejected".into());
        }
        let key = get("oauth_consumer_key")?;
        let consumer = rules.consumers.iter().find(|(known, _)| known == key);
        let (_, consumer_secret) = consumer.ok_or("consumer_key_unknown")?;
        let method = get("oauth_signature_method")?;
        if !rules.methods.iter().any(|known| known == method) {
            return Err("signature_method_rejected".into());
        }
        let timestamp: i64 = get("oauth_timestamp")?.parse().map_err(|_| "parameter_rejected")?;
        let (from, to) = (self.now() - rules.window_seconds, self.now() + rules.window_seconds);
        if !(from..=to).contains(&timestamp) {
            let more = vec![("oauth_acceptable_timestamps", format!("{from}-{to}"))];
            return Err(SignatureProblem { problem: "timestamp_refused", more });
        }
        let token = signed.get("oauth_token").unwrap_or_default();
        let mut store = self.store();
        let token_secret = match by {
            TokenKind::None if token.is_empty() => String::new(),
            TokenKind::None => return Err("parameter_rejected".into()),
            TokenKind::RequestToken => match store.request_token_of(token) {
                Some(given) if given.is_used => return Err("token_used".into()),
                Some(given) if given.consumer == key => given.secret.clone(),
                _ => return Err("token_rejected".into()),
            },
            TokenKind::Token if store.was_revoked(token) => return Err("token_revoked".into()),
            TokenKind::Token => store.token_secret(token).ok_or("token_rejected")?.to_owned(),
        };
        let host = came.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let base_url = rules.public_url.unwrap_or_else(|| format!("http://{host}"));
        if !signed.is_by(&base_url, consumer_secret, &token_secret) {
            return Err("signature_invalid".into());
        }
        if !store.use_nonce([key, token, get("oauth_timestamp")?, get("oauth_nonce")?]) {
            return Err("nonce_used".into());
        }
        store.taken.push(came.uri.path().to_owned());
        drop(store);
        Ok(signed)
    }
}

/// Issues a request token.
pub(super) async fn request(
    State(server): State<OAuth1Server>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let rules = server.rules();
    server.store().token_requests += 1;
    let came = IncomingRequest { method: &method, uri: &uri, headers: &headers, body: &body };
    let signed = match server.verify(&came, TokenKind::None) {
        Ok(signed) => signed,
        Err(refused) => return refused.response(&rules),
    };
    let Some(callback) = signed.get("oauth_callback") else {
        return SignatureProblem::from("parameter_absent").response(&rules);
    };
    if !rules.callbacks.is_empty() && !rules.callbacks.iter().any(|known| callback.starts_with(known)) {
        return (StatusCode::FORBIDDEN, "Callback URL not approved for this app").into_response();
    }
    let consumer = signed.get("oauth_consumer_key").unwrap_or_default();
    let (token, secret) = server.store().request_token(consumer, callback);
    let mut pairs = vec![("oauth_token".to_owned(), token), ("oauth_token_secret".to_owned(), secret)];
    if rules.confirms_callback {
        pairs.push(("oauth_callback_confirmed".to_owned(), "true".to_owned()));
    }
    answer(&rules, pairs)
}

/// Exchanges an allowed request token for a token.
pub(super) async fn access(
    State(server): State<OAuth1Server>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let rules = server.rules();
    server.store().token_requests += 1;
    let came = IncomingRequest { method: &method, uri: &uri, headers: &headers, body: &body };
    let signed = match server.verify(&came, TokenKind::RequestToken) {
        Ok(signed) => signed,
        Err(refused) => return refused.response(&rules),
    };
    let token = signed.get("oauth_token").unwrap_or_default();
    let mut store = server.store();
    let allowed = store.request_token_of(token).and_then(|given| given.verifier.clone());
    let exchanged = match (allowed, signed.get("oauth_verifier")) {
        (None, _) => return SignatureProblem::from("permission_unknown").response(&rules),
        (Some(given), Some(brought)) if given == brought => store.trade(token),
        _ => return SignatureProblem::from("verifier_invalid").response(&rules),
    };
    drop(store);
    let Some((token, secret)) = exchanged else { return SignatureProblem::from("token_rejected").response(&rules) };
    let mut pairs = vec![("oauth_token".to_owned(), token), ("oauth_token_secret".to_owned(), secret)];
    pairs.extend(rules.extra.clone());
    answer(&rules, pairs)
}

fn answer(rules: &OAuth1Rules, pairs: Vec<(String, String)>) -> Response {
    if rules.answers_json {
        let members = pairs.into_iter().map(|(name, value)| (name, Value::String(value)));
        return Json(Value::Object(members.collect::<Map<_, _>>())).into_response();
    }
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    // Many providers use this content type.
    ([(header::CONTENT_TYPE, "text/plain")], form).into_response()
}
