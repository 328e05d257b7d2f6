//! Linking: [`link`] validates the typed values and stores the account; before that, [`verify`] sends them to
//! the provider.

pub(crate) mod link;
mod test_actions;
pub(crate) mod verify;
