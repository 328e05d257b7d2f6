//! Binds stored secrets to the values that decide where they are sent, without a person: to those of the moment.
//!
//! A secret that is bound already stays so. This concerns secrets that an older version of Patchbay sealed, and fields that
//! shape an address only since a newer version of the connector.

use std::sync::Arc;

use patchbay_model::{Account, AccountId, Profile, ProjectId};
use patchbay_storage::{AccountFilter, Storage};
use patchbay_vault::Vault;

use super::{
    credentials::bind_account,
    store::{CachedAccounts, Change},
};
use crate::{EngineParts, Error};

/// The number of accounts that are read at once.
const PAGE_SIZE: u32 = 100;

/// Binds the secrets of stored accounts.
pub(crate) struct AddressBinder {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    accounts: Arc<CachedAccounts>,
}

impl AddressBinder {
    pub(crate) fn new(parts: &EngineParts, accounts: Arc<CachedAccounts>) -> Self {
        Self { storage: parts.storage.clone(), vault: parts.vault.clone(), accounts }
    }

    /// Binds the secrets of every account of a profile to the values of these names.
    ///
    /// # Errors
    /// The errors of the storage. An account whose secrets do not open is left as it is.
    pub(crate) async fn bind_accounts_of(&self, profile: &Profile, names: &[String]) -> Result<(), Error> {
        for page in 1.. {
            let filter = AccountFilter {
                profile_ids: vec![profile.id.clone()],
                page,
                page_size: PAGE_SIZE,
                ..AccountFilter::default()
            };
            let listed = self.storage.accounts().list(&profile.project_id, &filter).await?.items;
            let is_last = listed.len() < PAGE_SIZE as usize;
            for account in listed {
                self.bind(&account.project_id, &account.id, profile, names).await?;
            }
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// Binds the secrets of an account to the values of these names. An account whose secrets do not open, or which has
    /// another profile by now, is left as it is.
    ///
    /// # Errors
    /// The errors of the storage.
    pub(super) async fn bind(
        &self,
        project: &ProjectId,
        id: &AccountId,
        profile: &Profile,
        names: &[String],
    ) -> Result<(), Error> {
        let bind = |account: &mut Account| {
            let secrets = account.secrets.clone();
            if account.profile_id != profile.id {
                return Change::Nothing;
            }
            if let Err(error) = bind_account(&self.vault, names, account, profile, |_| false) {
                tracing::warn!(%error, account = %account.id, "could not bind an account's secrets to their address");
                account.secrets = secrets;
                return Change::Nothing;
            }
            if account.secrets == secrets { Change::Nothing } else { Change::Records }
        };
        self.accounts.update(project, id, bind).await?;
        Ok(())
    }
}
