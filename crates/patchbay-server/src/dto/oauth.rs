//! The document with which authorization servers identify this server as a client.

use patchbay_engine::ClientMetadata;
use serde::Serialize;
use utoipa::ToSchema;

/// The metadata of this server as an OAuth client (draft-ietf-oauth-client-id-metadata-document, section 4; RFC 7591,
/// section 2).
#[derive(Serialize, ToSchema)]
#[schema(as = ClientMetadata)]
pub(crate) struct ClientMetadataOut {
    /// The client ID: the URL of this document.
    #[schema(format = "uri", example = "https://patchbay.example.com/connect/oauth2/acme/client.json")]
    client_id: String,
    #[schema(example = "Patchbay")]
    client_name: &'static str,
    /// The public URL of this server.
    #[schema(format = "uri", example = "https://patchbay.example.com")]
    client_uri: String,
    #[schema(example = json!(["https://patchbay.example.com/connect/oauth2/acme/callback"]))]
    redirect_uris: Vec<String>,
    #[schema(example = json!(["authorization_code", "refresh_token"]))]
    grant_types: Vec<&'static str>,
    #[schema(example = json!(["code"]))]
    response_types: Vec<&'static str>,
    #[schema(example = "none")]
    token_endpoint_auth_method: &'static str,
    #[schema(example = "web")]
    application_type: &'static str,
}

impl From<ClientMetadata> for ClientMetadataOut {
    fn from(metadata: ClientMetadata) -> Self {
        Self {
            client_id: metadata.client_id.unwrap_or_default(),
            client_name: metadata.client_name,
            client_uri: metadata.client_uri,
            redirect_uris: metadata.redirect_uris,
            grant_types: metadata.grant_types,
            response_types: metadata.response_types,
            token_endpoint_auth_method: metadata.token_endpoint_auth_method,
            application_type: metadata.application_type,
        }
    }
}
