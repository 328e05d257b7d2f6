//! Runs the recorded cases of inbound events: a provider's request, as received, and what it must lead to.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use patchbay_connector::Connector;
use patchbay_model::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Case;
use crate::{
    inbound::{Delivery, InboundRequest, InboundSecrets, KeySets, Received, receive, route},
    json::to_text,
};

/// A request of a provider, as received.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedDelivery {
    /// The moment of the request.
    pub now: Timestamp,
    /// The method.
    #[serde(default = "post")]
    pub method: String,
    /// The whole public URL.
    pub url: String,
    /// The headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// The body: a string is sent unchanged, another value as JSON without spaces.
    #[serde(default)]
    pub body: Value,
    /// The body in base64, in place of `body`.
    pub body_base64: Option<String>,
    /// What `setup.creation` returned, if the request came to the URL of a subscription.
    pub subscription: Option<Value>,
    /// The key sets (RFC 7517) by their URL.
    #[serde(default)]
    pub key_sets: BTreeMap<String, Value>,
}

/// What a request of a provider must lead to: one of these.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum ExpectedDelivery {
    /// An event.
    Accepted(ExpectedEvent),
    /// The reason for which it is not accepted.
    Refused(String),
    /// The response to a handshake.
    Handshake(ExpectedHandshake),
    /// A secret that is kept.
    Captured(ExpectedCapture),
}

/// An accepted event.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedEvent {
    /// The scheme that verified it; not compared if absent.
    pub scheme: Option<String>,
    /// The type of the whole delivery; not compared if absent.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// The events that an action handles, in their order; not compared if absent.
    pub events: Option<Vec<ExpectedRoute>>,
}

/// An event that an action handles.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRoute {
    /// The local id of the event action.
    pub action: String,
    /// The number of the event in the delivery; absent for a rule that handles the whole delivery.
    pub index: Option<usize>,
    /// The inputs of the action.
    #[serde(default)]
    pub input: Map<String, Value>,
}

/// A response to a handshake.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedHandshake {
    /// The status.
    pub status: u16,
    /// The headers that it must have with these values.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// The body: a string, or another value for JSON.
    pub body: Value,
}

/// A secret that is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCapture {
    /// The name of the credential.
    pub field: String,
    /// The secret.
    pub value: String,
}

fn post() -> String {
    "POST".to_owned()
}

/// The key sets of a case.
struct RecordedKeySets<'a>(&'a BTreeMap<String, Value>);

#[async_trait]
impl KeySets for RecordedKeySets<'_> {
    async fn key_set(&self, url: &str, _: Option<&str>) -> Option<Arc<Value>> {
        self.0.get(url).cloned().map(Arc::new)
    }
}

/// Receives the delivery of a case and returns the differences from what is expected.
pub(crate) async fn run(connector: &Connector, case: &Case, recorded: &RecordedDelivery) -> Vec<String> {
    let Some(expected) = &case.received else {
        return vec!["the case has a `delivery`, but does not say what is `received`".to_owned()];
    };
    let Some(events) = &connector.events else { return vec!["the connector has no `events`".to_owned()] };
    let request = match request(recorded) {
        Ok(request) => request,
        Err(message) => return vec![message],
    };
    let (delivery, credentials) = (Delivery::new(&request), Value::Object(case.credentials.clone()));
    let secrets = InboundSecrets { credentials: vec![&credentials], subscription: recorded.subscription.as_ref() };
    let keys = RecordedKeySets(&recorded.key_sets);
    let received = receive(events, &delivery, &secrets, &keys, recorded.now).await;
    let mut differences = Vec::new();
    match (received, expected) {
        (Received::Accepted(found), ExpectedDelivery::Accepted(expected)) => {
            let scheme = Some(found.verified.scheme.to_owned());
            if expected.scheme.is_some() && expected.scheme != scheme {
                differences.push(format!("scheme: expected {:?}, found {scheme:?}", expected.scheme));
            }
            if expected.event_type.is_some() && expected.event_type != found.event_type {
                differences.push(format!("type: expected {:?}, found {:?}", expected.event_type, found.event_type));
            }
            if let Some(expected) = &expected.events {
                compare_routes(expected, route(events, &delivery), &mut differences);
            }
        }
        (Received::Refused(found), ExpectedDelivery::Refused(expected)) if found.as_str() == expected => {}
        (Received::Handshake(found), ExpectedDelivery::Handshake(expected)) => {
            if found.status != expected.status {
                differences.push(format!("status: expected {}, found {}", expected.status, found.status));
            }
            for (name, wanted) in &expected.headers {
                let value = found.headers.get(name).and_then(|value| value.to_str().ok());
                if value != Some(&to_text(wanted)) {
                    differences.push(format!("header {name}: expected {}, found {value:?}", to_text(wanted)));
                }
            }
            let is_equal = match &expected.body {
                Value::String(text) => *text == found.body,
                Value::Null => found.body.is_empty(),
                value => serde_json::from_str::<Value>(&found.body).is_ok_and(|body| body == *value),
            };
            if !is_equal {
                differences.push(format!("body:\n expected {}\n found    {}", expected.body, found.body));
            }
        }
        (Received::Captured { field, value, .. }, ExpectedDelivery::Captured(expected)) => {
            if field != expected.field || value.expose() != expected.value {
                differences.push(format!("another secret was kept, as `{field}`"));
            }
        }
        (found, _) => {
            let found = match found {
                Received::Accepted(_) => "it is accepted as an event".to_owned(),
                Received::Refused(reason) => format!("it is refused: {reason}"),
                Received::Handshake(_) => "it is a handshake".to_owned(),
                Received::Captured { .. } => "it brings a secret".to_owned(),
            };
            let expected = match expected {
                ExpectedDelivery::Accepted(_) => "an event".to_owned(),
                ExpectedDelivery::Refused(reason) => format!("a refusal: {reason}"),
                ExpectedDelivery::Handshake(_) => "a handshake".to_owned(),
                ExpectedDelivery::Captured(_) => "a secret".to_owned(),
            };
            differences.push(format!("expected {expected}, but {found}"));
        }
    }
    differences
}

fn compare_routes(
    expected: &[ExpectedRoute],
    found: Result<Vec<crate::inbound::RoutedEvent>, patchbay_connector::expr::EvalError>,
    differences: &mut Vec<String>,
) {
    let found = match found {
        Ok(found) => found,
        Err(error) => return differences.push(format!("the router failed: {error}")),
    };
    let found = found.into_iter().map(|routed| ExpectedRoute {
        action: routed.action.id.clone(),
        index: routed.index,
        input: routed.input,
    });
    let found = found.collect::<Vec<_>>();
    if found != expected {
        let lines = |routes: &[ExpectedRoute]| {
            let line = |route: &ExpectedRoute| {
                format!("{} of {:?} with {}", route.action, route.index, Value::Object(route.input.clone()))
            };
            routes.iter().map(line).collect::<Vec<_>>().join("; ")
        };
        differences.push(format!("events:\n expected {}\n found    {}", lines(expected), lines(&found)));
    }
}

/// Returns the request of a case.
///
/// # Errors
///
/// A message if a part of it is not valid.
fn request(recorded: &RecordedDelivery) -> Result<InboundRequest, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in &recorded.headers {
        let invalid = || format!("the recorded header `{name}` is not valid");
        let parsed = HeaderName::try_from(name).map_err(|_| invalid())?;
        headers.append(parsed, HeaderValue::try_from(to_text(value)).map_err(|_| invalid())?);
    }
    let body = match (&recorded.body_base64, &recorded.body) {
        (Some(text), _) => STANDARD.decode(text).map_err(|_| "`body_base64` is not valid base64".to_owned())?,
        (None, Value::Null) => Vec::new(),
        (None, Value::String(text)) => text.clone().into_bytes(),
        (None, value) => value.to_string().into_bytes(),
    };
    let method = Method::from_bytes(recorded.method.as_bytes()).map_err(|_| "the method is not valid".to_owned())?;
    Ok(InboundRequest { method, url: recorded.url.clone(), headers, body: Bytes::from(body) })
}
