//! What connectors and actions a project can use.

use std::sync::Arc;

use patchbay_connector::{Connector, definition::Action};
use patchbay_model::{AccountId, Profile};

use super::{Caller, Engine};
use crate::Error;

/// Which actions to list.
#[derive(Clone, Debug, Default)]
pub struct ActionQuery {
    /// Only of these connectors.
    pub connectors: Vec<String>,
    /// Only those that these accounts can run; entries then carry the account.
    pub account_ids: Vec<AccountId>,
    /// Only these actions, by public or local id.
    pub action_keys: Vec<String>,
    /// Text in connector title, action id, label or description, case-insensitive; all words must occur.
    pub search: Option<String>,
    /// Entries on a page, 1 to 100.
    pub page_size: u32,
    /// The cursor of the page, as given by the page before.
    pub next: Option<String>,
}

/// A connector with those of its actions that matched.
#[derive(Clone, Debug)]
pub struct CatalogEntry {
    /// The connector.
    pub connector: Arc<Connector>,
    /// The account, when the query named accounts.
    pub account_id: Option<AccountId>,
    /// The profile: the account's, else the project's default for the connector.
    pub profile: Option<Arc<Profile>>,
    /// The matching actions that the profile allows, in the connector's order.
    pub actions: Vec<Arc<Action>>,
}

/// A page of catalog entries.
#[derive(Clone, Debug)]
pub struct ActionPage {
    /// The entries.
    pub entries: Vec<CatalogEntry>,
    /// The next page's cursor.
    pub next: Option<String>,
}

impl Engine {
    /// A page of connectors with their actions. A cursor that was not ours is 400 `ValidationError`;
    /// an account that is not the caller's is 404.
    pub async fn list_actions(&self, _caller: &Caller, _query: ActionQuery) -> Result<ActionPage, Error> {
        todo!()
    }

    /// The project's active profile for a connector: the default, else the oldest.
    pub async fn active_profile(&self, _caller: &Caller, _connector: &str) -> Result<Option<Arc<Profile>>, Error> {
        todo!()
    }
}
