//! Sends a run's requests within the account's rate limits and the run's time, and records them in its trace.

use std::future::Future;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use patchbay_egress::{
    Attempt, Attempts, BodyObserver, InboundResponse, LimitRules, OutboundRequest, RateLimitScope, ReadAll,
    RequestFailure, StreamingResponse, display_url, reserved,
};
use patchbay_metrics::{ClientOutcome, RequestFailureKind, metrics};
use tokio::time::Instant;

use crate::{
    Error,
    busy::memory_spent,
    context::{Run, RunContext},
    dry_run,
    egress_error::IntoError as _,
    run_log::{LoggedAttempt, kept_text},
    trace::elapsed_millis,
};

impl Run<'_> {
    /// Sends a request within the account's rate limits and the deadline of the run.
    ///
    /// # Errors
    ///
    /// 408 `TimeoutError` after the deadline, 429 for a rate limit, otherwise 502 for a request that fails or a response
    /// that cannot be read.
    pub(crate) async fn send(&self, request: OutboundRequest) -> Result<InboundResponse, Error> {
        self.send_observed(request, self.ctx.deadline, &mut ReadAll).await
    }

    /// Sends a request with an earlier deadline, and passes the response body to `observer` while it arrives.
    ///
    /// # Errors
    ///
    /// The errors of [`Run::send`] and of the observer.
    pub(crate) async fn send_observed(
        &self,
        request: OutboundRequest,
        deadline: Instant,
        observer: &mut dyn BodyObserver,
    ) -> Result<InboundResponse, Error> {
        let attempts = Attempts::default();
        let (deadline, scope) = (deadline.min(self.ctx.deadline), rate_limit_scope(self.ctx, Some(&attempts)));
        let scope = scope.as_ref();
        self.send_traced(
            request,
            &attempts,
            |request| self.host.http.send_observed(request, scope, deadline, observer),
            |response| response.status,
            traced_response,
        )
        .await
    }

    /// Sends a request and follows at most `max_redirects` redirects.
    ///
    /// # Errors
    ///
    /// The errors of [`Run::send`]. 502 `ProviderRedirectError` for a further redirect.
    pub(crate) async fn send_with_redirect_limit(
        &self,
        request: OutboundRequest,
        max_redirects: usize,
    ) -> Result<InboundResponse, Error> {
        let attempts = Attempts::default();
        let (deadline, scope) = (self.ctx.deadline, rate_limit_scope(self.ctx, Some(&attempts)));
        let scope = scope.as_ref();
        self.send_traced(
            request,
            &attempts,
            |request| self.host.http.send_with_redirect_limit(request, scope, deadline, max_redirects),
            |response| response.status,
            traced_response,
        )
        .await
    }

    /// Sends a request and returns its response before the body is read.
    ///
    /// # Errors
    ///
    /// The errors of [`Run::send_with_redirect_limit`].
    pub(crate) async fn open(
        &self,
        request: OutboundRequest,
        max_redirects: usize,
    ) -> Result<StreamingResponse, Error> {
        let head = |response: &StreamingResponse| (response.status, response.headers.clone(), None);
        let attempts = Attempts::default();
        let (deadline, scope) = (self.ctx.deadline, rate_limit_scope(self.ctx, Some(&attempts)));
        let scope = scope.as_ref();
        self.send_traced(
            request,
            &attempts,
            |request| self.host.http.send_streaming(request, scope, deadline, max_redirects),
            |response| response.status,
            head,
        )
        .await
    }

    /// Sends a request, records it in the trace, and invalidates the account's cached responses if it may change data.
    async fn send_traced<T, F>(
        &self,
        mut request: OutboundRequest,
        attempts: &Attempts,
        send: impl FnOnce(OutboundRequest) -> F,
        status_of: impl FnOnce(&T) -> StatusCode,
        response_of: impl FnOnce(&T) -> (StatusCode, HeaderMap, Option<Bytes>),
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, RequestFailure>>,
    {
        let ctx = self.ctx;
        if ctx.is_dry_run {
            if let Some(trace) = ctx.trace {
                let pending = trace.begin(self.step, &request, self.redactor);
                trace.record_failure(pending, "not sent: this is a dry run", 0, self.redactor);
            }
            return Err(dry_run::not_sent());
        }
        let not_sent = |spent| memory_spent(&format!("the request to {} was not sent", ctx.connector.title), spent);
        request.body = reserved(request.body).map_err(not_sent)?;
        let tracing = ctx.trace.map(|trace| (trace, trace.begin(self.step, &request, self.redactor), Instant::now()));
        let sent = Instant::now();
        let logged = self.step_log().map(|(log, index)| {
            let url = kept_text(&display_url(&request.url), Some(self.redactor));
            (log, index, request.method.clone(), url)
        });
        let counted = ctx.effects.map(|effects| effects.begin(&request.method));
        let outcome = self.host.send(request, ctx.ids.account_id.as_ref(), send).await;
        let status = outcome.as_ref().ok().map(|response| status_of(response).as_u16());
        if let Some(counted) = counted {
            counted.end(outcome.as_ref().map(|_| status.unwrap_or_default()));
        }
        let retried = attempts.take();
        let started = retried.last().map_or(sent, |last| last.started + last.duration);
        count_requests(&ctx.connector.key, &retried, started, &outcome, status);
        let outcome = outcome.map_err(|failure| failure.into_error(&ctx.connector.title));
        if let Some((log, index, method, url)) = logged {
            let error = outcome.as_ref().err().map(|error| kept_text(&error.message, Some(self.redactor)));
            for attempt in logged_retries(&retried, &method, &url) {
                log.attempt(index, attempt);
            }
            log.attempt(index, LoggedAttempt { method, url, status, error, started, duration: started.elapsed() });
        }
        if let Some((trace, pending, started)) = tracing {
            let duration_ms = elapsed_millis(started);
            let response = outcome.as_ref().map(response_of);
            let length = response.as_ref().ok().and_then(|(_, _, body)| body.as_ref()).map_or(0, Bytes::len);
            self.leave_for(length).await?;
            match response {
                Ok((status, headers, body)) => {
                    trace.record_response(pending, status, &headers, body.as_ref(), duration_ms, self.redactor);
                }
                Err(error) => trace.record_failure(pending, &error.message, duration_ms, self.redactor),
            }
        }
        outcome
    }
}

/// Returns the parts of a buffered response that a trace records.
fn traced_response(response: &InboundResponse) -> (StatusCode, HeaderMap, Option<Bytes>) {
    (response.status, response.headers.clone(), Some(response.body.clone()))
}

/// Counts a request to the provider, which began at `started` after `retried` ones.
pub fn count_requests<T>(
    connector: &str,
    retried: &[Attempt],
    started: Instant,
    outcome: &Result<T, RequestFailure>,
    status: Option<u16>,
) {
    let requests = &metrics().provider_requests;
    for attempt in retried {
        let lost = ClientOutcome::Failed(RequestFailureKind::ConnectionLost);
        requests.observe(connector, attempt.status.map_or(lost, ClientOutcome::Status), attempt.duration);
    }
    let last = match outcome {
        Ok(_) => ClientOutcome::Status(status.unwrap_or_default()),
        Err(failure) => ClientOutcome::Failed(failure.cause.kind()),
    };
    requests.observe(connector, last, started.elapsed());
}

/// Returns the attempts after which a request was sent again, as the log of calls notes them.
pub fn logged_retries(retried: &[Attempt], method: &Method, url: &str) -> Vec<LoggedAttempt> {
    let lost = "the connection was lost; the request was sent again";
    let logged = retried.iter().map(|attempt| LoggedAttempt {
        method: method.clone(),
        url: url.to_owned(),
        status: attempt.status,
        error: attempt.status.is_none().then(|| lost.to_owned()),
        started: attempt.started,
        duration: attempt.duration,
    });
    logged.collect()
}

/// Returns the rate limits of the account, which note `attempts`; `None` while it is being linked.
pub fn rate_limit_scope<'a>(ctx: &'a RunContext<'_>, attempts: Option<&'a Attempts>) -> Option<RateLimitScope<'a>> {
    let account = ctx.ids.account_id.as_ref()?;
    let connector = ctx.connector;
    let rules =
        LimitRules { requests_per_second: connector.rate_limit_per_second, max_concurrency: connector.max_concurrency };
    let until = ctx.max_rate_limit_wait.and_then(|wait| Instant::now().checked_add(wait));
    let wait_until = until.map_or(ctx.deadline, |until| until.min(ctx.deadline));
    Some(RateLimitScope { account, rules, wait_until, attempts })
}
