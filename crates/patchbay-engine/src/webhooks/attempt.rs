//! One attempt of a delivery.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use patchbay_egress::{FailureCause, OutboundRequest, StreamingResponse, display_url, longest_retry_delay};
use patchbay_model::{
    AttemptOutcome, ClaimedDelivery, Clock, DeliveryAttempt, DeliveryState, Entropy, Timestamp, WebhookSecret,
};
use patchbay_runtime::{Host, Redactor, redact_secrets, shortened, shortened_bytes};
use patchbay_vault::{Secret, Vault};
use tokio::time::Instant;
use url::Url;

use super::{schedule::next_attempt, sealed, signature};
use crate::EngineParts;

/// The time within which the receiver must have answered.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How much of an answer is read, and how much of it is kept, in bytes.
const MAX_READ_BYTES: usize = 64 * 1024;
const MAX_KEPT_BYTES: usize = 4 * 1024;
/// The longest cause of a failure that is kept, in characters.
const MAX_ERROR_CHARS: usize = 500;

const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("Patchbay-Webhooks/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const STACKONE_SIGNATURE: HeaderName = HeaderName::from_static("x-stackone-signature");

/// Sends deliveries.
pub(crate) struct Attempts {
    vault: Arc<Vault>,
    host: Arc<Host>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// A request with the secrets that must not be kept of its answer.
struct Prepared {
    request: OutboundRequest,
    redactor: Redactor,
}

/// What came of a request.
#[derive(Default)]
struct Answer {
    status: Option<u16>,
    body: Option<String>,
    asked: Option<Duration>,
    error: Option<String>,
}

impl Attempts {
    pub(crate) fn new(parts: &EngineParts, host: Arc<Host>) -> Self {
        Self { vault: parts.vault.clone(), host, clock: parts.clock.clone(), entropy: parts.entropy.clone() }
    }

    /// Attempts a delivery, and returns what is to be recorded of it.
    pub(crate) async fn attempt(&self, claimed: &ClaimedDelivery) -> AttemptOutcome {
        let (started_at, began) = (self.clock.now(), self.clock.monotonic());
        let mut answer = match self.prepare(claimed, started_at) {
            Ok(prepared) => self.send(prepared).await,
            Err(error) => Answer { error: Some(error), ..Answer::default() },
        };
        let took = self.clock.monotonic().saturating_sub(began);
        answer.error = answer
            .error
            .map(|error| shortened(&storable(&redact_secrets(&error)), MAX_ERROR_CHARS, &Redactor::default()));
        self.outcome(claimed, answer, started_at, took)
    }

    fn outcome(
        &self,
        claimed: &ClaimedDelivery,
        answer: Answer,
        started_at: Timestamp,
        took: Duration,
    ) -> AttemptOutcome {
        let Answer { status, body, asked, error } = answer;
        let (now, tries) = (self.clock.now(), claimed.tries.saturating_add(1));
        let is_gone = status == Some(StatusCode::GONE.as_u16());
        let next = match &error {
            Some(_) if !is_gone => next_attempt(tries, status, asked, now, &*self.entropy),
            _ => None,
        };
        let state = match (&error, next) {
            (None, _) => DeliveryState::Delivered,
            (Some(_), Some(_)) => DeliveryState::Pending,
            (Some(_), None) => DeliveryState::Dead,
        };
        let url = Url::parse(&claimed.webhook.url).map_or_else(|_| String::new(), |url| display_url(&url));
        AttemptOutcome {
            id: claimed.id,
            webhook_id: claimed.webhook.id,
            fence: claimed.fence,
            attempt: DeliveryAttempt {
                number: claimed.attempts.saturating_add(1),
                started_at,
                duration_millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                url,
                status,
                error,
                answer: body,
            },
            state,
            due_at: next.unwrap_or(now),
            is_gone,
        }
    }

    /// Signs a delivery with the time of this attempt.
    fn prepare(&self, claimed: &ClaimedDelivery, now: Timestamp) -> Result<Prepared, String> {
        let webhook = &claimed.webhook;
        let secrets = sealed::signing_secrets(&self.vault, webhook, now).map_err(|error| error.message)?;
        let (Some(oldest), false) = (secrets.last(), secrets.is_empty()) else {
            return Err(format!("the webhook has no secret `{}`; rotate it", WebhookSecret::Current.as_str()));
        };
        let fixed = sealed::headers(&self.vault, webhook).map_err(|error| error.message)?;
        let url = Url::parse(&webhook.url).map_err(|error| format!("the URL of the webhook is not valid: {error}"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &fixed {
            let (name, value) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
            if let (Ok(name), Ok(mut value)) = (name, value) {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
        let (body, seconds) = (claimed.body.as_str(), now.as_seconds());
        let newest_first = secrets.iter().collect::<Vec<_>>();
        let signed = signature::standard_header(&newest_first, &claimed.event_id, seconds, body);
        let texts = [
            (ID, claimed.event_id.clone()),
            (TIMESTAMP, seconds.to_string()),
            (SIGNATURE, signed),
            (STACKONE_SIGNATURE, signature::stackone_header(oldest, body)),
        ];
        headers.insert(header::CONTENT_TYPE, JSON);
        headers.insert(header::USER_AGENT, USER_AGENT);
        let signatures = texts.iter().skip(2).flat_map(|(_, text)| text.split([' ', ','])).map(ToOwned::to_owned);
        let signatures = signatures.collect::<Vec<String>>();
        for (name, text) in texts {
            headers.insert(name, HeaderValue::from_str(&text).map_err(|error| error.to_string())?);
        }
        let secrets = secrets.iter().map(Secret::expose).chain(fixed.values().map(String::as_str));
        let redactor = Redactor::new(secrets.chain(signatures.iter().map(String::as_str)));
        let body = Bytes::copy_from_slice(body.as_bytes());
        // The egress client does not repeat it: each attempt is recorded.
        let request =
            OutboundRequest { method: Method::POST, url, headers, body, idempotent: false, certificate: None };
        Ok(Prepared { request, redactor })
    }

    async fn send(&self, prepared: Prepared) -> Answer {
        let Prepared { request, redactor } = prepared;
        let deadline = Instant::now() + TIMEOUT;
        let response = match self.host.http.send_streaming(request, None, deadline, 0).await {
            Ok(response) => response,
            Err(failure) => {
                let error = match failure.cause {
                    FailureCause::DeadlineExceeded => "no answer came within 15 seconds".to_owned(),
                    FailureCause::RedirectRejected(_) => {
                        "it answered with a redirect, which a delivery does not follow".to_owned()
                    }
                    // What only the operator may know is in the log.
                    FailureCause::EgressRefused(refused) => {
                        tracing::warn!(%refused, "a delivery to a webhook was refused by the egress rules");
                        refused.message
                    }
                    cause => redactor.text(&cause.to_string()).into_owned(),
                };
                return Answer { error: Some(error), ..Answer::default() };
            }
        };
        let status = response.status;
        let error = (!status.is_success()).then(|| match status.canonical_reason() {
            Some(reason) => format!("it answered {} {reason}", status.as_u16()),
            None => format!("it answered {}", status.as_u16()),
        });
        let asked = longest_retry_delay(status, &response.headers, &*self.clock);
        let body = beginning(response, deadline).await;
        let text = String::from_utf8_lossy(&body);
        let kept = kept(&text, &redactor);
        Answer { status: Some(status.as_u16()), body: (!kept.is_empty()).then_some(kept), asked, error }
    }
}

/// Returns what is kept of an answer: without the secrets and the signatures of the request, which the receiver may echo, and without
/// what looks like a secret of anybody. It is redacted before it is shortened.
fn kept(text: &str, redactor: &Redactor) -> String {
    let redacted = redactor.text(text);
    let redacted = storable(&redact_secrets(&redacted));
    shortened_bytes(&redacted, MAX_KEPT_BYTES, redactor).unwrap_or(redacted)
}

/// Reads the beginning of an answer. What cannot be read is left out: the status has said what matters.
async fn beginning(response: StreamingResponse, deadline: Instant) -> Vec<u8> {
    let mut body = Vec::new();
    let Ok(mut stream) = response.into_stream(TIMEOUT, deadline) else { return body };
    while let Some(Ok(chunk)) = stream.next().await {
        body.extend_from_slice(&chunk[..chunk.len().min(MAX_READ_BYTES - body.len())]);
        if body.len() >= MAX_READ_BYTES {
            break;
        }
    }
    body
}

/// Replaces what a text column of a database cannot contain.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_answer_contains_no_secret() {
        let redactor = Redactor::new(["whsec-canary", "c2lnbmF0dXJl+canary="].into_iter());
        let echo = "v1,c2lnbmF0dXJl+canary= whsec-canary 4111 1111 1111 1111 sk_live_4eC39HqLyjWDarjtT1zdp7dc Bearer abc.DEF-123_x";
        for place in (0..40).chain(MAX_KEPT_BYTES - 140..=MAX_KEPT_BYTES) {
            let kept = kept(&format!("{}\0 {echo}", "x".repeat(place)), &redactor);
            assert!(kept.len() <= MAX_KEPT_BYTES, "{}", kept.len());
            for secret in ["canary", "c2ln", "whsec", "411", "sk_l", "DEF"] {
                assert!(!kept.contains(secret), "{kept}");
            }
        }
        assert_eq!(super::kept("accepted", &redactor), "accepted");
    }
}
