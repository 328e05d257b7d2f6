//! Verifies new credentials at the provider, before they are sealed and stored.

mod test_actions;
mod verify;

pub(crate) use verify::{Verification, no_token, verify};
