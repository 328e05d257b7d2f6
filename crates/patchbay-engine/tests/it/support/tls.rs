//! A TLS server on loopback that requires or accepts client certificates, and an authority that signs them.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Json, Router,
    extract::{Extension, Request},
    response::{IntoResponse, Redirect, Response},
    routing::any,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{RootCertStore, ServerConfig, pki_types::PrivateKeyDer, server::WebPkiClientVerifier};
use serde_json::json;
use tokio_rustls::TlsAcceptor;

/// A certificate authority that signs certificates of servers and clients.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// Returns a client's certificate and key, as PEM.
    pub fn client(&self, name: &str) -> (String, String) {
        let (certificate, key) = self.sign(name, Vec::new());
        (certificate.pem(), key.serialize_pem())
    }

    fn sign(&self, name: &str, hosts: Vec<String>) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(hosts).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

/// Whether a client must present a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    Required,
    Optional,
}

/// The server. `/token` issues a token, `/away` redirects, and other paths respond with the client and its connection.
pub struct TlsServer {
    pub port: u16,
    paths: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Peer {
    client: Option<String>,
    connection: usize,
}

impl TlsServer {
    pub async fn start(authority: &Authority, auth: ClientAuth, away: &str) -> Self {
        let config = Arc::new(server_config(authority, auth));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (paths, away) = (Arc::new(Mutex::new(Vec::new())), away.to_owned());
        let seen = paths.clone();
        let app = Router::new().fallback(any(move |Extension(peer): Extension<Peer>, request: Request| {
            seen.lock().unwrap().push(request.uri().path().to_owned());
            let response = respond(&peer, &request, &away);
            async move { response }
        }));
        tokio::spawn(async move {
            let (acceptor, connections) = (TlsAcceptor::from(config), AtomicUsize::new(0));
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, app) = (acceptor.clone(), app.clone());
                let connection = connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let shown = stream.get_ref().1.peer_certificates().map(<[_]>::to_vec);
                    let client = shown.map(|chain| common_name(&chain[0]));
                    let service = TowerToHyperService::new(app.layer(Extension(Peer { client, connection })));
                    let _ =
                        auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { port, paths }
    }

    /// Returns the number of requests.
    pub fn requests(&self) -> usize {
        self.paths.lock().unwrap().len()
    }

    /// Returns the paths of the requests, oldest first.
    pub fn paths(&self) -> Vec<String> {
        self.paths.lock().unwrap().clone()
    }
}

fn respond(peer: &Peer, request: &Request, away: &str) -> Response {
    let client = peer.client.clone();
    match request.uri().path() {
        "/token" => {
            let token = format!("token-of-{}", client.unwrap_or_default());
            Json(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600 })).into_response()
        }
        "/away" => Redirect::temporary(away).into_response(),
        _ => {
            let authorization = request.headers().get("authorization").map(|value| value.to_str().unwrap());
            Json(json!({ "client": client, "connection": peer.connection, "authorization": authorization }))
                .into_response()
        }
    }
}

fn server_config(authority: &Authority, auth: ClientAuth) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let verifier = if auth == ClientAuth::Optional { verifier.allow_unauthenticated() } else { verifier };
    let (certificate, key) = authority.sign("server", vec!["127.0.0.1".to_owned()]);
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap()
}

/// Returns the subject's common name: in these certificates the last text before the key.
fn common_name(der: &[u8]) -> String {
    // OID 2.5.4.3, then a UTF8String with its length; the subject's comes after the issuer's.
    let mark = [0x06, 0x03, 0x55, 0x04, 0x03, 0x0c];
    let at = der.windows(mark.len()).rposition(|window| window == mark).unwrap() + mark.len();
    let length = usize::from(der[at]);
    String::from_utf8(der[at + 1..at + 1 + length].to_vec()).unwrap()
}
