//! The URLs of this server that responses, pages and providers are given: built here and nowhere else.

use patchbay_connector::{Connector, definition::AuthMethod};
use patchbay_engine::PublicUrls;
use patchbay_vault::Secret;
use url::{Url, form_urlencoded};

/// The query parameter that names a prepared authorization. A connector's field of this name would be mistaken for it.
pub(crate) const LAUNCH_CODE_PARAMETER: &str = "patchbay_ticket";

/// Builds the URLs of the server's public routes, for the server and for the engine.
#[derive(Clone, Debug)]
pub struct RouteUrls {
    /// The public URL, without a trailing slash.
    base: String,
}

impl RouteUrls {
    /// Builds URLs on `public_url`. A slash at its end is ignored.
    pub fn new(public_url: &str) -> Self {
        Self { base: public_url.trim_end_matches('/').to_owned() }
    }

    /// Returns the public URL, without a trailing slash.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Returns true if browsers reach the server over https.
    pub(crate) fn is_https(&self) -> bool {
        // The scheme may be written in any case (RFC 3986, section 3.1).
        self.base.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
    }

    /// Returns the origin of the public URL (RFC 6454), or an empty string if it is not a URL.
    pub(crate) fn origin(&self) -> String {
        Url::parse(&self.base).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }

    /// Returns the URL of a path of this server; any other URL is returned unchanged.
    pub(crate) fn resolve(&self, link: &str) -> String {
        if link.starts_with('/') { format!("{}{link}", self.base) } else { link.to_owned() }
    }

    /// Returns the URL of the API reference.
    pub fn reference(&self) -> String {
        format!("{}/docs/api", self.base)
    }

    /// Returns the URL of the documentation.
    pub fn documentation(&self) -> String {
        format!("{}/docs", self.base)
    }

    /// Returns the URL of the index of all pages, for language models.
    pub(crate) fn index(&self) -> String {
        format!("{}/llms.txt", self.base)
    }

    /// Returns true for the URL of a connection guide of this server. Connectors may name its old path, which is redirected.
    pub(crate) fn is_guide(&self, url: &str) -> bool {
        let Some(path) = url.strip_prefix(&self.base) else { return false };
        path.starts_with("/guides/")
            || path.strip_prefix("/docs/connectors/").is_some_and(|rest| rest.contains("/guides/"))
    }

    /// Returns the URL of a connection guide. The query, which can be empty, begins with `?`.
    pub(crate) fn guide(&self, connector: &Connector, method: &AuthMethod, query: &str) -> String {
        format!("{}{}{query}", self.base, guide_path(connector, method))
    }

    /// Returns the redirect URI of a connector with a query, without `?`. The key is from a request's path, and can contain any
    /// characters.
    pub(crate) fn callback_with_query(&self, connector: &str, query: &str) -> String {
        let connector = form_urlencoded::byte_serialize(connector.as_bytes()).collect::<String>();
        format!("{}?{query}", self.callback(&connector))
    }

    /// Returns the URL of the dashboard.
    pub fn dashboard(&self) -> String {
        format!("{}/dashboard", self.base)
    }

    /// Returns the URL that logs a browser in to the dashboard.
    pub fn login_link(&self, token: &Secret) -> Secret {
        Secret::new(format!("{}/dashboard?login_token={}", self.base, token.expose()))
    }
}

impl PublicUrls for RouteUrls {
    fn base(&self) -> &str {
        &self.base
    }

    fn hub(&self, token: &Secret) -> Secret {
        Secret::new(format!("{}/embedded/integrations?token={}", self.base, token.expose()))
    }

    fn return_page(&self) -> String {
        format!("{}/embedded/accounts/callback", self.base)
    }

    fn callback(&self, connector: &str) -> String {
        format!("{}/connect/oauth2/{connector}/callback", self.base)
    }

    fn client_metadata(&self, connector: &str) -> Option<String> {
        let is_public = Url::parse(&self.base).is_ok_and(|url| url.scheme() == "https" && url.has_host());
        is_public.then(|| format!("{}/connect/oauth2/{connector}/client.json", self.base))
    }
}

/// Returns the path of the connection guide for an authentication method.
pub(crate) fn guide_path(connector: &Connector, method: &AuthMethod) -> String {
    guide_path_of(&connector.key, &method.key)
}

/// Returns the path of the connection guide for the keys of a connector and an authentication method. The keys can be from a
/// request's path, and contain any characters.
pub(crate) fn guide_path_of(connector: &str, method: &str) -> String {
    let escaped = |key: &str| form_urlencoded::byte_serialize(key.as_bytes()).collect::<String>().replace('+', "%20");
    format!("/docs/connectors/{}/guides/{}", escaped(connector), escaped(method))
}

/// Returns the path of the Markdown form of a page.
pub(crate) fn markdown_path(path: &str) -> String {
    format!("{path}.md")
}

/// Returns the path at which the window of a prepared authorization opens.
pub(crate) fn launch_path(profile: &str, launch_code: &Secret) -> String {
    let profile = form_urlencoded::byte_serialize(profile.as_bytes()).collect::<String>();
    // The code needs no escaping: it is base64url.
    format!("/connect/oauth2/{profile}?{LAUNCH_CODE_PARAMETER}={}", launch_code.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guides_are_known_by_old_and_new_paths() {
        let urls = RouteUrls::new("https://pb.test/");
        for (path, expected) in [
            ("/guides/spotdraft/custom", true),
            ("/docs/connectors/spotdraft/guides/custom", true),
            ("/docs/connectors/spotdraft", false),
            ("/docs/guides/api-keys", false),
            ("/guides", false),
        ] {
            assert_eq!(urls.is_guide(&urls.resolve(path)), expected, "{path}");
        }
        assert!(!urls.is_guide("https://other.test/guides/spotdraft/custom"));
        assert_eq!(guide_path_of("a/b", "c d?"), "/docs/connectors/a%2Fb/guides/c%20d%3F");
    }
}
