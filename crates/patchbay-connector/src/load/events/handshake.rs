//! Reads `handshakes` and `capture`.

use super::{condition, success_status};
use crate::{
    definition::{Capture, EventHandshake, HandshakeContentType, ValueTemplate},
    diagnostic::code,
    syntax::Reader,
};

pub(crate) const KEYS: [&str; 3] = ["when", "verified", "respond"];
pub(crate) const RESPOND_KEYS: [&str; 4] = ["status", "contentType", "body", "headers"];
pub(crate) const CAPTURE_KEYS: [&str; 3] = ["when", "field", "value"];
pub(crate) const CONTENT_TYPES: [(&str, HandshakeContentType); 2] =
    [("text/plain", HandshakeContentType::Text), ("application/json", HandshakeContentType::Json)];
/// The maximum number of headers of a response.
const MAX_HEADERS: usize = 8;

pub(super) fn read(reader: Reader<'_>) -> Option<EventHandshake> {
    let mapping = reader.mapping("a handshake", &KEYS)?;
    let (when, verified, respond) = (mapping.require("when"), mapping.require("verified"), mapping.require("respond"));
    let when = when.and_then(|place| condition(&place));
    let verified = verified.and_then(|place| place.boolean());
    let respond = respond?.mapping("`respond`", &RESPOND_KEYS)?;
    let body = respond.get("body").and_then(|place| ValueTemplate::read(&place));
    let content_type = respond.get("contentType").and_then(|place| place.choice(&CONTENT_TYPES));
    let is_text = matches!(body, None | Some(ValueTemplate::Text(_)));
    let default = if is_text { HandshakeContentType::Text } else { HandshakeContentType::Json };
    let mut headers = Vec::new();
    if let Some(place) = respond.get("headers") {
        for (name, value) in place.entries("`headers`") {
            let name = name.to_ascii_lowercase();
            let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !is_token || !(name.starts_with("x-") || name.starts_with("webhook-")) {
                let hint = "handshakes use headers such as `X-Hook-Secret`";
                let message =
                    format!("the response cannot have a header `{name}`; names begin with `x-` or `webhook-`");
                value.error_with_hint(code::INVALID, message, hint);
            }
            headers.extend(value.template().map(|value| (name, value)));
        }
        if headers.len() > MAX_HEADERS {
            place.error(code::INVALID, format!("the response has more than {MAX_HEADERS} headers"));
        }
    }
    let handshake = EventHandshake {
        when: when?,
        verified: verified?,
        status: success_status(&respond),
        content_type: content_type.unwrap_or(default),
        body,
        headers,
    };
    check_oracle(&handshake, &mapping.reader);
    Some(handshake)
}

/// Reports an unverified handshake whose response is made of a secret: anyone could have any text signed, also one that
/// then passes as an event.
fn check_oracle(handshake: &EventHandshake, place: &Reader<'_>) {
    let mut templates = Vec::new();
    handshake.response_templates(&mut templates);
    let reads_secret = |(root, _): &(String, Option<String>)| matches!(root.as_str(), "credentials" | "subscription");
    if let Some(template) = templates.iter().find(|template| template.references().iter().any(reads_secret))
        && !handshake.verified
    {
        let message = "the response is made of a secret, but anyone gets it; a text that it signs passes as an event";
        let hint = "write `verified: true`; the provider signs this request like an event".to_owned();
        place.error_in_text(template.source(), template.source(), code::INVALID, message.to_owned(), Some(hint));
    }
}

pub(super) fn capture(reader: Reader<'_>) -> Option<Capture> {
    let mapping = reader.mapping("`capture`", &CAPTURE_KEYS)?;
    let (when, field, value) = (mapping.require("when"), mapping.require("field"), mapping.require("value"));
    let (when, value) = (when.and_then(|place| condition(&place)), value.and_then(|place| place.template()));
    let field = field.and_then(|place| {
        let text = place.text()?;
        let is_name = text.len() <= 64
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name {
            place.error(code::INVALID, format!("`{text}` is not a name of a credential: letters, digits and `_`"));
        }
        is_name.then_some(text)
    });
    Some(Capture { when: when?, field: field?, value: value? })
}
