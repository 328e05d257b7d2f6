//! Webhooks: what happens to accounts reaches a receiver, in whatever state it is.

mod breaker;
mod delivery;
mod events;
mod manage;
mod receiver;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::any,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use patchbay_engine::{DeliveryFilter, NewWebhook, WebhookWithSecret};
use patchbay_model::{Delivery, WebhookId};
use serde_json::{Value, json};

use crate::support::{HttpProvider, TestBed, serve};

/// The key of the linked account.
const SECRET: &str = "canary-77aa0f3c1e";

type WebhookBed = TestBed<HttpProvider>;

/// Starts a bed with a linked account, whose engine delivers only when a test says so.
async fn webhook_bed() -> WebhookBed {
    let echo = |request: Request| async move {
        let body = to_bytes(request.into_body(), 1 << 20).await.unwrap();
        if body.is_empty() { axum::Json(json!({ "name": "x" })).into_response() } else { body.into_response() }
    };
    let bed = TestBed::builder().connector("steps").account(&[("key", SECRET)]).without_background();
    let bed = bed.config(|config| config.egress_allow = vec!["127.0.0.0/8".parse().unwrap()]);
    bed.provider("https://api.steps.example.com", HttpProvider::new(echo)).start().await
}

type Answer = Arc<dyn Fn(usize) -> Response + Send + Sync>;

/// A receiver that records deliveries, and answers as a closure says.
struct Receiver {
    url: String,
    received: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    answer: Arc<Mutex<Answer>>,
}

impl Receiver {
    async fn start() -> Self {
        let received = Arc::<Mutex<Vec<(HeaderMap, Bytes)>>>::default();
        let answer: Arc<Mutex<Answer>> = Arc::new(Mutex::new(Arc::new(|_| StatusCode::OK.into_response())));
        let (recorded, answers) = (received.clone(), answer.clone());
        let router = Router::new().fallback(any(move |request: Request| {
            let (recorded, answers) = (recorded.clone(), answers.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let number = {
                    let mut recorded = recorded.lock().unwrap();
                    recorded.push((head.headers, body));
                    recorded.len()
                };
                let answer = answers.lock().unwrap().clone();
                answer(number)
            }
        }));
        Self { url: serve(router).await, received, answer }
    }

    /// Answers every delivery with this status from now on.
    fn answer(&self, status: u16) {
        self.answer_with(move |_| StatusCode::from_u16(status).unwrap().into_response());
    }

    fn answer_with(&self, answer: impl Fn(usize) -> Response + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Arc::new(answer);
    }

    /// Returns what was received since the last call.
    fn take(&self) -> Vec<(HeaderMap, Bytes)> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }

    /// Returns the events that were received since the last call.
    fn take_events(&self) -> Vec<String> {
        self.take().iter().map(|(_, body)| json_of(body)["event"].as_str().unwrap().to_owned()).collect()
    }
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

fn new_webhook(url: &str, events: &[&str]) -> NewWebhook {
    NewWebhook {
        name: None,
        url: url.to_owned(),
        events: events.iter().map(|&event| event.to_owned()).collect(),
        connector_events: Vec::new(),
        enabled: true,
        ordered: false,
        headers: BTreeMap::new(),
    }
}

async fn create(bed: &WebhookBed, url: &str, events: &[&str]) -> WebhookWithSecret {
    bed.engine.webhooks.create(&bed.caller, new_webhook(url, events)).await.unwrap()
}

async fn test(bed: &WebhookBed, webhook: WebhookId) -> String {
    bed.engine.webhooks.test(&bed.caller, webhook).await.unwrap()
}

/// Delivers what is due, and returns the number of attempts.
async fn deliver(bed: &WebhookBed) -> usize {
    bed.engine.deliver_due_events().await.unwrap()
}

async fn deliveries(bed: &WebhookBed, webhook: WebhookId) -> Vec<Delivery> {
    let filter = DeliveryFilter { limit: 100, ..DeliveryFilter::default() };
    bed.engine.deliveries.list(&bed.caller, webhook, filter).await.unwrap().0
}

/// Returns the signature that Standard Webhooks requires.
fn standard(secret: &str, headers: &HeaderMap, body: &[u8]) -> String {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = [text(headers, "webhook-id").as_bytes(), text(headers, "webhook-timestamp").as_bytes(), body];
    format!("v1,{}", STANDARD.encode(sign(&Key::new(HMAC_SHA256, &key), &signed.join(&b'.'))))
}

fn stackone(secret: &str, body: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(sign(&Key::new(HMAC_SHA256, secret.as_bytes()), body))
}
