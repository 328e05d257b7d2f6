//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a layer around every POST operation.
//!
//! A request without the header passes unchanged. With it, the layer reads the body, and asks the engine whether the request
//! runs or its earlier response is sent again. A request that runs is completed even if its client disconnects: the client
//! gets the response when it repeats the request.

use std::{
    convert::Infallible,
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, BodyDataStream, Bytes},
    extract::{FromRequestParts, MatchedPath, Request},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt as _, future::Either, stream};
use patchbay_engine::{
    Error, IdempotencyKey, IdempotencyScope, KeptResponse, KeyedRun, LARGE_BODY_BYTES, MAX_KEPT_BYTES,
    RequestFingerprint, RunningKey, movable, work_away,
};
use tower::{Layer, Service, ServiceExt as _};
use utoipa::openapi::{
    HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required,
    path::{Operation, ParameterBuilder, ParameterIn},
    schema::{SchemaType, Type},
};
use zeroize::Zeroizing;

use crate::{
    error::{ApiError, HubError, WithoutEffect},
    extract::{
        Authenticated, HubAuth, collect, hub_body_limit,
        ignored::{self, IgnoredFields},
        prefer::{self, is_heartbeat},
    },
    limits::{RequestOwner, note_route, run_in_turns},
    request_checks::is_hub_path,
    state::AppState,
};

/// The header with a client's key.
pub(crate) const KEY_HEADER: &str = "idempotency-key";
/// The header of a response that was sent before.
pub(crate) const REPLAYED_HEADER: &str = "idempotent-replayed";

/// The POST operations that take no key: they change nothing, or have no caller whom a key could belong to. A repeated
/// `authenticate` must say whether the session is valid now.
const WITHOUT_KEY: [&str; 13] = [
    "/connect_sessions/authenticate",
    "/auth/login",
    "/auth/logout",
    "/actions/search",
    "/actions/build",
    "/logs",
    "/logs/actions",
    "/logs/export",
    "/logs/provider",
    "/logs/stats/aggregate",
    "/logs/stats/dimensions",
    "/logs/steps",
    "/logs/unified",
];
/// The request headers that decide what a request does.
const DECISIVE_HEADERS: [&str; 2] = ["x-account-id", "x-connector-profile-id"];
/// The response headers that belong to one connection or moment.
const TRANSIENT_HEADERS: [HeaderName; 4] = [CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING];

/// Adds idempotency keys to routes.
#[derive(Clone)]
pub(crate) struct IdempotencyLayer(AppState);

impl IdempotencyLayer {
    pub(crate) fn new(state: AppState) -> Self {
        Self(state)
    }
}

impl<S> Layer<S> for IdempotencyLayer {
    type Service = Idempotent<S>;

    fn layer(&self, inner: S) -> Idempotent<S> {
        Idempotent { state: self.0.clone(), inner }
    }
}

/// A route with idempotency keys.
#[derive(Clone)]
pub(crate) struct Idempotent<S> {
    state: AppState,
    inner: S,
}

type BoxedFuture = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl<S> Service<Request> for Idempotent<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, BoxedFuture>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        note_route(&request);
        let path = match request.extensions().get::<MatchedPath>() {
            Some(path) if request.headers().contains_key(KEY_HEADER) && takes_key(request.method(), path.as_str()) => {
                path.clone()
            }
            _ => return Either::Left(self.inner.call(request)),
        };
        let (state, inner) = (self.state.clone(), self.inner.clone());
        Either::Right(Box::pin(async move {
            let run = |request| async { inner.oneshot(request).await.unwrap_or_else(|never| match never {}) };
            let is_hub = is_hub_path(path.as_str());
            Ok(respond(state, request, is_hub, run).await.unwrap_or_else(|failure| match failure {
                Failure::Rejected(response) => response,
                Failure::Error(error) if is_hub => HubError(*error).into_response(),
                Failure::Error(error) => ApiError(*error).into_response(),
            }))
        }))
    }
}

fn takes_key(method: &Method, path: &str) -> bool {
    *method == Method::POST && !WITHOUT_KEY.contains(&path)
}

/// The reason for which a request with a key does not run.
enum Failure {
    Error(Box<Error>),
    Rejected(Response),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(Box::new(error))
    }
}

/// Runs the request, or sends its earlier response again.
async fn respond<F: Future<Output = Response> + Send + 'static>(
    state: AppState,
    request: Request,
    is_hub: bool,
    run: impl FnOnce(Request) -> F + Send + 'static,
) -> Result<Response, Failure> {
    let (mut parts, body) = request.into_parts();
    let scope = authenticate(&mut parts, &state, is_hub).await.map_err(Failure::Rejected)?;
    let key = IdempotencyKey::parse(parts.headers.get_all(KEY_HEADER).iter().map(HeaderValue::as_bytes))?;
    let limit = if is_hub { hub_body_limit(&state.config) } else { state.config.body_limit_bytes };
    let body = Bytes::from_owner(collect(body, limit).await?);
    let fingerprint = fingerprint(&key, &parts, &body).await?;
    let running = match state.engine.idempotency.begin(&scope, &key, fingerprint).await? {
        KeyedRun::Replay(kept) => return Ok(replay(kept)),
        KeyedRun::New(running) => running,
    };
    drop_heartbeat(&mut parts.headers);
    let ignored = IgnoredFields::of(&parts.extensions);
    // The task that completes the request without its client takes the turns of the project too.
    let owner = RequestOwner::of(&parts.extensions).again();
    let request = Request::from_parts(parts, Body::from(body));
    // The task is not polled within this request, so it has to leave its own thread for work on large bodies.
    let task = async move { finish(running, run_in_turns(&owner, movable(run(request))).await, &ignored).await };
    match state.engine.idempotency.spawn(task).await {
        Ok(response) => Ok(response),
        Err(failure) if failure.is_panic() => resume_unwind(failure.into_panic()),
        // Only the end of the process cancels the task.
        Err(_) => std::future::pending().await,
    }
}

/// Returns the scope of the key, and leaves the caller for the handler.
async fn authenticate(parts: &mut Parts, state: &AppState, is_hub: bool) -> Result<IdempotencyScope, Response> {
    if is_hub {
        let HubAuth(hub) = HubAuth::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let scope = IdempotencyScope::of_session(&hub);
        parts.extensions.insert(hub);
        return Ok(scope);
    }
    let Authenticated(caller) =
        Authenticated::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
    let scope = IdempotencyScope::of_caller(&caller);
    parts.extensions.insert(caller);
    Ok(scope)
}

/// Returns the fingerprint of a request: its path with the query, the headers that decide what it does, and its body.
async fn fingerprint(key: &IdempotencyKey, parts: &Parts, body: &Bytes) -> Result<RequestFingerprint, Error> {
    let target = parts.uri.path_and_query().map(|target| target.as_str().to_owned()).unwrap_or_default();
    let headers = DECISIVE_HEADERS.map(|name| parts.headers.get(name).cloned());
    let (key, body) = (key.clone(), body.clone());
    let is_large = body.len() > LARGE_BODY_BYTES;
    let compute = move || {
        let values = headers.iter().map(|value| value.as_ref().map_or(&b""[..], HeaderValue::as_bytes));
        let head: Vec<&[u8]> = std::iter::once(target.as_bytes()).chain(values).collect();
        RequestFingerprint::new(&key, &head, &body)
    };
    if is_large { work_away(compute).await } else { Ok(compute()) }
}

/// Removes the preference for a heartbeat: a response that is kept cannot begin before it is known.
fn drop_heartbeat(headers: &mut HeaderMap) {
    let given: Vec<HeaderValue> = headers.get_all(prefer::HEADER).iter().cloned().collect();
    headers.remove(prefer::HEADER);
    for value in given {
        let Ok(text) = value.to_str() else { continue };
        let kept = text.split(',').filter(|preference| !is_heartbeat(preference)).collect::<Vec<_>>().join(",");
        if let Some(value) = HeaderValue::from_str(kept.trim()).ok().filter(|value| !value.is_empty()) {
            headers.append(prefer::HEADER, value);
        }
    }
}

/// Stores the outcome of a request before its response is sent. The header with the ignored fields, which is added to every
/// response later, is kept too.
async fn finish(running: RunningKey, response: Response, ignored: &IgnoredFields) -> Response {
    if response.extensions().get::<WithoutEffect>().is_some() {
        running.release().await;
        return response;
    }
    let (mut parts, body) = response.into_parts();
    if let Some(places) = ignored.header() {
        parts.headers.insert(ignored::HEADER, places);
    }
    match Start::read(body).await {
        Start::Whole(bytes) => {
            let kept = KeptResponse {
                status: parts.status.as_u16(),
                headers: kept_headers(&parts.headers),
                body: Zeroizing::new(bytes.clone()),
            };
            running.keep(&kept).await;
            Response::from_parts(parts, Body::from(bytes))
        }
        Start::Partial(chunks) => {
            running.keep_status(parts.status.as_u16()).await;
            Response::from_parts(parts, chunks)
        }
    }
}

/// The start of a response's body.
enum Start {
    /// The body is complete, and small enough to be kept.
    Whole(Vec<u8>),
    /// The body is too large, or breaks off. It is sent as it came.
    Partial(Body),
}

impl Start {
    async fn read(body: Body) -> Self {
        let (mut bytes, mut rest): (Vec<u8>, BodyDataStream) = (Vec::new(), body.into_data_stream());
        loop {
            match rest.next().await {
                None => return Self::Whole(bytes),
                Some(Ok(chunk)) if bytes.len() + chunk.len() <= MAX_KEPT_BYTES => bytes.extend_from_slice(&chunk),
                Some(next) => {
                    let read = stream::iter([Ok(Bytes::from(bytes)), next]);
                    return Self::Partial(Body::from_stream(read.chain(rest)));
                }
            }
        }
    }
}

fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = headers.iter().filter(|(name, _)| !TRANSIENT_HEADERS.contains(name));
    kept.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect()
}

fn replay(kept: KeptResponse) -> Response {
    let mut response = Response::new(Body::from(kept.body.to_vec()));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
    headers.insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
    response
}

/// Describes the key, its errors and the mark of a repeated response at each operation that takes a key.
pub(crate) fn document(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        if let Some(operation) = item.post.as_mut().filter(|_| takes_key(&Method::POST, path)) {
            describe(operation, is_hub_path(path));
        }
    }
}

fn describe(operation: &mut Operation, is_hub: bool) {
    let text = || ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
    let key = ParameterBuilder::new()
        .name(KEY_HEADER)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "A random key of this request, such as a UUID. A request that is repeated with its key within 24 hours does not \
             run again: it gets the response of the first one. 422 if the key belongs to another request; 409 while the \
             first one is running, and if it was interrupted.",
        ))
        .schema(Some(text().min_length(Some(1)).max_length(Some(255))))
        .example(Some("8e03978e-40d5-43dd-bc93-6894a57f9324".into()))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(key));
    let responses = &mut operation.responses.responses;
    for (status, response) in responses.iter_mut() {
        if let RefOr::T(response) = response
            && status.starts_with('2')
        {
            let replayed = HeaderBuilder::new()
                .schema(Some(text()))
                .description(Some("`true` if this response was sent before, for the same `idempotency-key`."))
                .build();
            response.headers.insert(REPLAYED_HEADER.to_owned(), RefOr::T(replayed));
        }
    }
    let prefix = if is_hub { "Hub" } else { "" };
    let conflict = if is_hub { "Conflict" } else { "IdempotencyConflict" };
    for (status, name) in [
        ("400", "BadRequest"),
        ("408", "RequestTimeout"),
        ("409", conflict),
        ("413", "PayloadTooLarge"),
        ("422", "IdempotencyKeyReused"),
        ("429", "TooManyRequests"),
    ] {
        let response = || RefOr::Ref(Ref::from_response_name(format!("{prefix}{name}")));
        responses.entry(status.to_owned()).or_insert_with(response);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(sizes: &[usize], breaks_off: bool) -> Body {
        let sizes = sizes.to_vec();
        let chunks = sizes.into_iter().map(|size| Ok(Bytes::from(vec![b'x'; size])));
        let end = breaks_off.then(|| Err(std::io::Error::other("reset")));
        Body::from_stream(stream::iter(chunks.chain(end)))
    }

    #[tokio::test]
    async fn a_body_is_kept_up_to_its_limit_and_sent_unchanged_beyond() {
        for (sizes, breaks_off, is_kept) in [
            (&[][..], false, true),
            (&[1, 2, 3], false, true),
            (&[MAX_KEPT_BYTES - 1, 1], false, true),
            (&[MAX_KEPT_BYTES, 1], false, false),
            (&[5, MAX_KEPT_BYTES + 1, 7], false, false),
            (&[5], true, false),
        ] {
            let total: usize = sizes.iter().sum();
            match Start::read(chunks(sizes, breaks_off)).await {
                Start::Whole(bytes) => assert!(is_kept && bytes.len() == total, "{sizes:?}"),
                Start::Partial(body) => {
                    assert!(!is_kept, "{sizes:?}");
                    let sent = axum::body::to_bytes(body, usize::MAX).await;
                    assert_eq!(sent.as_ref().map(Bytes::len).ok(), (!breaks_off).then_some(total), "{sizes:?}");
                }
            }
        }
    }

    #[test]
    fn only_the_heartbeat_is_dropped() {
        let after = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(prefer::HEADER, HeaderValue::from_static(value));
            }
            drop_heartbeat(&mut headers);
            let left = headers.get_all(prefer::HEADER).iter();
            left.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(after(&["heartbeat"]), [""; 0]);
        assert_eq!(after(&["Heartbeat; x=1, handling=strict"]), ["handling=strict"]);
        assert_eq!(after(&["handling=strict, heartbeat", "wait=5"]), ["handling=strict", "wait=5"]);
        assert_eq!(after(&[]), [""; 0]);
    }

    #[test]
    fn a_replayed_response_has_its_headers_and_the_mark() {
        let mut headers = HeaderMap::new();
        for (name, value) in [("content-type", "application/json"), ("x-note", "a"), ("x-note", "b"), ("date", "now")] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let kept = KeptResponse { status: 201, headers: kept_headers(&headers), body: b"{}".to_vec().into() };
        let response = replay(kept);
        let of = |name: &str| response.headers().get_all(name).iter().map(|v| v.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(response.status(), 201);
        assert_eq!((of("content-type"), of("x-note")), (vec!["application/json"], vec!["a", "b"]));
        assert_eq!((of("date"), of("idempotent-replayed")), (vec![], vec!["true"]));
    }
}
