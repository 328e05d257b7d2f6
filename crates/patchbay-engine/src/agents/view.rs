//! The accounts of a request, and what each of them can call.
//!
//! [`View::callable`] is the only decision: what it returns is listed, found and called, in every mode. It uses the same rule
//! as runs and the catalog ([`is_enabled`]), and the filter of the request. An account in trouble keeps its tools, and a
//! call says what to do. A disabled profile allows nothing.

use std::{collections::HashSet, sync::Arc};

use patchbay_connector::{Connector, definition::Action};
use patchbay_model::{Account, AccountId, AccountStatus, Profile};
use patchbay_storage::{AccountFilter, Storage};

use super::request::{AccountSelection, ToolFilter};
use crate::{
    Caller, Error, ErrorCode,
    accounts::store::{CachedAccounts, account_not_found},
    action_access::is_enabled,
    connector_catalog::ConnectorCatalog,
    profiles::Profiles,
};

/// The most accounts of a request.
pub(super) const MAX_ACCOUNTS: usize = 100;

/// An account of a request, with what its tools are made of.
#[derive(Clone)]
pub(super) struct AgentAccount {
    pub(super) account: Arc<Account>,
    pub(super) profile: Arc<Profile>,
    /// None if the connector is not installed or cannot run.
    pub(super) connector: Option<Arc<Connector>>,
}

impl AgentAccount {
    /// Returns what is wrong with the account, for people; none if it can be called.
    pub(super) fn trouble(&self) -> Option<&'static str> {
        if self.connector.is_none() {
            return Some("its connector is not installed");
        }
        if !self.profile.active {
            return Some("its connector profile is disabled");
        }
        match self.account.status {
            AccountStatus::Active => None,
            AccountStatus::Suspended => Some("it is suspended"),
            AccountStatus::ReconnectRequired | AccountStatus::Expired | AccountStatus::Archived => {
                Some("it must be reconnected")
            }
            AccountStatus::Revoked => Some("it was revoked and must be reconnected"),
        }
    }

    /// Returns the name of the account for a model: its label, or its owner's name.
    pub(super) fn shown_name(&self) -> &str {
        let label = self.account.label.as_deref().filter(|label| !label.is_empty());
        label.unwrap_or(&self.account.owner.name)
    }
}

/// The accounts of a request.
pub(super) struct View {
    pub(super) accounts: Vec<AgentAccount>,
    pub(super) filter: ToolFilter,
    /// The owner whose accounts they are, if the request names one.
    pub(super) owner: Option<String>,
}

impl View {
    /// Returns the actions that an account can call, in the connector's order.
    pub(super) fn callable<'a>(&'a self, account: &'a AgentAccount) -> impl Iterator<Item = &'a Arc<Action>> {
        let connector = account.connector.as_ref().filter(|_| account.profile.active);
        connector.into_iter().flat_map(|connector| {
            connector.actions.iter().filter(|action| {
                is_enabled(Some(&account.profile), action) && self.filter.matches(&connector.key, &action.public_id)
            })
        })
    }

    /// Returns true if two views have the same tools with the same texts: what the tools are made of is compared by identity,
    /// so that no change is missed.
    pub(super) fn has_tools_of(&self, other: &Self) -> bool {
        let is_same = |(a, b): (&AgentAccount, &AgentAccount)| {
            let connectors = match (&a.connector, &b.connector) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (None, None) => true,
                _ => false,
            };
            connectors
                && Arc::ptr_eq(&a.profile, &b.profile)
                && a.account.id == b.account.id
                && a.shown_name() == b.shown_name()
        };
        self.accounts.len() == other.accounts.len() && self.accounts.iter().zip(&other.accounts).all(is_same)
    }
}

/// Finds the accounts of requests.
pub(super) struct Views {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) accounts: Arc<CachedAccounts>,
    pub(super) profiles: Arc<Profiles>,
    pub(super) connectors: Arc<ConnectorCatalog>,
}

impl Views {
    /// Returns the accounts of a request, without those that the project does not have. An account whose profile or connector
    /// cannot be read does not hide the others.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` without an account or with too many, 404 `AccountNotFoundError` if the project has none of them;
    /// 503 `StorageUnavailableError`.
    pub(super) async fn open(
        &self,
        caller: &Caller,
        selection: &AccountSelection,
        filter: &ToolFilter,
    ) -> Result<View, Error> {
        let (found, owner) = match selection {
            AccountSelection::Ids(ids) => (self.by_id(caller, ids).await?, None),
            AccountSelection::Owner(owner) => (self.of_owner(caller, owner).await?, Some(owner.clone())),
        };
        let mut accounts = Vec::new();
        for account in found {
            let profile = match self.profiles.load(&caller.project_id, &account.profile_id).await {
                Ok(profile) => profile,
                Err(error) if error.code == ErrorCode::StorageUnavailable => return Err(error),
                Err(error) => {
                    tracing::warn!(account = %account.id, %error, "an agent cannot use an account");
                    continue;
                }
            };
            let connector = match self.connectors.find_for_profile(&profile).await {
                Ok(installed) => installed.map(|installed| installed.connector),
                Err(error) if error.code == ErrorCode::StorageUnavailable => return Err(error),
                Err(_) => None,
            };
            accounts.push(AgentAccount { account, profile, connector });
        }
        // The order of the tools must not depend on the order in which the accounts were named.
        accounts.sort_by(|a, b| (&a.account.connector, &a.account.id).cmp(&(&b.account.connector, &b.account.id)));
        Ok(View { accounts, filter: filter.clone(), owner })
    }

    async fn by_id(&self, caller: &Caller, ids: &[AccountId]) -> Result<Vec<Arc<Account>>, Error> {
        let mut seen = HashSet::new();
        let ids = ids.iter().filter(|id| !id.as_str().is_empty() && seen.insert(*id)).collect::<Vec<_>>();
        let Some(first) = ids.first() else {
            let message = "Missing x-account-id header in request: name the linked account to act with, or several, \
                           separated by commas";
            return Err(Error::new(ErrorCode::Validation, message));
        };
        if ids.len() > MAX_ACCOUNTS {
            let message = format!("at most {MAX_ACCOUNTS} accounts can be named; this request names {}", ids.len());
            return Err(Error::new(ErrorCode::Validation, message));
        }
        let (mut found, mut failure) = (Vec::new(), None);
        for id in &ids {
            match self.accounts.get(&caller.project_id, id).await {
                Ok(account) => found.push(account),
                Err(error) if error.code == ErrorCode::StorageUnavailable => return Err(error),
                Err(error) => failure = Some(error),
            }
        }
        if found.is_empty() { Err(failure.unwrap_or_else(|| account_not_found(first))) } else { Ok(found) }
    }

    /// Returns the newest accounts of an owner, none if it has none.
    async fn of_owner(&self, caller: &Caller, owner: &str) -> Result<Vec<Arc<Account>>, Error> {
        let filter = AccountFilter {
            owner_ids: vec![owner.to_owned()],
            page: 1,
            page_size: u32::try_from(MAX_ACCOUNTS).unwrap_or(u32::MAX),
            ..AccountFilter::default()
        };
        let page = self.storage.accounts().list(&caller.project_id, &filter).await?;
        Ok(page.items.into_iter().map(Arc::new).collect())
    }
}
