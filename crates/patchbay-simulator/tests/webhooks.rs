//! Webhooks: signed deliveries to loopback receivers, and to no one else.

use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use axum::{Router, body::Bytes as Raw, extract::State, http::HeaderMap, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use patchbay_model::testing::ManualClock;
use patchbay_simulator::{SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Simulator, SimulatorConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Deliveries = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

async fn receive(State(deliveries): State<Deliveries>, headers: HeaderMap, body: Raw) {
    let signature = headers["x-sd-webhook-content-hash"].to_str().unwrap().to_owned();
    deliveries.lock().unwrap().push((signature, body.to_vec()));
}

async fn send(base: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("{base}/spotdraft/us/api/v2.1/public{path}"))
        .header("client-id", SANDBOX_CLIENT_ID)
        .header("client-secret", SANDBOX_CLIENT_SECRET)
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    let response = Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

#[tokio::test]
async fn deliveries_are_signed_and_stay_on_this_machine() {
    let deliveries = Deliveries::default();
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", receiver.local_addr().unwrap());
    let router = Router::new().route("/hook", post(receive)).with_state(deliveries.clone());
    tokio::spawn(async move { axum::serve(receiver, router).await.unwrap() });

    let simulator = Simulator::new(SimulatorConfig::sandbox(Arc::new(ManualClock::at("2026-06-01T09:00:00Z"))));
    let running = simulator.start(TcpListener::bind("127.0.0.1:0").await.unwrap()).await.unwrap();
    let base = format!("http://{}", running.address());

    for target in [url.as_str(), "https://outside.example.com/hook"] {
        let webhook = json!({ "title": "t", "url": target, "only_for_activities": ["CONTRACT_VOIDED"] });
        assert_eq!(send(&base, "POST", "/webhooks/", &webhook).await.0, 201);
    }
    let (_, key) = send(&base, "GET", "/webhooks/hmac_key/", &Value::Null).await;
    assert_eq!(send(&base, "POST", "/contracts/T-8/status/void", &json!({ "note": "x" })).await.0, 204);
    // A comment is not among the events that were asked for.
    assert_eq!(send(&base, "POST", "/contracts/9/comments/", &json!({ "comment": "x" })).await.0, 201);
    running.webhooks_delivered().await;

    let received = deliveries.lock().unwrap().clone();
    assert_eq!(received.len(), 1);
    let (signature, body) = &received[0];
    let key = STANDARD.decode(key["hmac_key"].as_str().unwrap()).unwrap();
    let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, &key), body);
    let expected = expected.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(*signature, expected);
    let event: Value = serde_json::from_slice(body).unwrap();
    assert_eq!(
        (event["activity_type"].as_str(), event["data"]["contract_id"].as_str()),
        (Some("CONTRACT_VOIDED"), Some("T-8"))
    );
    running.stop().await;
}
