//! Delivers signed webhooks, only to loopback addresses: the sandbox calls no other host.
//!
//! `X-SD-WEBHOOK-CONTENT-HASH` is the hex HMAC-SHA512 of the raw body with the base64-decoded key. SpotDraft's document
//! does not describe the body completely; this shape is the simulator's.

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::state::Workspace;

/// The number of recorded deliveries; older ones are dropped.
const MAX_DELIVERIES: usize = 200;

#[derive(Default)]
pub struct Webhooks(Arc<WebhookDeliveries>);

#[derive(Default)]
struct WebhookDeliveries {
    deliveries: Mutex<Vec<Value>>,
    running: AtomicUsize,
    idle: Notify,
}

impl Webhooks {
    pub fn deliveries(&self) -> Vec<Value> {
        self.0.deliveries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn clear(&self) {
        self.0.deliveries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub async fn settled(&self) {
        loop {
            let idle = self.0.idle.notified();
            if self.0.running.load(Ordering::SeqCst) == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Delivers the pending events to the subscribed webhooks.
    pub fn send(&self, workspace: &mut Workspace, now: &str) {
        let key = STANDARD.decode(&workspace.hmac_key).unwrap_or_default();
        for activity in std::mem::take(&mut workspace.activities) {
            let body = json!({ "activity_type": activity.kind, "created": now, "workspace_id": workspace.id, "data": activity.data });
            if let Some(contract) =
                activity.data["contract_id"].as_str().and_then(|id| id.split('-').nth(1)).and_then(|id| id.parse().ok())
            {
                workspace.last_activities.insert(contract, body.clone());
            }
            for webhook in workspace.webhooks.values() {
                let wanted = webhook["only_for_activities"]
                    .as_array()
                    .is_some_and(|kinds| kinds.iter().any(|kind| kind == activity.kind));
                if wanted {
                    self.deliver(webhook, &key, &body);
                }
            }
        }
    }

    /// Delivers an event to a webhook.
    pub fn deliver(&self, webhook: &Value, key: &[u8], body: &Value) {
        let text = body.to_string();
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, key), text.as_bytes());
        let signature = signature.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let url = webhook["url"].as_str().unwrap_or_default().to_owned();
        let (webhook_id, activity) = (webhook["id"].clone(), body["activity_type"].clone());
        let shared = self.0.clone();
        if !is_loopback(&url) {
            shared.note(json!({ "webhook_id": webhook_id, "activity_type": activity, "url": url, "outcome": "not attempted: the sandbox delivers only to loopback addresses" }));
            return;
        }
        shared.running.fetch_add(1, Ordering::SeqCst);
        let custom = webhook["custom_headers"].as_object().cloned().unwrap_or_default();
        tokio::spawn(async move {
            let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
            let mut outcome = "failed".to_owned();
            for _ in 0..2 {
                let mut request = http::Request::post(&url)
                    .header("content-type", "application/json")
                    .header("x-sd-webhook-content-hash", &signature);
                for (name, value) in &custom {
                    request = request.header(name, value.as_str().unwrap_or_default());
                }
                let Ok(request) = request.body(Full::new(Bytes::from(text.clone()))) else { break };
                match client.request(request).await {
                    Ok(response) if response.status().is_success() => {
                        outcome = format!("delivered: {}", response.status().as_u16());
                        break;
                    }
                    Ok(response) => outcome = format!("rejected: {}", response.status().as_u16()),
                    Err(_) => "failed: no response".clone_into(&mut outcome),
                }
            }
            shared.note(json!({ "webhook_id": webhook_id, "activity_type": activity, "url": url, "outcome": outcome }));
            if shared.running.fetch_sub(1, Ordering::SeqCst) == 1 {
                shared.idle.notify_waiters();
            }
        });
    }
}

impl WebhookDeliveries {
    fn note(&self, delivery: Value) {
        let mut deliveries = self.deliveries.lock().unwrap_or_else(PoisonError::into_inner);
        if deliveries.len() == MAX_DELIVERIES {
            deliveries.remove(0);
        }
        deliveries.push(delivery);
    }
}

fn is_loopback(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| match url.host() {
        Some(url::Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(url::Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    })
}
