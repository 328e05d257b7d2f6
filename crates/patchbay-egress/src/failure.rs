//! Why a request brought no usable answer, and what callers are told about it.

use url::Url;

use crate::{guard::EgressRefused, limits::Limited};

/// A request without a usable answer: where, and why.
#[derive(Debug)]
pub struct Failure {
    /// Where the request went.
    pub url: Url,
    /// Why there is no usable answer.
    pub cause: Cause,
}

/// Why there is no usable answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// The call's time ran out.
    TooSlow,
    /// No connection could be made.
    Unreachable(String),
    /// The connection broke before the answer was whole.
    Cut(String),
    /// The answer is larger than this many bytes.
    TooLarge(usize),
    /// It sends us elsewhere, where we do not follow.
    Redirect(String),
    /// The answer cannot be unpacked or understood.
    Undecodable(String),
    /// The server does not take our certificate, or misses one.
    Certificate {
        /// Whether we presented one.
        shown: bool,
        /// The server's reason.
        why: String,
    },
    /// The guard refused.
    Refused(EgressRefused),
    /// A limit keeps it back for longer than it may wait; nothing was sent.
    Limited(Limited),
}

/// A URL as people may see it: without query, which may carry secrets.
pub fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // A URL with a user part is refused before it is called; its text must not show in the refusal.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}
