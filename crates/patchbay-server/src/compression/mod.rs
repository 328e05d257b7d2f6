//! Compresses responses: screens with their files, the documentation, and what the API reads ([`Readable`]).
//!
//! Other responses of the API are not compressed. Their length would tell who watches the connection how much a secret in
//! them and a text that an attacker chose have in common (the BREACH attack): a new session's token is next to its metadata,
//! and the result of an action contains what a provider's users wrote.
//!
//! An encoder takes from hundreds of kilobytes to megabytes. So a response is compressed whole, before a byte of it is sent: no
//! encoder waits for a client, and the length of the response is known. Bodies of more than [`MAX_HERE_BYTES`] are
//! compressed away from the threads that answer, [`MAX_ENCODERS`] at once, and [`MAX_WAITING`] responses wait for their
//! turn; further ones are sent as they are. What is the same for everybody ([`Shared`]) is compressed once. Responses of an
//! unknown length, such as streams, are sent as they are.

mod shared_forms;

use std::{
    any::Any,
    convert::Infallible,
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;
use tokio::{sync::Semaphore, task::spawn_blocking};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::{
    CompressionLevel,
    compression::{CompressionLayer, predicate::SizeAbove},
};

pub(crate) use self::shared_forms::Shared;
use self::shared_forms::SharedForms;

/// The smallest body that is compressed, in bytes.
const MIN_COMPRESSED_BYTES: u64 = 1_024;
/// The largest body that is compressed, in bytes.
const MAX_COMPRESSED_BYTES: u64 = 8 * 1024 * 1024;
/// The largest body that is compressed on the thread that answers, in bytes.
const MAX_HERE_BYTES: usize = 16 * 1024;
/// The number of larger responses that are compressed at once.
const MAX_ENCODERS: usize = 2;
/// The number of larger responses that wait for that.
const MAX_WAITING: usize = 32;

/// Marks a response that contains no secret of this server: the response to a GET or HEAD, except of the Hub API, which
/// contains values of its session.
#[derive(Clone, Copy)]
pub(crate) struct Readable;

/// Marks a response of the documentation, which contains no secret.
#[derive(Clone, Copy)]
pub(crate) struct Documentation;

/// What a response holds until it is sent, or its client has gone, such as a place.
#[derive(Clone)]
pub(crate) struct Held {
    _held: Arc<dyn Any + Send + Sync>,
}

impl Held {
    pub(crate) fn new(held: impl Any + Send + Sync) -> Self {
        Self { _held: Arc::new(held) }
    }

    /// Holds it as long as somebody has the bytes of a response. Their length is known.
    async fn until_sent(self, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Response::from_parts(parts, Body::from(Bytes::from_owner(HeldBytes { bytes, _held: self })))
    }
}

/// The bytes of a response that holds something.
struct HeldBytes {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for HeldBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The places of the encoders that exist, and what was compressed for everybody.
#[derive(Clone)]
pub(crate) struct Encoders(Arc<Places>);

struct Places {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    shared: SharedForms,
}

impl Default for Encoders {
    fn default() -> Self {
        let turns = Arc::new(Semaphore::new(MAX_ENCODERS));
        Self(Arc::new(Places { turns, waiting: AtomicUsize::new(0), shared: SharedForms::default() }))
    }
}

/// A response that waits for an encoder.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    /// Begins to wait. Returns none if too many wait.
    fn begin(count: &'a AtomicUsize) -> Option<Self> {
        let waiting = Self(count);
        (count.fetch_add(1, Relaxed) < MAX_WAITING).then_some(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Compresses a response, if it may be compressed and its client accepts that: `coding` is what [`preferred`] found in the
/// request.
///
/// A client that rules out the response as it is (`identity;q=0`; RFC 9110, section 12.5.3 allows it) and accepts no coding
/// gets it as it is: 406 would come after the request was carried out.
pub(crate) async fn compress(encoders: &Encoders, coding: Option<&'static str>, mut response: Response) -> Response {
    let held = response.extensions_mut().remove::<Held>();
    let response = with_coding(encoders, coding, response).await;
    match held {
        Some(held) => held.until_sent(response).await,
        None => response,
    }
}

async fn with_coding(encoders: &Encoders, coding: Option<&'static str>, mut response: Response) -> Response {
    let Some(level) = level(&response) else { return response };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-encoding"));
    let Some(coding) = coding else { return response };
    let shared = response.extensions().get::<Shared>().cloned();
    if let Some(form) = shared.as_ref().and_then(|shared| encoders.0.shared.get(shared, coding)) {
        return with_form(response, coding, form);
    }
    let (parts, body) = response.into_parts();
    // The length is known and bounded. An error leaves nothing that could be sent.
    let Ok(text) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return Response::from_parts(parts, Body::empty());
    };
    let form = encoders.compressed(&text, coding, level, shared).await;
    let response = Response::from_parts(parts, Body::from(text));
    match form {
        Some(form) => with_form(response, coding, form),
        None => response,
    }
}

/// Replaces the body of a response by its compressed form.
fn with_form(mut response: Response, coding: &'static str, form: Bytes) -> Response {
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    response.map(|_| Body::from(form))
}

impl Encoders {
    /// Returns the compressed form of a text. Returns none if too many texts wait to be compressed, or if it is not smaller.
    async fn compressed(
        &self,
        text: &Bytes,
        coding: &'static str,
        level: CompressionLevel,
        shared: Option<Shared>,
    ) -> Option<Bytes> {
        let form = if text.len() <= MAX_HERE_BYTES {
            encode(text.clone(), coding, level)
        } else {
            let waiting = Waiting::begin(&self.0.waiting)?;
            let turn = self.0.turns.clone().acquire_owned().await.ok()?;
            drop(waiting);
            // Another response may have had the turn before for the same content.
            if let Some(form) = shared.as_ref().and_then(|shared| self.0.shared.get(shared, coding)) {
                return Some(form);
            }
            let text = text.clone();
            let encoding = spawn_blocking(move || {
                let _turn = turn;
                encode(text, coding, level)
            });
            encoding.await.ok()?
        }?;
        if let Some(shared) = shared {
            self.0.shared.keep(shared, coding, form.clone());
        }
        Some(form)
    }
}

/// Compresses a text. Returns none if the form is not smaller.
fn encode(text: Bytes, coding: &'static str, level: CompressionLevel) -> Option<Bytes> {
    let length = text.len();
    let mut asked = Request::new(Body::empty());
    asked.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static(coding));
    let mut whole = Some(Response::new(Body::from(text)));
    // It is called once: a second call would have nothing to return.
    let inner = service_fn(move |_: Request| ready(Ok::<_, Infallible>(whole.take().unwrap_or_default())));
    let layer = CompressionLayer::new().quality(level).compress_when(SizeAbove::new(0));
    // The text is there, so nothing has to be waited for.
    let response = layer.layer(inner).oneshot(asked).now_or_never()?;
    let body = response.unwrap_or_else(|never| match never {}).into_body();
    let form = body.collect().now_or_never()?.ok()?.to_bytes();
    // A copy takes only the memory of its bytes.
    (form.len() < length).then(|| Bytes::copy_from_slice(&form))
}

/// Returns the level at which a response is compressed; `None` if it is not. A response of the API has the quickest level,
/// because calls of actions wait on the same thread.
fn level(response: &Response) -> Option<CompressionLevel> {
    let headers = response.headers();
    // A file that an action streams is not a screen, whatever its type.
    let is_file = headers.contains_key(header::CONTENT_DISPOSITION) || headers.contains_key(header::CONTENT_RANGE);
    let length = response.body().size_hint().exact().unwrap_or(0);
    let has_fitting_length = (MIN_COMPRESSED_BYTES..=MAX_COMPRESSED_BYTES).contains(&length);
    if is_file || !has_fitting_length || headers.contains_key(header::CONTENT_ENCODING) {
        return None;
    }
    let kind = headers.get(header::CONTENT_TYPE)?.as_bytes();
    let is_screen =
        ["text/html", "text/javascript", "text/css", "image/svg"].iter().any(|text| kind.starts_with(text.as_bytes()));
    let is_documentation = response.extensions().get::<Documentation>().is_some()
        && (kind.starts_with(b"text/") || kind.starts_with(b"application/xml"));
    let is_readable = kind.starts_with(b"application/json")
        && response.extensions().get::<Readable>().is_some()
        && !headers.contains_key(header::SET_COOKIE);
    if is_screen || is_documentation {
        Some(CompressionLevel::Default)
    } else {
        is_readable.then_some(CompressionLevel::Fastest)
    }
}

/// Returns the coding that a client accepts with the greatest weight: `br` or `gzip`, and `br` of two equal ones. `*` stands
/// for `gzip` if that is not named.
pub(crate) fn preferred(headers: &HeaderMap) -> Option<&'static str> {
    let (mut br, mut gzip, mut other) = (None, None, None);
    let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for coding in values.flat_map(|value| value.split(',')) {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        // A weight that is not a number is one of 0: the coding is not accepted.
        let weight = weight.map_or(1.0, |weight| weight.trim().parse::<f32>().unwrap_or(0.0));
        if name.eq_ignore_ascii_case("br") {
            br = Some(weight);
        } else if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            gzip = Some(weight);
        } else if name == "*" {
            other = Some(weight);
        }
    }
    let (br, gzip) = (br.unwrap_or(0.0), gzip.or(other).unwrap_or(0.0));
    if br > 0.0 && br >= gzip { Some("br") } else { (gzip > 0.0).then_some("gzip") }
}

#[cfg(test)]
mod tests {
    use axum::{
        Router,
        extract::State,
        http::StatusCode,
        middleware::{self, Next},
        routing::get,
    };

    use super::*;

    #[test]
    fn the_coding_with_the_greatest_weight_is_used() {
        for (accepted, coding) in [
            ("", None),
            ("identity", None),
            ("*;q=0", None),
            ("gzip;q=0, identity; q=0.0", None),
            ("deflate, zstd", None),
            ("gzip;q=x", None),
            ("gzip", Some("gzip")),
            ("X-GZIP", Some("gzip")),
            ("gzip, deflate, br", Some("br")),
            ("gzip;q=1, br;q=0.9", Some("gzip")),
            ("br;q=0, *", Some("gzip")),
            ("gzip, identity;q=0", Some("gzip")),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, accepted.parse().unwrap())]);
            assert_eq!(preferred(&headers), coding, "{accepted}");
        }
    }

    async fn ask(router: &Router, path: &str, accepted: &str) -> Response {
        let request = Request::builder().uri(path).header("accept-encoding", accepted).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    }

    fn is_compressed(response: &Response) -> bool {
        response.headers().contains_key(header::CONTENT_ENCODING)
    }

    fn router(encoders: &Encoders) -> Router {
        let page = |length: usize| async move { ([(header::CONTENT_TYPE, "text/html")], "x".repeat(length)) };
        let stream = || async {
            let pieces = futures_util::stream::iter([Ok::<_, Infallible>("x".repeat(100_000))]);
            ([(header::CONTENT_TYPE, "text/html")], Body::from_stream(pieces))
        };
        let shared = || async {
            let page = ([(header::CONTENT_TYPE, "text/html")], "x".repeat(100_000));
            (axum::Extension(Shared { name: "/shared".to_owned(), serial: 1 }), page)
        };
        Router::new()
            .route("/", get(move || page(100_000)))
            .route("/small", get(move || page(10_000)))
            .route("/tiny", get(move || page(1_000)))
            .route("/huge", get(move || page(9 * 1024 * 1024)))
            .route("/stream", get(stream))
            .route("/shared", get(shared))
            .layer(middleware::from_fn_with_state(encoders.clone(), layer))
    }

    async fn layer(State(encoders): State<Encoders>, request: Request, next: Next) -> Response {
        let coding = preferred(request.headers());
        compress(&encoders, coding, next.run(request).await).await
    }

    /// Responses that nobody reads have no encoder: its place is free, and the length of the body is known.
    #[tokio::test]
    async fn no_encoder_waits_for_a_client() {
        let encoders = Encoders::default();
        let router = router(&encoders);
        let mut unread = Vec::new();
        for path in ["/", "/small", "/shared"].into_iter().cycle().take(3 * MAX_ENCODERS * MAX_WAITING) {
            for coding in ["br", "gzip"] {
                let response = ask(&router, path, coding).await;
                assert_eq!(response.headers()[header::CONTENT_ENCODING], coding, "{path}");
                assert!(response.body().size_hint().exact().is_some_and(|length| length < 1_000), "{path} {coding}");
                unread.push(response);
            }
        }
        assert_eq!(encoders.0.turns.available_permits(), MAX_ENCODERS);
        assert_eq!(encoders.0.waiting.load(Relaxed), 0);
    }

    #[tokio::test]
    async fn small_large_and_streamed_responses_are_sent_as_they_are() {
        let router = router(&Encoders::default());
        for (path, length) in [("/tiny", 1_000), ("/huge", 9 * 1024 * 1024), ("/stream", 100_000)] {
            let response = ask(&router, path, "br, gzip").await;
            assert!(!is_compressed(&response), "{path}");
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), length);
        }
    }

    #[tokio::test]
    async fn the_number_of_encoders_and_of_those_that_wait_is_bounded() {
        let encoders = Encoders::default();
        let router = router(&encoders);
        let turns = encoders.0.turns.clone().acquire_many_owned(u32::try_from(MAX_ENCODERS).unwrap()).await.unwrap();
        let waiting = (0..MAX_WAITING).map(|_| {
            let router = router.clone();
            tokio::spawn(async move { ask(&router, "/", "br").await })
        });
        let waiting = waiting.collect::<Vec<_>>();
        while encoders.0.waiting.load(Relaxed) < MAX_WAITING {
            tokio::task::yield_now().await;
        }
        let further = ask(&router, "/", "br").await;
        assert_eq!((further.status(), is_compressed(&further)), (StatusCode::OK, false));
        assert_eq!(further.headers()[header::VARY], "accept-encoding");
        assert_eq!(further.into_body().collect().await.unwrap().to_bytes().len(), 100_000);
        assert!(is_compressed(&ask(&router, "/small", "br").await), "it needs no turn");
        drop(turns);
        for response in waiting {
            assert!(is_compressed(&response.await.unwrap()));
        }
        assert!(is_compressed(&ask(&router, "/", "br").await));
    }

    /// A place is taken until the bytes are sent or dropped, compressed or not.
    #[tokio::test]
    async fn what_a_response_holds_is_held_until_it_is_sent() {
        let place = Arc::new(());
        let held = place.clone();
        let page = move || {
            let held = Held::new(held.clone());
            async move { (axum::Extension(held), ([(header::CONTENT_TYPE, "text/html")], "x".repeat(100_000))) }
        };
        let layer = middleware::from_fn_with_state(Encoders::default(), layer);
        let router: Router = Router::new().route("/", get(page)).layer(layer);
        let idle = Arc::strong_count(&place);
        for accepted in ["", "br"] {
            let response = ask(&router, "/", accepted).await;
            assert_eq!(is_compressed(&response), !accepted.is_empty());
            assert!(response.body().size_hint().exact().is_some());
            assert_eq!(Arc::strong_count(&place), idle + 1);
            let bytes = response.into_body().collect().await.unwrap().to_bytes();
            assert_eq!(Arc::strong_count(&place), idle + 1, "somebody has the bytes");
            drop(bytes);
            assert_eq!(Arc::strong_count(&place), idle);
        }
    }

    #[tokio::test]
    async fn what_is_the_same_for_everybody_is_compressed_once() {
        let encoders = Encoders::default();
        let router = router(&encoders);
        let (first, second) = (ask(&router, "/shared", "br").await, ask(&router, "/shared", "br").await);
        let (first, second) = (first.into_body().collect().await.unwrap(), second.into_body().collect().await.unwrap());
        let (first, second) = (first.to_bytes(), second.to_bytes());
        assert_eq!((first.as_ptr(), first.len()), (second.as_ptr(), second.len()), "the same bytes");
        let gzip = ask(&router, "/shared", "gzip").await;
        assert_eq!(gzip.headers()[header::CONTENT_ENCODING], "gzip");
        assert_ne!(gzip.into_body().collect().await.unwrap().to_bytes(), first);
    }
}
