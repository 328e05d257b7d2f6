//! Taking a browser back from the provider.

use patchbay_connector::definition::Authorization;
use patchbay_model::{AccountId, AttemptId, AttemptStatus, ProfileId};
use patchbay_vault::{Secret, Vault};
use url::Url;

use super::{begin::mark_of, id_token, ticket::Ticket};
use crate::{
    Engine, Error, ErrorKind,
    linking::no_token,
    services::{
        HubSession,
        hub::{HubProfile, LinkRequest},
    },
    tokens::{Applicant, Grant, Minted, TOKEN_SERVER, TokenServer, after_sign_in, mint, signs_in},
};

/// What the browser brought back.
#[derive(Debug)]
pub struct SignInAnswer {
    /// The connector, by the address that was called.
    pub connector: String,
    /// Every parameter.
    pub parameters: Vec<(String, Secret)>,
    /// The cookies whose names have a mark: mark and value.
    pub browsers: Vec<(String, Secret)>,
}

impl SignInAnswer {
    fn get(&self, name: &str) -> Option<&Secret> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// How a sign-in ended.
#[derive(Debug)]
pub struct SignInEnd {
    /// Where the window goes.
    pub landing: String,
    /// The mark of the cookie that is of no use any more.
    pub mark: String,
    /// The account, or why there is none. The attempt says the same.
    pub outcome: Result<AccountId, Error>,
}

impl Engine {
    /// Ends a sign-in: checks who comes back and from where, trades the code, proves the credentials and links the
    /// account. 400 `SignInUnknownError` when there is no such sign-in (any more): there is nowhere to land then.
    pub async fn finish_sign_in(&self, answer: SignInAnswer) -> Result<SignInEnd, Error> {
        let state = answer.get("state").filter(|state| !state.is_empty()).ok_or_else(unknown)?;
        let mark = mark_of(state);
        let ticket = Ticket::take(self, state).await?.ok_or_else(unknown)?;
        let (landing, attempt) = (ticket.landing.clone(), AttemptId::new(ticket.attempt.clone()));
        let hub = self.hub_session(&Secret::new(ticket.session.as_str())).await?;
        let outcome = self.linked_by(&hub, &attempt, &ticket, &answer, &mark).await;
        match &outcome {
            Ok(account) => {
                self.settle_attempt(&hub, &attempt, AttemptStatus::Authenticated, Some(account), None).await?;
            }
            Err(error) => self.end_attempt(&hub, &attempt, error).await?,
        }
        Ok(SignInEnd { landing, mark, outcome })
    }

    async fn linked_by(
        &self,
        hub: &HubSession,
        attempt: &AttemptId,
        ticket: &Ticket,
        answer: &SignInAnswer,
        mark: &str,
    ) -> Result<AccountId, Error> {
        check(ticket, answer, mark)?;
        if self.get_attempt(hub, attempt).await?.status != AttemptStatus::Pending {
            return Err(refused("the sign-in was given up in the meantime; start again in the Hub"));
        }
        if let Some(error) = answer.get("error") {
            return Err(denied(error.expose(), answer.get("error_description").map(Secret::expose)));
        }
        let code = answer
            .get("code")
            .filter(|code| !code.is_empty())
            .ok_or_else(|| refused("the provider sent the browser back without a code; start again in the Hub"))?;
        let profile_id = ProfileId::new(ticket.profile.clone());
        let typed = || ticket.fields.iter().map(|(key, value)| (key.clone(), Secret::new(value.as_str()))).collect();
        let minted = self.trade(hub, &profile_id, ticket, code, typed(), answer).await?;
        let request = LinkRequest { profile_id: Some(profile_id), credentials: typed() };
        Ok(self.link(hub, request, Some(&minted)).await?.id.clone())
    }

    /// Trades the code for a token.
    async fn trade(
        &self,
        hub: &HubSession,
        profile: &ProfileId,
        ticket: &Ticket,
        code: &Secret,
        typed: Vec<(String, Secret)>,
        answer: &SignInAnswer,
    ) -> Result<Minted, Error> {
        let HubProfile { profile, connector, .. } = self.hub_profile(hub, profile).await?;
        let method = connector.auth_method(&profile.auth_config_key).filter(|method| signs_in(method));
        let Some((method, Authorization::OAuth2(oauth2))) = method.map(|method| (method, &method.authorization)) else {
            return Err(refused("the integration was changed in the meantime; start again in the Hub"));
        };
        let existing = match &hub.session.account_id {
            Some(id) => Some(self.hub_account(hub, id).await?.account),
            None => None,
        };
        let server = ticket.server.as_deref().map(|server| (TOKEN_SERVER.to_owned(), Secret::new(server)));
        let typed = typed.into_iter().chain(server.clone()).collect::<Vec<_>>();
        let credentials = self.draft(&profile, existing.as_deref(), &typed)?;
        let applicant = Applicant {
            connector: &connector,
            method,
            profile: &profile,
            environment: &profile.environment,
            owner: &hub.session.owner,
            account_id: hub.session.account_id.as_ref(),
            credentials: &credentials,
        };
        let grant = Grant::Code {
            code: code.clone(),
            redirect_uri: ticket.redirect_uri.clone(),
            verifier: ticket.verifier.as_deref().map(Secret::new),
        };
        let mut minted = mint(self, &applicant, &grant).await.map_err(|failure| no_token(failure, &profile))?;
        let found = TokenServer::of(&credentials).map(|server| server.client_id.clone());
        let client_id = credentials.values().get("clientId").and_then(serde_json::Value::as_str);
        if let Some(why) = id_token::mismatch(minted.id_token.as_ref(), ticket, found.as_deref().or(client_id)) {
            return Err(refused(&format!("the ID token that came with the answer {why}")));
        }
        minted.secrets.extend(server);
        for (name, parameter) in &oauth2.callback_params {
            if let Some(value) = answer.get(parameter).filter(|value| !value.is_empty()) {
                minted.secrets.push((name.clone(), value.clone()));
            }
        }
        let known = typed.iter().chain(&minted.secrets).cloned().collect::<Vec<_>>();
        let credentials = self.draft(&profile, existing.as_deref(), &known)?;
        let applicant = Applicant { credentials: &credentials, ..applicant };
        match after_sign_in(self, &applicant).await.map_err(|failure| no_token(failure, &profile))? {
            Some(later) => Ok(minted.with(later)),
            None => Ok(minted),
        }
    }
}

/// Who comes back, and from where.
fn check(ticket: &Ticket, answer: &SignInAnswer, mark: &str) -> Result<(), Error> {
    // Another connector's address: an answer of one provider is never traded at another.
    if answer.connector != ticket.connector {
        return Err(refused("the answer came to another connector's address than the one that was asked for it"));
    }
    let browser = answer.browsers.iter().find(|(known, _)| known == mark).map(|(_, value)| value);
    let hash = browser.map(|value| Secret::new(Vault::hash_token(value.expose()).hex()));
    if hash != Some(Secret::new(ticket.browser.as_str())) {
        return Err(refused(
            "the sign-in was finished in another browser than the one that began it; begin and finish it in the same one, with cookies allowed",
        ));
    }
    let Some(issuer) = answer.get("iss").map(Secret::expose) else {
        let why = "the answer does not say which server issued it, which this provider's answers do";
        return if ticket.issuer_must_come { Err(refused(why)) } else { Ok(()) };
    };
    let is_theirs = if ticket.issuer_is_named {
        issuer == ticket.issuer
    } else {
        Url::parse(issuer).is_ok_and(|issuer| issuer.origin().ascii_serialization() == ticket.issuer)
    };
    if is_theirs { Ok(()) } else { Err(refused("the answer was issued by another server than the one that was asked")) }
}

fn refused(why: &str) -> Error {
    Error::new(ErrorKind::Invalid, "SignInRefusedError", why)
}

fn unknown() -> Error {
    Error::new(
        ErrorKind::Invalid,
        "SignInUnknownError",
        "there is no such sign-in: it was finished already, took longer than ten minutes, or never began here; start again where you began",
    )
}

/// The provider's own refusal (RFC 6749, section 4.1.2.1), in plain words.
fn denied(code: &str, words: Option<&str>) -> Error {
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(300).collect::<String>();
    let message = match (code, words) {
        ("access_denied", _) => "access was not granted at the provider; start again and allow it".to_owned(),
        (code, Some(words)) => format!("the provider refused: {} ({})", plain(words), plain(code)),
        (code, None) => format!("the provider refused: {}", plain(code)),
    };
    Error::new(ErrorKind::Invalid, "SignInDeniedError", message)
}
