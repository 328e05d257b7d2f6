//! The one way out: every request to a provider passes here.
//!
//! A request is judged by the `guard`, sent to the provider or its stand-in (`upstreams`), its
//! redirects are followed by hand (`redirect`), its answer is read within bounds (`body`), and it is
//! repeated where that is safe (`retry`). The whole of it ends at the call's deadline, and at once
//! when the caller goes away: everything runs inside the caller's future.

mod addresses;
mod body;
mod certificate;
mod challenge;
mod client;
mod clients;
mod config;
mod failure;
mod guard;
mod lane;
mod limits;
mod opened;
mod redirect;
mod resolver;
mod response_cache;
mod retry;
mod tls;
mod transport;
mod upstreams;
mod watch;

pub use certificate::{ClientCertificate, Flaw, Pair};
pub use challenge::{Challenge, bearer, plain_scopes, wanted_scopes};
pub use client::{HttpClient, Incoming, Outgoing, Pace};
pub use config::{ConfigError, EgressConfig};
pub use failure::{Cause, Failure, shown};
pub use guard::{EgressRefused, Reach};
pub use lane::use_lane;
pub use limits::{Limit, Limited, Rules, named_wait};
pub use opened::{Opened, Pieces};
pub use redirect::MAX_HOPS;
pub use response_cache::{Answers, Fetch, Fingerprint, Hasher};
pub use retry::is_repeatable;
pub use transport::{IncomingBody, Transport, TransportError};
pub use watch::{Watch, Whole};
