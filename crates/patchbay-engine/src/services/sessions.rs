//! Connect sessions: made by the operator's backend, spent in the Hub.

use patchbay_model::{AccountId, AccountKind, ConnectSession, Metadata, Owner, ProfileId};
use patchbay_vault::Secret;

use super::{Caller, Engine};
use crate::Error;

/// What a session is made from.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// Whose account will be linked. Id and name must not be empty.
    pub owner: Owner,
    /// Shows only connectors of these categories.
    pub categories: Vec<String>,
    /// Shows only this connector; it must exist (400 with the nearest names).
    pub connector: Option<String>,
    /// Shows only this profile; it must exist in the project.
    pub profile_id: Option<ProfileId>,
    /// Edits this account; it must exist in the project.
    pub account_id: Option<AccountId>,
    /// Label of the account.
    pub label: Option<String>,
    /// Metadata of the account.
    pub metadata: Metadata,
    /// Kind of the account.
    pub kind: AccountKind,
    /// Links another account even where the owner has one; no effect with `account_id`.
    pub multiple: bool,
    /// Its life in seconds (1 to 31 536 000; default 1800).
    pub expires_in: Option<i64>,
}

/// A session with the token that is shown this once.
#[derive(Clone, Debug)]
pub struct CreatedSession {
    /// The session.
    pub session: ConnectSession,
    /// Its token.
    pub token: Secret,
    /// The link that opens the Hub in its own page (`{public_url}/embedded/integrations?token=…`).
    pub auth_link_url: Secret,
}

impl Engine {
    /// Makes a session.
    pub async fn create_session(&self, _caller: &Caller, _new: NewSession) -> Result<CreatedSession, Error> {
        todo!()
    }

    /// The session behind a token, when it belongs to the caller's project and has not expired.
    pub async fn authenticate_session(&self, _caller: &Caller, _token: &Secret) -> Result<ConnectSession, Error> {
        todo!()
    }
}
