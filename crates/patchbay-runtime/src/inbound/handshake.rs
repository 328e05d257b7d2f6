//! Answers the requests of a provider that are not events, and finds the secret that a provider sends once.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use patchbay_connector::{
    definition::{EventDefinitions, EventHandshake, HandshakeContentType, ValueTemplate},
    expr::{Bindings, Escape, EvalError, Template},
};
use patchbay_vault::Secret;
use serde_json::Value;

use super::{InboundSecrets, Refusal, request::Delivery};
use crate::json::to_text;

/// The maximum size of a response, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// The maximum size of a secret that a provider sends, in bytes.
const MAX_SECRET_BYTES: usize = 1024;

/// The response to a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeResponse {
    /// The status, 200 to 299.
    pub status: u16,
    /// The headers, among them `content-type`, and `x-content-type-options: nosniff`.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

/// Returns the response if the request is a handshake. `verified` selects the handshakes that only a verified request gets;
/// ask for the others before the verification.
///
/// The result is [`Refusal::HandshakeFailed`] if the response cannot be made, for example without a secret or if it is larger
/// than 64 KiB.
pub fn handshake(
    events: &EventDefinitions,
    delivery: &Delivery<'_>,
    secrets: &InboundSecrets<'_>,
    verified: bool,
) -> Option<Result<HandshakeResponse, Refusal>> {
    let candidates = events.handshakes.iter().filter(|handshake| handshake.verified == verified);
    let found = candidates.into_iter().find(|handshake| is_true(&handshake.when, delivery, secrets))?;
    let mut templates = vec![&found.when];
    if let Some(body) = &found.body {
        body.templates(&mut |template| templates.push(template));
    }
    templates.extend(found.headers.iter().map(|(_, value)| value));
    let response = secrets.find(delivery, &templates, |bindings| respond(found, bindings).ok().flatten());
    Some(response.ok_or(Refusal::HandshakeFailed))
}

/// Returns the secret that the request brings, if none is kept.
pub(super) fn captured(
    events: &EventDefinitions,
    delivery: &Delivery<'_>,
    secrets: &InboundSecrets<'_>,
) -> Option<(String, Secret)> {
    let capture = events.capture.as_ref()?;
    let is_kept = |credentials: &&Value| match credentials.get(&capture.field) {
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Null) | None => false,
        Some(_) => true,
    };
    if secrets.credentials.iter().any(is_kept) || !is_true(&capture.when, delivery, secrets) {
        return None;
    }
    let value = secrets
        .find(delivery, &[&capture.value], |bindings| capture.value.eval_text(bindings, Escape::None).ok().flatten())?;
    let is_secret = !value.trim().is_empty() && value.len() <= MAX_SECRET_BYTES;
    is_secret.then(|| (capture.field.clone(), Secret::new(value)))
}

/// Returns true if a condition holds; one that cannot be evaluated for this request does not.
fn is_true(condition: &Template, delivery: &Delivery<'_>, secrets: &InboundSecrets<'_>) -> bool {
    let holds = |bindings: &Bindings<'_>| condition.is_truthy(bindings).unwrap_or(false).then_some(());
    secrets.find(delivery, &[condition], holds).is_some()
}

fn respond(handshake: &EventHandshake, bindings: &Bindings<'_>) -> Result<Option<HandshakeResponse>, EvalError> {
    let body = match &handshake.body {
        None => String::new(),
        Some(ValueTemplate::Text(template)) => match template.eval(bindings)? {
            // A provider does not wait for an absent value.
            None | Some(Value::Null) => return Ok(None),
            Some(value) => written(&value, handshake.content_type),
        },
        Some(template) => match template.eval(bindings)? {
            Some(value) => value.to_string(),
            None => return Ok(None),
        },
    };
    if body.len() > MAX_BODY_BYTES {
        return Ok(None);
    }
    let kind = match handshake.content_type {
        HandshakeContentType::Text => "text/plain; charset=utf-8",
        HandshakeContentType::Json => "application/json",
    };
    let mut headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]);
    for (name, template) in &handshake.headers {
        let value = template.eval_text(bindings, Escape::Header)?;
        let (Ok(name), Some(Ok(value))) = (HeaderName::try_from(name), value.map(HeaderValue::try_from)) else {
            return Ok(None);
        };
        headers.insert(name, value);
    }
    Ok(Some(HandshakeResponse { status: handshake.status, headers, body }))
}

/// Returns the body of a response that is one template.
fn written(value: &Value, kind: HandshakeContentType) -> String {
    match kind {
        HandshakeContentType::Text => to_text(value),
        HandshakeContentType::Json => value.to_string(),
    }
}
