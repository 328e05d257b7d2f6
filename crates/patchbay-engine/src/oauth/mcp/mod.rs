//! Authorization at an MCP server (Model Context Protocol, authorization): discovers the endpoints from the server
//! itself, and registers a client at its authorization server.
//!
//! 1. A request without a token gets a 401, whose challenge may name the resource's metadata
//!    ([`patchbay_egress::bearer_challenge`]). Otherwise the metadata are read from their well-known URLs ([`metadata`]).
//! 2. The resource's metadata (RFC 9728) name an authorization server, whose own metadata (RFC 8414) name its endpoints.
//! 3. The client is known there by its metadata document or is registered ([`client_registration`]).
//!
//! None of these documents is trusted, and some of their content goes to a person's browser. `docs/security.md` lists
//! the known attacks and what stops each of them.

mod bounded_fetch;
mod client_registration;
mod metadata;

pub use client_registration::ClientMetadata;
pub(super) use metadata::is_same_issuer;

use patchbay_connector::{
    Connector,
    definition::McpFlow,
    expr::{Bindings, Escape},
};
use patchbay_egress::{BearerChallenge, OutboundRequest, bearer_challenge, parse_scope};
use patchbay_model::Profile;
use patchbay_vault::Secret;
use tokio::time::Instant;
use url::Url;

use self::{
    client_registration::ClientRegistrar,
    metadata::{AuthorizationServerMetadata, ProtectedResourceMetadata},
};
use crate::{Error, ErrorCode, oauth::Oauth, tokens::discovered_server::DiscoveredServer};
use patchbay_runtime::{Credentials, Redactor};

/// The discovered endpoints of an MCP server's authorization server, with our client there.
pub(super) struct DiscoveredAuthorization {
    /// The authorization endpoint.
    pub(super) authorization: Url,
    /// The issuer that a callback must name.
    pub(super) issuer: String,
    /// Whether callbacks contain `iss` (RFC 9207).
    pub(super) sends_iss: bool,
    /// The scopes to request; none leaves the choice to the server.
    pub(super) scopes: Option<String>,
    /// The token endpoint and our client there.
    pub(super) token: DiscoveredServer,
}

/// Returns 502 `SignInDiscoveryError`.
fn discovery_error(title: &str, why: &str) -> Error {
    let message = format!("could not discover {title}'s authorization server: {why}");
    Error::new(ErrorCode::SignInDiscovery, message)
}

/// Discovers the authorization server of an MCP server, and returns its endpoints with our client there.
///
/// # Errors
/// 502 `SignInDiscoveryError`, 502 `ClientRegistrationError`, and the errors of the HTTP requests.
pub(super) async fn discover(
    oauth: &Oauth,
    connector: &Connector,
    profile: &Profile,
    flow: &McpFlow,
    credentials: &Credentials,
) -> Result<DiscoveredAuthorization, Error> {
    let title = &connector.title;
    let deadline = oauth.runtime.deadline();
    let roots = [("credentials", credentials.values())];
    let server = flow.server_url.eval_text(&Bindings { roots: &roots }, Escape::Host);
    let server = server.map_err(|error| patchbay_runtime::expression_error(title, "serverUrl", &error))?;
    let server = metadata::https_url(&server.unwrap_or_default(), "its `serverUrl`");
    let server = server.map_err(|why| discovery_error(title, &why))?;

    let challenge = probe(oauth, title, &server, deadline).await?;
    let resource = resource_metadata(oauth, title, &server, &challenge.resource_metadata, deadline).await?;
    // MCP revision 2025-03-26 has no resource metadata: the server's own origin is the authorization server.
    let resource = resource.unwrap_or_else(|| ProtectedResourceMetadata {
        id: server.as_str().trim_end_matches('/').to_owned(),
        servers: vec![server.origin().ascii_serialization()],
        scopes: None,
    });
    let found = authorization_server(oauth, title, &resource, deadline).await?;
    let redirect_uri = oauth.urls.callback(&connector.key);
    let registrar = ClientRegistrar {
        oauth,
        connector,
        profile,
        server: &found,
        resource: &resource.id,
        redirect_uri: &redirect_uri,
        deadline,
    };
    let client = registrar.client(flow.registration, credentials.values()).await?;
    let own = (!flow.scopes.is_empty()).then(|| flow.scopes.join(" "));
    let challenged = challenge.scope.as_deref().and_then(parse_scope);
    let mut scopes = own.or(challenged).or(resource.scopes);
    // Without a refresh token the account would expire within the hour.
    if found.supports_offline_access
        && let Some(scopes) = &mut scopes
        && !scopes.split(' ').any(|one| one == "offline_access")
    {
        scopes.push_str(" offline_access");
    }
    Ok(DiscoveredAuthorization {
        token: registrar.token_server(&client),
        authorization: found.authorization.clone(),
        issuer: found.issuer.clone(),
        sends_iss: found.sends_iss,
        scopes,
    })
}

/// Calls the server without a token and returns the challenge of its response.
async fn probe(oauth: &Oauth, title: &str, server: &Url, deadline: Instant) -> Result<BearerChallenge, Error> {
    let (headers, body) = patchbay_runtime::mcp_probe_request();
    let outgoing = OutboundRequest {
        method: http::Method::POST,
        url: server.clone(),
        headers,
        body,
        idempotent: true,
        certificate: None,
    };
    let incoming = bounded_fetch::send(oauth, title, outgoing, deadline).await?;
    if incoming.status.is_server_error() {
        return Err(patchbay_runtime::provider_error(&*oauth.clock, title, &incoming, &Redactor::default()));
    }
    Ok(bearer_challenge(&incoming.headers))
}

/// Reads the resource's metadata from the first URL that the challenge names and that leads to a document, otherwise from the
/// well-known URLs. Returns none when the challenge names no URL and there are none at the well-known URLs. A URL on another
/// origin is never called; if the challenge names nothing better, it is an error.
async fn resource_metadata(
    oauth: &Oauth,
    title: &str,
    server: &Url,
    named: &[String],
    deadline: Instant,
) -> Result<Option<ProtectedResourceMetadata>, Error> {
    let failed = |why: String| discovery_error(title, &why);
    let (own, rejected): (Vec<_>, Vec<_>) =
        named.iter().map(|named| metadata::own_metadata_url(named, server)).partition(Result::is_ok);
    if let (true, Some(Err(why))) = (own.is_empty(), rejected.into_iter().next()) {
        return Err(failed(why));
    }
    let mut urls = own.into_iter().flatten().collect::<Vec<_>>();
    for well_known in metadata::resource_metadata_urls(server) {
        if !urls.contains(&well_known) {
            urls.push(well_known);
        }
    }
    for url in urls {
        if let Some(document) = bounded_fetch::get_document(oauth, title, &url, deadline).await? {
            return ProtectedResourceMetadata::read(&document, server).map(Some).map_err(failed);
        }
    }
    if named.is_empty() {
        return Ok(None);
    }
    Err(failed("neither its `resource_metadata` nor the well-known URLs lead to a document".to_owned()))
}

/// Returns the first of a resource's authorization servers that can be used.
async fn authorization_server(
    oauth: &Oauth,
    title: &str,
    resource: &ProtectedResourceMetadata,
    deadline: Instant,
) -> Result<AuthorizationServerMetadata, Error> {
    let mut last = discovery_error(title, "its metadata name no authorization server");
    for issuer in &resource.servers {
        match server_metadata(oauth, title, issuer, deadline).await {
            Ok(server) => return Ok(server),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn server_metadata(
    oauth: &Oauth,
    title: &str,
    issuer: &str,
    deadline: Instant,
) -> Result<AuthorizationServerMetadata, Error> {
    let failed = |why: String| discovery_error(title, &why);
    let url = metadata::https_url(issuer, "the issuer of its authorization server").map_err(failed)?;
    if url.query().is_some() {
        return Err(failed("the issuer of its authorization server has a query".to_owned()));
    }
    for place in metadata::issuer_metadata_urls(&url) {
        let Some(document) = bounded_fetch::get_document(oauth, title, &place, deadline).await? else { continue };
        let server = AuthorizationServerMetadata::read(&document, issuer).map_err(failed)?;
        // The browser is sent to these endpoints, and so are codes and tokens: none may be in a private network.
        let optional = [server.registration.as_ref(), server.revocation.as_ref()].into_iter().flatten();
        for endpoint in [&server.authorization, &server.token].into_iter().chain(optional) {
            if let Err(refused) = oauth.host.http.check_url(endpoint) {
                return Err(failed(refused));
            }
        }
        return Ok(server);
    }
    Err(failed("its authorization server has no metadata at the well-known URLs".to_owned()))
}

impl DiscoveredAuthorization {
    /// Returns the token endpoint and our client there, for the pending authorization.
    pub(super) fn token_server_secret(&self) -> Secret {
        self.token.to_secret()
    }

    /// Returns the parameters of the authorization URL that discovery determines.
    pub(super) fn parameters(&self) -> [(&'static str, String); 2] {
        [("client_id", self.token.client_id.clone()), ("resource", self.token.resource.clone())]
    }
}
