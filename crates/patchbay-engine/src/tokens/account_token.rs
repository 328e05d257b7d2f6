//! Puts a token set into an account.

use patchbay_connector::definition::{AuthKind, AuthMethod};
use patchbay_model::{Account, Profile, Timestamp, TokenMetadata};
use patchbay_vault::Vault;
use serde_json::Value;

use super::{
    expiry_notices, refresh_policy, token_request,
    token_response::{REFRESH_TOKEN, TokenSet},
};
use crate::{
    accounts::credentials::is_plain,
    previous_clients::{previous_client_id, profile_client_id},
    sealed_fields::seal_account,
};

/// Seals a token set among the account's secrets, and sets the token's metadata, the next refresh and the expiries. A
/// refresh token that the provider did not replace remains (RFC 6749, section 6).
pub(crate) fn apply_token_set(
    vault: &Vault,
    account: &mut Account,
    token_set: &TokenSet,
    method: &AuthMethod,
    profile: &Profile,
    now: Timestamp,
) {
    let (plain, secrets): (Vec<_>, Vec<_>) =
        token_set.secrets.iter().cloned().partition(|(key, _)| is_plain(method, key));
    let plain = plain.into_iter().map(|(key, value)| (key, Value::String(value.expose().to_owned())));
    account.setup_information.extend(plain);
    account.secrets.extend(seal_account(vault, &account.project_id, &account.id, &secrets));
    let has_refresh_token = account.secrets.contains_key(REFRESH_TOKEN);
    let is_replaced = token_set.secrets.iter().any(|(key, _)| key == REFRESH_TOKEN);
    let before = account.token.as_ref();
    let mut token = TokenMetadata {
        issued_at: now,
        expires_at: token_set.expires.map(|expiry| expiry.resolve(now)),
        // A refresh token keeps its expiry unless the provider replaced it or sent another expiry.
        refresh_expires_at: match token_set.refresh_expires {
            Some(expiry) => Some(expiry.resolve(now)),
            None => before.filter(|_| !is_replaced).and_then(|before| before.refresh_expires_at),
        },
        // A response without scopes grants the same scopes (RFC 6749, section 5.1).
        scopes: match before {
            Some(before) if token_set.scopes.is_empty() => before.scopes.clone(),
            _ => token_set.scopes.clone(),
        },
        profile_id: profile.id.clone(),
        profile_changed_at: profile.updated_at,
        client_id: None,
    };
    match before.filter(|_| previous_client_id(account, profile).is_some()) {
        // A previous client refreshed the token, and remains its client.
        Some(before) => {
            token.client_id.clone_from(&before.client_id);
            token.profile_changed_at = before.profile_changed_at;
        }
        // A discovered server has its client in the account's secrets.
        None if token_request::needs_authorization(method) && method.kind != AuthKind::Mcp => {
            token.client_id = profile_client_id(vault, profile).unwrap_or_default();
        }
        None => {}
    }
    let can_refresh = token_request::refresh_grant(method, has_refresh_token).is_some();
    account.refresh_at = refresh_policy::refresh_at(&token, method, can_refresh);
    account
        .set_expiries(&expiry_notices::TOKEN_CAUSES, expiry_notices::token_expiry(&token, method, has_refresh_token));
    account.token = Some(token);
}
