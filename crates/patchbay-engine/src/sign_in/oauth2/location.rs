//! The address of the authorization page.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use patchbay_connector::{
    definition::OAuth2,
    expr::{Escape, Template},
};
use patchbay_vault::Secret;
use serde_json::Value;
use url::Url;

use super::id_token;
use crate::{
    scopes::{joined, to_ask},
    sign_in::{mcp::Found, way::Errand},
    tokens::Applicant,
};

/// What the address is made of.
pub(super) struct Destination<'a> {
    pub(super) errand: &'a Errand<'a>,
    pub(super) oauth2: &'a OAuth2,
    /// What an MCP server said of where one signs in.
    pub(super) found: Option<&'a Found>,
}

impl Destination<'_> {
    pub(super) fn text(&self, template: Option<&Template>) -> Result<Option<String>, String> {
        let text = template.map(|template| self.errand.text(template, Escape::None)).transpose()?.flatten();
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// The provider's page.
    fn page(&self) -> Result<Url, String> {
        if let Some(found) = self.found {
            return Ok(found.authorization.clone());
        }
        let place = self.oauth2.authorization_url.as_ref().ok_or("it has no `authorizationUrl`")?;
        self.errand.page(place, "authorizationUrl")
    }

    /// Scopes beside those of a first sign-in: what the provider refused the account's actions for want of. An MCP
    /// server may name but what is new, and grant no more than what is asked for: there it is asked again for what the
    /// account has.
    fn more_scopes(&self) -> Vec<String> {
        let Some(account) = self.errand.again else { return Vec::new() };
        let granted = account.token.as_ref().filter(|_| self.found.is_some()).map(|token| token.scopes.clone());
        let wanted = account.missing_scopes.values().flatten().cloned();
        granted.into_iter().flatten().chain(wanted).collect()
    }

    /// The whole address.
    pub(super) fn location(&self, verifier: Option<&Secret>) -> Result<Url, String> {
        let oauth2 = self.oauth2;
        let mut url = self.page()?;
        let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut set = |name: &str, value: String| put(&mut query, name, value);
        set("response_type", "code".to_owned());
        if let Some(id) = self.errand.applicant.credentials.values().get("clientId").and_then(Value::as_str) {
            set("client_id", id.to_owned());
        }
        let scopes = match self.found {
            Some(found) => found.scopes.clone(),
            None => self.text(oauth2.scopes.as_ref())?,
        };
        let more = self.more_scopes();
        if scopes.is_some() || !more.is_empty() {
            let Applicant { connector, method, profile, .. } = &self.errand.applicant;
            let delimiter = oauth2.scope_delimiter.as_deref();
            let scopes = to_ask(connector, method, &profile.enabled_actions, &scopes.unwrap_or_default(), delimiter);
            set("scope", delimited(&joined(&scopes, delimiter, more.into_iter()), delimiter));
        }
        for (name, value) in &oauth2.authorization_params {
            if let Some(value) = self.errand.text(value, Escape::None)? {
                set(name, value);
            }
        }
        for (name, value) in self.found.into_iter().flat_map(Found::parameters) {
            set(name, value);
        }
        // Ours, whatever the connector or the address says: they are what the answer is checked by.
        query.retain(|(name, _)| name != "nonce");
        let mut set = |name: &str, value: String| put(&mut query, name, value);
        set("redirect_uri", self.errand.redirect_uri.to_owned());
        set("state", self.errand.state.expose().to_owned());
        if let Some(verifier) = verifier {
            let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.expose().as_bytes()));
            set("code_challenge", challenge);
            set("code_challenge_method", "S256".to_owned());
        }
        url.query_pairs_mut().clear().extend_pairs(&query);
        Ok(url)
    }
}

fn put(query: &mut Vec<(String, String)>, name: &str, value: String) {
    match query.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => *known = value,
        None => query.push((name.to_owned(), value)),
    }
}

/// Whether the scopes that are asked for bring an ID token.
pub(super) fn asks_for_identity(location: &Url) -> bool {
    let scopes = location.query_pairs().find(|(name, _)| name == "scope");
    scopes.is_some_and(|(_, scopes)| scopes.split([' ', ',', '+']).any(|scope| scope == id_token::SCOPE))
}

/// Scopes as the provider wants them parted.
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
    fn scopes_stand_as_the_provider_wants_them() {
        assert_eq!(delimited("a b", None), "a b");
        assert_eq!(delimited("a b  c", Some(",")), "a,b,c");
        assert_eq!(delimited("a,b", Some(",")), "a,b");
        assert_eq!(delimited("a b", Some(" ")), "a b");
    }
}
