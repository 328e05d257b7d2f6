//! Checks credentials, the acting member and the rate limit.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::http::HeaderMap;
use patchbay_model::Timestamp;

use super::{errors::Rejection, state::Workspace};
use crate::ClientCredentials;

pub fn credentials(known: &[ClientCredentials], region: &str, headers: &HeaderMap) -> Result<(), Rejection> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (id, secret) = (header("client-id"), header("client-secret"));
    let found =
        known.iter().any(|known| known.region == region && known.client_id == id && known.client_secret == secret);
    if found { Ok(()) } else { Err(Rejection::unauthorized()) }
}

/// Checks that the member in `user-email`, if given, is active.
pub fn acting_member(workspace: &Workspace, headers: &HeaderMap) -> Result<(), Rejection> {
    let Some(email) = headers.get("user-email").and_then(|value| value.to_str().ok()) else { return Ok(()) };
    let is_member =
        |user: &serde_json::Value| user["email"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(email));
    match workspace.users.values().find(|user| is_member(user)) {
        Some(user) if user["is_active"] == true => Ok(()),
        Some(_) => Err(Rejection::forbidden("The user is not active in this workspace.")),
        None => Err(Rejection::forbidden("The user is not a member of this workspace.")),
    }
}

/// The number of requests in the current second, by workspace.
#[derive(Default)]
pub struct RateLimits(Mutex<HashMap<String, (i64, u32)>>);

impl RateLimits {
    pub fn admit(&self, region: &str, limit: Option<u32>, now: Timestamp) -> Result<(), Rejection> {
        let Some(limit) = limit else { return Ok(()) };
        let mut seconds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (second, count) = seconds.entry(region.to_owned()).or_default();
        if *second != now.as_seconds() {
            (*second, *count) = (now.as_seconds(), 0);
        }
        *count += 1;
        if *count > limit { Err(Rejection::throttled(1)) } else { Ok(()) }
    }
}
