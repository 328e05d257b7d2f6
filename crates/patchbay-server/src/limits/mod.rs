//! Who sends requests, and how many of them are accepted.

mod admission;
mod client_address;
mod event_streams;
mod failed_authentications;
mod log_streams;
mod made_pages;
mod note_route;
mod request_owner;
mod turns;

use std::sync::Arc;

use self::{
    event_streams::EventStreams, failed_authentications::FailedAuthentications, log_streams::LogStreams,
    made_pages::MadePages,
};

pub(crate) use self::{
    admission::{admit, is_call},
    client_address::ClientAddress,
    event_streams::StreamPlace,
    log_streams::LogStreamPlace,
    note_route::{NoteRoute, note_route},
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
    /// Streams of logs.
    pub(crate) log_streams: LogStreams,
    /// Pages of the documentation that are made for a request, by address.
    pub(crate) made_pages: Arc<MadePages>,
}
