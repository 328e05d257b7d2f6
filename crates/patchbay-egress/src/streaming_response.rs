//! A response whose head was received and whose body was not read yet. The body is then read in full, or as a stream.
//!
//! A stream holds at most one chunk: it requests the next one only after the caller took the one before, so that a
//! slow reader slows the provider down (backpressure). A compressed body is decompressed in small parts.

use std::{future::Future, io::Write, time::Duration};

use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::{
    body::{self, damaged, root_cause, unsupported_coding},
    body_observer::{BodyObserver, ReadAll},
    failure::{FailureCause, RequestFailure},
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
        let coding = self.headers.get(header::CONTENT_ENCODING).map(|coding| coding.to_str().unwrap_or("?").trim());
        let decoder = match coding.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "identity" => None,
            "gzip" | "x-gzip" => Some(MultiGzDecoder::new(Vec::new())),
            other => return Err(RequestFailure { url: self.url, cause: unsupported_coding(other) }),
        };
        Ok(BodyStream {
            body: self.body,
            url: self.url,
            chunk_timeout,
            deadline,
            decoder,
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
    decoder: Option<MultiGzDecoder<Vec<u8>>>,
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
        self.is_finished = !matches!(outcome, Some(Ok(_)));
        Some(outcome?.map_err(|cause| RequestFailure { url: self.url.clone(), cause }))
    }

    async fn advance(&mut self) -> Result<Option<Bytes>, FailureCause> {
        loop {
            if let Some(decoder) = self.decoder.as_mut().filter(|_| !self.compressed.is_empty()) {
                let step = self.compressed.len().min(DECOMPRESSION_STEP_BYTES);
                decoder.write_all(&self.compressed[..step]).map_err(|error| damaged(&error))?;
                decoder.flush().map_err(|error| damaged(&error))?;
                self.compressed.advance(step);
                let chunk = std::mem::take(decoder.get_mut());
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
    use std::{
        pin::Pin,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::{Context, Poll},
    };

    use flate2::{Compression, write::GzEncoder};
    use http_body_util::Full;
    use hyper::body::{Body, Frame};

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
