//! From what a provider minted to what is stored of it.

use patchbay_connector::definition::{AuthKind, AuthMethod};
use patchbay_model::{Account, Profile, Timestamp, TokenMetadata};
use patchbay_vault::Vault;
use serde_json::Value;

use super::{
    expiry_notices, previous_clients, refresh_policy, token_request,
    token_response::{REFRESH_TOKEN, TokenSet},
};
use crate::linking::seal_account;

/// Puts a token set among the account's secrets, and what is known of it beside them. A refresh token that the
/// provider did not replace stays.
pub(crate) fn apply_token_set(
    vault: &Vault,
    account: &mut Account,
    token_set: &TokenSet,
    method: &AuthMethod,
    profile: &Profile,
    now: Timestamp,
) {
    // What the connector declares as a field that may be shown is shown: an id is no secret.
    let is_plain = |key: &str| method.config_fields.iter().any(|field| field.key == key && !field.secret);
    let (plain, secrets): (Vec<_>, Vec<_>) = token_set.secrets.iter().cloned().partition(|(key, _)| is_plain(key));
    let plain = plain.into_iter().map(|(key, value)| (key, Value::String(value.expose().to_owned())));
    account.setup_information.extend(plain);
    account.secrets.extend(seal_account(vault, &account.project_id, &account.id, &secrets));
    let has_refresh_token = account.secrets.contains_key(REFRESH_TOKEN);
    let is_replaced = token_set.secrets.iter().any(|(key, _)| key == REFRESH_TOKEN);
    let before = account.token.as_ref();
    let mut token = TokenMetadata {
        issued_at: now,
        expires_at: token_set.expires.map(|expiry| expiry.resolve(now)),
        // What renews it ends when it did, unless the provider replaced it or says otherwise.
        refresh_expires_at: match token_set.refresh_expires {
            Some(expiry) => Some(expiry.resolve(now)),
            None => before.filter(|_| !is_replaced).and_then(|before| before.refresh_expires_at),
        },
        // A renewal that says nothing of scopes has those that it had (RFC 6749, section 5.1).
        scopes: match before {
            Some(before) if token_set.scopes.is_empty() => before.scopes.clone(),
            _ => token_set.scopes.clone(),
        },
        profile_id: profile.id.clone(),
        profile_changed_at: profile.updated_at,
        client_id: None,
    };
    match before.filter(|_| previous_clients::previous_client_id(account, profile).is_some()) {
        // An app that the profile had before renewed it, and goes on doing so.
        Some(before) => {
            token.client_id.clone_from(&before.client_id);
            token.profile_changed_at = before.profile_changed_at;
        }
        // A server that was found keeps its client with the account.
        None if token_request::needs_authorization(method) && method.kind != AuthKind::Mcp => {
            token.client_id = previous_clients::profile_client_id(vault, profile).unwrap_or_default();
        }
        None => {}
    }
    let can_renew = token_request::refresh_grant(method, has_refresh_token).is_some();
    account.refresh_at = refresh_policy::refresh_at(&token, method, can_renew);
    account
        .set_expiries(&expiry_notices::TOKEN_CAUSES, expiry_notices::token_expiry(&token, method, has_refresh_token));
    account.token = Some(token);
}
