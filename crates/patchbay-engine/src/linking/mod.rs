//! Linking: validates the typed values, verifies them at the provider, then seals them.

mod fields;
mod seal;
mod test_actions;
mod verify;

pub(crate) use fields::check_fields;
pub(crate) use seal::{open_secrets, reseal_profile, seal_account, seal_profile};
pub(crate) use verify::{Verification, no_token, verify};
