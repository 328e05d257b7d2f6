//! Links with which a person connects or reconnects an account that an agent needs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use patchbay_model::{Account, AccountKind, ApiScope, Clock, Metadata, Owner, ProjectId, Timestamp};
use patchbay_vault::Secret;

use crate::{Caller, Error, ErrorCode, NewSession, Sessions};

/// How long a link is given again, in seconds. It is shorter than the life of its session.
const REUSE_SECS: i64 = 600;
/// The most links that are remembered.
const MAX_LINKS: usize = 1_000;

/// Creates links. A caller that may not create connect sessions gets none: a tool must give no more than its key.
pub(super) struct Links {
    sessions: Arc<Sessions>,
    clock: Arc<dyn Clock>,
    /// An agent that tries again and again gets the same link.
    recent: Mutex<HashMap<(ProjectId, String), (Secret, Timestamp)>>,
}

/// Returns true for an error that goes away when a person reconnects the account.
pub(super) fn needs_person(error: &Error) -> bool {
    matches!(
        error.code,
        ErrorCode::AccountExpiredCredentials
            | ErrorCode::AccountRevoked
            | ErrorCode::AccountMissingScopes
            | ErrorCode::AccountAuthenticationFailed
            | ErrorCode::AccountInvalidCredentials
            | ErrorCode::AuthMethodMissing
    )
}

impl Links {
    pub(super) fn new(sessions: Arc<Sessions>, clock: Arc<dyn Clock>) -> Self {
        Self { sessions, clock, recent: Mutex::default() }
    }

    /// Returns the link that reconnects an account.
    pub(super) async fn reconnect(&self, caller: &Caller, account: &Account) -> Option<Secret> {
        let new = NewSession { account_id: Some(account.id.clone()), ..session(account.owner.clone()) };
        // A change of the account, such as its reconnection, ends the use of a link.
        let key = format!("account {} {}", account.id, account.revision);
        self.link(caller, key, new).await
    }

    /// Returns the link with which an owner connects its first account of a connector.
    pub(super) async fn connect(&self, caller: &Caller, owner: &str, connector: &str) -> Option<Secret> {
        let owner = Owner { id: owner.to_owned(), name: owner.to_owned(), username: None };
        let key = format!("owner {connector} {}", owner.id);
        let new = NewSession { connector: Some(connector.to_owned()), ..session(owner) };
        self.link(caller, key, new).await
    }

    async fn link(&self, caller: &Caller, key: String, new: NewSession) -> Option<Secret> {
        if !caller.scopes.contains(&ApiScope::PlatformWrite) {
            return None;
        }
        let now = self.clock.now();
        let key = (caller.project_id.clone(), key);
        if let Some((link, until)) = self.recent().get(&key)
            && *until > now
        {
            return Some(link.clone());
        }
        match self.sessions.create(caller, new).await {
            Ok(created) => {
                let mut recent = self.recent();
                if recent.len() >= MAX_LINKS {
                    recent.retain(|_, (_, until)| *until > now);
                }
                if recent.len() < MAX_LINKS {
                    recent.insert(key, (created.auth_link_url.clone(), now.plus_seconds(REUSE_SECS)));
                }
                Some(created.auth_link_url)
            }
            // The answer says without the link what is wrong.
            Err(error) => {
                tracing::debug!(%error, "an agent gets no link");
                None
            }
        }
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, HashMap<(ProjectId, String), (Secret, Timestamp)>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn session(owner: Owner) -> NewSession {
    NewSession {
        owner,
        categories: Vec::new(),
        connector: None,
        profile_id: None,
        account_id: None,
        label: None,
        metadata: Metadata::new(),
        kind: AccountKind::Production,
        multiple: false,
        allowed_origins: Vec::new(),
        confirm_url: None,
        expires_in: None,
    }
}
