//! The HTTP client: sends requests within the egress policy and the rate limits, follows redirects and retries.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use http_body_util::Full;
use patchbay_metrics::{EgressRefusal, LimitOf, metrics};
use patchbay_model::{AccountId, Clock, Entropy};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use crate::{
    body,
    body_observer::{BodyObserver, ReadAll},
    config::EgressConfig,
    config_error::ConfigError,
    egress_policy::{EgressPolicy, EgressRefused},
    failure::{FailureCause, RequestFailure, display_url},
    header_values::header_text,
    message::{InboundResponse, OutboundRequest},
    outbound_proxy::OutboundProxies,
    rate_limit::{Endpoint, Permit, RateLimitScope, RateLimiter, SharedLimits, retry_delay},
    redirect::{self, MAX_REDIRECTS},
    retry,
    streaming_response::{BodyMode, Buffered, ReceivedResponse, Streamed, StreamingResponse, TextBuffered},
    tls::TrustedRoots,
    transport::{HyperTransport, Transport, TransportError},
    upstreams::Upstreams,
};

/// The longest URL that can be called, in bytes: the longest that [`http::Uri`] holds.
const MAX_URL_BYTES: usize = 65_534;
const USER_AGENT: &str = concat!("patchbay/", env!("CARGO_PKG_VERSION"));

/// The HTTP client for outbound requests. A process needs one, because the client holds the connection pools and the
/// state of the rate limits.
pub struct HttpClient {
    transport: Arc<dyn Transport>,
    policy: Arc<EgressPolicy>,
    upstreams: Upstreams,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    rate_limiter: RateLimiter,
    max_response_bytes: usize,
}

impl HttpClient {
    /// Returns a client for the network with the operator's settings.
    ///
    /// # Errors
    ///
    /// A [`ConfigError`] if the certificate authorities, the proxies or the upstreams are not valid.
    pub fn new(config: &EgressConfig, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, ConfigError> {
        let upstreams = Upstreams::parse(&config.upstreams)?;
        let policy = Arc::new(EgressPolicy::new(config.allowed_networks.clone(), upstreams.origins()));
        let roots = TrustedRoots::new(config.ca_pem.as_deref())?;
        let proxies = OutboundProxies::new(&config.proxy)?;
        let transport = Arc::new(HyperTransport::new(policy.clone(), roots, proxies));
        let (rate_limiter, max_response_bytes) = (RateLimiter::default(), config.max_response_bytes);
        Ok(Self { transport, policy, upstreams, clock, entropy, rate_limiter, max_response_bytes })
    }

    /// Replaces the transport and keeps all rules.
    #[must_use]
    pub fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = transport;
        self
    }

    /// Evicts the TLS clients with a client certificate, and the private keys in them, that were not used for a while.
    pub fn evict_idle(&self) {
        self.transport.evict_idle();
    }

    /// From now on, the rate limits of accounts are shared with other servers.
    pub fn share_limits(&self, limits: Arc<dyn SharedLimits>) {
        self.rate_limiter.share(limits);
    }

    /// Sends no requests of an account for some time, as a provider asked another server.
    pub fn block_account(&self, account: &AccountId, duration: Duration) {
        self.rate_limiter.block(account, duration);
    }

    /// Returns the client's clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Returns the client's source of randomness.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// Checks that a URL may be called, or that a browser may be sent to it, as far as the URL itself shows. The
    /// addresses behind its host name are not resolved.
    ///
    /// # Errors
    ///
    /// The message of the egress policy's refusal.
    pub fn check_url(&self, url: &Url) -> Result<(), String> {
        let upstream_url = self.upstreams.rewrite(url);
        let target = upstream_url.as_ref().unwrap_or(url);
        self.policy.check_url(target).map(|_| ()).map_err(|refused| refused.message)
    }

    /// Sends a request and returns its response, whatever the status.
    ///
    /// # Errors
    ///
    /// A [`RequestFailure`] if the response is not complete at the deadline.
    pub async fn send(&self, request: OutboundRequest, deadline: Instant) -> Result<InboundResponse, RequestFailure> {
        self.send_observed(request, None, deadline, &mut ReadAll).await
    }

    /// Sends a request within an account's rate limits, which apply to each retry too. The observer receives the body
    /// while it is read, and may end it early.
    ///
    /// # Errors
    ///
    /// A [`RequestFailure`] if the response is not complete at the deadline, or if the rate limits would delay the
    /// request for too long.
    pub async fn send_observed(
        &self,
        request: OutboundRequest,
        scope: Option<&RateLimitScope<'_>>,
        deadline: Instant,
        observer: &mut dyn BodyObserver,
    ) -> Result<InboundResponse, RequestFailure> {
        let mut mode = Buffered { max_bytes: self.max_response_bytes, observer };
        self.send_with(request, scope, deadline, MAX_REDIRECTS, &mut mode).await
    }

    /// Sends a request within an account's rate limits and follows at most `max_redirects` redirects.
    ///
    /// # Errors
    ///
    /// A [`RequestFailure`] as for [`HttpClient::send_observed`], or if there are more redirects.
    pub async fn send_with_redirect_limit(
        &self,
        request: OutboundRequest,
        scope: Option<&RateLimitScope<'_>>,
        deadline: Instant,
        max_redirects: usize,
    ) -> Result<InboundResponse, RequestFailure> {
        let mut mode = Buffered { max_bytes: self.max_response_bytes, observer: &mut ReadAll };
        self.send_with(request, scope, deadline, max_redirects, &mut mode).await
    }

    /// Sends a request and returns its response as soon as the head was received. The request asks for an uncompressed
    /// body. For the rate limits, it is in flight until the head was received.
    ///
    /// # Errors
    ///
    /// A [`RequestFailure`] as for [`HttpClient::send_with_redirect_limit`].
    pub async fn send_streaming(
        &self,
        mut request: OutboundRequest,
        scope: Option<&RateLimitScope<'_>>,
        deadline: Instant,
        max_redirects: usize,
    ) -> Result<StreamingResponse, RequestFailure> {
        request.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        self.send_with(request, scope, deadline, max_redirects, &mut Streamed).await
    }

    /// Sends a raw request within an account's rate limits. A response that is text is read in full; a file is left to the
    /// caller.
    ///
    /// # Errors
    ///
    /// A [`RequestFailure`] as for [`HttpClient::send_observed`].
    pub async fn send_raw(
        &self,
        request: OutboundRequest,
        scope: Option<&RateLimitScope<'_>>,
        deadline: Instant,
    ) -> Result<ReceivedResponse, RequestFailure> {
        let mut mode = TextBuffered { max_bytes: self.max_response_bytes };
        self.send_with(request, scope, deadline, MAX_REDIRECTS, &mut mode).await
    }

    /// Sends a request with the default headers and receives its response in this mode.
    async fn send_with<M: BodyMode>(
        &self,
        mut request: OutboundRequest,
        scope: Option<&RateLimitScope<'_>>,
        deadline: Instant,
        max_redirects: usize,
        mode: &mut M,
    ) -> Result<M::Response, RequestFailure> {
        let url = request.url.clone();
        let defaults = [(header::USER_AGENT, USER_AGENT), (header::ACCEPT_ENCODING, body::ACCEPT_ENCODING)];
        for (name, value) in defaults {
            request.headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        match timeout_at(deadline, self.send_with_retries(request, scope, deadline, max_redirects, mode)).await {
            Ok(outcome) => outcome.map_err(|cause| RequestFailure { url, cause }),
            Err(_) => Err(RequestFailure { url, cause: FailureCause::DeadlineExceeded }),
        }
    }

    async fn send_with_retries<M: BodyMode>(
        &self,
        request: OutboundRequest,
        scope: Option<&RateLimitScope<'_>>,
        deadline: Instant,
        max_redirects: usize,
        mode: &mut M,
    ) -> Result<M::Response, FailureCause> {
        let endpoint = Endpoint::new(&request.method, &request.url);
        if !request.idempotent {
            let permit = self.acquire_permit(scope, endpoint).await?;
            let response = self.follow_redirects(request, max_redirects).await?;
            self.observe_limits(scope, endpoint, &response);
            let outcome = mode.receive(response).await;
            drop(permit);
            return outcome;
        }
        let wait_until = scope.map_or(deadline, |scope| scope.wait_until.min(deadline));
        let (mut attempt, mut was_reconnected) = (0, false);
        loop {
            let permit = self.acquire_permit(scope, endpoint).await?;
            let started = Instant::now();
            let note = |status| {
                if let Some(attempts) = scope.and_then(|scope| scope.attempts) {
                    attempts.note(started, status);
                }
            };
            let outcome = match self.follow_redirects(request.clone(), max_redirects).await {
                Ok(response) => {
                    self.observe_limits(scope, endpoint, &response);
                    let named = retry_delay(response.status, &response.headers, self.clock());
                    if retry::is_retryable(response.status, named) && attempt < retry::MAX_RETRIES {
                        let delay = named.unwrap_or_else(|| retry::backoff(attempt, &*self.entropy));
                        if Instant::now().checked_add(delay).is_some_and(|then| then < wait_until) {
                            attempt += 1;
                            metrics().provider_retries.add_one();
                            note(Some(response.status.as_u16()));
                            drop((response, permit));
                            sleep(delay).await;
                            continue;
                        }
                    }
                    mode.receive(response).await
                }
                Err(cause) => Err(cause),
            };
            drop(permit);
            let delay = match outcome {
                // A lost connection, often an idle one that the provider had just closed, is retried once.
                Err(FailureCause::ConnectionLost(_)) if !was_reconnected => {
                    was_reconnected = true;
                    metrics().provider_retries.add_one();
                    note(None);
                    retry::backoff(0, &*self.entropy)
                }
                outcome => return outcome,
            };
            attempt += 1;
            sleep(delay).await;
        }
    }

    /// Waits until the account's rate limits allow a request.
    async fn acquire_permit<'a>(
        &'a self,
        scope: Option<&'a RateLimitScope<'_>>,
        endpoint: Endpoint,
    ) -> Result<Option<Permit<'a>>, FailureCause> {
        let Some(scope) = scope else { return Ok(None) };
        let permit = self.rate_limiter.acquire(scope.account, endpoint, scope.rules, scope.wait_until).await;
        permit.map(Some).map_err(|refused| {
            metrics().rate_limited.of(LimitOf::Account).add_one();
            FailureCause::RateLimited(refused)
        })
    }

    /// Updates the account's rate limits with those that a response reports.
    fn observe_limits(&self, scope: Option<&RateLimitScope<'_>>, endpoint: Endpoint, response: &StreamingResponse) {
        if response.status == StatusCode::TOO_MANY_REQUESTS {
            metrics().rate_limited.of(LimitOf::Provider).add_one();
        }
        if let Some(scope) = scope {
            self.rate_limiter.observe(scope.account, endpoint, response.status, &response.headers, self.clock());
        }
    }

    /// Sends a request and the requests of at most `max_redirects` redirects; returns the last response.
    async fn follow_redirects(
        &self,
        request: OutboundRequest,
        max_redirects: usize,
    ) -> Result<StreamingResponse, FailureCause> {
        let OutboundRequest { mut method, mut url, mut headers, mut body, mut certificate, .. } = request;
        for _ in 0..=max_redirects {
            let upstream_url = self.upstreams.rewrite(&url);
            let target = upstream_url.as_ref().unwrap_or(&url);
            let destination =
                self.policy.check_url(target).map_err(|refused| egress_refused(refused, EgressRefusal::Url))?;
            if target.as_str().len() > MAX_URL_BYTES {
                return Err(FailureCause::UrlTooLong(MAX_URL_BYTES));
            }
            let uri = target.as_str().parse::<http::Uri>();
            let uri = uri.map_err(|error| FailureCause::Unreachable(format!("the URL cannot be called: {error}")))?;
            let send = || {
                let mut request = http::Request::new(Full::new(body.clone()));
                *request.method_mut() = method.clone();
                *request.uri_mut() = uri.clone();
                *request.headers_mut() = headers.clone();
                self.transport.send(destination, certificate.as_ref(), request)
            };
            let response = match send().await {
                // Whatever its method, the request had no effect: it is sent once more.
                Err(TransportError::NotProcessed(_)) => send().await,
                outcome => outcome,
            };
            let response = response.map_err(|error| match error {
                TransportError::EgressRefused(refused) => egress_refused(refused, EgressRefusal::Address),
                TransportError::Connect(reason) => FailureCause::Unreachable(reason),
                TransportError::ProxyCredentials(reason) => FailureCause::ProxyCredentials(reason),
                TransportError::ConnectionLost(reason) | TransportError::NotProcessed(reason) => {
                    FailureCause::ConnectionLost(reason)
                }
                TransportError::ClientCertificate(reason) => {
                    FailureCause::ClientCertificate { presented: certificate.is_some(), reason }
                }
            })?;
            let (head, response_body) = response.into_parts();
            let location = head.headers.get(header::LOCATION).filter(|_| redirect::is_redirect(head.status));
            let Some(location) = location else {
                return Ok(StreamingResponse { status: head.status, headers: head.headers, body: response_body, url });
            };
            let next = target.join(&header_text(location)).ok();
            let next = next
                .ok_or_else(|| FailureCause::RedirectRejected("it redirects to a location that is not a URL".into()))?;
            let next = self.upstreams.restore(&next, &url).unwrap_or(next);
            redirect::check_method(head.status, &method, &url, &next)?;
            if head.status == StatusCode::SEE_OTHER && method != Method::HEAD {
                method = Method::GET;
            }
            if method == Method::GET {
                body = Bytes::new();
                headers.remove(header::CONTENT_TYPE);
            }
            redirect::strip_headers(&mut headers, &url, &next);
            certificate = certificate.filter(|_| url.origin() == next.origin());
            url = next;
        }
        let target = display_url(&url);
        Err(FailureCause::RedirectRejected(match max_redirects {
            0 => format!("it redirects to {target}, and this step follows no redirect"),
            max => format!("it redirects more than {max} times, last to {target}"),
        }))
    }
}

/// Counts a refusal by the egress policy.
fn egress_refused(refused: EgressRefused, by: EgressRefusal) -> FailureCause {
    metrics().egress_refused.of(by).add_one();
    FailureCause::EgressRefused(refused.into())
}

#[cfg(test)]
mod http2_tests;
#[cfg(test)]
mod tests;
