//! The sealed values of webhooks.

use std::collections::BTreeMap;

use patchbay_model::{ProjectId, Sealed, Timestamp, Webhook, WebhookId, WebhookSecret};
use patchbay_vault::{SealContext, Secret, Vault};

use crate::{Error, ErrorCode};

/// Seals a value of a webhook.
pub(crate) fn seal(
    vault: &Vault,
    project: &ProjectId,
    webhook: WebhookId,
    what: WebhookSecret,
    value: &Secret,
) -> (String, Sealed) {
    let number = webhook.to_string();
    let context = SealContext::Webhook { project, webhook: &number, field: what.as_str() };
    (what.as_str().to_owned(), vault.seal(&context, value))
}

/// Opens a value of a webhook; none if it has none.
///
/// # Errors
/// 500 `VaultError` if it does not open.
pub(crate) fn open(vault: &Vault, webhook: &Webhook, what: WebhookSecret) -> Result<Option<Secret>, Error> {
    let Some(sealed) = webhook.secrets.get(what.as_str()) else { return Ok(None) };
    let number = webhook.id.to_string();
    let context = SealContext::Webhook { project: &webhook.project_id, webhook: &number, field: what.as_str() };
    vault.open(&context, sealed).map(Some).map_err(|error| {
        tracing::error!(%error, webhook = webhook.id.0, "could not open a sealed value of a webhook");
        Error::new(ErrorCode::Vault, format!("a secret of the webhook cannot be opened: {error}"))
    })
}

/// Returns the fixed headers of a webhook.
///
/// # Errors
/// 500 `VaultError` if they do not open.
pub(crate) fn headers(vault: &Vault, webhook: &Webhook) -> Result<BTreeMap<String, String>, Error> {
    let Some(opened) = open(vault, webhook, WebhookSecret::Headers)? else { return Ok(BTreeMap::new()) };
    serde_json::from_str(opened.expose())
        .map_err(|_| Error::new(ErrorCode::Vault, "the headers of the webhook are not those that were stored"))
}

/// Returns the secrets that sign at a moment, the newest first.
///
/// # Errors
/// 500 `VaultError` if they do not open.
pub(crate) fn signing_secrets(vault: &Vault, webhook: &Webhook, now: Timestamp) -> Result<Vec<Secret>, Error> {
    let mut secrets = Vec::from_iter(open(vault, webhook, WebhookSecret::Current)?);
    if webhook.previous_until.is_some_and(|until| now < until) {
        secrets.extend(open(vault, webhook, WebhookSecret::Previous)?);
    }
    Ok(secrets)
}
