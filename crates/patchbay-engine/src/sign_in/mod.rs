//! Linking an account by signing in at the provider.
//!
//! [`prepared`] keeps what was typed out of the window's address. [`begin`] sends the browser to the provider,
//! [`finish`] takes it back. Between the two everything stands in a [`ticket`]: sealed in storage under the hash of
//! `state`, taken once, bound to the connect session, its attempt, the profile, the connector's own redirect address,
//! and the browser that began. A session may want its maker to
//! [`confirm`] whose browser that was, before anything is traded. What waits is [`kept`]. The standard that the provider speaks is a [`way`] out and back: [`oauth2`] or
//! [`oauth1`]. What closes the known attacks on account linking is listed in `docs/security.md`.

mod begin;
mod confirm;
mod finish;
mod kept;
mod mcp;
mod oauth1;
mod oauth2;
mod prepared;
mod ticket;
mod way;

pub use begin::{SignInRequest, SignInStart};
pub use confirm::ConfirmedSignIn;
pub use finish::{SignInAnswer, SignInEnd};
pub use prepared::{PreparedSignIn, SignInDraft};
