//! Sends a run's requests within the account's rate limits and the run's time, and records them in its trace.

use std::future::Future;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use patchbay_egress::{
    BodyObserver, InboundResponse, LimitRules, OutboundRequest, RateLimitScope, ReadAll, RequestFailure,
    StreamingResponse,
};
use tokio::time::Instant;

use crate::{
    Error,
    context::{Run, RunContext},
    egress_error::IntoError as _,
    trace::elapsed_millis,
};

impl Run<'_> {
    /// Sends a request within the account's rate limits and the deadline of the run.
    pub async fn send(&self, outgoing: OutboundRequest) -> Result<InboundResponse, Error> {
        self.send_observed(outgoing, self.ctx.deadline, &mut ReadAll).await
    }

    /// Sends a request with an earlier deadline, and observes the response body while it arrives.
    pub async fn send_observed(
        &self,
        outgoing: OutboundRequest,
        deadline: Instant,
        watch: &mut dyn BodyObserver,
    ) -> Result<InboundResponse, Error> {
        let (deadline, scope) = (deadline.min(self.ctx.deadline), rate_limit_scope(self.ctx));
        let scope = scope.as_ref();
        self.send_traced(
            outgoing,
            |outgoing| self.host.http.send_observed(outgoing, scope, deadline, watch),
            traced_response,
        )
        .await
    }

    /// Sends a request that follows at most this number of redirects.
    pub async fn send_with_redirect_limit(
        &self,
        outgoing: OutboundRequest,
        hops: usize,
    ) -> Result<InboundResponse, Error> {
        let (deadline, scope) = (self.ctx.deadline, rate_limit_scope(self.ctx));
        let scope = scope.as_ref();
        self.send_traced(
            outgoing,
            |outgoing| self.host.http.send_with_redirect_limit(outgoing, scope, deadline, hops),
            traced_response,
        )
        .await
    }

    /// Sends a request and returns its response before the body is read.
    pub async fn open(&self, outgoing: OutboundRequest, hops: usize) -> Result<StreamingResponse, Error> {
        let head = |opened: &StreamingResponse| (opened.status, opened.headers.clone(), None);
        let (deadline, scope) = (self.ctx.deadline, rate_limit_scope(self.ctx));
        let scope = scope.as_ref();
        self.send_traced(outgoing, |outgoing| self.host.http.send_streaming(outgoing, scope, deadline, hops), head)
            .await
    }

    async fn send_traced<T, F>(
        &self,
        outgoing: OutboundRequest,
        send: impl FnOnce(OutboundRequest) -> F,
        response_of: impl FnOnce(&T) -> (StatusCode, HeaderMap, Option<Bytes>),
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, RequestFailure>>,
    {
        let ctx = self.ctx;
        let tracing = ctx.trace.map(|trace| (trace, trace.begin(self.step, &outgoing, self.redactor), Instant::now()));
        let outcome = self.host.send(outgoing, ctx.ids.account_id.as_ref(), send).await;
        let outcome = outcome.map_err(|failure| failure.into_error(&ctx.connector.title));
        if let Some((trace, pending, began)) = tracing {
            let took = elapsed_millis(began);
            match &outcome {
                Ok(answer) => {
                    let (status, headers, body) = response_of(answer);
                    trace.record_response(pending, status, &headers, body.as_ref(), took, self.redactor);
                }
                Err(error) => trace.record_failure(pending, &error.message, took, self.redactor),
            }
        }
        outcome
    }
}

/// Returns the parts of a buffered response that a trace records.
fn traced_response(incoming: &InboundResponse) -> (StatusCode, HeaderMap, Option<Bytes>) {
    (incoming.status, incoming.headers.clone(), Some(incoming.body.clone()))
}

/// Returns the rate limits of the account; `None` while it is being linked.
pub fn rate_limit_scope<'a>(ctx: &'a RunContext<'_>) -> Option<RateLimitScope<'a>> {
    let account = ctx.ids.account_id.as_ref()?;
    let connector = ctx.connector;
    let rules =
        LimitRules { requests_per_second: connector.rate_limit_per_second, max_concurrency: connector.max_concurrency };
    let until = ctx.max_rate_limit_wait.and_then(|wait| Instant::now().checked_add(wait));
    Some(RateLimitScope { account, rules, wait_until: until.map_or(ctx.deadline, |until| until.min(ctx.deadline)) })
}
