//! Client certificates (mutual TLS), against TLS servers on loopback.

use std::sync::Arc;

use patchbay_connector::{Connector, definition::HttpMethod};
use patchbay_engine::{
    EngineConfig, Error, ErrorCode,
    local_runner::{ActionInput, LocalAccount, LocalRun, LocalRunner},
};
use patchbay_model::{AccountId, ExpiryCause, Metadata, testing::SeededEntropy};
use serde_json::{Value, json};

use crate::support::{
    TestBed, fixture_with, proxy_request, test_clock,
    tls::{Authority, ClientAuth, TlsServer},
};

/// Returns the connector with its provider on this port.
fn connector(port: u16) -> Connector {
    fixture_with("mtls", |text| text.replace("PORT", &port.to_string()))
}

/// Changes a configuration so that the engine reaches the servers of an authority.
fn trust(config: &mut EngineConfig, authority: &str) {
    config.egress_allow = vec!["127.0.0.0/8".parse().unwrap()];
    config.egress_ca = Some(authority.to_owned());
}

fn config(authority: &Authority) -> EngineConfig {
    let mut config = EngineConfig::default();
    trust(&mut config, &authority.pem());
    config
}

/// Runs an action without storage, with a certificate and key as the account's fields.
async fn run(connector: &Connector, config: EngineConfig, action: &str, pem: (&str, &str)) -> Result<Value, Error> {
    let entropy = Arc::new(SeededEntropy::new(1));
    let runner = LocalRunner::new(&config.egress(), config.runtime(), test_clock(), entropy);
    let credentials = Metadata::from_iter([
        ("clientCert".to_owned(), Value::from(pem.0)),
        ("clientKey".to_owned(), Value::from(pem.1)),
    ]);
    let account = LocalAccount { connector, auth: Some("optional"), environment: None, credentials };
    let run = LocalRun { account, action, input: ActionInput::default() };
    runner.unwrap().run(run).await.result.map(|mut result| result.remove("data").unwrap_or_default())
}

#[tokio::test]
async fn a_request_presents_the_accounts_client_certificate() {
    let authority = Authority::new("Authority");
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let (cert, key) = authority.client("acme");
    let response = run(&connector(server.port), config(&authority), "get_me_by_request", (&cert, &key)).await.unwrap();
    assert_eq!(response["client"], "acme");
}

#[tokio::test]
async fn a_missing_client_certificate_is_reported() {
    let authority = Authority::new("Authority");
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let connector = connector(server.port);
    let error = run(&connector, config(&authority), "get_me_by_request", ("", "")).await.unwrap_err();
    assert_eq!((error.code, error.status()), (ErrorCode::ProviderUnreachable, 502));
    assert!(error.message.contains("requires a client certificate"), "{error}");
}

#[tokio::test]
async fn a_client_certificate_of_an_untrusted_ca_is_reported_as_rejected() {
    let (authority, other) = (Authority::new("Authority"), Authority::new("Another authority"));
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let (cert, key) = other.client("mallory");
    let error = run(&connector(server.port), config(&authority), "get_me_by_request", (&cert, &key)).await.unwrap_err();
    assert_eq!((error.code, error.status()), (ErrorCode::AccountInvalidCredentials, 401));
    assert!(error.message.contains("rejected the account's client certificate"), "{error}");
}

#[tokio::test]
async fn an_invalid_certificate_field_is_named() {
    let authority = Authority::new("Authority");
    let connector = connector(1);
    let (cert, key) = authority.client("acme");
    let (_, other_key) = authority.client("other");
    for (pem, part) in [
        ((cert.as_str(), ""), "`clientKey` is empty"),
        (("", key.as_str()), "`clientCert` is empty"),
        (("hello", key.as_str()), "`clientCert` is not a certificate"),
        ((cert.as_str(), "hello"), "`clientKey` is not a private key"),
        ((cert.as_str(), other_key.as_str()), "`clientKey` belongs to another certificate"),
    ] {
        let error = run(&connector, config(&authority), "get_me_by_request", pem).await.unwrap_err();
        assert_eq!((error.code, error.status()), (ErrorCode::AccountField, 412), "{error}");
        assert!(error.message.contains(part), "{error}");
        assert!(!error.message.contains("hello"), "{error}");
    }
}

#[tokio::test]
async fn a_server_with_an_untrusted_certificate_is_not_called() {
    let (authority, other) = (Authority::new("Authority"), Authority::new("Another authority"));
    let server = TlsServer::start(&authority, ClientAuth::Optional, "").await;
    for trusted in [None, Some(other.pem())] {
        let config = EngineConfig { egress_ca: trusted, ..config(&authority) };
        let error = run(&connector(server.port), config, "get_me", ("", "")).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ProviderUnreachable);
        assert!(error.message.contains("invalid peer certificate"), "{error}");
    }
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_redirect_to_another_origin_presents_no_client_certificate() {
    let authority = Authority::new("Authority");
    let elsewhere = TlsServer::start(&authority, ClientAuth::Optional, "").await;
    let away = format!("https://127.0.0.1:{}/me", elsewhere.port);
    let server = TlsServer::start(&authority, ClientAuth::Required, &away).await;
    let (cert, key) = authority.client("acme");
    let response = run(&connector(server.port), config(&authority), "get_away", (&cert, &key)).await.unwrap();
    assert_eq!(response["client"], Value::Null, "{response}");
    assert_eq!((server.requests(), elsewhere.requests()), (1, 1));
}

/// Starts a bed whose engine trusts the authority and whose provider listens on this port.
async fn start(authority: &Authority, port: u16) -> TestBed {
    let ca = authority.pem();
    TestBed::builder().connectors([connector(port)]).config(move |config| trust(config, &ca)).start().await
}

/// Links an account with a client certificate and its key.
async fn link(bed: &TestBed, owner: &str, (cert, key): &(String, String)) -> Result<AccountId, Error> {
    Ok(bed.link(owner, &[("clientId", "app"), ("clientCert", cert), ("clientKey", key)]).await?.id.clone())
}

async fn get_me(bed: &TestBed, account: &AccountId) -> Value {
    bed.run(account, "get_me").await.unwrap()["data"].clone()
}

#[tokio::test]
async fn token_requests_actions_and_the_proxy_present_the_client_certificate() {
    let authority = Authority::new("Authority");
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let bed = start(&authority, server.port).await;
    let account = link(&bed, "acme", &authority.client("acme")).await.unwrap();
    assert_eq!(server.paths(), ["/token", "/me"]);
    let response = get_me(&bed, &account).await;
    assert_eq!(response["client"], "acme");
    assert_eq!(response["authorization"], "Bearer [redacted]", "the call has the access token");
    let proxied = proxy_request(&account, HttpMethod::Get, "/me");
    let proxied = bed.engine.proxy.run(&bed.caller, proxied).await.unwrap();
    let body: Value = serde_json::from_slice(&proxied.body).unwrap();
    assert_eq!((proxied.status, &body["client"]), (200, &json!("acme")));
}

#[tokio::test]
async fn the_expiry_of_a_client_certificate_is_stored() {
    let authority = Authority::new("Authority");
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let bed = start(&authority, server.port).await;
    let account = link(&bed, "acme", &authority.client("acme")).await.unwrap();
    let view = bed.view(&account).await;
    let expiry = view.account.next_expiry().unwrap();
    assert_eq!(
        (expiry.cause, expiry.at.to_rfc3339().as_str()),
        (ExpiryCause::ClientCertificate, "4096-01-01T00:00:00.000Z")
    );
    assert_eq!(expiry.notify_from.to_rfc3339(), "4095-12-18T00:00:00.000Z", "two weeks before the expiry");
    assert!(view.expiry_notice.unwrap().ends_with("its client certificate expires"));
}

#[tokio::test]
async fn a_rejected_client_certificate_links_no_account() {
    let (authority, other) = (Authority::new("Authority"), Authority::new("Another authority"));
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let bed = start(&authority, server.port).await;
    let (cert, key) = other.client("mallory");
    let error = link(&bed, "mallory", &(cert, key.clone())).await.unwrap_err();
    assert!(error.message.contains("client certificate"), "{error}");
    assert!(!format!("{error:?}").contains(key.lines().nth(1).unwrap()), "the error does not contain the key");
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn connections_with_client_certificates_are_never_shared_between_accounts() {
    let authority = Authority::new("Authority");
    let server = TlsServer::start(&authority, ClientAuth::Required, "").await;
    let bed = start(&authority, server.port).await;
    let pem = authority.client("acme");
    let (first, second) = (link(&bed, "one", &pem).await.unwrap(), link(&bed, "two", &pem).await.unwrap());
    let connection = async |account: &AccountId| get_me(&bed, account).await["connection"].clone();
    let own = connection(&first).await;
    assert_eq!(own, connection(&first).await, "the account reuses its connection");
    let others = connection(&second).await;
    assert_ne!(own, others, "equal certificates of two accounts share no connection");
    assert_eq!(own, connection(&first).await);
}
