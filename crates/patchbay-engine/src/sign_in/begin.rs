//! Sending a browser to the provider.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use patchbay_connector::{
    Connector,
    definition::{AuthMethod, Authorization, OAuth2},
    expr::{Escape, Scope},
};
use patchbay_model::{Account, AttemptError, AttemptId, AttemptStatus, EnabledActions, ProfileId};
use patchbay_vault::{Secret, Vault};
use serde_json::{Value, json};
use url::Url;

use super::{
    id_token,
    mcp::{self, Found},
    ticket::{self, Ticket},
};
use crate::{
    Engine, Error, ErrorKind,
    linking::{check_fields, open_secrets},
    pipeline::Credentials,
    scopes::to_ask,
    services::{HubSession, hub::HubProfile, invalid, invalid_at},
    tokens::signs_in,
};

/// A sign-in that is to begin.
#[derive(Debug)]
pub struct SignInRequest {
    /// The connect session's token.
    pub token: Secret,
    /// The profile to link with.
    pub profile_id: ProfileId,
    /// The attempt that the Hub polls; one is made when there is none.
    pub attempt_id: Option<AttemptId>,
    /// Where the window is to go in the end. Another origin than this server's and those that may frame the
    /// session's Hub is not gone to.
    pub landing: Option<String>,
    /// Field key to typed text.
    pub fields: Vec<(String, Secret)>,
    /// Origins beside the session's own that may be landed on.
    pub allowed_origins: Vec<String>,
}

/// Where the browser goes.
#[derive(Debug)]
pub struct SignInStart {
    /// The provider's page.
    pub location: Secret,
    /// The sign-in's public mark: tells its cookie from those of others in the same browser.
    pub mark: String,
    /// The cookie's value: only the browser that has it may finish.
    pub browser: Secret,
    /// How long the cookie lives, in seconds.
    pub life_seconds: i64,
}

pub(super) const NO_SIGN_IN: &str = "this integration is not linked by signing in at the provider";

/// The mark of a sign-in, from its `state`.
pub(super) fn mark_of(state: &Secret) -> String {
    Vault::hash_token(state.expose()).hex().chars().take(16).collect()
}

impl Engine {
    /// The address that a provider sends browsers back to, distinct for each connector; operators enter it in
    /// their app at the provider.
    pub fn redirect_uri(&self, connector: &str) -> String {
        format!("{}/connect/oauth2/{connector}/callback", self.config().public_url)
    }

    /// Begins a sign-in: keeps what it needs and gives the provider's address. What fails ends the attempt, so
    /// that the Hub tells it. 401 for a session that is over, 404 for a profile that it does not show, 400 for
    /// fields that are not valid.
    pub async fn begin_sign_in(&self, request: SignInRequest) -> Result<SignInStart, Error> {
        let hub = self.hub_session(&request.token).await?;
        let attempt = match &request.attempt_id {
            Some(id) => self.get_attempt(&hub, id).await?,
            None => self.start_attempt(&hub).await?,
        };
        if attempt.status != AttemptStatus::Pending {
            return Err(invalid_at("connection_attempt_id", "ended", "this attempt has ended; start again in the Hub"));
        }
        let outcome = self.send_to_provider(&hub, &attempt.id, request).await;
        if let Err(error) = &outcome {
            self.end_attempt(&hub, &attempt.id, error).await?;
        }
        outcome
    }

    /// Ends an attempt with what went wrong.
    pub(super) async fn end_attempt(&self, hub: &HubSession, id: &AttemptId, error: &Error) -> Result<(), Error> {
        let told = AttemptError { code: error.code.to_owned(), description: error.message.clone() };
        self.settle_attempt(hub, id, AttemptStatus::Error, None, Some(&told)).await
    }

    async fn send_to_provider(
        &self,
        hub: &HubSession,
        attempt: &AttemptId,
        request: SignInRequest,
    ) -> Result<SignInStart, Error> {
        let HubProfile { profile, connector, .. } = self.hub_profile(hub, &request.profile_id).await?;
        let method = connector.auth_method(&profile.auth_config_key).filter(|method| signs_in(method));
        let Some((method, Authorization::OAuth2(oauth2))) = method.map(|method| (method, &method.authorization)) else {
            return Err(invalid_at("integration_id", "method", NO_SIGN_IN));
        };
        let existing = match &hub.session.account_id {
            Some(id) => Some(self.hub_account(hub, id).await?.account),
            None => None,
        };
        let kept = |key: &str| existing.as_ref().is_some_and(|account| account.holds(key));
        let fields = request.fields.clone();
        check_fields(&method.config_fields, fields, "credentials", kept).map_err(invalid)?;
        let credentials = self.draft(&profile, existing.as_deref(), &request.fields)?;

        let found = match &method.mcp {
            Some(flow) => Some(mcp::find(self, &connector, &profile, flow, &credentials).await?),
            None => None,
        };
        let entropy = &*self.parts().entropy;
        let (state, browser) = (Secret::new(entropy.token()), Secret::new(entropy.token()));
        let verifier = oauth2.pkce.then(|| Secret::new(entropy.token()));
        let redirect_uri = self.redirect_uri(&connector.key);
        let asked = Asked { connector: &connector, method, enabled: &profile.enabled_actions };
        let to = Destination { engine: self, oauth2, credentials: &credentials, found: found.as_ref(), asked };
        let broken = |why: String| {
            let message = format!("the connector {} cannot send anyone to sign in: {why}", connector.title);
            Error::new(ErrorKind::Internal, "ConnectorError", message)
        };
        let mut location = to.location(&state, &redirect_uri, verifier.as_ref()).map_err(broken)?;
        let nonce = asks_for_identity(&location).then(|| entropy.token());
        if let Some(nonce) = &nonce {
            location.query_pairs_mut().append_pair("nonce", nonce);
        }
        let named = match &found {
            Some(found) => Some(found.issuer.clone()),
            None => to.text(oauth2.issuer.as_ref()).map_err(broken)?,
        };
        let ticket = Ticket {
            session: request.token.expose().to_owned(),
            attempt: attempt.to_string(),
            profile: profile.id.to_string(),
            connector: connector.key.clone(),
            fields: request.fields.iter().map(|(key, value)| (key.clone(), value.expose().to_owned())).collect(),
            verifier: verifier.map(|verifier| verifier.expose().to_owned()),
            nonce,
            redirect_uri,
            landing: self.landing(hub, request.landing.as_deref(), &request.allowed_origins),
            issuer_is_named: named.is_some(),
            issuer_must_come: found.as_ref().is_some_and(|found| found.names_itself),
            server: found.as_ref().map(|found| found.kept().expose().to_owned()),
            issuer: named.unwrap_or_else(|| location.origin().ascii_serialization()),
            browser: Vault::hash_token(browser.expose()).hex(),
        };
        ticket.keep(self, &hub.session.project_id, &state).await?;
        let mark = mark_of(&state);
        Ok(SignInStart { location: Secret::new(location.as_str()), mark, browser, life_seconds: ticket::LIFE })
    }

    /// Where the window goes in the end: where it was asked to go when that may be, else to our own page.
    fn landing(&self, hub: &HubSession, asked: Option<&str>, also: &[String]) -> String {
        let own = format!("{}/embedded/accounts/callback", self.config().public_url);
        let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin().ascii_serialization());
        let may = |asked: &str| {
            let is_web = asked.starts_with("https://") || asked.starts_with("http://");
            let wanted = origin(asked);
            let allowed = hub.session.allowed_origins.iter().chain(also).any(|allowed| wanted == origin(allowed));
            is_web && wanted.is_some() && (allowed || wanted == origin(&own))
        };
        asked.filter(|asked| may(asked)).map_or(own, str::to_owned)
    }

    /// The credentials of an account that is not there yet: the profile's, those that are kept, what was typed.
    pub(super) fn draft(
        &self,
        profile: &patchbay_model::Profile,
        existing: Option<&Account>,
        typed: &[(String, Secret)],
    ) -> Result<Credentials, Error> {
        use patchbay_vault::SealContext;
        let project = &profile.project_id;
        let mut plain = profile.setup_information.clone();
        let mut secrets = open_secrets(self.vault(), &profile.secrets, |field| SealContext::Profile {
            project,
            profile: &profile.id,
            field,
        })?;
        if let Some(account) = existing {
            plain.extend(account.setup_information.clone());
            secrets.extend(open_secrets(self.vault(), &account.secrets, |field| SealContext::Account {
                project,
                account: &account.id,
                field,
            })?);
        }
        let typed = typed.iter().filter(|(_, value)| !value.is_empty());
        let typed = typed.map(|(key, value)| (key.as_str(), value.clone()));
        Ok(Credentials::from_parts(&plain, secrets.into_iter().chain(typed)))
    }
}

/// What the scopes that are asked for depend on.
#[derive(Clone, Copy)]
struct Asked<'a> {
    connector: &'a Connector,
    method: &'a AuthMethod,
    enabled: &'a EnabledActions,
}

struct Destination<'a> {
    asked: Asked<'a>,
    engine: &'a Engine,
    oauth2: &'a OAuth2,
    credentials: &'a Credentials,
    /// What an MCP server said of where one signs in.
    found: Option<&'a Found>,
}

impl Destination<'_> {
    fn eval(&self, template: &patchbay_connector::expr::Template, escape: Escape) -> Result<Option<String>, String> {
        let public_url = Value::String(self.engine.config().public_url.clone());
        let context = json!({});
        let roots = [("credentials", self.credentials.values()), ("context", &context), ("apiHostUri", &public_url)];
        template.eval_text(&Scope { roots: &roots }, escape).map_err(|error| error.to_string())
    }

    fn text(&self, template: Option<&patchbay_connector::expr::Template>) -> Result<Option<String>, String> {
        let text = template.map(|template| self.eval(template, Escape::None)).transpose()?.flatten();
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// The provider's page.
    fn page(&self) -> Result<Url, String> {
        if let Some(found) = self.found {
            return Ok(found.authorization.clone());
        }
        let place = self.oauth2.authorization_url.as_ref().ok_or("it has no `authorizationUrl`")?;
        let text = self.eval(place, Escape::Host)?.ok_or("its `authorizationUrl` is empty")?;
        let url = Url::parse(&text).map_err(|error| format!("its `authorizationUrl` is no URL: {error}"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err("its `authorizationUrl` is no web address".to_owned());
        }
        Ok(url)
    }

    fn location(&self, state: &Secret, redirect_uri: &str, verifier: Option<&Secret>) -> Result<Url, String> {
        let oauth2 = self.oauth2;
        let mut url = self.page()?;
        let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut set = |name: &str, value: String| put(&mut query, name, value);
        set("response_type", "code".to_owned());
        if let Some(id) = self.credentials.values().get("clientId").and_then(Value::as_str) {
            set("client_id", id.to_owned());
        }
        let scopes = match self.found {
            Some(found) => found.scopes.clone(),
            None => self.text(oauth2.scopes.as_ref())?,
        };
        if let Some(scopes) = scopes {
            let Asked { connector, method, enabled } = self.asked;
            let scopes = to_ask(connector, method, enabled, &scopes, oauth2.scope_delimiter.as_deref());
            set("scope", delimited(&scopes, oauth2.scope_delimiter.as_deref()));
        }
        for (name, value) in &oauth2.authorization_params {
            if let Some(value) = self.eval(value, Escape::None)? {
                set(name, value);
            }
        }
        for (name, value) in self.found.into_iter().flat_map(Found::parameters) {
            set(name, value);
        }
        // Ours, whatever the connector or the address says: they are what the answer is checked by.
        query.retain(|(name, _)| name != "nonce");
        let mut set = |name: &str, value: String| put(&mut query, name, value);
        set("redirect_uri", redirect_uri.to_owned());
        set("state", state.expose().to_owned());
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
fn asks_for_identity(location: &Url) -> bool {
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
