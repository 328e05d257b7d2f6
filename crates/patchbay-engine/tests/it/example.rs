//! The smallest test of the engine, to copy: a fixture, a simulated provider, and what the engine makes of its responses.

use axum::{http::StatusCode, response::IntoResponse as _};
use patchbay_engine::ErrorCode;

use crate::support::{HttpProvider, TestBed};

#[tokio::test]
async fn a_rejected_key_links_no_account() {
    let provider = HttpProvider::new(|_| async { StatusCode::UNAUTHORIZED.into_response() });
    let url = "https://api.two-methods.example.com";
    let bed = TestBed::builder().connector("two_methods").provider(url, provider).start().await;
    let error = bed.link("customer", &[("key", "canary-wrong")]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AccountAuthenticationFailed);
    assert_eq!(bed.provider.take_requests(), ["GET /whoami"]);
}
