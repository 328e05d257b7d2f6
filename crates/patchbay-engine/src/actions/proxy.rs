//! The raw proxy: a request to the connector's own host with the account's credentials.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use patchbay_connector::{
    definition::{Authorization, HttpMethod},
    expr,
};
use patchbay_egress::{
    Attempts, BodyStream, FailureCause, InboundResponse, OutboundRequest, ReceivedResponse, StreamingResponse,
    display_url, extend_query, header_text, is_idempotent, reserved,
};
use patchbay_model::{AccountId, ApiScope, CallId, CallKind, MemorySpent};
use serde::de::IgnoredAny;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    call::{Call, Calls},
    files::FileContent,
};
use crate::{
    Caller, Error, ErrorCode, Problem, ProviderFailure,
    tokens::token_request::uses_token,
    validation::{MAX_PROBLEMS, invalid},
};
use patchbay_runtime::{
    self as runtime, Credentials, FileMetadata, Host, IntoError as _, LARGE_BODY_BYTES, LoggedAttempt,
    MAX_STREAM_DURATION, Redactor, RequestParts, RunContext, StepEnd, StreamRedactor, cause_error, kept_text,
};

/// The maximum number of headers of a proxied request. Servers accept about a hundred.
const MAX_HEADERS: usize = 1000;

/// Request headers that only the server sets, or that could cause request smuggling.
const FORBIDDEN_REQUEST_HEADERS: [&str; 17] = [
    "authorization",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-host",
];
/// Response headers that are not forwarded: hop-by-hop headers, cookies, and those that describe the original body.
const DROPPED_RESPONSE_HEADERS: [&str; 13] = [
    "connection",
    "content-encoding",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "set-cookie",
    "set-cookie2",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "alt-svc",
];

/// A proxied request.
#[derive(Clone, Debug)]
pub struct ProxyRequest {
    /// The account.
    pub account_id: AccountId,
    /// A base URL instead of the connector's, with the same scheme, host and port.
    pub url: Option<String>,
    /// The method.
    pub method: HttpMethod,
    /// The path with the query. It begins with `/`, and has no `..`, scheme or host.
    pub path: String,
    /// The headers to add. Credentials, hop-by-hop headers and `host` are errors.
    pub headers: Vec<(String, String)>,
    /// The body as JSON. It is sent in the form that the content type declares.
    pub body: Option<Bytes>,
}

/// The provider's response with any status.
#[derive(Clone, Debug)]
pub struct ProxyOutcome {
    /// The call's id.
    pub call_id: CallId,
    /// The provider's status.
    pub status: u16,
    /// The provider's headers with lower-case names, without hop-by-hop headers and cookies.
    pub headers: Vec<(String, String)>,
    /// Whether the call may have changed something outside of this server.
    pub may_have_effect: bool,
    /// The body as valid JSON: a text body is a JSON string, an empty body is `null`. Account secrets in it are redacted.
    pub body: Bytes,
}

/// The provider's response to a raw request.
pub enum ProxyReply {
    /// Text.
    Value(ProxyOutcome),
    /// A file that is still streamed.
    File(Box<ProxyFile>),
}

/// A provider's response with a file.
pub struct ProxyFile {
    /// The call's id.
    pub call_id: CallId,
    /// The provider's status.
    pub status: u16,
    /// The metadata of the file. Account secrets in it are redacted.
    pub metadata: FileMetadata,
    /// The content. Account secrets in it are masked.
    pub content: FileContent,
}

/// A response whose call has not ended.
enum Proxied {
    Value(ProxyOutcome),
    File(Box<ProxiedFile>),
}

/// A response with a file whose call has not ended.
struct ProxiedFile {
    status: u16,
    metadata: FileMetadata,
    content: BodyStream,
    redactor: StreamRedactor,
}

impl Proxied {
    fn status(&self) -> u16 {
        match self {
            Self::Value(outcome) => outcome.status,
            Self::File(file) => file.status,
        }
    }
}

/// Sends raw requests with the credentials of accounts.
pub struct Proxy {
    host: Arc<Host>,
    calls: Arc<Calls>,
}

impl Proxy {
    pub(crate) fn new(host: Arc<Host>, calls: Arc<Calls>) -> Self {
        Self { host, calls }
    }

    /// Sends a request with the account's credentials to the host of the connector's base URL.
    ///
    /// # Errors
    /// `MissingScopeError` (403); `ValidationError` (400); `ProxyUnsupportedError` (501); `AccountNotFoundError` (404); 412 if the account
    /// or its profile does not allow calls; an error without a response.
    pub async fn run(&self, caller: &Caller, request: ProxyRequest) -> Result<ProxyOutcome, Error> {
        self.run_within(caller, request, None).await
    }

    /// Sends a request as [`Proxy::run`], and waits at most `max_wait` for a rate limit.
    ///
    /// # Errors
    /// As [`Proxy::run`]; 429 with `Retry-After` if a rate limit requires a longer wait; 502 `ProviderInvalidResponseError`
    /// for a file.
    pub async fn run_within(
        &self,
        caller: &Caller,
        request: ProxyRequest,
        max_wait: Option<Duration>,
    ) -> Result<ProxyOutcome, Error> {
        let (call, outcome) = self.send(caller, request, max_wait).await?;
        let outcome = outcome.and_then(|proxied| match proxied {
            Proxied::Value(outcome) => Ok(outcome),
            Proxied::File(file) => Err(Error::new(
                ErrorCode::ProviderInvalidResponse,
                format!(
                    "{} responded with {} and a file, which is not JSON; send the request without `prefer: heartbeat`",
                    call.connector.title, file.status
                ),
            )),
        });
        call.end(outcome, |outcome| outcome.status)
    }

    /// Sends a request as [`Proxy::run_within`], and streams a file that the provider responds with.
    ///
    /// # Errors
    /// As [`Proxy::run_within`], but not for a file.
    pub async fn run_streaming(
        &self,
        caller: &Caller,
        request: ProxyRequest,
        max_wait: Option<Duration>,
    ) -> Result<ProxyReply, Error> {
        let (call, outcome) = self.send(caller, request, max_wait).await?;
        match outcome {
            Ok(Proxied::File(file)) => {
                let ProxiedFile { status, metadata, content, redactor } = *file;
                let call_id = call.id.clone();
                let content = FileContent::new(call, content, redactor, status, metadata.length);
                Ok(ProxyReply::File(Box::new(ProxyFile { call_id, status, metadata, content })))
            }
            Ok(Proxied::Value(outcome)) => call.end(Ok(outcome), |outcome| outcome.status).map(ProxyReply::Value),
            Err(error) => call.end(Err(error), |_| 0),
        }
    }

    /// Sends a request, and once more with a refreshed token if the provider rejects the token. Returns the call, which has
    /// not ended, and its outcome.
    async fn send(
        &self,
        caller: &Caller,
        request: ProxyRequest,
        max_wait: Option<Duration>,
    ) -> Result<(Call, Result<Proxied, Error>), Error> {
        caller.require(ApiScope::ActionsExecute)?;
        let mut call = self.calls.begin(caller, &request.account_id, None, CallKind::Proxy, None).await?;
        call.max_rate_limit_wait = max_wait;
        let again = uses_token(call.method()).then(|| request.clone());
        let mut outcome = self.proxy_in(caller, &call, request).await;
        // The rejected request had no effect.
        let status = outcome.as_ref().ok().map(Proxied::status);
        if let Some(request) = again
            && call.refresh_if_rejected(status, &mut outcome).await
        {
            outcome = self.proxy_in(caller, &call, request).await;
        }
        Ok((call, outcome))
    }

    async fn proxy_in(&self, caller: &Caller, call: &Call, request: ProxyRequest) -> Result<Proxied, Error> {
        let credentials = call.credentials()?;
        let redactor = credentials.redactor();
        let outcome = self.proxy_with(caller, call, &credentials, &redactor, request).await;
        outcome.map_err(|error| runtime::redact_error(error, &redactor))
    }

    async fn proxy_with(
        &self,
        caller: &Caller,
        call: &Call,
        credentials: &Credentials,
        redactor: &Redactor,
        request: ProxyRequest,
    ) -> Result<Proxied, Error> {
        let context = call.context(caller, credentials);
        let connector = context.connector;
        let facts = context.context_value();
        let roots = [("credentials", credentials.values()), ("context", &facts)];
        let bindings = expr::Bindings { roots: &roots };

        let base = connector.base_url.as_ref().ok_or_else(|| {
            Error::new(
                ErrorCode::ProxyUnsupported,
                format!("{} has no one base URL, so it cannot be proxied; run its actions", connector.title),
            )
        })?;
        if matches!(context.method.authorization, Authorization::WsSecurity(_)) {
            return Err(Error::new(
                ErrorCode::ProxyUnsupported,
                format!(
                    "{} takes credentials within SOAP envelopes, so it cannot be proxied; run its actions",
                    connector.title
                ),
            ));
        }
        let base = runtime::base_url(connector, base, &bindings)?;
        let mut problems = Vec::new();
        let url = target(&base, request.url.as_deref(), &request.path, &mut problems);
        let mut headers = own_headers(&request.headers, &mut problems);

        let mut parts = RequestParts::default();
        runtime::authorize(&context.method.authorization, &bindings, &mut parts)
            .map_err(|error| runtime::expression_error(&connector.title, "authorization", &error))?;
        for name in parts.headers.keys().filter(|name| headers.contains_key(*name)) {
            problems.push(refused_header(name.as_str(), "is set from the account's credentials"));
        }
        let Some(mut url) = url.filter(|_| problems.is_empty()) else {
            return Err(invalid(problems));
        };
        headers.extend(parts.headers);
        if !parts.query.is_empty() {
            extend_query(&mut url, &parts.query);
        }
        let body = match request.body {
            Some(json) => runtime::declared_body(json, &mut headers, self.host.http.entropy())?,
            None => Bytes::new(),
        };
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("application/json, */*;q=0.5"));
        let method = runtime::http_method(request.method);
        let idempotent = is_idempotent(&method, &headers);
        let certificate = runtime::certificate(&context, None, &bindings)?;
        let mut outgoing = OutboundRequest { method, url, headers, body, idempotent, certificate };
        runtime::sign(
            &context.method.authorization,
            &bindings,
            &mut outgoing,
            self.host.clock().now(),
            self.host.http.entropy(),
        )
        .map_err(|error| runtime::expression_error(&connector.title, "authorization", &error))?;
        let attempts = Attempts::default();
        let (scope, account) = (runtime::rate_limit_scope(&context, Some(&attempts)), &call.resolved.account.id);
        let counted = call.effects.begin(&outgoing.method);
        let (sent, method) = (Instant::now(), outgoing.method.clone());
        let shown_url = kept_text(&display_url(&outgoing.url), Some(redactor));
        let received = self
            .host
            .send(outgoing, Some(account), |outgoing| self.host.http.send_raw(outgoing, scope.as_ref(), call.deadline))
            .await;
        counted.end(received.as_ref().map(|response| response.status().as_u16()));
        let status = received.as_ref().ok().map(|response| response.status().as_u16());
        let retried = attempts.take();
        let started = retried.last().map_or(sent, |last| last.started + last.duration);
        runtime::count_requests(&connector.key, &retried, started, &received, status);
        let received = received.map_err(|failure| failure.into_error(&connector.title));
        let error = received.as_ref().err().map(|error| kept_text(&error.message, Some(redactor)));
        let end = if error.is_some() { StepEnd::Failed } else { StepEnd::Done };
        for attempt in runtime::logged_retries(&retried, &method, &shown_url) {
            call.log.attempt(0, attempt);
        }
        let duration = started.elapsed();
        call.log.attempt(0, LoggedAttempt { method, url: shown_url, status, error, started, duration });
        call.log.end_step(0, sent, end, None);
        let incoming = match received? {
            ReceivedResponse::File(response) => return file(&connector.title, response, &context, redactor),
            ReceivedResponse::Text(incoming) => incoming,
        };
        check_status(&connector.title, incoming.status, &incoming.url)?;
        if incoming.body.len() > LARGE_BODY_BYTES {
            let title = &connector.title;
            let timed_out = |_| cause_error(FailureCause::DeadlineExceeded, title, &incoming.url);
            timeout_at(call.deadline, runtime::leave()).await.map_err(timed_out)??;
        }
        let spent = |spent| runtime::memory_spent(&format!("{}'s response was not read", connector.title), spent);
        let Some(body) = json_body(&incoming).map_err(spent)? else {
            return file(&connector.title, incoming.into(), &context, redactor);
        };
        Ok(Proxied::Value(ProxyOutcome {
            call_id: call.id.clone(),
            status: incoming.status.as_u16(),
            headers: passed_on(&incoming.headers, redactor),
            may_have_effect: call.effects.any(),
            body: redactor.json(body).map_err(spent)?,
        }))
    }
}

/// Returns a response with a file, whose content is not read yet.
///
/// # Errors
/// 502 `ProviderInvalidResponseError` for another status than one of HTTP, and for a content coding that cannot be streamed.
fn file(
    provider: &str,
    response: StreamingResponse,
    context: &RunContext<'_>,
    redactor: &Redactor,
) -> Result<Proxied, Error> {
    check_status(provider, response.status, &response.url)?;
    let (status, mut metadata) = (response.status.as_u16(), FileMetadata::from_headers(&response.headers));
    let texts = [&mut metadata.content_type, &mut metadata.file_name, &mut metadata.last_modified, &mut metadata.etag];
    for text in texts.into_iter().flatten() {
        *text = redactor.text(text).into_owned();
    }
    let content = response
        .into_stream(context.config.call_budget, Instant::now() + MAX_STREAM_DURATION)
        .map_err(|failure| failure.into_error(provider))?;
    let redactor = redactor.stream_redactor();
    Ok(Proxied::File(Box::new(ProxiedFile { status, metadata, content, redactor })))
}

/// Checks that a response has a final status of HTTP (RFC 9110, section 15): others mean nothing to a caller.
///
/// # Errors
/// 502 `ProviderInvalidResponseError`.
fn check_status(provider: &str, status: StatusCode, url: &Url) -> Result<(), Error> {
    let status = status.as_u16();
    if (200..600).contains(&status) {
        return Ok(());
    }
    let failure = ProviderFailure { status: Some(status), url: display_url(url), ..ProviderFailure::default() };
    let message = format!("{provider} responded with {status}, which is not a final status of HTTP");
    Err(Error::new(ErrorCode::ProviderInvalidResponse, message).with_provider(failure))
}

/// Returns the URL of a request. It has the origin of the base URL, and its path begins with that of the base URL.
fn target(base: &str, given: Option<&str>, path: &str, problems: &mut Vec<Problem>) -> Option<Url> {
    let before = problems.len();
    let mut problem = |at: &str, message: String| {
        problems.push(Problem { path: at.into(), code: "url", message });
    };
    let own = match Url::parse(base) {
        Ok(own) => own,
        Err(error) => {
            problem("url", format!("the account's fields make no base URL that can be called ({error})"));
            return None;
        }
    };
    let chosen = match given.filter(|given| !given.is_empty()) {
        None => base.to_owned(),
        Some(given) => {
            match Url::parse(given) {
                Ok(url)
                    if url.origin() == own.origin()
                        && url.username().is_empty()
                        && url.password().is_none()
                        && url.query().is_none()
                        && url.fragment().is_none()
                        && !runtime::has_dot_segment(given) => {}
                Ok(url) if url.origin() == own.origin() => {
                    problem("url", "`url` must be a plain base URL, without user, query, fragment and `..`".to_owned());
                }
                _ => problem(
                    "url",
                    format!("`url` must be on {}, the account's own host", own.origin().ascii_serialization()),
                ),
            }
            given.trim_end_matches('/').to_owned()
        }
    };
    if !path.starts_with('/') || path.starts_with("//") {
        problem("path", "`path` must begin with one `/`; the host is the connector's".to_owned());
    } else if path.contains(['\\', '#']) || path.chars().any(|c| c.is_control() || c.is_whitespace()) {
        problem("path", "`path` holds a character that must be percent-encoded".to_owned());
    } else if runtime::has_dot_segment(path) {
        problem("path", "`path` must not hold `.` or `..` as a segment".to_owned());
    }
    if problems.len() > before {
        return None;
    }
    let url = Url::parse(&format!("{chosen}{path}")).ok().filter(|url| url.origin() == own.origin());
    if url.is_none() {
        problems.push(Problem { path: "path".into(), code: "url", message: "`path` makes no URL".to_owned() });
    }
    url
}

/// Converts the caller's headers.
fn own_headers(given: &[(String, String)], problems: &mut Vec<Problem>) -> HeaderMap {
    if given.len() > MAX_HEADERS {
        let message = format!("a request has at most {MAX_HEADERS} headers, and this one has {}", given.len());
        problems.push(Problem { path: "headers".into(), code: "length", message });
        return HeaderMap::new();
    }
    let mut headers = HeaderMap::with_capacity(given.len() + 6);
    for (name, value) in given {
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
        let lower = name.to_ascii_lowercase();
        if matches!(lower.as_str(), "x-account-id" | "accept-encoding") {
            continue;
        }
        if FORBIDDEN_REQUEST_HEADERS.contains(&lower.as_str()) {
            problems.push(refused_header(&lower, "is set by the server"));
            continue;
        }
        let (Ok(header), false) = (HeaderName::try_from(lower.as_str()), lower.is_empty()) else {
            let shown = name.chars().filter(|c| !c.is_control()).take(60).collect::<String>();
            problems.push(refused_header(&shown, "is not a header name"));
            continue;
        };
        match HeaderValue::from_bytes(value.as_bytes()) {
            Ok(mut value) if !value.as_bytes().contains(&0) => {
                value.set_sensitive(true);
                headers.append(header, value);
            }
            _ => problems.push(Problem {
                path: format!("headers.{lower}").into(),
                code: "header_value",
                message: format!("`headers.{lower}` contains a line break or another control character"),
            }),
        }
    }
    headers
}

fn refused_header(name: &str, why: &str) -> Problem {
    Problem {
        path: format!("headers.{name}").into(),
        code: "header",
        message: format!("the header `{name}` {why}; leave it out"),
    }
}

/// Returns the provider's headers for the caller.
fn passed_on(headers: &HeaderMap, redactor: &Redactor) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| !DROPPED_RESPONSE_HEADERS.contains(&name.as_str()))
        .map(|(name, value)| (name.as_str().to_owned(), redactor.text(&header_text(value)).into_owned()))
        .collect()
}

/// Returns the body as JSON; `None` if it is not text. A JSON body is checked and forwarded unchanged.
///
/// # Errors
/// [`MemorySpent`] if the process has no memory left for a text as JSON.
fn json_body(incoming: &InboundResponse) -> Result<Option<Bytes>, MemorySpent> {
    let body = incoming.text_body();
    let Ok(text) = std::str::from_utf8(&body) else { return Ok(None) };
    if text.trim_ascii().is_empty() {
        return Ok(Some(Bytes::from_static(b"null")));
    }
    if serde_json::from_str::<IgnoredAny>(text).is_ok() {
        return Ok(Some(body));
    }
    let quoted = serde_json::to_string(text).unwrap_or_default();
    reserved(quoted.into()).map(Some)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BASE: &str = "https://api.us.example.com/api/v2";

    #[test]
    fn too_many_headers_are_one_problem_and_wrong_ones_at_most_a_hundred() {
        let headers = |count, name: &str| {
            let given = (0..count).map(|_| (name.to_owned(), "v".to_owned())).collect::<Vec<_>>();
            let mut problems = Vec::new();
            let headers = own_headers(&given, &mut problems);
            (headers.len(), problems.len())
        };
        assert_eq!(headers(40_000, "x-many"), (0, 1));
        assert_eq!(headers(1000, "x-many"), (1000, 0));
        assert_eq!(headers(1000, "not a name"), (0, 100));
    }

    fn url(given: Option<&str>, path: &str) -> Result<String, Vec<String>> {
        let mut problems = Vec::new();
        match target(BASE, given, path, &mut problems) {
            Some(url) => Ok(url.into()),
            None => Err(problems.into_iter().map(|problem| problem.path.to_string()).collect()),
        }
    }

    #[test]
    fn paths_cannot_change_the_host() {
        assert_eq!(url(None, "/contracts/?page=1").unwrap(), format!("{BASE}/contracts/?page=1"));
        assert_eq!(url(Some("https://api.us.example.com/other/"), "/x").unwrap(), "https://api.us.example.com/other/x");
        for path in [
            "contracts",
            "",
            "//evil.example/x",
            "/../x",
            "/a/..",
            "/a/%2e%2e/b",
            "/a/%2E./b",
            "/./a",
            "/a\\b",
            "/a b",
            "/a\r\nb",
            "/a#b",
            "https://evil.example/",
            "@evil.example/",
            ":8080/",
        ] {
            assert_eq!(url(None, path), Err(vec!["path".to_owned()]), "{path:?}");
        }
        for given in [
            "https://evil.example",
            "http://api.us.example.com/api",
            "https://api.us.example.com:8443/",
            "/api",
            "https://user@api.us.example.com/",
            "https://api.us.example.com/?a",
            "https://api.us.example.com/a/../b",
            "https://api.us.example.com.evil.example/",
        ] {
            assert_eq!(url(Some(given), "/x"), Err(vec!["url".to_owned()]), "{given}");
        }
    }

    proptest! {
        #[test]
        fn every_url_begins_with_the_base(path in "[/@:.%a-z0-9\\\\?#\r\n ]{0,40}") {
            if let Ok(url) = url(None, &path) {
                prop_assert!(url.starts_with("https://api.us.example.com/api/v2/"), "{path:?} made {url}");
            }
        }
    }

    #[test]
    fn reserved_headers_are_rejected_and_others_are_sent() {
        let given = |name: &str, value: &str| {
            let mut problems = Vec::new();
            let headers = own_headers(&[(name.to_owned(), value.to_owned())], &mut problems);
            (headers.len(), problems.into_iter().map(|problem| problem.code).collect::<Vec<_>>())
        };
        assert_eq!(given("X-Custom", "yes"), (1, vec![]));
        assert_eq!(given("x-account-id", "yes"), (0, vec![]));
        for name in ["Authorization", "Cookie", "HOST", "Transfer-Encoding", "Content-Length", "Connection"] {
            assert_eq!(given(name, "x"), (0, vec!["header"]), "{name}");
        }
        assert_eq!(given("bad name", "x"), (0, vec!["header"]));
        assert_eq!(given("", "x"), (0, vec!["header"]));
        assert_eq!(given("x-a", "b\r\nx-evil: 1"), (0, vec!["header_value"]));
    }
}
