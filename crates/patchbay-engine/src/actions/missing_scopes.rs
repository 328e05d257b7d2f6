//! Scopes that a provider required when it rejected an action (`insufficient_scope`, RFC 6750 section 3.1). They are stored
//! with the account: the dashboard shows them, and the next authorization requests them in addition to the granted ones
//! (Model Context Protocol, step-up authorization).

use std::sync::Arc;

use patchbay_model::Account;

use crate::accounts::store::{CachedAccounts, Change};

/// The number of scopes that are stored for an action.
const MAX_SCOPES_PER_ACTION: usize = 50;

/// Stores the scopes that an action lacks, without those that the account has. Best effort: a failed write is logged, and
/// the next rejection retries it.
pub(super) async fn store_missing_scopes(
    accounts: &Arc<CachedAccounts>,
    account: &Account,
    action: &str,
    wanted: &[String],
) {
    let granted = account.token.as_ref().map(|token| token.scopes.as_slice()).unwrap_or_default();
    let lacking = wanted.iter().filter(|scope| !granted.contains(scope)).take(MAX_SCOPES_PER_ACTION).cloned();
    let lacking = lacking.collect::<Vec<_>>();
    if lacking.is_empty() || account.missing_scopes.get(action) == Some(&lacking) {
        return;
    }
    let stored = accounts.update(&account.project_id, &account.id, |account| {
        account.missing_scopes.insert(action.to_owned(), lacking.clone());
        Change::Account
    });
    if let Err(error) = stored.await {
        tracing::warn!(%error, account = %account.id, "could not store the scopes that an account lacks");
    }
}
