//! Sending a browser to the provider.

use std::sync::Arc;

use patchbay_connector::definition::AuthMethod;
use patchbay_model::{Account, AttemptError, AttemptId, AttemptStatus, ProfileId};
use patchbay_vault::{Secret, Vault};
use url::Url;

use super::{
    kept,
    ticket::Ticket,
    way::{Errand, Sent, Way, not_by_sign_in},
};
use crate::{
    Engine, Error,
    linking::{check_fields, open_secrets},
    runtime::Credentials,
    services::{HubSession, hub::HubProfile, invalid, invalid_at},
    tokens::{Applicant, signs_in},
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

/// Whether a method's fields may be filled so; what an account that is linked again holds need not be typed.
pub(super) fn check_typed(
    method: &AuthMethod,
    existing: Option<&Account>,
    fields: &[(String, Secret)],
) -> Result<(), Error> {
    let kept = |key: &str| existing.is_some_and(|account| account.holds(key));
    check_fields(&method.config_fields, fields.to_vec(), "credentials", kept).map(drop).map_err(invalid)
}

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
        let told = AttemptError { code: error.code.to_string(), description: error.message.clone() };
        self.settle_attempt(hub, id, AttemptStatus::Error, None, Some(&told)).await
    }

    async fn send_to_provider(
        &self,
        hub: &HubSession,
        attempt: &AttemptId,
        request: SignInRequest,
    ) -> Result<SignInStart, Error> {
        let HubProfile { profile, connector, .. } = self.hub_profile(hub, &request.profile_id).await?;
        let Some(method) = connector.auth_method(&profile.auth_config_key).filter(|method| signs_in(method)) else {
            return Err(not_by_sign_in());
        };
        let existing = self.linked_again(hub).await?;
        check_typed(method, existing.as_deref(), &request.fields)?;
        let credentials = self.draft(&profile, existing.as_deref(), &request.fields)?;

        let entropy = &*self.parts().entropy;
        let (state, browser) = (Secret::new(entropy.token()), Secret::new(entropy.token()));
        let redirect_uri = self.redirect_uri(&connector.key);
        let applicant = Applicant {
            connector: &connector,
            method,
            profile: &profile,
            environment: &profile.environment,
            owner: &hub.session.owner,
            account_id: hub.session.account_id.as_ref(),
            credentials: &credentials,
        };
        let again = existing.as_deref();
        let errand = Errand { engine: self, applicant, again, state: &state, redirect_uri: &redirect_uri };
        let Sent { location, way } = Way::out(&errand).await?;
        let ticket = Ticket {
            session: request.token.expose().to_owned(),
            attempt: attempt.to_string(),
            profile: profile.id.to_string(),
            connector: connector.key.clone(),
            fields: request.fields.iter().map(|(key, value)| (key.clone(), value.expose().to_owned())).collect(),
            landing: self.landing(hub, request.landing.as_deref(), &request.allowed_origins),
            browser: Vault::hash_token(browser.expose()).hex(),
            way,
        };
        ticket.keep(self, &hub.session.project_id, &state).await?;
        let mark = mark_of(&state);
        Ok(SignInStart { location: Secret::new(location.as_str()), mark, browser, life_seconds: kept::LIFE })
    }

    /// The account that the session links again, where it names one.
    pub(super) async fn linked_again(&self, hub: &HubSession) -> Result<Option<Arc<Account>>, Error> {
        match &hub.session.account_id {
            Some(id) => Ok(Some(self.hub_account(hub, id).await?.account)),
            None => Ok(None),
        }
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
