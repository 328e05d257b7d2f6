//! The URLs of the server's routes that the engine gives to browsers and providers.

use std::fmt;

use patchbay_vault::Secret;

/// Builds the URLs of the server's routes.
///
/// The server implements it, so that only the server knows its routes.
pub trait PublicUrls: fmt::Debug + Send + Sync {
    /// Returns the public URL, without a trailing slash.
    fn base(&self) -> &str;

    /// Returns the URL that opens the Hub with the token of a connect session.
    fn hub(&self, token: &Secret) -> Secret;

    /// Returns the URL of the page to which a window returns after the callback, if the Hub requests no other.
    fn return_page(&self) -> String;

    /// Returns the redirect URI of a connector (RFC 6749, section 3.1.2). Each connector has its own; operators register
    /// it with their OAuth app at the provider.
    fn callback(&self, connector: &str) -> String;

    /// Returns the URL of a connector's client ID metadata document. `None` without a public `https` URL, which such a
    /// document needs (draft-ietf-oauth-client-id-metadata-document, section 3).
    fn client_metadata(&self, connector: &str) -> Option<String>;
}

/// The URLs of a process without routes: a command that neither opens the Hub nor starts an authorization.
#[derive(Clone, Copy, Debug)]
pub struct NoRoutes;

impl PublicUrls for NoRoutes {
    fn base(&self) -> &'static str {
        "http://127.0.0.1"
    }

    fn hub(&self, _: &Secret) -> Secret {
        Secret::new(self.base())
    }

    fn return_page(&self) -> String {
        self.base().to_owned()
    }

    fn callback(&self, _: &str) -> String {
        self.base().to_owned()
    }

    fn client_metadata(&self, _: &str) -> Option<String> {
        None
    }
}
