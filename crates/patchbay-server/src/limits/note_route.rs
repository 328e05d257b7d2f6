//! Notes which route answers a request, for what is around the routes: it sees no pattern, only a path.

use std::task::{Context, Poll};

use axum::extract::{MatchedPath, Request};
use tower::{Layer, Service};

use super::RequestOwner;

/// Notes the route of a request in its [`RequestOwner`].
pub(crate) fn note_route(request: &Request) {
    let extensions = request.extensions();
    if let (Some(owner), Some(route)) = (extensions.get::<RequestOwner>(), extensions.get::<MatchedPath>()) {
        owner.is_answered_by(route);
    }
}

/// Adds [`note_route`] to routes.
#[derive(Clone)]
pub(crate) struct NoteRoute;

impl<S> Layer<S> for NoteRoute {
    type Service = Noted<S>;

    fn layer(&self, inner: S) -> Noted<S> {
        Noted(inner)
    }
}

/// A route that is noted.
#[derive(Clone)]
pub(crate) struct Noted<S>(S);

impl<S: Service<Request>> Service<Request> for Noted<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        note_route(&request);
        self.0.call(request)
    }
}
