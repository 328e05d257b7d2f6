//! Scopes that a provider asked for when it refused an action. They are kept with the account, so that people see what
//! is missing, and so that the next sign-in asks for them beside those that the account has (Model Context Protocol,
//! authorization, step-up).

use patchbay_model::Account;
use patchbay_storage::StorageError;

use super::Engine;

/// The most scopes that are kept for an action.
const MAX_SCOPES_PER_ACTION: usize = 50;

impl Engine {
    /// Keeps what an action was refused for want of, without what the account has. That it is kept is of help, and not
    /// needed: what keeps it from being stored is logged, and the next refusal tells it again.
    pub(crate) async fn store_missing_scopes(&self, account: &Account, action: &str, wanted: &[String]) {
        let granted = account.token.as_ref().map(|token| token.scopes.as_slice()).unwrap_or_default();
        let lacking = wanted.iter().filter(|scope| !granted.contains(scope)).take(MAX_SCOPES_PER_ACTION).cloned();
        let lacking = lacking.collect::<Vec<_>>();
        if lacking.is_empty() || account.missing_scopes.get(action) == Some(&lacking) {
            return;
        }
        let (engine, project, id, action) =
            (self.clone(), account.project_id.clone(), account.id.clone(), action.to_owned());
        let stored = self.run_to_completion(async move {
            let accounts = engine.storage().accounts();
            let Some(read) = accounts.get(&project, &id).await? else { return Ok::<_, StorageError>(()) };
            let mut changed = read.clone();
            changed.missing_scopes.insert(action, lacking);
            changed.updated_at = engine.clock().now();
            changed.revision = read.revision + 1;
            let outcome = accounts.update(&changed, read.revision).await;
            engine.evict_account(&id);
            outcome.map(|_| ())
        });
        if let Err(error) = stored.await {
            tracing::warn!(%error, account = %account.id, "scopes that an account lacks could not be kept");
        }
    }
}
