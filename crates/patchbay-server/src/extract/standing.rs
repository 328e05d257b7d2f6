//! What authenticated a request whose response is a stream.
//!
//! A stream outlives the check of its request. So each look for something to send asks again whether the caller may still see it: a key
//! that was disabled or deleted, a login that ended and a project that is gone end the stream.

use std::sync::Arc;

use axum::http::{Request, request::Parts};
use patchbay_engine::{Caller, Error};

use super::auth::recognize;
use crate::state::AppState;

/// The headers that say who sends a request, and in which project.
const KEPT: [&str; 3] = ["authorization", "cookie", "x-project-id"];

/// The credentials of a request, which can be checked again.
#[derive(Clone)]
pub(crate) struct Standing {
    state: AppState,
    /// Only the credentials: the rest of the request ends with it.
    parts: Arc<Parts>,
}

impl Standing {
    /// Keeps the credentials of a request.
    pub(crate) fn of(parts: &Parts, state: &AppState) -> Self {
        let (mut kept, ()) = Request::new(()).into_parts();
        for name in KEPT {
            for value in parts.headers.get_all(name) {
                let mut value = value.clone();
                value.set_sensitive(true);
                kept.headers.append(name, value);
            }
        }
        Self { state: state.clone(), parts: Arc::new(kept) }
    }

    /// Returns the caller as it is now. It counts neither as a request of the key nor as a guess.
    ///
    /// # Errors
    ///
    /// As for a request with these credentials. [`has_ended`] tells whether they are no longer valid.
    pub(crate) async fn caller(&self) -> Result<Arc<Caller>, Error> {
        recognize(&self.parts, &self.state).await
    }
}

/// Returns true if an error says that a stream may not go on; false if it could not be found out, for example because the database does
/// not respond.
pub(crate) fn has_ended(error: &Error) -> bool {
    error.status() < 500
}

#[cfg(test)]
mod tests {
    use patchbay_engine::ErrorCode;

    use super::*;

    #[test]
    fn a_lost_authority_ends_a_stream_and_an_unreachable_database_does_not() {
        for code in [ErrorCode::Unauthorized, ErrorCode::MissingScope, ErrorCode::ProjectNotFound] {
            assert!(has_ended(&Error::new(code, "x")), "{code:?}");
        }
        for code in [ErrorCode::StorageUnavailable, ErrorCode::ServerBusy] {
            assert!(!has_ended(&Error::new(code, "x")), "{code:?}");
        }
    }
}
