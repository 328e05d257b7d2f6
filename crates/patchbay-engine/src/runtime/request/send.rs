//! Sends a run's requests within the account's rate limits and the run's time, and records them in its trace.

use std::future::Future;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use crate::{
    Error,
    http::{Failure, Incoming, Opened, Outgoing, Pace, Rules, Watch, Whole},
    runtime::{
        context::{Run, RunContext},
        egress_error::IntoError as _,
    },
};

impl Run<'_> {
    /// Sends a request within the account's limits and the run's time.
    pub(crate) async fn send(&self, outgoing: Outgoing) -> Result<Incoming, Error> {
        self.send_watched(outgoing, self.ctx.deadline, &mut Whole).await
    }

    /// The same by an earlier end, for an answer that is looked at while it comes in.
    pub(crate) async fn send_watched(
        &self,
        outgoing: Outgoing,
        deadline: Instant,
        watch: &mut dyn Watch,
    ) -> Result<Incoming, Error> {
        let (deadline, pace) = (deadline.min(self.ctx.deadline), pace(self.ctx));
        let pace = pace.as_ref();
        self.traced(outgoing, |outgoing| self.host.http.send_watched(outgoing, pace, deadline, watch), whole).await
    }

    /// The same with so many redirects at most.
    pub(crate) async fn send_within(&self, outgoing: Outgoing, hops: usize) -> Result<Incoming, Error> {
        let (deadline, pace) = (self.ctx.deadline, pace(self.ctx));
        let pace = pace.as_ref();
        self.traced(outgoing, |outgoing| self.host.http.send_within(outgoing, pace, deadline, hops), whole).await
    }

    /// Sends a request whose answer's body is left to be read.
    pub(crate) async fn open(&self, outgoing: Outgoing, hops: usize) -> Result<Opened, Error> {
        let head = |opened: &Opened| (opened.status, opened.headers.clone(), None);
        let (deadline, pace) = (self.ctx.deadline, pace(self.ctx));
        let pace = pace.as_ref();
        self.traced(outgoing, |outgoing| self.host.http.open(outgoing, pace, deadline, hops), head).await
    }

    async fn traced<T, F>(
        &self,
        outgoing: Outgoing,
        send: impl FnOnce(Outgoing) -> F,
        seen: impl FnOnce(&T) -> (StatusCode, HeaderMap, Option<Bytes>),
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let ctx = self.ctx;
        let tracing =
            ctx.trace.map(|trace| (trace, trace.sending(self.step, &outgoing, self.redactor), Instant::now()));
        let changes = changes(&outgoing.method);
        let outcome = send(outgoing).await;
        if let Some(account) = ctx.facts.account_id.as_ref().filter(|_| changes) {
            self.host.response_cache.forget(account);
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
fn whole(incoming: &Incoming) -> (StatusCode, HeaderMap, Option<Bytes>) {
    (incoming.status, incoming.headers.clone(), Some(incoming.body.clone()))
}

/// Whether a request may change something at the provider, after which kept answers are stale.
pub(crate) fn changes(method: &http::Method) -> bool {
    !method.is_safe()
}

/// The limits of the account that is called for; none while it is being linked.
pub(crate) fn pace<'a>(ctx: &'a RunContext<'_>) -> Option<Pace<'a>> {
    let account = ctx.facts.account_id.as_ref()?;
    let connector = ctx.connector;
    let rules = Rules { per_second: connector.rate_limit_per_second, at_once: connector.max_concurrency };
    let until = ctx.patience.and_then(|patience| Instant::now().checked_add(patience));
    Some(Pace { account, rules, until: until.map_or(ctx.deadline, |until| until.min(ctx.deadline)) })
}
