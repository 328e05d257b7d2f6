//! Builds the authorization URL of OAuth 2.0 (RFC 6749, section 4.1.1).

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use patchbay_connector::{
    definition::OAuth2,
    expr::{Escape, Template},
};
use patchbay_egress::extend_query;
use patchbay_vault::Secret;
use url::Url;

use super::id_token;
use crate::{
    oauth::{mcp::DiscoveredAuthorization, protocol::AuthorizationRequest},
    scopes::{joined, to_ask},
    tokens::token_context::TokenContext,
};

/// The parts of an authorization URL.
pub(super) struct AuthorizationUrlBuilder<'a> {
    pub(super) request: &'a AuthorizationRequest<'a>,
    pub(super) oauth2: &'a OAuth2,
    /// The discovered endpoints of an MCP server.
    pub(super) discovered: Option<&'a DiscoveredAuthorization>,
}

impl AuthorizationUrlBuilder<'_> {
    /// Evaluates a template; an empty string counts as none.
    pub(super) fn eval_text(&self, template: Option<&Template>) -> Result<Option<String>, String> {
        let text = template.map(|template| self.request.eval_text(template, Escape::None)).transpose()?.flatten();
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// Returns the authorization endpoint.
    fn endpoint(&self) -> Result<Url, String> {
        if let Some(discovered) = self.discovered {
            return Ok(discovered.authorization.clone());
        }
        let template = self.oauth2.authorization_url.as_ref().ok_or("it has no `authorizationUrl`")?;
        self.request.eval_url(template, "authorizationUrl")
    }

    /// Returns the scopes to request in addition to those of a first authorization: the ones that the account's actions
    /// lacked. An MCP server may report only the missing ones and grant no more than what is requested, so there the
    /// account's granted scopes are requested again too.
    fn more_scopes(&self) -> Vec<String> {
        let Some(account) = self.request.existing else { return Vec::new() };
        let granted = account.token.as_ref().filter(|_| self.discovered.is_some()).map(|token| token.scopes.clone());
        let lacking = account.missing_scopes.values().flatten().cloned();
        granted.into_iter().flatten().chain(lacking).collect()
    }

    /// Builds the URL, with the code challenge of `verifier` if there is one.
    pub(super) fn build(&self, verifier: Option<&Secret>) -> Result<Url, String> {
        let oauth2 = self.oauth2;
        let mut url = self.endpoint()?;
        let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut set = |name: &str, value: String| set_parameter(&mut query, name, value);
        set("response_type", "code".to_owned());
        if let Some(id) = self.request.token_context.credentials.text("clientId") {
            set("client_id", id.to_owned());
        }
        let scopes = match self.discovered {
            Some(discovered) => discovered.scopes.clone(),
            None => self.eval_text(oauth2.scopes.as_ref())?,
        };
        let more = self.more_scopes();
        if scopes.is_some() || !more.is_empty() {
            let TokenContext { connector, method, profile, .. } = &self.request.token_context;
            let delimiter = oauth2.scope_delimiter.as_deref();
            let scopes = to_ask(connector, method, &profile.enabled_actions, &scopes.unwrap_or_default(), delimiter);
            set("scope", delimited(&joined(&scopes, delimiter, more.into_iter()), delimiter));
        }
        for (name, value) in &oauth2.authorization_params {
            if let Some(value) = self.request.eval_text(value, Escape::None)? {
                set(name, value);
            }
        }
        for (name, value) in self.discovered.into_iter().flat_map(DiscoveredAuthorization::parameters) {
            set(name, value);
        }
        // A connector cannot replace the parameters that the callback is checked by.
        query.retain(|(name, _)| name != "nonce");
        let mut set = |name: &str, value: String| set_parameter(&mut query, name, value);
        set("redirect_uri", self.request.redirect_uri.to_owned());
        set("state", self.request.state.expose().to_owned());
        if let Some(verifier) = verifier {
            // RFC 7636, section 4.2.
            let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.expose().as_bytes()));
            set("code_challenge", challenge);
            set("code_challenge_method", "S256".to_owned());
        }
        url.set_query(None);
        extend_query(&mut url, &query);
        Ok(url)
    }
}

fn set_parameter(query: &mut Vec<(String, String)>, name: &str, value: String) {
    match query.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => *known = value,
        None => query.push((name.to_owned(), value)),
    }
}

/// Checks whether an authorization URL requests an ID token.
pub(super) fn requests_id_token(location: &Url) -> bool {
    let scopes = location.query_pairs().find(|(name, _)| name == "scope");
    scopes.is_some_and(|(_, scopes)| scopes.split([' ', ',', '+']).any(|scope| scope == id_token::OPENID_SCOPE))
}

/// Joins scopes by the provider's delimiter.
fn delimited(scopes: &str, delimiter: Option<&str>) -> String {
    match delimiter {
        Some(delimiter) if delimiter.trim() != "" && !scopes.contains(delimiter) => {
            scopes.split_whitespace().collect::<Vec<_>>().join(delimiter)
        }
        _ => scopes.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::delimited;

    #[test]
    fn scopes_are_joined_by_the_providers_delimiter() {
        assert_eq!(delimited("a b", None), "a b");
        assert_eq!(delimited("a b  c", Some(",")), "a,b,c");
        assert_eq!(delimited("a,b", Some(",")), "a,b");
        assert_eq!(delimited("a b", Some(" ")), "a b");
    }
}
