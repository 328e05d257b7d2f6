//! The SpotDraft connector against the simulated SpotDraft.

use std::sync::Arc;

use patchbay_connector::definition::HttpMethod;
use patchbay_engine::{Error, ErrorCode, ProxyRequest};
use patchbay_model::{AccountId, Clock};
use patchbay_simulator::{RunningSimulator, SANDBOX_CLIENT_ID, SANDBOX_CLIENT_SECRET, Simulator, SimulatorConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{TestBed, connector_files, load_connector, proxy_request, test_clock};

/// Starts a bed with the SpotDraft connector, and the simulator.
async fn sandbox() -> (TestBed, RunningSimulator) {
    let clock: Arc<dyn Clock> = test_clock();
    let config = SimulatorConfig { rate_limit_per_second: None, ..SimulatorConfig::sandbox(clock) };
    let simulator = Simulator::new(config);
    let upstreams = simulator.upstreams();
    let simulator = simulator.start(TcpListener::bind("127.0.0.1:0").await.unwrap()).await.unwrap();
    let origin = format!("http://{}", simulator.address());
    let upstreams = upstreams.into_iter().map(|(from, path)| (from, format!("{origin}{path}"))).collect();
    let connector = load_connector(&connector_files("../../connectors/spotdraft"));
    (TestBed::builder().connectors([connector]).upstreams(upstreams).start().await, simulator)
}

async fn link(bed: &TestBed, secret: &str) -> Result<AccountId, Error> {
    let credentials = [("clientId", SANDBOX_CLIENT_ID), ("clientSecret", secret), ("region", "us")];
    Ok(bed.link("customer", &credentials).await?.id.clone())
}

#[tokio::test]
async fn a_linked_account_runs_actions() {
    let (bed, _simulator) = sandbox().await;
    let account = link(&bed, SANDBOX_CLIENT_SECRET).await.unwrap();
    let run = async |action: &str, inputs: Value| bed.run_with(&account, action, inputs).await;

    let first = run("list_contracts", json!({"query": {"page": 1, "limit": 2}})).await.unwrap();
    let contracts = first["data"].as_array().unwrap();
    assert_eq!((contracts.len(), &first["next"]), (2, &json!("2")));
    let second = run("list_contracts", json!({"query": {"page": "2", "limit": "2"}})).await.unwrap();
    assert_ne!(first["data"], second["data"]);

    let id = contracts[0]["id"].as_str().unwrap();
    let status = run("get_contract_status", json!({"path": {"composite_id": id}})).await.unwrap();
    assert_eq!(status["data"]["contract_name"], contracts[0]["contract_name"]);

    let types = run("list_contract_types", json!({})).await.unwrap();
    assert!(!types["data"].as_array().unwrap().is_empty());

    let missing = run("get_contract_status", json!({"path": {"composite_id": "T-999999"}})).await.unwrap_err();
    assert_eq!((missing.status(), missing.code), (404, ErrorCode::Provider));
    let wrong = run("get_contract_status", json!({"path": {"composite_idd": "T-1"}})).await.unwrap_err();
    let codes = wrong.problems.iter().map(|problem| problem.code).collect::<Vec<_>>();
    assert_eq!(codes, ["unknown_field", "required"]);
}

#[tokio::test]
async fn a_wrong_client_secret_links_no_account() {
    let (bed, _simulator) = sandbox().await;
    let error = link(&bed, "not-the-secret").await.unwrap_err();
    assert_eq!((error.status(), error.code), (401, ErrorCode::AccountAuthenticationFailed));
    let provider = error.provider.as_ref().unwrap();
    assert_eq!(provider.status, Some(401));
    assert!(provider.url.starts_with("https://api.us.spotdraft.com/"), "{}", provider.url);
    assert!(!format!("{error:?}").contains("not-the-secret"));
}

#[tokio::test]
async fn the_proxy_follows_trailing_slash_redirects_of_reads_only() {
    let (bed, _simulator) = sandbox().await;
    let account = link(&bed, SANDBOX_CLIENT_SECRET).await.unwrap();
    let request = |method, body: Option<&'static str>| ProxyRequest {
        body: body.map(|text| bytes::Bytes::from_static(text.as_bytes())),
        ..proxy_request(&account, method, "/counter_parties")
    };
    let read = bed.engine.proxy.run(&bed.caller, request(HttpMethod::Get, None)).await.unwrap();
    assert_eq!(read.status, 200);
    assert!(serde_json::from_slice::<Value>(&read.body).unwrap()["results"].is_array());
    let error = bed.engine.proxy.run(&bed.caller, request(HttpMethod::Post, Some("{}"))).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ProviderRedirect);
    assert!(error.message.contains("trailing slash"), "{error}");
}
