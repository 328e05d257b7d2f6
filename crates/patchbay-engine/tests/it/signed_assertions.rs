//! Signed assertions that are exchanged for tokens: JSON Web Tokens (RFC 7523) and SAML (RFC 7522).

use std::sync::{Arc, Mutex};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rsa::KeyPair as RsaKeyPair,
    signature::{
        KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
    },
};
use axum::{
    Form, Json, Router,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use patchbay_engine::ErrorCode;
use serde_json::{Value, json};

use crate::support::{Provider, TestBed};

const KEY: &str = include_str!("../../../patchbay-runtime/tests/fixtures/keys/rsa.pem");

/// A provider that exchanges every assertion for a token, and records the token requests.
#[derive(Clone, Default)]
struct TokenEndpoint(Arc<Mutex<Vec<TokenRequest>>>);

type TokenRequest = Vec<(String, String)>;

impl Provider for TokenEndpoint {
    fn router(&self) -> Router {
        let requests = self.0.clone();
        let token = post(move |Form(form): Form<TokenRequest>| {
            requests.lock().unwrap().push(form);
            async { Json(json!({ "access_token": "traded-token-1", "token_type": "Bearer", "expires_in": 600 })) }
        });
        let me = get(|headers: HeaderMap| async move {
            let is_known = headers.get("authorization").is_some_and(|value| value == "Bearer traded-token-1");
            if is_known { Ok(Json(json!({ "me": true }))) } else { Err(StatusCode::UNAUTHORIZED) }
        });
        Router::new().route("/token", token).route("/me", me)
    }
}

/// Links an account of the fixture's connector, and returns the form of its token request or the error.
async fn linked(fixture: &str, fields: &[(&str, &str)]) -> Result<TokenRequest, String> {
    let url = format!("https://{}.example.com", fixture.replace('_', "-"));
    let bed = TestBed::builder().connector(fixture).provider(&url, TokenEndpoint::default()).start().await;
    let outcome = bed.link("customer", fields).await;
    let form = bed.provider.0.lock().unwrap().pop();
    outcome.map_err(|error| format!("{} {error}", error.code)).map(|_| form.unwrap())
}

fn value<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

fn is_signed(text: &[u8], signature: &[u8], algorithm: &'static dyn VerificationAlgorithm) -> bool {
    let der = KEY.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(der).unwrap()).unwrap();
    UnparsedPublicKey::new(algorithm, key.public_key().as_ref()).verify(text, signature).is_ok()
}

#[tokio::test]
async fn a_service_account_is_linked_with_a_signed_jwt() {
    let fields = [("email", "bot@jwt-bearer.example.com"), ("privateKey", KEY), ("keyId", "key-7")];
    let form = linked("jwt_bearer", &fields).await.unwrap();
    assert_eq!(value(&form, "grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let token = value(&form, "assertion");
    let (text, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert!(is_signed(text.as_bytes(), &signature, &RSA_PSS_2048_8192_SHA256));
    let parts = text
        .split('.')
        .map(|part| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect::<Vec<_>>();
    assert_eq!(parts[0], json!({ "alg": "PS256", "typ": "JWT", "x5t": "thumb", "kid": "key-7" }));
    // `iat` is 10 seconds before now, for a provider whose clock is behind.
    let now = 1_768_473_000 - 10;
    let claims = json!({ "iss": "bot@jwt-bearer.example.com", "aud": "https://jwt-bearer.example.com/token", "iat": now, "exp": now + 3600 });
    assert_eq!(parts[1], claims);
}

#[tokio::test]
async fn a_missing_key_id_is_omitted_from_the_jwt() {
    let form = linked("jwt_bearer", &[("email", "bot@jwt-bearer.example.com"), ("privateKey", KEY)]).await.unwrap();
    let head = value(&form, "assertion").split('.').next().unwrap();
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    assert!(head.get("kid").is_none(), "{head}");
}

#[tokio::test]
async fn a_saml_assertion_is_signed_over_its_content() {
    let fields = [("apiKey", "NzNkYzk0"), ("companyId", "acme"), ("userId", "ada & <co>"), ("privateKey", KEY)];
    let form = linked("saml_bearer", &fields).await.unwrap();
    assert_eq!(value(&form, "grant_type"), "urn:ietf:params:oauth:grant-type:saml2-bearer");
    assert_eq!((value(&form, "company_id"), value(&form, "client_id")), ("acme", "NzNkYzk0"));
    let xml = String::from_utf8(STANDARD.decode(value(&form, "assertion")).unwrap()).unwrap();
    for part in [
        "<saml:Issuer>NzNkYzk0</saml:Issuer>",
        ">ada &amp; &lt;co&gt;</saml:NameID>",
        "NotOnOrAfter=\"2026-01-15T10:40:00.000Z\" Recipient=\"https://saml-bearer.example.com/token\"",
        "<saml:Audience>www.successfactors.com</saml:Audience>",
        "<saml:Attribute Name=\"api_key\"><saml:AttributeValue>NzNkYzk0</saml:AttributeValue></saml:Attribute>",
        "<saml:Attribute Name=\"use_username\"><saml:AttributeValue>true</saml:AttributeValue></saml:Attribute>",
    ] {
        assert!(xml.contains(part), "{part} is not in {xml}");
    }
    let inside = |from: &str, to: &str| xml.split(from).nth(1).unwrap().split(to).next().unwrap();
    // The signature covers the `SignedInfo` element, with its namespace.
    let info = format!(
        "<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">{}</ds:SignedInfo>",
        inside("<ds:SignedInfo>", "</ds:SignedInfo>")
    );
    let signature = STANDARD.decode(inside("<ds:SignatureValue>", "</ds:SignatureValue>")).unwrap();
    assert!(is_signed(info.as_bytes(), &signature, &RSA_PKCS1_2048_8192_SHA256));
    // The digest covers the assertion without its signature.
    let start = xml.find("<ds:Signature ").unwrap();
    let end = xml.find("</ds:Signature>").unwrap() + "</ds:Signature>".len();
    let bare = format!("{}{}", &xml[..start], &xml[end..]);
    assert_eq!(inside("<ds:DigestValue>", "</ds:DigestValue>"), STANDARD.encode(digest(&SHA256, bare.as_bytes())));
}

#[tokio::test]
async fn an_invalid_private_key_is_reported_without_a_request() {
    let error = linked("jwt_bearer", &[("email", "a@example.com"), ("privateKey", "canary-no-key")]).await.unwrap_err();
    assert!(error.contains("not an RSA key") && !error.contains("canary-no-key"), "{error}");
    let fields = [("apiKey", "x"), ("companyId", "acme"), ("userId", "ada"), ("privateKey", "canary-no-key")];
    let error = linked("saml_bearer", &fields).await.unwrap_err();
    assert!(
        error.contains(ErrorCode::AccountField.as_str()) && error.contains("`privateKey` is not an RSA private key"),
        "{error}"
    );
    assert!(!error.contains("canary-no-key"), "{error}");
}
