//! From what a provider minted to what is stored of it.

use patchbay_connector::definition::AuthMethod;
use patchbay_model::{Account, Profile, Timestamp, Token};
use patchbay_vault::Vault;

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
    account.secrets.extend(seal_account(vault, &account.project_id, &account.id, &minted.secrets));
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
