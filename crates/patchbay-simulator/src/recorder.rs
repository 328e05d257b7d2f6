//! Records requests, newest last. Secrets are recorded as hashes.

use std::{collections::VecDeque, sync::Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

/// The number of recorded requests; older ones are dropped.
const MAX_REQUESTS: usize = 500;
/// The largest body that is recorded, in bytes.
const MAX_BODY_BYTES: usize = 64 * 1024;
const SECRET_HEADERS: [&str; 4] = ["client-secret", "client-id", "authorization", "cookie"];

#[derive(Default)]
pub struct Recorder(Mutex<VecDeque<Value>>);

impl Recorder {
    pub fn record(&self, method: &str, path: &str, query: &str, headers: &HeaderMap, body: &[u8]) {
        let headers: Map<String, Value> = headers
            .iter()
            .map(|(name, value)| {
                let text = String::from_utf8_lossy(value.as_bytes());
                let shown =
                    if SECRET_HEADERS.contains(&name.as_str()) { fingerprint(&text) } else { text.into_owned() };
                (name.to_string(), Value::String(shown))
            })
            .collect();
        let json_body = if body.len() <= MAX_BODY_BYTES {
            serde_json::from_slice(body).unwrap_or(Value::Null)
        } else {
            Value::Null
        };
        let entry = json!({ "method": method, "path": path, "query": query, "headers": headers, "body_bytes": body.len(), "body": json_body });
        let mut entries = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if entries.len() == MAX_REQUESTS {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    pub fn all(&self) -> Vec<Value> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).iter().cloned().collect()
    }

    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }
}

fn fingerprint(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let hex: String = hash.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
