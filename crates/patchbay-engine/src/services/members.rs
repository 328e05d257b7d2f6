//! Signing in to the dashboard: a one-time link, then a password; the browser keeps a session.

use std::{sync::Arc, time::Duration};

use patchbay_model::{
    ApiScope, BrowserSession, LoginToken, Member, MemberId, PasswordHash, Project, ProjectId, Timestamp,
};
use patchbay_vault::{Secret, Vault};

use super::{Caller, Engine, invalid_at};
use crate::{Error, ErrorCode, login::check_strength};

/// A member signed in, with the token for the browser's cookie.
#[derive(Debug)]
pub struct LoggedIn {
    /// The session.
    pub session: MemberSession,
    /// The token; it is shown this once, to the browser.
    pub token: Secret,
    /// The time after which the token expires.
    pub ttl: Duration,
}

/// A signed-in member.
#[derive(Clone, Debug)]
pub struct MemberSession {
    /// Who it is.
    pub member_id: MemberId,
    /// Whether the member has chosen a password.
    pub password_set: bool,
    /// The projects that the member may work in, oldest first.
    pub projects: Vec<Project>,
}

/// How long a browser stays signed in, in seconds: a week.
const BROWSER_SESSION_TTL: Duration = Duration::from_hours(7 * 24);
/// How long a one-time link works, in seconds: a day.
const LOGIN_TOKEN_TTL: Duration = Duration::from_hours(24);

impl Engine {
    /// A one-time login token for the dashboard link, good for 24 hours.
    pub async fn create_login_token(&self, project: &ProjectId) -> Result<Secret, Error> {
        let text = Secret::new(self.parts().entropy.token());
        let now = self.clock().now();
        let token = LoginToken {
            hash: Vault::hash_token(text.expose()),
            project_id: project.clone(),
            expires_at: now.plus(LOGIN_TOKEN_TTL),
        };
        self.storage().login_tokens().create(&token, now).await?;
        Ok(text)
    }

    /// Signs in by a one-time link, which is spent. 401 `InvalidLoginError` when it is unknown, spent or
    /// expired.
    pub async fn log_in_by_link(&self, token: &Secret) -> Result<LoggedIn, Error> {
        let now = self.clock().now();
        let taken = self.storage().login_tokens().consume(&Vault::hash_token(token.expose()), now).await?;
        if taken.is_none() {
            return Err(invalid_login(
                "the link was used already or has expired; sign in with your password, or make a new link with `patchbay login-link`",
            ));
        }
        let member = self.operator(now).await?;
        self.create_browser_session(member, now).await
    }

    /// Signs in by password. 401 `InvalidLoginError` when it is wrong or none is set; 429
    /// `TooManyAttemptsError` after many wrong ones.
    pub async fn log_in_by_password(&self, password: &Secret) -> Result<LoggedIn, Error> {
        let now = self.clock().now();
        self.guess(now)?;
        let member = self.first_member().await?;
        let Some((member, hash)) = member.and_then(|member| member.password.clone().map(|hash| (member, hash))) else {
            return Err(invalid_login(
                "no password is set yet; open the one-time link that the first start printed, or make one with `patchbay login-link`",
            ));
        };
        self.check_password(password, &hash, "the password is wrong").await?;
        self.create_browser_session(member, now).await
    }

    /// The member behind a browser's token; `None` when it is unknown or has expired.
    pub async fn member_session(&self, token: &Secret) -> Result<Option<MemberSession>, Error> {
        let Some((_, member)) = self.browser(token).await? else { return Ok(None) };
        Ok(Some(self.session_of(&member).await?))
    }

    /// Whether somebody has chosen a password.
    pub async fn is_password_set(&self) -> Result<bool, Error> {
        Ok(self.first_member().await?.is_some_and(|member| member.password.is_some()))
    }

    /// What a signed-in member may do: everything, in the project that was chosen, or in the oldest one. 401
    /// `UnauthorizedError` when the browser is not signed in; 404 for a project that is not the member's.
    pub async fn member_caller(&self, token: &Secret, project: Option<&str>) -> Result<Arc<Caller>, Error> {
        let (_, member) = self.browser(token).await?.ok_or_else(not_logged_in)?;
        let projects = self.storage().projects().list(&member.organization_id).await?;
        let chosen = match project {
            Some(id) => projects.into_iter().find(|found| found.id.as_str() == id),
            None => projects.into_iter().next(),
        };
        let chosen = chosen
            .ok_or_else(|| Error::new(ErrorCode::ProjectNotFound, "there is no such project; choose another one"))?;
        Ok(Arc::new(Caller {
            organization_id: chosen.organization_id,
            project_id: chosen.id,
            key_id: None,
            scopes: ApiScope::all(),
        }))
    }

    /// Signs the browser out.
    pub async fn log_out(&self, token: &Secret) -> Result<(), Error> {
        self.storage().browser_sessions().delete(&Vault::hash_token(token.expose())).await?;
        Ok(())
    }

    /// Chooses a password; a member who has one must know it. Other browsers are signed out.
    pub async fn set_password(&self, token: &Secret, current: Option<&Secret>, new: &Secret) -> Result<(), Error> {
        let (browser, member) = self.browser(token).await?.ok_or_else(not_logged_in)?;
        check_strength(new)?;
        if let Some(hash) = &member.password {
            let Some(current) = current else {
                return Err(invalid_at("current_password", "required", "current_password is required to change it"));
            };
            self.guess(self.clock().now())?;
            self.check_password(current, hash, "the current password is wrong").await?;
        }
        let hash = self.0.hasher.hash(new, &*self.parts().entropy).await?;
        let engine = self.clone();
        // Both or neither: whoever has stolen a browser's session must not keep it because the caller left.
        self.run_to_completion(async move {
            engine.storage().members().set_password(&member.id, &hash).await?;
            engine.storage().browser_sessions().delete_others(&member.id, &browser.hash).await?;
            Ok(())
        })
        .await
    }

    fn guess(&self, now: Timestamp) -> Result<(), Error> {
        self.0.throttle.begin(now).map_err(|seconds| {
            Error::new(
                ErrorCode::TooManyAttempts,
                format!("too many wrong passwords; try again in {seconds} s, or use a one-time link"),
            )
            .with_retry_after(seconds)
        })
    }

    async fn check_password(&self, password: &Secret, hash: &PasswordHash, refusal: &str) -> Result<(), Error> {
        if !self.0.hasher.verify(password, hash).await? {
            return Err(invalid_login(refusal));
        }
        self.0.throttle.succeeded();
        Ok(())
    }

    async fn browser(&self, token: &Secret) -> Result<Option<(BrowserSession, Member)>, Error> {
        let hash = Vault::hash_token(token.expose());
        let Some(browser) = self.storage().browser_sessions().by_hash(&hash, self.clock().now()).await? else {
            return Ok(None);
        };
        let member = self.storage().members().get(&browser.member_id).await?;
        Ok(member.map(|member| (browser, member)))
    }

    /// The one member; none before the first sign-in.
    async fn first_member(&self) -> Result<Option<Member>, Error> {
        match self.storage().organizations().first().await? {
            Some(organization) => Ok(self.storage().members().first(&organization.id).await?),
            None => Ok(None),
        }
    }

    /// The one member, made at the first sign-in.
    async fn operator(&self, now: Timestamp) -> Result<Member, Error> {
        let organization = self.organization().await?;
        let new = Member {
            id: MemberId::generate(&*self.parts().entropy),
            organization_id: organization.id.clone(),
            name: "Operator".to_owned(),
            password: None,
            created_at: now,
        };
        self.storage().members().create_first(&new).await?;
        Ok(self.storage().members().first(&organization.id).await?.unwrap_or(new))
    }

    async fn create_browser_session(&self, member: Member, now: Timestamp) -> Result<LoggedIn, Error> {
        let token = Secret::new(self.parts().entropy.token());
        let browser = BrowserSession {
            hash: Vault::hash_token(token.expose()),
            member_id: member.id.clone(),
            created_at: now,
            expires_at: now.plus(BROWSER_SESSION_TTL),
        };
        self.storage().browser_sessions().create(&browser, now).await?;
        Ok(LoggedIn { session: self.session_of(&member).await?, token, ttl: BROWSER_SESSION_TTL })
    }

    async fn session_of(&self, member: &Member) -> Result<MemberSession, Error> {
        let projects = self.storage().projects().list(&member.organization_id).await?;
        Ok(MemberSession { member_id: member.id.clone(), password_set: member.password.is_some(), projects })
    }
}

fn not_logged_in() -> Error {
    Error::new(ErrorCode::Unauthorized, "you are not signed in, or no longer; sign in again")
}

fn invalid_login(message: &str) -> Error {
    Error::new(ErrorCode::InvalidLogin, message)
}
