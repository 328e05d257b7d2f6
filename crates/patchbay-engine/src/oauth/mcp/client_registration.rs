//! Makes our client known to an authorization server: by a client ID metadata document (CIMD,
//! draft-ietf-oauth-client-id-metadata-document), or by dynamic registration (RFC 7591).
//!
//! A registration is stored sealed in the profile, with its issuer. It is replaced when the server no longer knows it.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use patchbay_connector::{Connector, definition::ClientRegistration};
use patchbay_model::Profile;
use patchbay_vault::{SealContext, Secret};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use url::{Url, form_urlencoded};
use zeroize::{Zeroize, Zeroizing};

use super::{bounded_fetch, metadata::AuthorizationServerMetadata};
use crate::{Error, ErrorCode, oauth::Oauth, tokens::discovered_server::DiscoveredServer};
use patchbay_runtime::{Redactor, shortened};

/// The key of the registration among a profile's secrets. It contains a dot, which no expression can spell.
const REGISTRATION_KEY: &str = "oauth.client";
/// A registration that expires within this time is replaced before it is used.
const MIN_REMAINING_SECS: i64 = 900;
/// The longest client ID or secret that is accepted, in bytes.
const MAX_VALUE_BYTES: usize = 4096;

/// A client that an authorization server knows.
#[derive(Clone, Serialize, Deserialize, Zeroize)]
#[zeroize(drop)]
pub(super) struct RegisteredClient {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    /// The client authentication method at the token endpoint (RFC 7591, section 2).
    pub(super) auth: String,
}

/// A registration, with the issuer and the redirect URI that it is valid for.
#[derive(Serialize, Deserialize)]
struct StoredRegistration {
    issuer: String,
    redirect_uri: String,
    client: RegisteredClient,
    /// When the client secret expires, in seconds since 1970; none if never.
    #[serde(rename = "ends_at")]
    expires_at: Option<i64>,
}

/// Registers a client for one profile at one authorization server.
pub(super) struct ClientRegistrar<'a> {
    pub(super) oauth: &'a Oauth,
    pub(super) connector: &'a Connector,
    pub(super) profile: &'a Profile,
    pub(super) server: &'a AuthorizationServerMetadata,
    pub(super) resource: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) deadline: Instant,
}

impl Oauth {
    /// Returns a connector's client ID metadata document (draft-ietf-oauth-client-id-metadata-document, section 4). `None`
    /// for the instance's connectors without an MCP server, and if this server has no public `https` URL.
    pub fn client_document(&self, connector: &str) -> Option<ClientMetadata> {
        let has_document = match self.connectors.instance().get(connector) {
            Some(found) => found.authentication.iter().any(|method| method.mcp.is_some()),
            // A project may have pushed it. The document is equal for every key, so it does not reveal whether one exists.
            None => {
                let is_key = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
                connector.starts_with(|first: char| first.is_ascii_lowercase())
                    && connector.len() <= 64
                    && connector.bytes().all(is_key)
            }
        };
        let client_id = self.urls.client_metadata(connector).filter(|_| has_document)?;
        let metadata = ClientMetadata::new(self, &self.urls.callback(connector), "none");
        Some(ClientMetadata { client_id: Some(client_id), ..metadata })
    }
}

/// The metadata of this server as an OAuth client (RFC 7591, section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClientMetadata {
    /// The client ID; only in a client ID metadata document, whose URL it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The name that people see.
    pub client_name: &'static str,
    /// The public URL.
    pub client_uri: String,
    /// The redirect URIs.
    pub redirect_uris: Vec<String>,
    /// The grants.
    pub grant_types: Vec<&'static str>,
    /// The response types.
    pub response_types: Vec<&'static str>,
    /// The client authentication method at the token endpoint.
    pub token_endpoint_auth_method: &'static str,
    /// `web`, or `native` for a redirect to this machine.
    pub application_type: &'static str,
}

impl ClientMetadata {
    fn new(oauth: &Oauth, redirect_uri: &str, auth: &'static str) -> Self {
        Self {
            client_id: None,
            client_name: "Patchbay",
            client_uri: oauth.urls.base().to_owned(),
            redirect_uris: vec![redirect_uri.to_owned()],
            grant_types: vec!["authorization_code", "refresh_token"],
            response_types: vec!["code"],
            token_endpoint_auth_method: auth,
            // OpenID Connect Registration 1.0, section 2: a redirect to `localhost` belongs to a native application.
            application_type: if redirect_uri.starts_with("https://") { "web" } else { "native" },
        }
    }
}

impl ClientRegistrar<'_> {
    /// Returns a client that the authorization server knows: the one that the operator registered, the one of our metadata
    /// document, or a registered one.
    ///
    /// # Errors
    /// 502 `ClientRegistrationError`.
    pub(super) async fn client(
        &self,
        method: ClientRegistration,
        credentials: &Value,
    ) -> Result<RegisteredClient, Error> {
        let given = |key: &str| credentials.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        // A client that the operator registered comes first.
        if let Some(id) = given("clientId") {
            let secret = given("clientSecret").map(str::to_owned);
            let auth = if secret.is_some() { self.auth_with_secret() } else { "none" };
            return Ok(RegisteredClient { id: id.to_owned(), secret, auth: auth.to_owned() });
        }
        let document = self
            .oauth
            .urls
            .client_metadata(&self.connector.key)
            .filter(|_| self.server.supports_client_metadata_documents);
        match (method, document, &self.server.registration) {
            (ClientRegistration::Cimd, Some(id), _) | (_, Some(id), None) => {
                Ok(RegisteredClient { id, secret: None, auth: "none".to_owned() })
            }
            (_, _, Some(endpoint)) => self.stored_or_new_client(endpoint).await,
            (_, None, None) => Err(self.registration_error(if self.server.supports_client_metadata_documents {
                "its authorization server needs to read our client metadata document, so this server needs a public https URL \
                 (`publicUrl`)"
            } else {
                "its authorization server does not register clients; register one there and enter its id in the connector \
                 profile"
            })),
        }
    }

    fn registration_error(&self, why: &str) -> Error {
        let message = format!("could not register a client for {}: {why}", self.connector.title);
        Error::new(ErrorCode::ClientRegistration, message)
    }

    /// Returns the authentication method of a client with a secret.
    fn auth_with_secret(&self) -> &'static str {
        let takes = |method: &str| self.server.token_endpoint_auth_methods.iter().any(|one| one == method);
        if takes("client_secret_post") && !takes("client_secret_basic") {
            "client_secret_post"
        } else {
            "client_secret_basic"
        }
    }

    /// Returns the profile's registration, or a new one. A lock prevents that two authorizations register twice.
    async fn stored_or_new_client(&self, endpoint: &Url) -> Result<RegisteredClient, Error> {
        let (project, id) = (&self.profile.project_id, &self.profile.id);
        let _profile_lock = self.oauth.profiles.lock(project, id).await?;
        if let Some(stored) = self.stored_registration().await?
            && !self.is_unknown_to_server(&stored.client).await
        {
            return Ok(stored.client);
        }
        let (client, expires_at) = self.register(endpoint).await?;
        let stored = StoredRegistration {
            issuer: self.server.issuer.clone(),
            redirect_uri: self.redirect_uri.to_owned(),
            client: client.clone(),
            expires_at,
        };
        let text = Zeroizing::new(
            serde_json::to_string(&stored).map_err(|error| self.registration_error(&error.to_string()))?,
        );
        self.oauth.profiles.keep_secret(project, id, REGISTRATION_KEY, &Secret::new(text.as_str())).await?;
        Ok(client)
    }

    /// Returns the stored registration if it is valid for this issuer and redirect URI, and does not expire soon.
    async fn stored_registration(&self) -> Result<Option<StoredRegistration>, Error> {
        let profile = self.oauth.profiles.load(&self.profile.project_id, &self.profile.id).await?;
        let Some(sealed) = profile.secrets.get(REGISTRATION_KEY) else { return Ok(None) };
        let context =
            SealContext::Profile { project: &profile.project_id, profile: &profile.id, field: REGISTRATION_KEY };
        // It contains the issuer that it belongs to.
        let opened = self.oauth.vault.open_bound(&context, sealed);
        let Some(stored) =
            opened.ok().and_then(|text| serde_json::from_str::<StoredRegistration>(text.secret.expose()).ok())
        else {
            return Ok(None);
        };
        let soon = self.oauth.clock.now().as_seconds() + MIN_REMAINING_SECS;
        let is_good = stored.issuer == self.server.issuer
            && stored.redirect_uri == self.redirect_uri
            && stored.expires_at.is_none_or(|end| end > soon);
        Ok(is_good.then_some(stored))
    }

    /// Checks whether the server no longer knows a client. Its authorization page would show that only to the customer;
    /// its token endpoint returns `invalid_client` before it checks a grant, so a token request with a random refresh
    /// token reveals it.
    async fn is_unknown_to_server(&self, client: &RegisteredClient) -> bool {
        let random = self.oauth.entropy.token();
        let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", &random), ("resource", self.resource)];
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        let server = self.token_server(client);
        if let Some(basic) = server.basic_header() {
            headers.insert(header::AUTHORIZATION, basic);
        } else {
            form.extend(server.body_credentials());
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let url = self.server.token.clone();
        let outgoing = patchbay_egress::OutboundRequest {
            method: Method::POST,
            url,
            headers,
            body: Bytes::from(body),
            idempotent: false,
            certificate: None,
        };
        let deadline = self.deadline.min(Instant::now() + Duration::from_secs(10));
        let Ok(incoming) = bounded_fetch::send(self.oauth, &self.connector.title, outgoing, deadline).await else {
            return false;
        };
        let body = serde_json::from_slice::<Value>(&incoming.body).unwrap_or_default();
        matches!(body.get("error").and_then(Value::as_str), Some("invalid_client" | "unauthorized_client"))
    }

    /// Returns the token endpoint with this client.
    pub(super) fn token_server(&self, client: &RegisteredClient) -> DiscoveredServer {
        DiscoveredServer {
            issuer: self.server.issuer.clone(),
            token_url: self.server.token.to_string(),
            revocation_url: self.server.revocation.as_ref().map(ToString::to_string),
            resource: self.resource.to_owned(),
            client_id: client.id.clone(),
            client_secret: client.secret.clone(),
            auth: client.auth.clone(),
        }
    }

    async fn register(&self, endpoint: &Url) -> Result<(RegisteredClient, Option<i64>), Error> {
        let takes = |method: &str| self.server.token_endpoint_auth_methods.iter().any(|one| one == method);
        let auth = if takes("none") { "none" } else { self.auth_with_secret() };
        let metadata = ClientMetadata::new(self.oauth, self.redirect_uri, auth);
        let body = serde_json::to_value(metadata).unwrap_or_default();
        let title = &self.connector.title;
        let (incoming, response) = bounded_fetch::post_json(self.oauth, title, endpoint, &body, self.deadline).await?;
        let text = |key: &str| {
            let text = response.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.filter(|text| text.len() <= MAX_VALUE_BYTES && text.chars().all(|c| c.is_ascii() && !c.is_control()))
        };
        let (Some(id), true) = (text("client_id"), incoming.status.is_success()) else {
            let words = |key: &str| text(key).map(|words| shortened(words, 300, &Redactor::default()));
            let reason = words("error_description").or_else(|| words("error"));
            let reason = reason.unwrap_or_else(|| format!("status {}", incoming.status.as_u16()));
            let mut error =
                self.registration_error(&format!("its authorization server rejected the registration: {reason}"));
            let rejected = patchbay_runtime::provider_error(&*self.oauth.clock, title, &incoming, &Redactor::default());
            error.provider = rejected.provider;
            return Err(error);
        };
        let secret = text("client_secret").map(str::to_owned);
        let method = text("token_endpoint_auth_method").unwrap_or(auth);
        let auth = match (&secret, method) {
            (None, _) | (_, "none") => "none",
            (_, "client_secret_post") => "client_secret_post",
            (_, "client_secret_basic") => "client_secret_basic",
            _ => {
                return Err(self.registration_error(
                    "its authorization server requires a client authentication method that is not supported",
                ));
            }
        };
        // Zero means that it does not expire (RFC 7591, section 3.2.1).
        let expires_at = response.get("client_secret_expires_at").and_then(Value::as_i64).filter(|end| *end > 0);
        let expires_at = expires_at.filter(|_| secret.is_some());
        Ok((RegisteredClient { id: id.to_owned(), secret, auth: auth.to_owned() }, expires_at))
    }
}
