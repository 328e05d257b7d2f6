//! Linking: [`link`] validates the typed values and stores the account, [`verify`] asks the provider in between.

pub(crate) mod link;
mod test_actions;
pub(crate) mod verify;
