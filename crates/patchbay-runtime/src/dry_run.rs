//! Runs that send nothing to the provider: they end at the first request, which the trace then contains.

use crate::{Error, ErrorCode};

/// Marks the error of a request that was not sent because of a dry run.
#[derive(Debug, thiserror::Error)]
#[error("a dry run sends nothing")]
struct NotSent;

/// Returns the error of a request in a dry run.
pub(crate) fn not_sent() -> Error {
    Error::new(ErrorCode::Internal, NotSent.to_string()).with_source(NotSent)
}

/// Returns true for the error that ends a dry run.
pub fn is_not_sent(error: &Error) -> bool {
    error.source.as_ref().is_some_and(|source| source.downcast_ref::<NotSent>().is_some())
}
