//! A token endpoint that was found out when the customer signed in (an MCP server's), and the client that is known
//! there. It is kept with the account, so that a renewal goes where the token came from, as whom it was given to,
//! whatever the server's documents say by then.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use zeroize::{Zeroize, Zeroizing};

use crate::runtime::{Credentials, Redactor};

/// Where an account keeps it among its secrets. No expression can spell it.
pub(crate) const DISCOVERED_SERVER_KEY: &str = "oauth.server";

/// Where tokens are got, and as whom.
#[derive(Clone, Serialize, Deserialize, Zeroize)]
#[zeroize(drop)]
pub(crate) struct DiscoveredServer {
    /// The authorization server's identifier.
    pub(crate) issuer: String,
    /// Its token endpoint.
    pub(crate) token_url: String,
    /// Where they are taken back (RFC 7009); none where the server names no such place.
    #[serde(default)]
    pub(crate) revocation_url: Option<String>,
    /// What tokens are for (RFC 8707).
    pub(crate) resource: String,
    /// The client.
    pub(crate) client_id: String,
    /// Its secret.
    pub(crate) client_secret: Option<String>,
    /// How it proves itself: `none`, `client_secret_basic` or `client_secret_post`.
    pub(crate) auth: String,
}

impl fmt::Debug for DiscoveredServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DiscoveredServer({})", self.token_url)
    }
}

impl DiscoveredServer {
    /// The account's, where it has one.
    pub(crate) fn from_credentials(credentials: &Credentials) -> Option<Self> {
        serde_json::from_str(credentials.values().get(DISCOVERED_SERVER_KEY)?.as_str()?).ok()
    }

    /// As it is kept.
    pub(crate) fn to_secret(&self) -> Secret {
        let text = Zeroizing::new(serde_json::to_string(self).unwrap_or_default());
        Secret::new(text.as_str())
    }

    /// The value of a Basic header (RFC 6749 section 2.3.1), where the client proves itself so.
    pub(crate) fn basic_header(&self) -> Option<HeaderValue> {
        let secret = self.client_secret.as_deref().filter(|_| self.auth == "client_secret_basic")?;
        let coded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = Zeroizing::new(format!("{}:{}", coded(&self.client_id), coded(secret)));
        let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// What goes into the body otherwise.
    pub(crate) fn body_credentials(&self) -> Vec<(&'static str, &str)> {
        let secret = self.client_secret.as_deref().filter(|_| self.auth == "client_secret_post");
        [Some(("client_id", self.client_id.as_str())), secret.map(|secret| ("client_secret", secret))]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Its secrets are not told either.
    pub(crate) fn add_secrets_to(&self, redactor: &mut Redactor) {
        self.client_secret.iter().for_each(|secret| redactor.add(secret));
        let basic =
            self.basic_header().and_then(|value| Some(value.to_str().ok()?.trim_start_matches("Basic ").to_owned()));
        basic.iter().for_each(|encoded| redactor.add(encoded));
    }

    /// The parameters by which the client proves itself, where no header does.
    pub(crate) fn client_authentication(&self) -> Vec<(&'static str, String)> {
        let in_body = if self.basic_header().is_none() { self.body_credentials() } else { Vec::new() };
        in_body.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
    }

    /// The parameters that it adds to a token request.
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
    fn a_client_proves_itself_as_it_was_agreed() {
        let names =
            |server: &DiscoveredServer| server.token_parameters().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(server("client_secret_basic").basic_header().unwrap(), "Basic YW4raWQ6cyUzQSUyNQ==");
        assert_eq!(names(&server("client_secret_basic")), ["resource"]);
        assert_eq!(names(&server("client_secret_post")), ["resource", "client_id", "client_secret"]);
        assert_eq!(names(&server("none")), ["resource", "client_id"]);
        assert!(server("none").basic_header().is_none());
    }

    #[test]
    fn it_is_kept_whole_and_shows_nothing() {
        let kept = server("client_secret_post").to_secret();
        let credentials = Credentials::from_parts(&Metadata::new(), [(DISCOVERED_SERVER_KEY, kept)].into_iter());
        let found = DiscoveredServer::from_credentials(&credentials).unwrap();
        assert_eq!(found.client_secret.as_deref(), Some("s:%"));
        assert!(!format!("{found:?}").contains("s:%"));
        assert!(DiscoveredServer::from_credentials(&Credentials::default()).is_none());
    }
}
