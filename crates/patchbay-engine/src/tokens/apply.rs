//! From what a provider minted to what is stored of it.

use patchbay_connector::definition::{AuthKind, AuthMethod};
use patchbay_model::{Account, Profile, Timestamp, TokenMetadata};
use patchbay_vault::Vault;
use serde_json::Value;

use super::{
    answer::{Minted, REFRESH_TOKEN},
    app, endings, mint, when,
};
use crate::linking::seal_account;

/// Puts a minted token among the account's secrets, and what is known of it beside them. A refresh token that the
/// provider did not replace stays.
pub(crate) fn apply(
    vault: &Vault,
    account: &mut Account,
    minted: &Minted,
    method: &AuthMethod,
    profile: &Profile,
    now: Timestamp,
) {
    // What the connector declares as a field that may be shown is shown: an id is no secret.
    let is_plain = |key: &str| method.config_fields.iter().any(|field| field.key == key && !field.secret);
    let (plain, secrets): (Vec<_>, Vec<_>) = minted.secrets.iter().cloned().partition(|(key, _)| is_plain(key));
    let plain = plain.into_iter().map(|(key, value)| (key, Value::String(value.expose().to_owned())));
    account.setup_information.extend(plain);
    account.secrets.extend(seal_account(vault, &account.project_id, &account.id, &secrets));
    let has_refresh_token = account.secrets.contains_key(REFRESH_TOKEN);
    let is_replaced = minted.secrets.iter().any(|(key, _)| key == REFRESH_TOKEN);
    let before = account.token.as_ref();
    let mut token = TokenMetadata {
        issued_at: now,
        expires_at: minted.expires.map(|end| end.from(now)),
        // What renews it ends when it did, unless the provider replaced it or says otherwise.
        refresh_expires_at: match minted.refresh_expires {
            Some(end) => Some(end.from(now)),
            None => before.filter(|_| !is_replaced).and_then(|before| before.refresh_expires_at),
        },
        // A renewal that says nothing of scopes has those that it had (RFC 6749, section 5.1).
        scopes: match before {
            Some(before) if minted.scopes.is_empty() => before.scopes.clone(),
            _ => minted.scopes.clone(),
        },
        profile_id: profile.id.clone(),
        profile_changed_at: profile.updated_at,
        client_id: None,
    };
    match before.filter(|_| app::earlier_client(account, profile).is_some()) {
        // An app that the profile had before renewed it, and goes on doing so.
        Some(before) => {
            token.client_id.clone_from(&before.client_id);
            token.profile_changed_at = before.profile_changed_at;
        }
        // A server that was found keeps its client with the account.
        None if mint::signs_in(method) && method.kind != AuthKind::Mcp => {
            token.client_id = app::client_id(vault, profile).unwrap_or_default();
        }
        None => {}
    }
    let can_renew = mint::renewal(method, has_refresh_token).is_some();
    account.refresh_at = when::refresh_at(&token, method, can_renew);
    account.set_expiries(&endings::OF_TOKENS, endings::of_token(&token, method, has_refresh_token));
    account.token = Some(token);
}
