//! Receives deliveries of providers: verifies the sender, answers handshakes, and says what a delivery is. Everything here is
//! calculated from the request, the connector's `events` block and the secrets; nothing is stored or sent.
//!
//! 1. [`receive`] decides about a request, in this order: a secret that the provider sends once, handshakes of anyone, the
//!    verification over the bytes as received, handshakes of the provider, and only then an event.
//! 2. [`route`] finds the actions of a stored delivery, later.
//!
//! The caller limits the body and the headers, reserves memory for the body ([`Delivery::new`] copies nothing, but its value
//! as JSON is several times as large), and stores an accepted delivery before it acknowledges it.

mod decode;
mod handshake;
mod hmac;
mod jwt;
mod refusal;
mod request;
mod route;
mod secrets;
mod signature;
mod token;
mod verify;

use patchbay_connector::definition::EventDefinitions;
use patchbay_model::Timestamp;
use patchbay_vault::Secret;

pub use handshake::{HandshakeResponse, handshake};
pub use jwt::KeySets;
pub use refusal::Refusal;
pub use request::{Delivery, InboundRequest};
pub use route::{RoutedEvent, dedupe_key, event_type, route};
pub use secrets::InboundSecrets;
pub use signature::signature_values;
pub use verify::{Verified, verify};

/// What to do with a request.
#[derive(Debug)]
pub enum Received {
    /// It is a handshake: send this response, and store nothing.
    Handshake(HandshakeResponse),
    /// It brings the secret that later requests are signed with: seal it in the profile as the credential `field`, unless one
    /// is kept there, show it to the operator once, and respond.
    Captured {
        /// The name of the credential.
        field: String,
        /// The secret.
        value: Secret,
        /// The response, if the request is a handshake of anyone, too; otherwise acknowledge.
        response: Option<HandshakeResponse>,
    },
    /// It is an event of the provider: store it, unless the key is known, and acknowledge.
    Accepted(Accepted),
    /// It is not proven to be from the provider: respond 401 without a body, count the reason, and keep nothing.
    Refused(Refusal),
}

/// A verified delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// How it was verified.
    pub verified: Verified,
    /// What identifies a repeated delivery: 64 hexadecimal digits.
    pub dedupe_key: String,
    /// The provider's name of the event's type, at most [`route::MAX_TYPE_BYTES`] bytes.
    pub event_type: Option<String>,
}

/// Decides about a request. Takes the time to hash the body, and that of `keys` for a token whose key is not cached.
pub async fn receive(
    events: &EventDefinitions,
    delivery: &Delivery<'_>,
    secrets: &InboundSecrets<'_>,
    keys: &dyn KeySets,
    now: Timestamp,
) -> Received {
    let open = handshake(events, delivery, secrets, false);
    if let Some((field, value)) = handshake::captured(events, delivery, secrets) {
        return Received::Captured { field, value, response: open.and_then(Result::ok) };
    }
    if let Some(response) = open {
        return response.map_or_else(Received::Refused, Received::Handshake);
    }
    let verified = match verify(events, delivery, secrets, keys, now).await {
        Ok(verified) => verified,
        Err(refusal) => return Received::Refused(refusal),
    };
    if let Some(response) = handshake(events, delivery, secrets, true) {
        return response.map_or_else(Received::Refused, Received::Handshake);
    }
    Received::Accepted(Accepted {
        verified,
        dedupe_key: dedupe_key(events, delivery),
        event_type: event_type(events, delivery),
    })
}
