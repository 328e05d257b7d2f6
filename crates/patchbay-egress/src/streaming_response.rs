//! A response whose head was received and whose body was not read yet. The body is then read in full, or as a stream.
//!
//! A stream holds at most one chunk: it requests the next one only after the caller took the one before, so that a
//! slow reader slows the provider down (backpressure). A compressed body is decompressed in small parts.

use std::{
    error::Error as StdError,
    future::Future,
    io::Write,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use flate2::write::GzDecoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::{
    body::{
        self, ContentCoding, ContentCodings, GzipMembers, begins_gzip_member, damaged, root_cause, unsupported_coding,
    },
    body_observer::{BodyObserver, ReadAll},
    failure::{FailureCause, RequestFailure},
    header_values::{content_type, header_text},
    message::InboundResponse,
    transport::ResponseBody,
};

/// The number of compressed bytes that are decompressed at once. Deflate expands them at most about 1000 times.
const DECOMPRESSION_STEP_BYTES: usize = 4 * 1024;

/// A response whose body was not read yet.
pub struct StreamingResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The provider's URL that the response came from, after redirects.
    pub url: Url,
    pub(crate) body: ResponseBody,
}

impl StreamingResponse {
    /// Reads the whole body and returns the response.
    ///
    /// # Errors
    ///
    /// [`FailureCause::DeadlineExceeded`] if the body is not complete at the deadline,
    /// [`FailureCause::ResponseTooLarge`] if it has more than `max_bytes` bytes, [`FailureCause::ConnectionLost`] if it
    /// ends early, [`FailureCause::InvalidResponse`] if it cannot be decompressed.
    pub async fn read_body(self, max_bytes: usize, deadline: Instant) -> Result<InboundResponse, RequestFailure> {
        let url = self.url.clone();
        let mut mode = Buffered { max_bytes, observer: &mut ReadAll };
        match timeout_at(deadline, mode.receive(self)).await {
            Ok(outcome) => outcome.map_err(|cause| RequestFailure { url, cause }),
            Err(_) => Err(RequestFailure { url, cause: FailureCause::DeadlineExceeded }),
        }
    }

    /// Returns the body as a stream of chunks. Each chunk must be received within `chunk_timeout`, the last one before
    /// the deadline.
    ///
    /// # Errors
    ///
    /// [`FailureCause::InvalidResponse`] if the content coding of the body is not gzip or identity.
    pub fn into_stream(self, chunk_timeout: Duration, deadline: Instant) -> Result<BodyStream, RequestFailure> {
        let failed = |cause| Err(RequestFailure { url: self.url.clone(), cause });
        let decoder = match ContentCodings::of(&self.headers) {
            Ok(ContentCodings::None) => None,
            Ok(ContentCodings::Known(codings)) if codings == [ContentCoding::Gzip] => Some(GzDecoder::new(Vec::new())),
            Ok(ContentCodings::Known(_)) => {
                let name = self.headers.get(header::CONTENT_ENCODING).map(header_text).unwrap_or_default();
                return failed(unsupported_coding(&name));
            }
            Ok(ContentCodings::Unknown(name)) => return failed(unsupported_coding(&name)),
            Err(cause) => return failed(cause),
        };
        Ok(BodyStream {
            body: self.body,
            url: self.url,
            chunk_timeout,
            deadline,
            decoder,
            members: GzipMembers::default(),
            compressed: Bytes::new(),
            is_finished: false,
        })
    }
}

/// How the client receives a response: [`Buffered`] or [`Streamed`].
pub(crate) trait BodyMode: Send {
    /// What the caller gets.
    type Response: Send;

    /// Turns a response whose head was received into what the caller gets.
    fn receive(
        &mut self,
        response: StreamingResponse,
    ) -> impl Future<Output = Result<Self::Response, FailureCause>> + Send;
}

/// Reads the whole body, at most `max_bytes` bytes, or as much as the observer needs.
pub(crate) struct Buffered<'o> {
    pub(crate) max_bytes: usize,
    pub(crate) observer: &'o mut dyn BodyObserver,
}

impl BodyMode for Buffered<'_> {
    type Response = InboundResponse;

    async fn receive(&mut self, response: StreamingResponse) -> Result<InboundResponse, FailureCause> {
        let StreamingResponse { status, headers, url, body } = response;
        self.observer.start(status, &headers);
        let body = body::read(&headers, body, self.max_bytes, self.observer).await?;
        Ok(InboundResponse { status, headers, body, url })
    }
}

/// A response to a raw request: text was read in full, and anything else is still to be read.
pub enum ReceivedResponse {
    /// A response whose body is, by its content type or its beginning, text, or is empty. Its body was read in full.
    Text(InboundResponse),
    /// A response whose body is a file.
    File(StreamingResponse),
}

impl ReceivedResponse {
    /// Returns the status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Text(response) => response.status,
            Self::File(response) => response.status,
        }
    }
}

/// Reads a body that is text, at most `max_bytes` bytes of it, and leaves a file to the caller.
pub(crate) struct TextBuffered {
    pub(crate) max_bytes: usize,
}

impl BodyMode for TextBuffered {
    type Response = ReceivedResponse;

    async fn receive(&mut self, mut response: StreamingResponse) -> Result<ReceivedResponse, FailureCause> {
        let codings = ContentCodings::of(&response.headers)?;
        let can_stream = match &codings {
            ContentCodings::None => true,
            ContentCodings::Known(codings) => *codings == [ContentCoding::Gzip],
            ContentCodings::Unknown(_) => false,
        };
        let kind = MediaKind::of(&content_type(&response.headers).media_type);
        let is_file = can_stream
            && !response.body.is_end_stream()
            && match kind {
                MediaKind::Text => false,
                MediaKind::File => true,
                MediaKind::Unknown if codings == ContentCodings::None => !response.begins_as_text().await?,
                MediaKind::Unknown => false,
            };
        if is_file {
            return Ok(ReceivedResponse::File(response));
        }
        let mut buffered = Buffered { max_bytes: self.max_bytes, observer: &mut ReadAll };
        buffered.receive(response).await.map(ReceivedResponse::Text)
    }
}

impl StreamingResponse {
    /// Returns true if the first chunk of the body is text, also if a character is cut at its end. The chunk stays in the
    /// body.
    async fn begins_as_text(&mut self) -> Result<bool, FailureCause> {
        let first = loop {
            let Some(frame) = self.body.frame().await else { return Ok(true) };
            let frame = frame.map_err(|error| FailureCause::ConnectionLost(root_cause(&*error)))?;
            if let Ok(data) = frame.into_data()
                && !data.is_empty()
            {
                break data;
            }
        };
        let valid = match std::str::from_utf8(&first) {
            Ok(_) => first.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => 0,
        };
        let is_text = valid > 0 && !first.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace());
        let rest = std::mem::take(&mut self.body);
        self.body = PrefixedBody { first: Some(first), rest }.boxed_unsync();
        Ok(is_text)
    }
}

impl From<InboundResponse> for StreamingResponse {
    /// Returns a response whose body is in memory.
    fn from(response: InboundResponse) -> Self {
        let InboundResponse { status, mut headers, body, url } = response;
        headers.remove(header::CONTENT_ENCODING);
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        Self { status, headers, url, body: Full::new(body).map_err(|never| match never {}).boxed_unsync() }
    }
}

/// A body whose first chunk was read before.
struct PrefixedBody {
    first: Option<Bytes>,
    rest: ResponseBody,
}

impl Body for PrefixedBody {
    type Data = Bytes;
    type Error = Box<dyn StdError + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }
}

/// What a media type says about the bytes of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MediaKind {
    Text,
    File,
    Unknown,
}

/// Media types of files, beside images, audio, video and fonts.
const FILE_TYPES: [&str; 8] = [
    "application/pdf",
    "application/zip",
    "application/gzip",
    "application/x-gzip",
    "application/x-tar",
    "application/x-7z-compressed",
    "application/msword",
    "application/vnd.rar",
];

impl MediaKind {
    fn of(media_type: &str) -> Self {
        let (kind, subtype) = media_type.split_once('/').unwrap_or((media_type, ""));
        let is_text = media_type.is_empty()
            || matches!(kind, "text" | "multipart" | "message")
            || ["json", "xml", "javascript", "yaml", "x-www-form-urlencoded"].contains(&subtype)
            || subtype.ends_with("+json")
            || subtype.ends_with("+xml");
        let is_file = matches!(kind, "image" | "audio" | "video" | "font")
            || FILE_TYPES.contains(&media_type)
            || ["vnd.ms-", "vnd.openxmlformats-", "vnd.oasis."].iter().any(|prefix| subtype.starts_with(prefix));
        match (is_text, is_file) {
            (true, _) => Self::Text,
            (false, true) => Self::File,
            (false, false) => Self::Unknown,
        }
    }
}

/// Leaves the body to the caller.
pub(crate) struct Streamed;

impl BodyMode for Streamed {
    type Response = StreamingResponse;

    async fn receive(&mut self, response: StreamingResponse) -> Result<StreamingResponse, FailureCause> {
        Ok(response)
    }
}

/// A body as a stream of chunks.
pub struct BodyStream {
    body: ResponseBody,
    url: Url,
    chunk_timeout: Duration,
    deadline: Instant,
    decoder: Option<GzDecoder<Vec<u8>>>,
    members: GzipMembers,
    /// Received bytes that are not decompressed yet.
    compressed: Bytes,
    is_finished: bool,
}

impl BodyStream {
    /// Returns the next chunk, which is never empty; `None` at the end of the body and after a failure.
    ///
    /// # Errors
    ///
    /// [`FailureCause::DeadlineExceeded`] if the chunk is not received in time, [`FailureCause::ConnectionLost`] if the
    /// body ends early, [`FailureCause::InvalidResponse`] if it cannot be decompressed.
    pub async fn next(&mut self) -> Option<Result<Bytes, RequestFailure>> {
        if self.is_finished {
            return None;
        }
        let deadline = self.deadline.min(Instant::now() + self.chunk_timeout);
        let outcome = match timeout_at(deadline, self.advance()).await {
            Ok(outcome) => outcome.transpose(),
            Err(_) => Some(Err(FailureCause::DeadlineExceeded)),
        };
        self.is_finished |= !matches!(outcome, Some(Ok(_)));
        Some(outcome?.map_err(|cause| RequestFailure { url: self.url.clone(), cause }))
    }

    async fn advance(&mut self) -> Result<Option<Bytes>, FailureCause> {
        loop {
            if let Some(decoder) = self.decoder.as_mut().filter(|_| !self.compressed.is_empty()) {
                let step = self.compressed.len().min(DECOMPRESSION_STEP_BYTES);
                let read = decoder.write(&self.compressed[..step]).map_err(|error| damaged(&error))?;
                if read == 0 {
                    // The member has ended. Another one may follow; anything else is ignored.
                    decoder.try_finish().map_err(|error| damaged(&error))?;
                    let chunk = std::mem::take(decoder.get_mut());
                    self.decoder = begins_gzip_member(&self.compressed).then(|| GzDecoder::new(Vec::new()));
                    if self.decoder.is_none() {
                        self.is_finished = true;
                        return Ok((!chunk.is_empty()).then(|| chunk.into()));
                    }
                    self.members.passed(chunk.len())?;
                    if chunk.is_empty() {
                        continue;
                    }
                    return Ok(Some(chunk.into()));
                }
                decoder.flush().map_err(|error| damaged(&error))?;
                self.compressed.advance(read);
                let chunk = std::mem::take(decoder.get_mut());
                self.members.add(read + chunk.len());
                if chunk.is_empty() {
                    continue;
                }
                return Ok(Some(chunk.into()));
            }
            let Some(frame) = self.body.frame().await else { break };
            let frame = frame.map_err(|error| FailureCause::ConnectionLost(root_cause(&*error)))?;
            match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) if self.decoder.is_some() => self.compressed = data,
                Ok(data) => return Ok(Some(data)),
                // Trailers.
                Err(_) => {}
            }
        }
        let Some(decoder) = self.decoder.take() else { return Ok(None) };
        // Fails if the compressed body is truncated.
        let rest = decoder.finish().map_err(|error| damaged(&error))?;
        Ok((!rest.is_empty()).then(|| rest.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const CHUNK_TIMEOUT: Duration = Duration::from_secs(30);

    /// A body that counts the frames that are read from it.
    struct CountedBody {
        left: usize,
        count: Arc<AtomicUsize>,
    }

    impl Body for CountedBody {
        type Data = Bytes;
        type Error = Box<dyn std::error::Error + Send + Sync>;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            if self.left == 0 {
                return Poll::Ready(None);
            }
            self.left -= 1;
            self.count.fetch_add(1, Ordering::Relaxed);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[7; 1024])))))
        }
    }

    fn response(body: ResponseBody, headers: HeaderMap) -> StreamingResponse {
        StreamingResponse { status: StatusCode::OK, headers, url: "https://files.example.com/a".parse().unwrap(), body }
    }

    fn gzip_stream(bytes: Vec<u8>) -> BodyStream {
        let body = Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync();
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, "gzip".parse().unwrap())]);
        response(body, headers).into_stream(CHUNK_TIMEOUT, Instant::now() + CHUNK_TIMEOUT).unwrap()
    }

    #[tokio::test]
    async fn a_frame_is_read_only_after_the_previous_chunk_was_taken() {
        let count = Arc::new(AtomicUsize::new(0));
        let body = CountedBody { left: 100_000, count: count.clone() }.boxed_unsync();
        let mut stream =
            response(body, HeaderMap::new()).into_stream(CHUNK_TIMEOUT, Instant::now() + CHUNK_TIMEOUT).unwrap();
        for number in 1..=100_000 {
            assert_eq!(stream.next().await.unwrap().unwrap().len(), 1024);
            assert_eq!(count.load(Ordering::Relaxed), number);
        }
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn a_decompression_bomb_is_streamed_in_bounded_chunks() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..1024 {
            encoder.write_all(&vec![0; 64 * 1024]).unwrap();
        }
        let mut stream = gzip_stream(encoder.finish().unwrap());
        let mut total = 0;
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.unwrap();
            assert!(chunk.len() <= DECOMPRESSION_STEP_BYTES * 1100, "{}", chunk.len());
            total += chunk.len();
        }
        assert_eq!(total, 64 * 1024 * 1024);
    }

    #[tokio::test]
    async fn every_member_is_decompressed_and_what_follows_is_ignored() {
        let member = |text: &str| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        };
        for tail in [&b""[..], &[0; 32], b"\n \n", b"trailing text"] {
            let mut stream = gzip_stream([member("one "), member("two"), tail.to_vec()].concat());
            let mut text = Vec::new();
            while let Some(chunk) = stream.next().await {
                text.extend_from_slice(&chunk.unwrap());
            }
            assert_eq!(text, b"one two", "{tail:?}");
        }
    }

    #[tokio::test]
    async fn a_truncated_compressed_body_is_an_invalid_response() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&(0..200_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()).unwrap();
        let mut bytes = encoder.finish().unwrap();
        bytes.truncate(bytes.len() - 100);
        let mut stream = gzip_stream(bytes);
        let mut last = Ok(Bytes::new());
        while let Some(chunk) = stream.next().await {
            last = chunk;
        }
        assert!(matches!(last, Err(RequestFailure { cause: FailureCause::InvalidResponse(_), .. })), "{last:?}");
        let other = HeaderMap::from_iter([(header::CONTENT_ENCODING, "zstd".parse().unwrap())]);
        let body = Full::default().map_err(|never: std::convert::Infallible| match never {}).boxed_unsync();
        assert!(response(body, other).into_stream(CHUNK_TIMEOUT, Instant::now()).is_err());
    }

    async fn is_file(content_type: &str, coding: &str, chunks: &[&'static [u8]]) -> (bool, Vec<u8>) {
        let mut headers = HeaderMap::new();
        for (name, value) in [(header::CONTENT_TYPE, content_type), (header::CONTENT_ENCODING, coding)] {
            if !value.is_empty() {
                headers.insert(name, value.parse().unwrap());
            }
        }
        let frames = chunks.iter().map(|chunk| Ok(Frame::data(Bytes::from_static(chunk)))).collect::<Vec<_>>();
        let body = http_body_util::StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
        match (TextBuffered { max_bytes: 1024 }).receive(response(body, headers)).await.unwrap() {
            ReceivedResponse::Text(response) => (false, response.body.to_vec()),
            ReceivedResponse::File(response) => {
                (true, response.read_body(1024, Instant::now() + CHUNK_TIMEOUT).await.unwrap().body.to_vec())
            }
        }
    }

    #[tokio::test]
    async fn text_is_read_in_full_and_a_file_is_left_to_the_caller() {
        for (content_type, coding, chunks, expected) in [
            ("application/json", "", &[&b"{}"[..]][..], false),
            ("image/svg+xml", "", &[b"<svg/>"], false),
            ("", "", &[b"\x00"], false),
            ("image/png", "", &[b"text"], true),
            ("application/pdf", "", &[b"%PDF", b"\x00"], true),
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "", &[b"PK"], true),
            ("application/octet-stream", "", &[b"", b"a,b\n1,", b"2\n"], false),
            ("application/octet-stream", "", &[b"caf\xc3", b"\xa9"], false),
            ("application/octet-stream", "", &[b"\x89PNG", b"text"], true),
            ("application/octet-stream", "", &[b"PK\x03\x04"], true),
            ("application/x-protobuf", "", &[], false),
            ("application/octet-stream", "utf-8", &[b"\xff\xfe"], true),
        ] {
            let (is_file, body) = is_file(content_type, coding, chunks).await;
            assert_eq!(is_file, expected, "{content_type}");
            assert_eq!(body, chunks.concat(), "{content_type}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_body_ends_with_the_chunk_timeout() {
        let body = http_body_util::StreamBody::new(futures_util::stream::pending::<
            Result<Frame<Bytes>, Box<dyn std::error::Error + Send + Sync>>,
        >());
        let mut stream = response(body.boxed_unsync(), HeaderMap::new())
            .into_stream(CHUNK_TIMEOUT, Instant::now() + CHUNK_TIMEOUT)
            .unwrap();
        assert!(matches!(stream.next().await, Some(Err(RequestFailure { cause: FailureCause::DeadlineExceeded, .. }))));
        assert!(stream.next().await.is_none());
    }
}
