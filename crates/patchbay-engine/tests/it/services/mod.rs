//! The services: linking and editing accounts, sessions, pushed connectors, tenants, the first start.

mod accounts;
mod addresses;
mod connectors;
mod first_start;
mod linking;
mod members;
mod secrets;
mod sessions;
mod tenants;

use std::sync::Arc;

use axum::{
    Json,
    extract::Request,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use patchbay_engine::{AccountQuery, EffectiveStatus, Error, NewProfile};
use patchbay_model::{Account, Profile};
use serde_json::json;

use crate::support::{HttpProvider, TestBed, new_profile};

/// The keys that the provider accepts.
const GOOD: &str = "canary-good-71f0c2";
const OTHER: &str = "canary-other-93be55";
/// A key that the provider rejects.
const BAD: &str = "canary-bad-0d44a8";
/// A key with which the provider rejects requests for the quota.
const NO_QUOTA: &str = "canary-noquota-5521";

fn respond(path: &str, headers: &HeaderMap) -> Response {
    let sent = headers.get("x-key").or_else(|| headers.get("x-token")).and_then(|value| value.to_str().ok());
    match (path, sent) {
        (_, Some(BAD) | None) => {
            (StatusCode::UNAUTHORIZED, Json(json!({"error": "no such key", "got": sent}))).into_response()
        }
        ("/quota", Some(NO_QUOTA)) => {
            (StatusCode::FORBIDDEN, Json(json!({"error": "no quota", "got": sent}))).into_response()
        }
        _ => Json(json!({"ok": true})).into_response(),
    }
}

/// A bed with the connector `two_methods`.
type TwoMethodsBed = TestBed<HttpProvider>;

async fn two_methods_bed() -> TwoMethodsBed {
    let provider = HttpProvider::new(|request: Request| {
        let response = respond(request.uri().path(), request.headers());
        async move { response }
    });
    TestBed::builder().connector("two_methods").provider("https://api.two-methods.example.com", provider).start().await
}

/// Links the owner's account through the default profile.
async fn link(bed: &TwoMethodsBed, owner: &str, key: &str) -> Result<Arc<Account>, Error> {
    bed.link(owner, &[("key", key)]).await
}

/// Creates a profile for a method and an environment.
async fn profile_for(bed: &TwoMethodsBed, method: &str, environment: &str) -> Arc<Profile> {
    bed.create_profile(NewProfile { environment: Some(environment.into()), ..new_profile("two_methods", method) }).await
}

/// Runs the action `whoami`.
async fn whoami(bed: &TwoMethodsBed, account: &Account) -> Result<(), Error> {
    bed.run(&account.id, "whoami").await.map(|_| ())
}

/// Returns the owners of the accounts with one of these statuses, in order.
async fn owners_with_status(bed: &TwoMethodsBed, statuses: &[EffectiveStatus]) -> Vec<String> {
    let query = AccountQuery { statuses: statuses.to_vec(), page: 1, page_size: 100, ..AccountQuery::default() };
    let page = bed.engine.accounts.list(&bed.caller, query).await.unwrap();
    let mut owners = page.items.iter().map(|view| view.account.owner.id.clone()).collect::<Vec<_>>();
    owners.sort();
    owners
}

/// Returns the number of accounts.
async fn count_accounts(bed: &TwoMethodsBed) -> usize {
    owners_with_status(bed, &[]).await.len()
}
