//! Verifies the sender of a delivery.

use patchbay_connector::definition::{EventDefinitions, Verification};
use patchbay_model::Timestamp;

use super::{InboundSecrets, KeySets, Refusal, hmac, jwt, request::Delivery, token};

/// How a delivery was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The number of the verification in the connector's list, from 0.
    pub index: usize,
    /// The scheme: `hmac`, `token`, `jwt` or `none`.
    pub scheme: &'static str,
}

/// Verifies the sender: any one of the connector's verifications suffices.
///
/// # Errors
///
/// The [`Refusal`] of the verification that came furthest.
pub async fn verify(
    events: &EventDefinitions,
    delivery: &Delivery<'_>,
    secrets: &InboundSecrets<'_>,
    keys: &dyn KeySets,
    now: Timestamp,
) -> Result<Verified, Refusal> {
    let mut refusal = Refusal::NotReceiving;
    for (index, verification) in events.verification.iter().enumerate() {
        let outcome = match verification {
            Verification::Hmac(rule) => hmac::verify(rule, delivery, secrets, now),
            Verification::Token(rule) => token::verify(rule, delivery, secrets),
            Verification::Jwt(rule) => jwt::verify(rule, delivery, secrets, keys, now).await,
            Verification::None { .. } => Ok(()),
        };
        match outcome {
            Ok(()) => return Ok(Verified { index, scheme: verification.scheme() }),
            Err(reason) => refusal = refusal.max(reason),
        }
    }
    Err(refusal)
}
