//! Binds the secrets that an older version of Patchbay sealed to their addresses, once after the start.

use std::sync::Arc;

use patchbay_storage::Storage;

use super::binder::AddressBinder;
use crate::{Error, background_task::BackgroundTask, connector_catalog::ConnectorCatalog, profiles::Profiles};

/// The number of accounts that are looked up at once.
const MAX_ACCOUNTS: u32 = 100;

/// Binds the accounts that an older version of Patchbay sealed, once after the start.
pub(crate) fn start_binding(
    storage: Arc<dyn Storage>,
    binder: Arc<AddressBinder>,
    profiles: Arc<Profiles>,
    connectors: Arc<ConnectorCatalog>,
) -> BackgroundTask {
    BackgroundTask::start(|stop| async move {
        tokio::select! {
            () = stop.cancelled() => {}
            outcome = bind_older(&*storage, &binder, &profiles, &connectors) => {
                if let Err(error) = outcome {
                    tracing::warn!(error = error.message, "could not bind older secrets to their addresses; the next start tries again");
                }
            }
        }
    })
}

/// Binds the accounts and profiles that an older version of Patchbay sealed.
///
/// # Errors
/// The errors of the storage.
pub(crate) async fn bind_older(
    storage: &dyn Storage,
    binder: &AddressBinder,
    profiles: &Profiles,
    connectors: &ConnectorCatalog,
) -> Result<(), Error> {
    let records = storage.sealed_records();
    let mut after = None;
    loop {
        let found = records.unbound_accounts(after.as_ref(), MAX_ACCOUNTS).await?;
        let Some((_, last)) = found.last() else { break };
        after = Some(last.clone());
        for (project, id) in found {
            let Some(account) = storage.accounts().get(&project, &id).await? else { continue };
            let profile = profiles.load(&project, &account.profile_id).await?;
            // No call works without the connector. A later start tries again.
            let Ok(Some(installed)) = connectors.find_for_profile(&profile).await else { continue };
            let names = installed.connector.address_fields(&account.auth_config_key);
            binder.bind(&project, &id, &profile, names).await?;
        }
    }
    for (project, id) in records.unbound_profiles().await? {
        profiles.bind_older(&project, &id).await?;
    }
    Ok(())
}
