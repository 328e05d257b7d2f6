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
};

impl Run<'_> {
    /// Sends a request within the account's limits and the run's time.
    pub async fn send(&self, outgoing: OutboundRequest) -> Result<InboundResponse, Error> {
        self.send_observed(outgoing, self.ctx.deadline, &mut ReadAll).await
    }

    /// The same by an earlier end, for an answer that is looked at while it comes in.
    pub async fn send_observed(
        &self,
        outgoing: OutboundRequest,
        deadline: Instant,
        watch: &mut dyn BodyObserver,
    ) -> Result<InboundResponse, Error> {
        let (deadline, pace) = (deadline.min(self.ctx.deadline), pace(self.ctx));
        let pace = pace.as_ref();
        self.traced(outgoing, |outgoing| self.host.http.send_observed(outgoing, pace, deadline, watch), whole).await
    }

    /// The same with so many redirects at most.
    pub async fn send_with_redirect_limit(
        &self,
        outgoing: OutboundRequest,
        hops: usize,
    ) -> Result<InboundResponse, Error> {
        let (deadline, pace) = (self.ctx.deadline, pace(self.ctx));
        let pace = pace.as_ref();
        self.traced(outgoing, |outgoing| self.host.http.send_with_redirect_limit(outgoing, pace, deadline, hops), whole)
            .await
    }

    /// Sends a request whose answer's body is left to be read.
    pub async fn open(&self, outgoing: OutboundRequest, hops: usize) -> Result<StreamingResponse, Error> {
        let head = |opened: &StreamingResponse| (opened.status, opened.headers.clone(), None);
        let (deadline, pace) = (self.ctx.deadline, pace(self.ctx));
        let pace = pace.as_ref();
        self.traced(outgoing, |outgoing| self.host.http.send_streaming(outgoing, pace, deadline, hops), head).await
    }

    async fn traced<T, F>(
        &self,
        outgoing: OutboundRequest,
        send: impl FnOnce(OutboundRequest) -> F,
        seen: impl FnOnce(&T) -> (StatusCode, HeaderMap, Option<Bytes>),
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, RequestFailure>>,
    {
        let ctx = self.ctx;
        let tracing =
            ctx.trace.map(|trace| (trace, trace.sending(self.step, &outgoing, self.redactor), Instant::now()));
        let changes = changes(&outgoing.method);
        let outcome = send(outgoing).await;
        if let Some(account) = ctx.facts.account_id.as_ref().filter(|_| changes) {
            self.host.response_cache.invalidate(account);
        }
        let outcome = outcome.map_err(|failure| failure.into_error(&ctx.connector.title));
        if let Some((trace, sent, began)) = tracing {
            let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            match &outcome {
                Ok(answer) => {
                    let (status, headers, body) = seen(answer);
                    trace.answered(sent, status, &headers, body.as_ref(), took, self.redactor);
                }
                Err(error) => trace.failed(sent, &error.message, took, self.redactor),
            }
        }
        outcome
    }
}

/// What a trace shows of an answer that was read.
fn whole(incoming: &InboundResponse) -> (StatusCode, HeaderMap, Option<Bytes>) {
    (incoming.status, incoming.headers.clone(), Some(incoming.body.clone()))
}

/// Whether a request may change something at the provider, after which kept answers are stale.
pub fn changes(method: &http::Method) -> bool {
    !method.is_safe()
}

/// The limits of the account that is called for; none while it is being linked.
pub fn pace<'a>(ctx: &'a RunContext<'_>) -> Option<RateLimitScope<'a>> {
    let account = ctx.facts.account_id.as_ref()?;
    let connector = ctx.connector;
    let rules =
        LimitRules { requests_per_second: connector.rate_limit_per_second, max_concurrency: connector.max_concurrency };
    let until = ctx.patience.and_then(|patience| Instant::now().checked_add(patience));
    Some(RateLimitScope { account, rules, wait_until: until.map_or(ctx.deadline, |until| until.min(ctx.deadline)) })
}
