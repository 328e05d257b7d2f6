//! Places of event streams: some for each session, more for each customer, and some for those who have none.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use patchbay_model::ConnectSession;

/// The largest number of streams.
const MAX_STREAMS: usize = 256;
/// The places that only sessions without a stream get.
const RESERVED: usize = 64;
/// The largest number of streams of a session.
const MAX_OF_SESSION: usize = 8;
/// The largest number of streams of an owner, in all sessions.
const MAX_OF_OWNER: usize = 32;

/// A session or an owner with streams.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Reader {
    Session(String),
    Owner { project: String, owner: String },
}

/// Counts open streams.
#[derive(Default)]
pub(crate) struct EventStreams(Mutex<Open>);

#[derive(Default)]
struct Open {
    total: usize,
    by_reader: HashMap<Reader, usize>,
}

/// The place of an open stream. Dropping it frees the place.
pub(crate) struct StreamPlace {
    streams: Arc<EventStreams>,
    readers: [Reader; 2],
}

impl EventStreams {
    /// Takes a place for a stream of a session; `None` if the session or its owner has too many, or all are taken.
    pub(crate) fn open(self: &Arc<Self>, session: &ConnectSession) -> Option<StreamPlace> {
        let own = Reader::Session(session.id.to_string());
        let owner = Reader::Owner { project: session.project_id.to_string(), owner: session.owner.id.clone() };
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (of_session, of_owner) = (open.of(&own), open.of(&owner));
        let total = if of_session == 0 { MAX_STREAMS } else { MAX_STREAMS - RESERVED };
        if of_session >= MAX_OF_SESSION || of_owner >= MAX_OF_OWNER || open.total >= total {
            return None;
        }
        open.total += 1;
        let readers = [own, owner];
        for reader in &readers {
            *open.by_reader.entry(reader.clone()).or_default() += 1;
        }
        Some(StreamPlace { streams: self.clone(), readers })
    }
}

impl Open {
    fn of(&self, reader: &Reader) -> usize {
        self.by_reader.get(reader).copied().unwrap_or_default()
    }
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.total = open.total.saturating_sub(1);
        for reader in &self.readers {
            match open.by_reader.get_mut(reader) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(open.by_reader.remove(reader)),
            }
        }
    }
}
