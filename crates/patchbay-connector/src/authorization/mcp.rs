//! Authentication of `type: mcp`: the authorization of an MCP server (MCP 2025-06-18, "Authorization").

use serde_json::Value;

use super::{AuthKind, AuthType, Authorization, MethodParts, oauth2::OAuth2};
use crate::{
    diagnostic::code,
    expr::Template,
    json_schema::{boolean, choice, object, texts_or_text},
    syntax::{Mapping, Reader},
};

const KEYS: [&str; 4] = ["serverUrl", "discovery", "clientRegistration", "scopes"];
const CLIENT_REGISTRATIONS: [(&str, ClientRegistration); 2] =
    [("cimd", ClientRegistration::Cimd), ("dcr", ClientRegistration::Dynamic)];

/// Authentication with the authorization of an MCP server.
pub(super) const AUTH_TYPE: AuthType = AuthType { name: "mcp", kind: |_| Some(AuthKind::Mcp), check };

/// How Patchbay is authorized at an MCP server (`authorizationFlow`).
#[derive(Debug)]
pub struct McpFlow {
    /// The server's URL.
    pub server_url: Template,
    /// Whether the endpoints are discovered from the server's metadata (RFC 9728, RFC 8414).
    pub discovery: bool,
    /// How Patchbay is registered as a client.
    pub registration: ClientRegistration,
    /// The scopes to request.
    pub scopes: Vec<String>,
}

/// How a client is registered at an authorization server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientRegistration {
    /// A client ID metadata document at the client's own URL.
    Cimd,
    /// Dynamic client registration (RFC 7591).
    Dynamic,
}

impl McpFlow {
    /// Reads `authorizationFlow`.
    pub(crate) fn read(reader: Reader<'_>) -> Option<Self> {
        let mapping = reader.mapping("`authorizationFlow`", &KEYS)?;
        let registration = mapping
            .get("clientRegistration")
            .map_or(Some(ClientRegistration::Dynamic), |kind| kind.choice(&CLIENT_REGISTRATIONS));
        let scopes = mapping.names("scopes").into_iter().map(|(name, _)| name).collect();
        Some(Self {
            server_url: mapping.require("serverUrl")?.template()?,
            discovery: mapping.flag("discovery", true),
            registration: registration?,
            scopes,
        })
    }
}

/// Returns the authorization of a method that has none in the file: the token of the server.
pub(crate) fn default_authorization() -> Option<Authorization> {
    let token = Template::parse("${credentials.accessToken}").ok()?;
    Some(Authorization::OAuth2(Box::new(OAuth2::with_token(token))))
}

/// Returns the schema of `authorizationFlow`.
pub(crate) fn flow_schema() -> Value {
    object(
        &KEYS,
        &["serverUrl"],
        &[("discovery", boolean()), ("clientRegistration", choice(&CLIENT_REGISTRATIONS)), ("scopes", texts_or_text())],
    )
}

/// Checks that methods of this type, and no others, have an `authorizationFlow` with discovery.
fn check(method: &MethodParts<'_>, mapping: &Mapping<'_>, _: &Reader<'_>) {
    let is_mcp = method.kind == AuthKind::Mcp;
    match (method.mcp, mapping.get("authorizationFlow")) {
        (None, None) if is_mcp => {
            let message = "authentication of type `mcp` needs `authorizationFlow` with `serverUrl`";
            mapping.reader.error(code::MISSING_KEY, message);
        }
        (Some(_), Some(place)) if !is_mcp => {
            place.error(code::INVALID, "`authorizationFlow` requires authentication of type `mcp`");
        }
        (Some(flow), Some(place)) if !flow.discovery => {
            let hint = "for a server without metadata, use `type: oauth2` with `authorizationUrl` and `tokenUrl`";
            place.error_with_hint(code::INVALID, "`discovery: false` leaves the authorization endpoint unknown", hint);
        }
        _ => {}
    }
    if let Some(place) = mapping.get("authorization").filter(|_| is_mcp)
        && !matches!(method.authorization, Authorization::OAuth2(_))
    {
        place.error(code::INVALID, "authentication of type `mcp` sends its own token; remove `authorization`");
    }
}
