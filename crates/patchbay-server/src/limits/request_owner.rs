//! The project and the API key's quota of a request. The authentication, deep in the router, finds them; the outermost
//! layer needs them.

use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Waker},
};

use axum::{
    extract::MatchedPath,
    http::{Extensions, HeaderMap, HeaderName, HeaderValue},
};
use patchbay_engine::KeyQuota;
use patchbay_model::ProjectId;

/// The project of a request and the quota of its API key, in the request's extensions. Empty until the authentication.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestOwner(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    project: OnceLock<ProjectId>,
    quota: OnceLock<KeyQuota>,
    route: OnceLock<MatchedPath>,
    turn: Mutex<Turn>,
}

/// Whether a request may run.
#[derive(Debug, Default)]
enum Turn {
    /// It has not asked.
    #[default]
    Unasked,
    /// It is in its project's line.
    Waiting(Waker),
    /// It may run once.
    Given,
    /// Its client has gone.
    Gone,
}

impl RequestOwner {
    /// Returns the owner of a request; one that nobody looks at if the request did not pass the outermost layer.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// Returns the owner of another task of the same request, which takes turns of its own.
    pub(crate) fn again(&self) -> Self {
        let again = Self::default();
        if let Some(project) = self.project() {
            again.belongs_to(project);
        }
        again
    }

    pub(super) fn project(&self) -> Option<&ProjectId> {
        self.0.project.get()
    }

    pub(super) fn belongs_to(&self, project: &ProjectId) {
        // A request authenticates once; if a handler does it twice, the first one counts.
        let _ = self.0.project.set(project.clone());
    }

    /// Records which route answers the request.
    pub(crate) fn is_answered_by(&self, route: &MatchedPath) {
        let _ = self.0.route.set(route.clone());
    }

    /// Returns the pattern of the route that answers the request; none for a path that does not exist.
    pub(crate) fn route(&self) -> Option<&str> {
        self.0.route.get().map(MatchedPath::as_str)
    }

    /// Records what is left to the API key of the request.
    pub(crate) fn has_quota(&self, quota: KeyQuota) {
        let _ = self.0.quota.set(quota);
    }

    /// Adds the headers of the API key's quota to a response. They are those of the IETF's draft before its version 07
    /// (`draft-ietf-httpapi-ratelimit-headers`), which clients read most.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap) {
        let Some(quota) = self.0.quota.get() else { return };
        for (name, value) in [
            ("ratelimit-limit", u64::from(quota.limit)),
            ("ratelimit-remaining", u64::from(quota.remaining)),
            ("ratelimit-reset", quota.reset_secs),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.0.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Uses the turn that the request was given. Returns false if it was given none.
    pub(super) fn uses_turn(&self) -> bool {
        let mut turn = self.turn();
        let is_given = matches!(*turn, Turn::Given);
        if is_given {
            *turn = Turn::Unasked;
        }
        is_given
    }

    /// Returns true if the request is in a line. It is woken when its turn comes.
    pub(super) fn waits(&self, cx: &Context<'_>) -> bool {
        match &mut *self.turn() {
            Turn::Waiting(waker) => {
                waker.clone_from(cx.waker());
                true
            }
            _ => false,
        }
    }

    /// Records that the request is in a line.
    pub(super) fn begins_to_wait(&self, cx: &Context<'_>) {
        *self.turn() = Turn::Waiting(cx.waker().clone());
    }

    /// Gives the request a turn. Returns what wakes it; `None` if its client has gone.
    pub(super) fn give_turn(&self) -> Option<Waker> {
        let mut turn = self.turn();
        match std::mem::replace(&mut *turn, Turn::Given) {
            Turn::Waiting(waker) => Some(waker),
            other => {
                *turn = other;
                None
            }
        }
    }

    /// Records that the request ends.
    pub(super) fn leaves(&self) {
        *self.turn() = Turn::Gone;
    }
}
