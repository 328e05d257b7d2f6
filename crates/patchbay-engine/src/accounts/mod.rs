//! Linked accounts: [`store`] reads and changes them, [`credentials`] opens what they hold, [`resolver`] finds what a call
//! needs, [`manage`] lists, changes and deletes them, [`binder`] and [`older_secrets`] bind what they hold to addresses, and
//! [`revocations`] ends them at their providers.

pub(crate) mod binder;
pub(crate) mod credentials;
pub(crate) mod manage;
pub(crate) mod older_secrets;
pub(crate) mod resolver;
pub(crate) mod revocations;
pub(crate) mod store;
