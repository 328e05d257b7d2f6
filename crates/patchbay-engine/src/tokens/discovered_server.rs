//! The discovered token endpoint of an MCP server, with our client there. It is stored with the account, so that a refresh
//! goes to the server that issued the token, as the client that got it, whatever the server's metadata say later.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use zeroize::{Zeroize, Zeroizing};

use patchbay_runtime::{Credentials, Redactor};

/// The key among an account's secrets. It contains a dot, which no expression can spell.
pub(crate) const DISCOVERED_SERVER_KEY: &str = "oauth.server";

/// A discovered authorization server, with our client there.
#[derive(Clone, Serialize, Deserialize, Zeroize)]
#[zeroize(drop)]
pub(crate) struct DiscoveredServer {
    /// The issuer.
    pub(crate) issuer: String,
    /// The token endpoint.
    pub(crate) token_url: String,
    /// The revocation endpoint (RFC 7009); none when the server has none.
    #[serde(default)]
    pub(crate) revocation_url: Option<String>,
    /// The resource that tokens are issued for (RFC 8707).
    pub(crate) resource: String,
    /// Our client ID.
    pub(crate) client_id: String,
    /// Our client secret.
    pub(crate) client_secret: Option<String>,
    /// The client authentication method: `none`, `client_secret_basic` or `client_secret_post`.
    pub(crate) auth: String,
}

impl fmt::Debug for DiscoveredServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DiscoveredServer({})", self.token_url)
    }
}

impl DiscoveredServer {
    /// Reads the server from an account's credentials; none when the account has none.
    pub(crate) fn from_credentials(credentials: &Credentials) -> Option<Self> {
        serde_json::from_str(credentials.values().get(DISCOVERED_SERVER_KEY)?.as_str()?).ok()
    }

    /// Returns the stored form.
    pub(crate) fn to_secret(&self) -> Secret {
        let text = Zeroizing::new(serde_json::to_string(self).unwrap_or_default());
        Secret::new(text.as_str())
    }

    /// Returns the value of the `Authorization` header (RFC 6749, section 2.3.1); none when the client authenticates
    /// otherwise.
    pub(crate) fn basic_header(&self) -> Option<HeaderValue> {
        let secret = self.client_secret.as_deref().filter(|_| self.auth == "client_secret_basic")?;
        let coded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Zeroizing::new(format!("{}:{}", coded(&self.client_id), coded(secret)));
        let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Returns the client's parameters for the body.
    pub(crate) fn body_credentials(&self) -> Vec<(&'static str, &str)> {
        let secret = self.client_secret.as_deref().filter(|_| self.auth == "client_secret_post");
        [Some(("client_id", self.client_id.as_str())), secret.map(|secret| ("client_secret", secret))]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Adds the client's secrets to a redactor.
    pub(crate) fn add_secrets_to(&self, redactor: &mut Redactor) {
        self.client_secret.iter().for_each(|secret| redactor.add(secret));
        let basic =
            self.basic_header().and_then(|value| Some(value.to_str().ok()?.trim_start_matches("Basic ").to_owned()));
        basic.iter().for_each(|encoded| redactor.add(encoded));
    }

    /// Returns the body parameters that authenticate the client; empty when a header does.
    pub(crate) fn client_authentication(&self) -> Vec<(&'static str, String)> {
        let in_body = if self.basic_header().is_none() { self.body_credentials() } else { Vec::new() };
        in_body.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
    }

    /// Returns the parameters that it adds to a token request.
    pub(crate) fn token_parameters(&self) -> Vec<(&'static str, String)> {
        [("resource", self.resource.clone())].into_iter().chain(self.client_authentication()).collect()
    }
}

#[cfg(test)]
mod tests {
    use patchbay_model::Metadata;

    use super::*;

    fn server(auth: &str) -> DiscoveredServer {
        DiscoveredServer {
            issuer: "https://i.example".into(),
            token_url: "https://i.example/token".into(),
            revocation_url: None,
            resource: "https://a.example/mcp".into(),
            client_id: "an id".into(),
            client_secret: Some("s:%".into()),
            auth: auth.into(),
        }
    }

    #[test]
    fn the_client_authenticates_by_the_agreed_method() {
        let names =
            |server: &DiscoveredServer| server.token_parameters().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(server("client_secret_basic").basic_header().unwrap(), "Basic YW4raWQ6cyUzQSUyNQ==");
        assert_eq!(names(&server("client_secret_basic")), ["resource"]);
        assert_eq!(names(&server("client_secret_post")), ["resource", "client_id", "client_secret"]);
        assert_eq!(names(&server("none")), ["resource", "client_id"]);
        assert!(server("none").basic_header().is_none());
    }

    #[test]
    fn it_is_stored_whole_and_its_debug_output_has_no_secret() {
        let kept = server("client_secret_post").to_secret();
        let credentials = Credentials::from_parts(&Metadata::new(), [(DISCOVERED_SERVER_KEY, kept)].into_iter());
        let found = DiscoveredServer::from_credentials(&credentials).unwrap();
        assert_eq!(found.client_secret.as_deref(), Some("s:%"));
        assert!(!format!("{found:?}").contains("s:%"));
        assert!(DiscoveredServer::from_credentials(&Credentials::default()).is_none());
    }
}
