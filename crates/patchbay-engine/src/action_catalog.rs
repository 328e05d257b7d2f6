//! The connectors and actions that a project can use.

use std::{collections::HashSet, sync::Arc};

use patchbay_connector::{Connector, definition::Action};
use patchbay_model::{Account, AccountId, ApiScope, Profile};

use crate::{
    Caller, Error, Field,
    accounts::store::CachedAccounts,
    action_access::is_enabled,
    action_search::ActionSearch,
    connector_catalog::ConnectorCatalog,
    profiles::Profiles,
    scopes::lacking_scopes,
    validation::{check_page, invalid_at},
};

/// A query for actions.
#[derive(Clone, Debug, Default)]
pub struct ActionQuery {
    /// Only actions of these connectors.
    pub connectors: Vec<String>,
    /// Only actions that these accounts can run; entries then contain the account. An empty id matches nothing.
    pub account_ids: Vec<AccountId>,
    /// Only these actions, by public or local ID.
    pub action_keys: Vec<String>,
    /// Words that must all occur in the connector's title or the action's ID, label or description, case-insensitive; or what
    /// the action should do, as for [`ActionSearch`].
    pub search: Option<String>,
    /// Entries on a page, 1 to 100.
    pub page_size: u32,
    /// The cursor from the previous page.
    pub next: Option<String>,
}

/// A connector with its matching actions.
#[derive(Clone, Debug)]
pub struct CatalogEntry {
    /// The connector.
    pub connector: Arc<Connector>,
    /// The account, if the query named accounts.
    pub account_id: Option<AccountId>,
    /// The profile: the account's, or the project's default for the connector.
    pub profile: Option<Arc<Profile>>,
    /// The matching actions that the profile allows, in the connector's order.
    pub actions: Vec<Arc<Action>>,
    /// The scopes that the account lacks for each action, in the same order; empty if the query named no accounts.
    pub missing_scopes: Vec<Vec<String>>,
}

/// A page of catalog entries.
#[derive(Clone, Debug)]
pub struct ActionPage {
    /// The entries.
    pub entries: Vec<CatalogEntry>,
    /// The next page's cursor.
    pub next: Option<String>,
}

/// The actions that a project can run.
pub struct ActionCatalog {
    connectors: Arc<ConnectorCatalog>,
    profiles: Arc<Profiles>,
    accounts: Arc<CachedAccounts>,
    search: Arc<ActionSearch>,
}

impl ActionCatalog {
    pub(crate) fn new(
        connectors: Arc<ConnectorCatalog>,
        profiles: Arc<Profiles>,
        accounts: Arc<CachedAccounts>,
        search: Arc<ActionSearch>,
    ) -> Self {
        Self { connectors, profiles, accounts, search }
    }

    /// Lists a page of connectors with their actions.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for an invalid cursor; 404 `AccountNotFoundError` for another project's account.
    pub async fn list(&self, caller: &Caller, query: ActionQuery) -> Result<ActionPage, Error> {
        caller.require(ApiScope::ConnectorsRead)?;
        check_page(1, query.page_size)?;
        let start = match &query.next {
            None => 0,
            Some(cursor) => parse_cursor(cursor).ok_or_else(|| {
                invalid_at(Field::Next, "cursor", "this cursor was not issued here; omit it to start over")
            })?,
        };
        let mut candidates = Vec::new();
        if query.account_ids.is_empty() {
            let profiles = self.profiles.active(caller).await?;
            for connector in self.connectors.of_project(&caller.project_id).await?.iter() {
                candidates.push((connector.clone(), None, profiles.get(&connector.key).cloned()));
            }
        } else {
            for id in query.account_ids.iter().filter(|id| !id.as_str().is_empty()) {
                let account = self.accounts.get(&caller.project_id, id).await?;
                let profile = self.profiles.load(&caller.project_id, &account.profile_id).await?;
                if let Some(installed) = self.connectors.find_for_profile(&profile).await? {
                    candidates.push((installed.connector, Some(account), Some(profile)));
                }
            }
        }
        let words = query.search.as_deref().unwrap_or_default().to_lowercase();
        let words = words.split_whitespace().collect::<Vec<_>>();
        let good = match &query.search {
            Some(text) => self.search.good_matches(caller, text).await?,
            None => HashSet::new(),
        };
        let narrowed = query.search.is_some() || !query.action_keys.is_empty();
        let entries = candidates.into_iter().filter_map(|(connector, account, profile)| {
            if !query.connectors.is_empty() && !query.connectors.contains(&connector.key) {
                return None;
            }
            let actions = connector.actions.iter().filter(|action| {
                is_enabled(profile.as_deref(), action) && matches(&query, &words, &good, &connector, action)
            });
            let actions = actions.cloned().collect::<Vec<_>>();
            let missing_scopes = match &account {
                Some(account) => actions.iter().map(|action| lacks(&connector, account, action)).collect(),
                None => Vec::new(),
            };
            let account_id = account.map(|account| account.id.clone());
            let entry = CatalogEntry { connector, account_id, profile, actions, missing_scopes };
            (!entry.actions.is_empty() || !narrowed).then_some(entry)
        });
        let entries = entries.collect::<Vec<_>>();
        let size = usize::try_from(query.page_size).unwrap_or(usize::MAX);
        let end = start.saturating_add(size);
        let next = (end < entries.len()).then(|| format!("c{end}"));
        Ok(ActionPage { entries: entries.into_iter().skip(start).take(size).collect(), next })
    }
}

fn lacks(connector: &Connector, account: &Account, action: &Action) -> Vec<String> {
    let method = connector.auth_method(&account.auth_config_key);
    method.map(|method| lacking_scopes(connector, method, account, action)).unwrap_or_default()
}

fn parse_cursor(cursor: &str) -> Option<usize> {
    cursor.strip_prefix('c')?.parse().ok()
}

/// Returns true if an action matches the requested names, and contains all words, given in lower case, or is one of the good
/// matches of the search.
fn matches(
    query: &ActionQuery,
    words: &[&str],
    good: &HashSet<String>,
    connector: &Connector,
    action: &Action,
) -> bool {
    let named = query.action_keys.is_empty()
        || query.action_keys.iter().any(|key| *key == action.public_id || *key == action.id);
    if !named || words.is_empty() || good.contains(&action.public_id) {
        return named;
    }
    let text = format!("{} {} {} {}", connector.title, action.public_id, action.label, action.description);
    let text = text.to_lowercase();
    words.iter().all(|word| text.contains(word))
}
