//! The HTTP client: sends a request under the egress policy, follows redirects, retries.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::Full;
use patchbay_model::{AccountId, Clock, Entropy};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use crate::{
    body,
    certificate::ClientCertificate,
    config::{ConfigError, EgressConfig},
    failure::{Cause, Failure, shown},
    guard::Guard,
    limits::{Limits, Rules, Turn, named_wait},
    opened::{Leave, Opened, Read, Take},
    redirect::{self, MAX_HOPS},
    retry, tls,
    transport::{self, Transport, TransportError},
    upstreams::Upstreams,
    watch::{Watch, Whole},
};

const USER_AGENT: &str = concat!("patchbay/", env!("CARGO_PKG_VERSION"));

/// A request to a provider. Never `Debug`: its headers carry credentials.
#[derive(Clone)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// The provider's URL, whatever stands in for it.
    pub url: Url,
    /// Its headers, credentials marked sensitive.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// Whether sending it twice does no harm.
    pub repeatable: bool,
    /// What is shown to a server that asks who calls before it speaks HTTP; to the URL's own origin alone.
    pub certificate: Option<Arc<ClientCertificate>>,
}

/// A provider's answer, whole and unpacked.
pub struct Incoming {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// The provider's URL that answered, after redirects.
    pub url: Url,
}

/// Whose limits a request keeps.
pub struct Pace<'a> {
    /// The account that is called for.
    pub account: &'a AccountId,
    /// What its connector declares.
    pub rules: Rules,
    /// Until when it may be kept back.
    pub until: Instant,
}

/// The guarded client. One for the whole engine: it holds the connection pools.
pub struct HttpClient {
    transport: Arc<dyn Transport>,
    guard: Arc<Guard>,
    upstreams: Upstreams,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    limits: Limits,
    max_response_bytes: usize,
}

impl HttpClient {
    /// A client for the real network under the operator's rules.
    pub fn new(config: &EgressConfig, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Result<Self, ConfigError> {
        let upstreams = Upstreams::compile(&config.upstreams)?;
        let guard = Arc::new(Guard::new(config.egress_allow.clone(), upstreams.trusted()));
        let roots = tls::Roots::new(config.egress_ca.as_deref())?;
        let transport = Arc::new(transport::Wire::new(guard.clone(), roots));
        let (limits, max_response_bytes) = (Limits::default(), config.max_response_bytes);
        Ok(Self { transport, guard, upstreams, clock, entropy, limits, max_response_bytes })
    }

    /// The same rules over another transport.
    #[must_use]
    pub fn with_transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = transport;
        self
    }

    /// Lets go of what rests: clients of certificates, with the keys that they hold.
    pub fn forget_idle(&self) {
        self.transport.forget_idle();
    }

    /// The time.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Randomness.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// Whether a URL may be called or sent to a browser at all, as far as that can be told from itself; why not.
    pub fn admits(&self, url: &Url) -> Result<(), String> {
        let wire = self.upstreams.rewrite(url);
        self.guard.admit(wire.as_ref().unwrap_or(url)).map(|_| ()).map_err(|refused| refused.message)
    }

    /// Sends a request and reads its answer, whatever its status, by `deadline`.
    pub async fn send(&self, outgoing: Outgoing, deadline: Instant) -> Result<Incoming, Failure> {
        self.send_watched(outgoing, None, deadline, &mut Whole).await
    }

    /// The same within an account's limits, each repetition too, and for an answer that is looked at while it comes
    /// in and that may be let go before its end.
    pub async fn send_watched(
        &self,
        outgoing: Outgoing,
        pace: Option<&Pace<'_>>,
        deadline: Instant,
        watch: &mut dyn Watch,
    ) -> Result<Incoming, Failure> {
        self.ask(outgoing, pace, deadline, MAX_HOPS, &mut Read { limit: self.max_response_bytes, watch }).await
    }

    /// The same with so many redirects at most.
    pub async fn send_within(
        &self,
        outgoing: Outgoing,
        pace: Option<&Pace<'_>>,
        deadline: Instant,
        hops: usize,
    ) -> Result<Incoming, Failure> {
        self.ask(outgoing, pace, deadline, hops, &mut Read { limit: self.max_response_bytes, watch: &mut Whole }).await
    }

    /// Sends a request; the answer's body is left to be read. It comes as it is, not packed. It counts as under way
    /// until its head has come.
    pub async fn open(
        &self,
        mut outgoing: Outgoing,
        pace: Option<&Pace<'_>>,
        deadline: Instant,
        hops: usize,
    ) -> Result<Opened, Failure> {
        outgoing.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        self.ask(outgoing, pace, deadline, hops, &mut Leave).await
    }

    /// Sends a request and takes of its answer what `take` wants.
    async fn ask<T: Take>(
        &self,
        mut outgoing: Outgoing,
        pace: Option<&Pace<'_>>,
        deadline: Instant,
        hops: usize,
        take: &mut T,
    ) -> Result<T::Taken, Failure> {
        let url = outgoing.url.clone();
        let defaults = [(header::USER_AGENT, USER_AGENT), (header::ACCEPT_ENCODING, body::ACCEPT_ENCODING)];
        for (name, value) in defaults {
            outgoing.headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        match timeout_at(deadline, self.ask_until_answered(outgoing, pace, deadline, hops, take)).await {
            Ok(outcome) => outcome.map_err(|cause| Failure { url, cause }),
            Err(_) => Err(Failure { url, cause: Cause::TooSlow }),
        }
    }

    async fn ask_until_answered<T: Take>(
        &self,
        outgoing: Outgoing,
        pace: Option<&Pace<'_>>,
        deadline: Instant,
        hops: usize,
        take: &mut T,
    ) -> Result<T::Taken, Cause> {
        if !outgoing.repeatable {
            let turn = self.turn(pace).await?;
            let opened = self.follow(outgoing, hops).await?;
            self.learn(pace, &opened);
            let taken = take.take(opened).await;
            drop(turn);
            return taken;
        }
        let until = pace.map_or(deadline, |pace| pace.until.min(deadline));
        let (mut attempt, mut broken) = (0, false);
        loop {
            let turn = self.turn(pace).await?;
            let outcome = match self.follow(outgoing.clone(), hops).await {
                Ok(opened) => {
                    self.learn(pace, &opened);
                    if retry::asks_to_wait(opened.status) && attempt < retry::MAX_RETRIES {
                        let wait = named_wait(opened.status, &opened.headers, self.clock())
                            .unwrap_or_else(|| retry::backoff(attempt, &*self.entropy));
                        if Instant::now().checked_add(wait).is_some_and(|then| then < until) {
                            attempt += 1;
                            drop((opened, turn));
                            sleep(wait).await;
                            continue;
                        }
                    }
                    take.take(opened).await
                }
                Err(cause) => Err(cause),
            };
            drop(turn);
            let wait = match outcome {
                // A connection that broke (often one that the provider had just given up) gets one new one.
                Err(Cause::Cut(_)) if !broken => {
                    broken = true;
                    retry::backoff(0, &*self.entropy)
                }
                outcome => return outcome,
            };
            attempt += 1;
            sleep(wait).await;
        }
    }

    /// Waits for the account's turn.
    async fn turn<'a>(&'a self, pace: Option<&'a Pace<'_>>) -> Result<Option<Turn<'a>>, Cause> {
        let Some(pace) = pace else { return Ok(None) };
        self.limits.turn(pace.account, pace.rules, pace.until).await.map(Some).map_err(Cause::Limited)
    }

    /// Remembers what an answer tells of limits.
    fn learn(&self, pace: Option<&Pace<'_>>, opened: &Opened) {
        if let Some(pace) = pace {
            self.limits.learn(pace.account, opened.status, &opened.headers, self.clock());
        }
    }

    async fn follow(&self, outgoing: Outgoing, hops: usize) -> Result<Opened, Cause> {
        let Outgoing { mut method, mut url, mut headers, mut body, mut certificate, .. } = outgoing;
        for _ in 0..=hops {
            let wire = self.upstreams.rewrite(&url);
            let wire = wire.as_ref().unwrap_or(&url);
            let reach = self.guard.admit(wire).map_err(Cause::Refused)?;
            let mut request = http::Request::new(Full::new(body.clone()));
            *request.method_mut() = method.clone();
            *request.uri_mut() = wire
                .as_str()
                .parse()
                .map_err(|error| Cause::Unreachable(format!("the URL cannot be called: {error}")))?;
            *request.headers_mut() = headers.clone();
            let exchange = self.transport.exchange(reach, certificate.as_ref(), request);
            let response = exchange.await.map_err(|error| match error {
                TransportError::Refused(refused) => Cause::Refused(refused),
                TransportError::Connect(why) => Cause::Unreachable(why),
                TransportError::Broken(why) => Cause::Cut(why),
                TransportError::Certificate(why) => Cause::Certificate { shown: certificate.is_some(), why },
            })?;
            let (head, incoming) = response.into_parts();
            let location = head.headers.get(header::LOCATION).filter(|_| redirect::is_redirect(head.status));
            let Some(location) = location else {
                return Ok(Opened { status: head.status, headers: head.headers, body: incoming, url });
            };
            let next = location.to_str().ok().and_then(|location| wire.join(location).ok());
            let next = next.ok_or_else(|| Cause::Redirect("it redirects to something that is not a URL".into()))?;
            let next = self.upstreams.restore(&next, &url).unwrap_or(next);
            redirect::judge(head.status, &method, &url, &next)?;
            if head.status == StatusCode::SEE_OTHER && method != Method::HEAD {
                method = Method::GET;
            }
            if method == Method::GET {
                body = Bytes::new();
                headers.remove(header::CONTENT_TYPE);
            }
            redirect::strip(&mut headers, &url, &next);
            certificate = certificate.filter(|_| url.origin() == next.origin());
            url = next;
        }
        let place = shown(&url);
        Err(Cause::Redirect(match hops {
            0 => format!("it redirects to {place}, and this step follows no redirect"),
            hops => format!("it redirects more than {hops} times, last to {place}"),
        }))
    }
}

#[cfg(test)]
mod tests;
