//! Login to the dashboard by one-time link or password; the browser keeps a session.

mod device;
mod password;
mod shared_throttle;
mod throttle;

use std::{sync::Arc, time::Duration};

use patchbay_model::{
    ApiScope, BrowserSession, Clock, Entropy, LoginToken, Member, MemberId, PasswordHash, Project, ProjectId, Timestamp,
};
use patchbay_storage::Storage;
use patchbay_vault::{Secret, Vault};

pub use self::throttle::LoginClient;
use self::{
    password::DashboardPasswords,
    throttle::{Guesser, LoginThrottle},
};
use crate::{
    CallOrigin, CallSource, Caller, EngineParts, Error, ErrorCode, Field,
    changes::Changes,
    projects::Projects,
    row_seals::{self, sealed},
    validation::invalid_at,
};

/// A new login with the token for the browser's cookie.
#[derive(Debug)]
pub struct LoggedIn {
    /// The session.
    pub session: MemberSession,
    /// The token, which only the browser receives.
    pub token: Secret,
    /// The time after which the token expires.
    pub ttl: Duration,
    /// The mark of the browser as one that has logged in, for a cookie that outlives the login.
    pub device_mark: Secret,
    /// The time for which the browser keeps the mark.
    pub device_ttl: Duration,
}

/// A logged-in member.
#[derive(Clone, Debug)]
pub struct MemberSession {
    /// The member.
    pub member_id: MemberId,
    /// True if the member has set a password.
    pub password_set: bool,
    /// The projects of the member, oldest first.
    pub projects: Vec<Project>,
}

/// The lifetime of a browser's login.
const BROWSER_SESSION_TTL: Duration = Duration::from_hours(7 * 24);
/// The time for which a browser that has logged in has a counter of wrong passwords of its own.
const DEVICE_TTL: Duration = Duration::from_hours(365 * 24);
/// The lifetime of a one-time link.
const LOGIN_TOKEN_TTL: Duration = Duration::from_hours(24);

/// What to do if the row of a member was changed.
const RESTORE: &str = "Restore the database from your backup";

/// The members of the organization, who log in to the dashboard.
pub struct Members {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    projects: Arc<Projects>,
    passwords: DashboardPasswords,
    throttle: LoginThrottle,
    changes: Changes,
}

impl Members {
    pub(crate) fn new(parts: &EngineParts, projects: Arc<Projects>, changes: Changes) -> Self {
        Self {
            storage: parts.storage.clone(),
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            projects,
            passwords: DashboardPasswords::default(),
            throttle: LoginThrottle::default(),
            changes,
        }
    }

    /// Creates a one-time login token for a dashboard link, valid for 24 hours.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn create_login_token(&self, project: &ProjectId) -> Result<Secret, Error> {
        let text = Secret::new(self.entropy.token());
        let now = self.clock.now();
        let token = LoginToken {
            hash: Vault::hash_token(text.expose()),
            project_id: project.clone(),
            expires_at: now.plus(LOGIN_TOKEN_TTL),
            seal: None,
        };
        self.storage.login_tokens().create(&sealed(&self.vault, token)).await?;
        Ok(text)
    }

    /// Logs in with a one-time link and uses it up.
    ///
    /// # Errors
    ///
    /// 401 `InvalidLoginError` if the link is unknown, used or expired.
    pub async fn log_in_by_link(&self, token: &Secret) -> Result<LoggedIn, Error> {
        let now = self.clock.now();
        let taken = self.storage.login_tokens().consume(&Vault::hash_token(token.expose()), now).await?;
        let Some(taken) = taken else {
            return Err(invalid_login(
                "the link was used or has expired; log in with your password, or create a link with `patchbay login-link`",
            ));
        };
        row_seals::check(&self.vault, &taken, "Create another link with `patchbay login-link`")?;
        let member = self.operator(now).await?;
        let device = device::new(&member, &*self.entropy);
        self.create_browser_session(member, device, now).await
    }

    /// Logs in with the password.
    ///
    /// # Errors
    ///
    /// 401 `InvalidLoginError` if it is wrong or not set; 429 `TooManyAttemptsError` after many wrong passwords of this
    /// client.
    pub async fn log_in_by_password(&self, password: &Secret, client: &LoginClient) -> Result<LoggedIn, Error> {
        let now = self.clock.now();
        let device = device::open(&self.vault, &client.device_marks);
        let guesser = device.clone().map_or(Guesser::Address(client.address), Guesser::Device);
        self.guess(&guesser).await?;
        let member = self.first_member().await?;
        let Some((member, hash)) = member.and_then(|member| member.password.clone().map(|hash| (member, hash))) else {
            return Err(invalid_login(
                "no password is set; open the one-time link that the first start printed, or create one with `patchbay login-link`",
            ));
        };
        row_seals::check(&self.vault, &member, RESTORE)?;
        self.check_password(password, &hash, &guesser, "the password is wrong").await?;
        let device = device.unwrap_or_else(|| device::new(&member, &*self.entropy));
        self.create_browser_session(member, device, now).await
    }

    /// Returns the member of a browser's token, or `None` if it is unknown or expired.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn session(&self, token: &Secret) -> Result<Option<MemberSession>, Error> {
        let Some((_, member)) = self.browser(token).await? else { return Ok(None) };
        Ok(Some(self.session_of(&member).await?))
    }

    /// Returns true if a password is set.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn is_password_set(&self) -> Result<bool, Error> {
        Ok(self.first_member().await?.is_some_and(|member| member.password.is_some()))
    }

    /// Returns a caller for a logged-in member, with every API scope in the chosen or the oldest project.
    ///
    /// # Errors
    ///
    /// 401 `UnauthorizedError` if the browser is not logged in; 404 `ProjectNotFoundError` for another project.
    pub async fn caller(&self, token: &Secret, project: Option<&str>) -> Result<Arc<Caller>, Error> {
        let (_, member) = self.browser(token).await?.ok_or_else(not_logged_in)?;
        let projects = self.storage.projects().list(&member.organization_id).await?;
        let chosen = match project {
            Some(id) => projects.into_iter().find(|found| found.id.as_str() == id),
            None => projects.into_iter().next(),
        };
        let chosen = chosen
            .ok_or_else(|| Error::new(ErrorCode::ProjectNotFound, "the project does not exist; choose another one"))?;
        Ok(Arc::new(Caller {
            organization_id: chosen.organization_id,
            project_id: chosen.id,
            key_id: None,
            scopes: ApiScope::all(),
            origin: CallOrigin { source: CallSource::Dashboard, request: None },
        }))
    }

    /// Logs the browser out.
    ///
    /// # Errors
    ///
    /// Errors of the storage.
    pub async fn log_out(&self, token: &Secret) -> Result<(), Error> {
        self.storage.browser_sessions().delete(&Vault::hash_token(token.expose())).await?;
        Ok(())
    }

    /// Sets the password and logs other browsers out.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` if the password is too weak or the current password is missing; 401 `InvalidLoginError` if the
    /// current password is wrong; 429 `TooManyAttemptsError` after many wrong ones in this login.
    pub async fn set_password(&self, token: &Secret, current: Option<&Secret>, new: &Secret) -> Result<(), Error> {
        let (browser, mut member) = self.browser(token).await?.ok_or_else(not_logged_in)?;
        self.passwords.check_strength(new).await?;
        if let Some(hash) = &member.password {
            let Some(current) = current else {
                return Err(invalid_at(
                    Field::CurrentPassword,
                    "required",
                    "the current password is required to change it",
                ));
            };
            let guesser = Guesser::Session(browser.hash);
            self.guess(&guesser).await?;
            self.check_password(current, hash, &guesser, "the current password is wrong").await?;
        }
        member.password = Some(self.passwords.hash(new, &*self.entropy).await?);
        let member = sealed(&self.vault, member);
        let storage = self.storage.clone();
        // Both or neither: a stolen session must not survive because the caller disconnected.
        self.changes
            .run_to_completion(async move {
                storage.members().set_password(&member).await?;
                storage.browser_sessions().delete_others(&member.id, &browser.hash).await?;
                Ok(())
            })
            .await
    }

    async fn guess(&self, guesser: &Guesser) -> Result<(), Error> {
        let counted = match self.storage.replicas() {
            Some(replicas) => shared_throttle::begin(replicas, guesser).await?,
            None => self.throttle.begin(guesser, self.clock.monotonic()),
        };
        counted.map_err(|seconds| {
            Error::new(
                ErrorCode::TooManyAttempts,
                format!("too many wrong passwords; try again in {seconds} s, or use a one-time link"),
            )
            .with_retry_after(seconds)
        })
    }

    async fn check_password(
        &self,
        password: &Secret,
        hash: &PasswordHash,
        guesser: &Guesser,
        refusal: &str,
    ) -> Result<(), Error> {
        if !self.passwords.verify(password, hash).await? {
            return Err(invalid_login(refusal));
        }
        match self.storage.replicas() {
            Some(replicas) => shared_throttle::succeeded(replicas, guesser).await?,
            None => self.throttle.succeeded(guesser),
        }
        Ok(())
    }

    async fn browser(&self, token: &Secret) -> Result<Option<(BrowserSession, Member)>, Error> {
        let hash = Vault::hash_token(token.expose());
        let Some(browser) = self.storage.browser_sessions().by_hash(&hash, self.clock.now()).await? else {
            return Ok(None);
        };
        row_seals::check(&self.vault, &browser, "Log out and in again")?;
        let Some(member) = self.storage.members().get(&browser.member_id).await? else { return Ok(None) };
        row_seals::check(&self.vault, &member, RESTORE)?;
        Ok(Some((browser, member)))
    }

    /// Returns the member; none exists before the first login.
    async fn first_member(&self) -> Result<Option<Member>, Error> {
        match self.storage.organizations().first().await? {
            Some(organization) => Ok(self.storage.members().first(&organization.id).await?),
            None => Ok(None),
        }
    }

    /// Returns the member; the first login creates it.
    async fn operator(&self, now: Timestamp) -> Result<Member, Error> {
        let organization = self.projects.organization().await?;
        let new = Member {
            id: MemberId::generate(&*self.entropy),
            organization_id: organization.id.clone(),
            name: "Operator".to_owned(),
            password: None,
            created_at: now,
            seal: None,
        };
        let new = sealed(&self.vault, new);
        self.storage.members().create_first(&new).await?;
        let member = self.storage.members().first(&organization.id).await?.unwrap_or(new);
        row_seals::check(&self.vault, &member, RESTORE)?;
        Ok(member)
    }

    async fn create_browser_session(&self, member: Member, device: String, now: Timestamp) -> Result<LoggedIn, Error> {
        let token = Secret::new(self.entropy.token());
        let browser = BrowserSession {
            hash: Vault::hash_token(token.expose()),
            member_id: member.id.clone(),
            created_at: now,
            expires_at: now.plus(BROWSER_SESSION_TTL),
            seal: None,
        };
        self.storage.browser_sessions().create(&sealed(&self.vault, browser)).await?;
        Ok(LoggedIn {
            session: self.session_of(&member).await?,
            token,
            ttl: BROWSER_SESSION_TTL,
            device_mark: device::seal(&self.vault, device),
            device_ttl: DEVICE_TTL,
        })
    }

    async fn session_of(&self, member: &Member) -> Result<MemberSession, Error> {
        let projects = self.storage.projects().list(&member.organization_id).await?;
        Ok(MemberSession { member_id: member.id.clone(), password_set: member.password.is_some(), projects })
    }
}

fn not_logged_in() -> Error {
    Error::new(ErrorCode::Unauthorized, "your login is missing or has expired; log in again")
}

fn invalid_login(message: &str) -> Error {
    Error::new(ErrorCode::InvalidLogin, message)
}
