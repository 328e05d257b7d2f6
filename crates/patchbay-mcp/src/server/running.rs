//! The calls of legacy clients without a session that run now, so that a notification can cancel one.
//!
//! A notification arrives in a request of its own, and names only the id of the call. Two clients of one principal can use the same
//! ids, so a call is found by its client too, and nothing is cancelled if two calls match.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::RequestId;

/// What identifies a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CallKey {
    pub(crate) principal: Box<str>,
    pub(crate) client: Box<str>,
    pub(crate) id: RequestId,
}

/// The calls that run.
#[derive(Debug, Default)]
pub(crate) struct RunningCalls(Mutex<HashMap<CallKey, Vec<CancellationToken>>>);

/// A call that runs. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct RunningCall {
    calls: Arc<RunningCalls>,
    key: CallKey,
    token: CancellationToken,
}

impl RunningCalls {
    /// Adds a call.
    pub(crate) fn begin(self: &Arc<Self>, key: CallKey) -> RunningCall {
        let token = CancellationToken::new();
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.entry(key.clone()).or_default().push(token.clone());
        drop(calls);
        RunningCall { calls: self.clone(), key, token }
    }

    /// Cancels a call, if exactly one matches.
    pub(crate) fn cancel(&self, key: &CallKey) {
        let calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some([token]) = calls.get(key).map(Vec::as_slice) {
            token.cancel();
        }
    }
}

impl RunningCall {
    /// Returns what is cancelled with the call.
    pub(crate) fn token(&self) -> &CancellationToken {
        &self.token
    }
}

impl Drop for RunningCall {
    fn drop(&mut self) {
        // The mark of this call among those with its key.
        self.token.cancel();
        let mut calls = self.calls.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokens) = calls.get_mut(&self.key) {
            tokens.retain(|token| !token.is_cancelled());
            if tokens.is_empty() {
                calls.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(client: &str, id: u64) -> CallKey {
        CallKey { principal: "p".into(), client: client.into(), id: RequestId::of_number(id) }
    }

    #[test]
    fn only_the_one_call_that_matches_is_cancelled() {
        let calls = Arc::new(RunningCalls::default());
        let (first, other) = (calls.begin(key("a", 1)), calls.begin(key("b", 1)));
        calls.cancel(&key("a", 2));
        assert!(!first.token().is_cancelled());
        calls.cancel(&key("a", 1));
        assert!(first.token().is_cancelled() && !other.token().is_cancelled());
        let twin = calls.begin(key("b", 1));
        calls.cancel(&key("b", 1));
        assert!(!other.token().is_cancelled() && !twin.token().is_cancelled());
        drop(twin);
        calls.cancel(&key("b", 1));
        assert!(other.token().is_cancelled());
        drop((first, other));
        assert!(calls.0.lock().unwrap().is_empty());
    }
}
