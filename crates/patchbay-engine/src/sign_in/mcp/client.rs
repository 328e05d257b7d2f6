//! Becoming known to an authorization server: by the client's own document (CIMD,
//! draft-ietf-oauth-client-id-metadata-document), or by registering (RFC 7591).
//!
//! What was registered is kept, sealed, in the profile, together with whose it is; a server that has forgotten it
//! gets another one.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use patchbay_connector::{Connector, definition::ClientRegistration};
use patchbay_model::Profile;
use patchbay_vault::{SealContext, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use url::{Url, form_urlencoded};
use zeroize::{Zeroize, Zeroizing};

use super::{documents::Server, fetch};
use crate::{Engine, Error, ErrorCode, tokens::TokenServer};

/// Where a profile keeps its registration among its secrets. No expression can spell it.
const KEPT: &str = "oauth.client";
/// A registration that ends within so many seconds is renewed before it is used.
const MARGIN: i64 = 900;
/// The longest that is taken of an id or a secret, in bytes.
const MAX_VALUE: usize = 4096;

/// A client that is known to a server.
#[derive(Clone, Serialize, Deserialize, Zeroize)]
#[zeroize(drop)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    /// How it proves itself at the token endpoint.
    pub(super) auth: String,
}

/// A registration, with what it is good for.
#[derive(Serialize, Deserialize)]
struct Kept {
    issuer: String,
    redirect_uri: String,
    client: Client,
    ends_at: Option<i64>,
}

/// Who wants to be known, and where.
pub(super) struct Registrar<'a> {
    pub(super) engine: &'a Engine,
    pub(super) connector: &'a Connector,
    pub(super) profile: &'a Profile,
    pub(super) server: &'a Server,
    pub(super) resource: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) deadline: Instant,
}

impl Engine {
    /// The address of the document that makes a connector's client known; none where the server has no public
    /// `https` address, which such a document needs.
    pub(crate) fn client_document_url(&self, connector: &str) -> Option<String> {
        let public = Url::parse(&self.config().public_url).ok().filter(|url| url.scheme() == "https")?;
        let text = format!("{}/connect/oauth2/{connector}/client.json", self.config().public_url);
        public.host().map(|_| text)
    }

    /// The document (draft-ietf-oauth-client-id-metadata-document, section 4); none for the instance's connectors without
    /// an MCP server, or without a public address of ours.
    pub fn client_document(&self, connector: &str) -> Option<Value> {
        let is_meant = match self.registry().get(connector) {
            Some(found) => found.authentication.iter().any(|method| method.mcp.is_some()),
            // A project may have pushed it. The document is the same for every key, so that it tells nobody.
            None => {
                let is_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
                connector.starts_with(|first: char| first.is_ascii_lowercase())
                    && connector.len() <= 64
                    && connector.bytes().all(is_key)
            }
        };
        if !is_meant {
            return None;
        }
        let id = self.client_document_url(connector)?;
        let mut document = metadata(self, &self.redirect_uri(connector), "none");
        document.insert("client_id".to_owned(), Value::String(id));
        Some(Value::Object(document))
    }
}

/// What we say of ourselves.
fn metadata(engine: &Engine, redirect_uri: &str, auth: &str) -> Map<String, Value> {
    let public_url = &engine.config().public_url;
    // A server that browsers reach by `localhost` is a native application in OIDC's words.
    let kind = if redirect_uri.starts_with("https://") { "web" } else { "native" };
    let value = json!({
        "client_name": "Patchbay",
        "client_uri": public_url,
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": auth,
        "application_type": kind,
    });
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

impl Registrar<'_> {
    /// A client that the server knows.
    pub(super) async fn client(&self, way: ClientRegistration, credentials: &Value) -> Result<Client, Error> {
        let given = |key: &str| credentials.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        // One that the operator has registered by hand comes first.
        if let Some(id) = given("clientId") {
            let secret = given("clientSecret").map(str::to_owned);
            let auth = if secret.is_some() { self.auth_with_secret() } else { "none" };
            return Ok(Client { id: id.to_owned(), secret, auth: auth.to_owned() });
        }
        let document = self.engine.client_document_url(&self.connector.key).filter(|_| self.server.takes_documents);
        match (way, document, &self.server.registration) {
            (ClientRegistration::Cimd, Some(id), _) | (_, Some(id), None) => {
                Ok(Client { id, secret: None, auth: "none".to_owned() })
            }
            (_, _, Some(endpoint)) => self.registered(endpoint).await,
            (_, None, None) => Err(self.wrong(if self.server.takes_documents {
                "its authorization server wants to read a document of ours, for which this server needs a public https \
                 address (`publicUrl`)"
            } else {
                "its authorization server takes no clients that it does not know; register one there and put its id into \
                 the connector profile"
            })),
        }
    }

    fn wrong(&self, why: &str) -> Error {
        let message = format!("{} cannot be signed in at: {why}", self.connector.title);
        Error::new(ErrorCode::ClientRegistration, message)
    }

    /// How a client with a secret proves itself.
    fn auth_with_secret(&self) -> &'static str {
        let takes = |method: &str| self.server.token_auth.iter().any(|one| one == method);
        if takes("client_secret_post") && !takes("client_secret_basic") {
            "client_secret_post"
        } else {
            "client_secret_basic"
        }
    }

    /// The profile's registration, or a new one. One at a time, so that two sign-ins do not make two.
    async fn registered(&self, endpoint: &Url) -> Result<Client, Error> {
        let (project, id) = (&self.profile.project_id, &self.profile.id);
        let _profile_lock = self.engine.profile_lock(project, id).await;
        if let Some(kept) = self.kept().await?
            && !self.is_forgotten(&kept.client).await
        {
            return Ok(kept.client);
        }
        let (client, ends_at) = self.register(endpoint).await?;
        let kept = Kept {
            issuer: self.server.issuer.clone(),
            redirect_uri: self.redirect_uri.to_owned(),
            client: client.clone(),
            ends_at,
        };
        let text = Zeroizing::new(serde_json::to_string(&kept).map_err(|error| self.wrong(&error.to_string()))?);
        self.engine.keep_profile_secret(project, id, KEPT, &Secret::new(text.as_str())).await?;
        Ok(client)
    }

    /// What is kept, where it is this server's and still good.
    async fn kept(&self) -> Result<Option<Kept>, Error> {
        let profile = self.engine.profile(&self.profile.project_id, &self.profile.id).await?;
        let Some(sealed) = profile.secrets.get(KEPT) else { return Ok(None) };
        let context = SealContext::Profile { project: &profile.project_id, profile: &profile.id, field: KEPT };
        let opened = self.engine.vault().open(&context, sealed);
        let Some(kept) = opened.ok().and_then(|text| serde_json::from_str::<Kept>(text.expose()).ok()) else {
            return Ok(None);
        };
        let soon = self.engine.clock().now().as_seconds() + MARGIN;
        let is_good = kept.issuer == self.server.issuer
            && kept.redirect_uri == self.redirect_uri
            && kept.ends_at.is_none_or(|end| end > soon);
        Ok(is_good.then_some(kept))
    }

    /// Whether the server has forgotten a client. Its page would say so to the customer, of which we learn nothing;
    /// its token endpoint says `invalid_client` before it looks at a grant, so it is asked for one that cannot be.
    async fn is_forgotten(&self, client: &Client) -> bool {
        let nobody = self.engine.parts().entropy.token();
        let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", &nobody), ("resource", self.resource)];
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let server = self.token_server(client);
        if let Some(basic) = server.basic() {
            headers.insert(header::AUTHORIZATION, basic);
        } else {
            form.extend(server.in_body());
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let url = self.server.token.clone();
        let outgoing = crate::http::OutboundRequest {
            method: Method::POST,
            url,
            headers,
            body: Bytes::from(body),
            idempotent: false,
            certificate: None,
        };
        let deadline = self.deadline.min(Instant::now() + Duration::from_secs(10));
        let Ok(incoming) = fetch::ask(self.engine, &self.connector.title, outgoing, deadline).await else {
            return false;
        };
        let said = serde_json::from_slice::<Value>(&incoming.body).unwrap_or_default();
        matches!(said.get("error").and_then(Value::as_str), Some("invalid_client" | "unauthorized_client"))
    }

    /// What tokens of this client are got with.
    pub(super) fn token_server(&self, client: &Client) -> TokenServer {
        TokenServer {
            issuer: self.server.issuer.clone(),
            token_url: self.server.token.to_string(),
            revocation_url: self.server.revocation.as_ref().map(ToString::to_string),
            resource: self.resource.to_owned(),
            client_id: client.id.clone(),
            client_secret: client.secret.clone(),
            auth: client.auth.clone(),
        }
    }

    async fn register(&self, endpoint: &Url) -> Result<(Client, Option<i64>), Error> {
        let takes = |method: &str| self.server.token_auth.iter().any(|one| one == method);
        let auth = if takes("none") { "none" } else { self.auth_with_secret() };
        let body = Value::Object(metadata(self.engine, self.redirect_uri, auth));
        let title = &self.connector.title;
        let (incoming, answer) = fetch::post(self.engine, title, endpoint, &body, self.deadline).await?;
        let text = |key: &str| {
            let text = answer.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.filter(|text| text.len() <= MAX_VALUE && text.chars().all(|c| c.is_ascii() && !c.is_control()))
        };
        let (Some(id), true) = (text("client_id"), incoming.status.is_success()) else {
            let words = |key: &str| text(key).map(|words| words.chars().take(300).collect::<String>());
            let said = words("error_description").or_else(|| words("error"));
            let said = said.unwrap_or_else(|| format!("it answered {}", incoming.status.as_u16()));
            let mut error = self.wrong(&format!("its authorization server does not register us: {said}"));
            error.provider = crate::runtime::provider_error(self.engine.clock(), title, &incoming).provider;
            return Err(error);
        };
        let secret = text("client_secret").map(str::to_owned);
        let answered = text("token_endpoint_auth_method").unwrap_or(auth);
        let auth = match (&secret, answered) {
            (None, _) | (_, "none") => "none",
            (_, "client_secret_post") => "client_secret_post",
            (_, "client_secret_basic") => "client_secret_basic",
            _ => return Err(self.wrong("its authorization server registers us with a proof that we do not have")),
        };
        // Zero is for ever (RFC 7591, section 3.2.1).
        let ends_at = answer.get("client_secret_expires_at").and_then(Value::as_i64).filter(|end| *end > 0);
        let ends_at = ends_at.filter(|_| secret.is_some());
        Ok((Client { id: id.to_owned(), secret, auth: auth.to_owned() }, ends_at))
    }
}
