//! Tokens that providers mint: got when an account is linked, renewed before they end, never lost.
//!
//! One renewal at a time for an account: a single flight in the process ([`flights`]) and a lease with a
//! fencing number in storage ([`renew`]). Before the provider is called it is written down that it will be; the
//! new token is stored before anyone uses it. What a provider answers is read in [`answer`], asked for in
//! [`mint`], put among the account's secrets in [`apply`]; [`keeper`] renews what nobody uses; [`revoke`] takes them back. By which
//! app is for [`app`], and what no renewal can save is told by [`endings`].

mod answer;
mod app;
mod apply;
mod endings;
mod flights;
mod keeper;
mod local_revoker;
mod mint;
mod renew;
mod revoke;
mod schedule;
mod server;
mod when;

pub(crate) use answer::{
    ACCESS_TOKEN, Minted, REFRESH_TOKEN, Refusal, body as token_body, of_oauth1 as minted_by_oauth1,
};
pub(crate) use app::{client_id, earlier, earlier_client, is_kept, keep as keep_app};
pub(crate) use apply::apply;
pub(crate) use endings::{note_certificate_end, sentence as ending_sentence, tell_of_endings};
pub(crate) use flights::Flights;
pub(crate) use keeper::{renew_what_is_due, start as start_keeper};
pub use local_revoker::LocalRevoker;
pub(crate) use mint::{
    Applicant, Failure, Grant, Wire, after_sign_in, certificate, facts, mint, mints_at_link, signs_in, works_by_token,
};
pub(crate) use renew::Want;
pub use revoke::Revocation;
pub(crate) use revoke::{can_revoke, revoke};
pub(crate) use server::{TOKEN_SERVER, TokenServer};
