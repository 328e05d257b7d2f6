//! From what a provider minted to what is stored of it.

use patchbay_connector::definition::AuthMethod;
use patchbay_model::{Account, Profile, Timestamp, Token};
use patchbay_vault::Vault;
use serde_json::Value;

use super::{
    answer::{Minted, REFRESH_TOKEN},
    mint, when,
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
    let token = Token {
        issued_at: now,
        expires_at: minted.expires.map(|end| end.from(now)),
        refresh_expires_at: minted.refresh_expires.map(|end| end.from(now)),
        // A renewal that says nothing of scopes has those that it had (RFC 6749, section 5.1).
        scopes: match &account.token {
            Some(before) if minted.scopes.is_empty() => before.scopes.clone(),
            _ => minted.scopes.clone(),
        },
        profile_id: profile.id.clone(),
        profile_changed_at: profile.updated_at,
    };
    let can_renew = mint::renewal(method, account.secrets.contains_key(REFRESH_TOKEN)).is_some();
    account.renew_at = when::renew_at(&token, method, can_renew);
    account.token = Some(token);
}
