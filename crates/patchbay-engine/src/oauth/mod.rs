//! OAuth at a provider: links an account by sending a customer's browser through an authorization flow.
//!
//! 1. [`launch`] keeps form values out of URLs: the Hub posts them and gets a launch code.
//! 2. [`authorize`] builds the authorization URL and seals a [`pending_authorization`] under the hash of `state`.
//! 3. [`callback`] takes the pending authorization out of storage (once), checks who comes back and where, exchanges
//!    the code, verifies the credentials and links the account.
//! 4. [`confirm`] runs between callback and exchange when the connect session has a `confirm_url`.
//!
//! A pending authorization is bound to the connect session, its connection attempt, the connector profile, the
//! connector's own redirect URI, and the browser that started. [`protocol`] dispatches between [`oauth2`] and
//! [`oauth1`]; [`mcp`] discovers the endpoints of MCP servers. `docs/security.md` lists the known attacks on account
//! linking and what stops each of them.

mod authorize;
mod callback;
mod confirm;
mod launch;
mod mcp;
mod oauth1;
mod oauth2;
mod pending_authorization;
mod protocol;
mod sealed_state;
#[cfg(test)]
mod tests;

pub use authorize::{AuthorizationRedirect, NewAuthorization};
pub use callback::{AuthorizationCallback, CallbackOutcome};
pub use confirm::ConfirmedAuthorization;
pub use launch::{AuthorizationDraft, PreparedAuthorization};
pub use mcp::ClientMetadata;

use std::sync::Arc;

use patchbay_model::{Clock, Entropy};
use patchbay_runtime::{Host, RuntimeConfig};
use patchbay_storage::Storage;
use patchbay_vault::Vault;

use crate::{
    EngineParts, PublicUrls, attempts::Attempts, changes::Changes, connector_catalog::ConnectorCatalog,
    linking::link::Linking, profiles::Profiles, sessions::Sessions, tokens::token_requests::TokenRequests,
};

/// Authorizations at providers.
pub struct Oauth {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    urls: Arc<dyn PublicUrls>,
    runtime: RuntimeConfig,
    host: Arc<Host>,
    sessions: Arc<Sessions>,
    attempts: Arc<Attempts>,
    profiles: Arc<Profiles>,
    connectors: Arc<ConnectorCatalog>,
    linking: Arc<Linking>,
    tokens: Arc<TokenRequests>,
    changes: Changes,
}

/// The services that [`Oauth`] uses.
pub(crate) struct OauthServices {
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) profiles: Arc<Profiles>,
    pub(crate) connectors: Arc<ConnectorCatalog>,
    pub(crate) linking: Arc<Linking>,
    pub(crate) tokens: Arc<TokenRequests>,
}

impl Oauth {
    pub(crate) fn new(parts: &EngineParts, host: Arc<Host>, services: OauthServices, changes: Changes) -> Self {
        let OauthServices { sessions, attempts, profiles, connectors, linking, tokens } = services;
        Self {
            storage: parts.storage.clone(),
            vault: parts.vault.clone(),
            clock: parts.clock.clone(),
            entropy: parts.entropy.clone(),
            urls: parts.config.urls.clone(),
            runtime: parts.config.runtime(),
            host,
            sessions,
            attempts,
            profiles,
            connectors,
            linking,
            tokens,
            changes,
        }
    }
}
