//! Linked accounts: list, read, change, delete.

use std::sync::Arc;

use patchbay_model::{Account, AccountId, AccountKind, AccountStatus, Metadata, ProfileId};
use patchbay_vault::Secret;

use super::{Caller, Engine};
use crate::{Error, Page};

/// Which accounts to list. Empty lists do not filter. Pages count from 1.
#[derive(Clone, Debug, Default)]
pub struct AccountQuery {
    /// Only these.
    pub ids: Vec<AccountId>,
    /// Only of these connectors.
    pub connectors: Vec<String>,
    /// Only of these owners.
    pub owner_ids: Vec<String>,
    /// Only in these states, by wire name; `inactive` (profile disabled) is a state too.
    pub statuses: Vec<String>,
    /// Only of these profiles.
    pub profile_ids: Vec<ProfileId>,
    /// The page, from 1.
    pub page: u32,
    /// Accounts on a page, 1 to 100.
    pub page_size: u32,
}

/// An account as it is shown: never a secret.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// The account. Its `secrets` are still sealed; the server shows none of them.
    pub account: Arc<Account>,
    /// The connector's display name.
    pub connector_title: Option<String>,
    /// Whether its profile is enabled; if not, the wire status of an active account is `inactive`.
    pub profile_active: bool,
}

impl AccountView {
    /// The state on the wire: `inactive` while the profile of an active account is disabled.
    pub fn wire_status(&self) -> &'static str {
        if self.account.status == AccountStatus::Active && !self.profile_active {
            "inactive"
        } else {
            self.account.status.as_str()
        }
    }
}

/// What to change. `None` leaves a value, `Some(None)` clears it. New credentials are tested at the
/// provider before they are stored.
#[derive(Clone, Debug, Default)]
pub struct AccountPatch {
    /// The owner's id.
    pub owner_id: Option<String>,
    /// The owner's name.
    pub owner_name: Option<String>,
    /// Who linked it.
    pub owner_username: Option<Option<String>>,
    /// Label.
    pub label: Option<Option<String>>,
    /// Replaces the metadata.
    pub metadata: Option<Metadata>,
    /// Kind.
    pub kind: Option<AccountKind>,
    /// Shared among the owner's users.
    pub shared: Option<bool>,
    /// `Active` resumes, `Suspended` pauses; other states cannot be set.
    pub status: Option<AccountStatus>,
    /// The provider's environment.
    pub environment: Option<String>,
    /// Moves the account to another profile of the same connector and method.
    pub profile_id: Option<ProfileId>,
    /// Field values to change, secret and not; omitted fields keep theirs.
    pub credentials: Vec<(String, Secret)>,
}

impl Engine {
    /// A page of accounts, newest first.
    pub async fn list_accounts(&self, _caller: &Caller, _query: AccountQuery) -> Result<Page<AccountView>, Error> {
        todo!()
    }

    /// One account. 404 `AccountNotFoundError` also for another project's.
    pub async fn get_account(&self, _caller: &Caller, _id: &AccountId) -> Result<AccountView, Error> {
        todo!()
    }

    /// Changes an account.
    pub async fn patch_account(&self, _caller: &Caller, _id: &AccountId, _patch: AccountPatch) -> Result<AccountView, Error> {
        todo!()
    }

    /// Deletes an account and gives it back as it was.
    pub async fn delete_account(&self, _caller: &Caller, _id: &AccountId) -> Result<AccountView, Error> {
        todo!()
    }
}
