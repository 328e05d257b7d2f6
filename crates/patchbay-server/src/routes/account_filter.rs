//! The filters of the lists of accounts: one reader, so that every name means the same on `/accounts` and `/v2/accounts`.

use patchbay_engine::{AccountQuery, Error};
use patchbay_model::{AccountId, ProfileId};

use crate::{
    dto::{
        account_status::status_filter,
        shared::{PageParams, account_kind},
    },
    extract::QueryMap,
};

/// The older, the newer and the plural name of each filter. Each also has the form `filter[NAME]`.
const IDS: [&str; 4] = ["account_ids", "account_id", "filter[account_ids]", "filter[account_id]"];
const CONNECTORS: [&str; 12] = [
    "connector",
    "connectors",
    "connector_key",
    "provider",
    "providers",
    "provider_key",
    "filter[connector]",
    "filter[connectors]",
    "filter[connector_key]",
    "filter[provider]",
    "filter[providers]",
    "filter[provider_key]",
];
const OWNERS: [&str; 8] = [
    "owner_id",
    "owner_ids",
    "origin_owner_id",
    "origin_owner_ids",
    "filter[owner_id]",
    "filter[owner_ids]",
    "filter[origin_owner_id]",
    "filter[origin_owner_ids]",
];
const PROFILES: [&str; 12] = [
    "connector_profile_id",
    "connector_profile_ids",
    "integration_id",
    "integration_ids",
    "auth_config_id",
    "auth_config_ids",
    "filter[connector_profile_id]",
    "filter[connector_profile_ids]",
    "filter[integration_id]",
    "filter[integration_ids]",
    "filter[auth_config_id]",
    "filter[auth_config_ids]",
];
const STATUSES: [&str; 4] = ["status", "statuses", "filter[status]", "filter[statuses]"];
const KIND: [&str; 4] = ["type", "types", "filter[type]", "filter[types]"];
const RECONNECT_DUE: [&str; 2] = ["relink_due", "filter[relink_due]"];

/// Reads the filters of a list of accounts. Filters with different names narrow the list together.
///
/// # Errors
///
/// 400 `ValidationError` for a value that does not exist, an empty value of a filter that has no IDs or keys, two values of a
/// filter that takes one, and for an unknown `filter[…]`.
pub(super) fn account_query(mut query: QueryMap) -> Result<AccountQuery, Error> {
    let PageParams { page, page_size } = query.page()?;
    let accounts = AccountQuery {
        ids: query.list(&IDS).into_iter().map(AccountId::new).collect(),
        connectors: query.list(&CONNECTORS),
        owner_ids: query.list(&OWNERS),
        statuses: status_filter(&query.list(&STATUSES))?,
        kind: account_kind(query.key(&KIND)?.as_deref())?,
        search: query.search()?,
        profile_ids: query.list(&PROFILES).into_iter().map(ProfileId::new).collect(),
        reconnect_due: query.boolean(&RECONNECT_DUE)?.unwrap_or(false),
        page,
        page_size,
    };
    query.finish()?;
    Ok(accounts)
}
