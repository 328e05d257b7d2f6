//! Taking a browser back from the provider.

use patchbay_model::{AccountId, AttemptId, AttemptStatus, ProfileId};
use patchbay_vault::{Secret, Vault};

use super::{begin::mark_of, oauth1, ticket::Ticket, way::Return};
use crate::{
    Engine, Error, ErrorCode,
    linking::no_token,
    services::{
        HubSession,
        hub::{HubProfile, LinkRequest},
    },
    tokens::{Applicant, Minted, after_sign_in, signs_in},
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
    /// The first parameter of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Secret> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Whether there is something to trade in it: a code, or the verifier of OAuth 1.0a.
    fn consents(&self) -> bool {
        ["code", "oauth_verifier"].iter().any(|name| self.get(name).is_some_and(|value| !value.is_empty()))
    }
}

/// How a sign-in ended.
#[derive(Debug)]
pub struct SignInEnd {
    /// Where the window goes.
    pub landing: String,
    /// The mark of the cookie that is of no use any more.
    pub mark: String,
    /// The account, or why there is none; the attempt says the same. None while the operator's product is asked whose
    /// browser it is.
    pub outcome: Result<Option<AccountId>, Error>,
}

impl Engine {
    /// Ends a sign-in: checks who comes back and from where, trades the code, proves the credentials and links the
    /// account. 400 `SignInUnknownError` when there is no such sign-in (any more): there is nowhere to land then.
    /// A browser that leaves meanwhile stops nothing: a code is good once, and the token that it became is not lost.
    pub async fn finish_sign_in(&self, answer: SignInAnswer) -> Result<SignInEnd, Error> {
        let engine = self.clone();
        self.run_to_completion(async move { engine.taken_back(answer).await }).await
    }

    async fn taken_back(&self, answer: SignInAnswer) -> Result<SignInEnd, Error> {
        let state = match answer.get("state").filter(|state| !state.is_empty()) {
            Some(state) => state.clone(),
            None => oauth1::state_of(self, &answer).await?.ok_or_else(unknown)?,
        };
        let mark = mark_of(&state);
        let ticket = Ticket::take(self, &state).await?.ok_or_else(unknown)?;
        let (landing, attempt) = (ticket.landing.clone(), AttemptId::new(ticket.attempt.clone()));
        let hub = self.hub_session(&Secret::new(ticket.session.as_str())).await?;
        let outcome = match check(&ticket, &answer, &mark) {
            Err(error) => Err(error),
            Ok(()) => match hub.session.confirm_url.as_deref().filter(|_| answer.consents()) {
                Some(confirm_url) => {
                    let landing = self.ask_who(&hub, confirm_url, ticket, &answer).await?;
                    return Ok(SignInEnd { landing, mark, outcome: Ok(None) });
                }
                None => self.linked_by(&hub, &attempt, &ticket, &answer).await,
            },
        };
        self.settle_sign_in(&hub, &attempt, &outcome).await?;
        Ok(SignInEnd { landing, mark, outcome: outcome.map(Some) })
    }

    /// Tells the attempt how the sign-in ended.
    pub(super) async fn settle_sign_in(
        &self,
        hub: &HubSession,
        attempt: &AttemptId,
        outcome: &Result<AccountId, Error>,
    ) -> Result<(), Error> {
        match outcome {
            Ok(account) => self.settle_attempt(hub, attempt, AttemptStatus::Authenticated, Some(account), None).await,
            Err(error) => self.end_attempt(hub, attempt, error).await,
        }
    }

    /// Trades what the browser brought back, proves the credentials and links the account.
    pub(super) async fn linked_by(
        &self,
        hub: &HubSession,
        attempt: &AttemptId,
        ticket: &Ticket,
        answer: &SignInAnswer,
    ) -> Result<AccountId, Error> {
        if self.get_attempt(hub, attempt).await?.status != AttemptStatus::Pending {
            return Err(refused("the sign-in was given up in the meantime; start again in the Hub"));
        }
        let profile_id = ProfileId::new(ticket.profile.clone());
        let typed = || ticket.fields.iter().map(|(key, value)| (key.clone(), Secret::new(value.as_str()))).collect();
        let minted = self.trade(hub, &profile_id, ticket, typed(), answer).await?;
        let request = LinkRequest { profile_id: Some(profile_id), credentials: typed() };
        Ok(self.link(hub, request, Some(&minted)).await?.id.clone())
    }

    /// Trades the answer for a token, and fetches what goes with one.
    async fn trade(
        &self,
        hub: &HubSession,
        profile: &ProfileId,
        ticket: &Ticket,
        typed: Vec<(String, Secret)>,
        answer: &SignInAnswer,
    ) -> Result<Minted, Error> {
        let HubProfile { profile, connector, .. } = self.hub_profile(hub, profile).await?;
        let Some(method) = connector.auth_method(&profile.auth_config_key).filter(|method| signs_in(method)) else {
            return Err(changed());
        };
        let existing = self.linked_again(hub).await?;
        let typed = typed.into_iter().chain(ticket.way.known()).collect::<Vec<_>>();
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
        let minted = Return { engine: self, applicant: &applicant, ticket, answer }.trade().await?;
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
    Ok(())
}

/// The profile's method is another one than when the sign-in began.
pub(super) fn changed() -> Error {
    refused("the integration was changed in the meantime; start again in the Hub")
}

pub(super) fn refused(why: &str) -> Error {
    Error::new(ErrorCode::SignInRefused, why)
}

pub(super) fn unknown() -> Error {
    Error::new(
        ErrorCode::SignInUnknown,
        "there is no such sign-in: it was finished already, took longer than ten minutes, or never began here; start again where you began",
    )
}

/// The provider's own refusal (RFC 6749, section 4.1.2.1), in plain words.
pub(super) fn denied(code: &str, words: Option<&str>) -> Error {
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(300).collect::<String>();
    let message = match (code, words) {
        ("access_denied", _) => "access was not granted at the provider; start again and allow it".to_owned(),
        (code, Some(words)) => format!("the provider refused: {} ({})", plain(words), plain(code)),
        (code, None) => format!("the provider refused: {}", plain(code)),
    };
    Error::new(ErrorCode::SignInDenied, message)
}
