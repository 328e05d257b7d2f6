//! Who sends requests, and how many of them are accepted.

mod client_address;
mod event_streams;
mod failed_authentications;
mod request_owner;
mod turns;

use std::sync::Arc;

use self::{event_streams::EventStreams, failed_authentications::FailedAuthentications};

pub(crate) use self::{
    client_address::ClientAddress,
    event_streams::StreamPlace,
    request_owner::RequestOwner,
    turns::{enter, run_in_turns},
};
pub use client_address::RemoteAddress;

/// The budgets of addresses and sessions.
#[derive(Clone, Default)]
pub(crate) struct Limits {
    /// Failed authentications, by address.
    pub(crate) failed_authentications: Arc<FailedAuthentications>,
    /// Event streams, by session and owner.
    pub(crate) streams: Arc<EventStreams>,
}
