//! An answer whose head has come and whose body has not been read: it is read whole, or piece by piece.
//!
//! Piece by piece, no more is held than one piece: the next is asked for when the one before was taken, so
//! that a slow reader slows the provider down. A packed body is unpacked in small parts.

use std::{future::Future, io::Write, time::Duration};

use bytes::{Buf, Bytes};
use flate2::write::MultiGzDecoder;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::{
    body::{self, innermost},
    client::Incoming,
    failure::{Cause, Failure},
    transport::IncomingBody,
    watch::{Watch, Whole},
};

/// How much of a packed body is unpacked at once. Deflate makes at most a thousand times of it.
const PACKED_PART: usize = 4 * 1024;

/// An answer's head, with the body still to come.
pub struct Opened {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// The provider's URL that answered, after redirects.
    pub url: Url,
    pub(super) body: IncomingBody,
}

impl Opened {
    /// The whole answer by `deadline`.
    pub async fn read_by(self, limit: usize, deadline: Instant) -> Result<Incoming, Failure> {
        let url = self.url.clone();
        match timeout_at(deadline, Read { limit, watch: &mut Whole }.take(self)).await {
            Ok(outcome) => outcome.map_err(|cause| Failure { url, cause }),
            Err(_) => Err(Failure { url, cause: Cause::TooSlow }),
        }
    }

    /// The body, piece by piece. Each piece must come within `patience`, the last before `end`.
    pub fn stream(self, patience: Duration, end: Instant) -> Result<Pieces, Failure> {
        let coding = self.headers.get(header::CONTENT_ENCODING).map(|coding| coding.to_str().unwrap_or("?").trim());
        let unpacking = match coding.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "identity" => None,
            "gzip" | "x-gzip" => Some(MultiGzDecoder::new(Vec::new())),
            other => {
                let cause = Cause::Undecodable(format!("its content encoding `{other}` was not asked for"));
                return Err(Failure { url: self.url, cause });
            }
        };
        Ok(Pieces { body: self.body, url: self.url, patience, end, unpacking, packed: Bytes::new(), is_over: false })
    }
}

/// What is taken of an answer.
pub(super) trait Take: Send {
    /// What there is then.
    type Taken: Send;

    fn take(&mut self, opened: Opened) -> impl Future<Output = Result<Self::Taken, Cause>> + Send;
}

/// The whole body, at most `limit` bytes, or as much as `watch` wants.
pub(super) struct Read<'w> {
    pub(super) limit: usize,
    pub(super) watch: &'w mut dyn Watch,
}

impl Take for Read<'_> {
    type Taken = Incoming;

    async fn take(&mut self, opened: Opened) -> Result<Incoming, Cause> {
        let Opened { status, headers, url, body } = opened;
        self.watch.begin(status, &headers);
        let body = body::read(&headers, body, self.limit, self.watch).await?;
        Ok(Incoming { status, headers, body, url })
    }
}

/// The head alone; the body is left to be read.
pub(super) struct Leave;

impl Take for Leave {
    type Taken = Opened;

    async fn take(&mut self, opened: Opened) -> Result<Opened, Cause> {
        Ok(opened)
    }
}

/// A body, piece by piece.
pub struct Pieces {
    body: IncomingBody,
    url: Url,
    patience: Duration,
    end: Instant,
    unpacking: Option<MultiGzDecoder<Vec<u8>>>,
    /// What has come and is not unpacked yet.
    packed: Bytes,
    is_over: bool,
}

impl Pieces {
    /// The next piece, never empty; none at the end. After a failure there is nothing more.
    pub async fn next(&mut self) -> Option<Result<Bytes, Failure>> {
        if self.is_over {
            return None;
        }
        let by = self.end.min(Instant::now() + self.patience);
        let outcome = match timeout_at(by, self.advance()).await {
            Ok(outcome) => outcome.transpose(),
            Err(_) => Some(Err(Cause::TooSlow)),
        };
        self.is_over = !matches!(outcome, Some(Ok(_)));
        Some(outcome?.map_err(|cause| Failure { url: self.url.clone(), cause }))
    }

    async fn advance(&mut self) -> Result<Option<Bytes>, Cause> {
        loop {
            if let Some(decoder) = self.unpacking.as_mut().filter(|_| !self.packed.is_empty()) {
                let part = self.packed.len().min(PACKED_PART);
                decoder.write_all(&self.packed[..part]).map_err(|error| damaged(&error))?;
                decoder.flush().map_err(|error| damaged(&error))?;
                self.packed.advance(part);
                let unpacked = std::mem::take(decoder.get_mut());
                if unpacked.is_empty() {
                    continue;
                }
                return Ok(Some(unpacked.into()));
            }
            let Some(frame) = self.body.frame().await else { break };
            let frame = frame.map_err(|error| Cause::Cut(innermost(&*error)))?;
            match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) if self.unpacking.is_some() => self.packed = data,
                Ok(data) => return Ok(Some(data)),
                Err(_) => {}
            }
        }
        let Some(decoder) = self.unpacking.take() else { return Ok(None) };
        // A packed body that ends early is one that was cut.
        let rest = decoder.finish().map_err(|error| damaged(&error))?;
        Ok((!rest.is_empty()).then(|| rest.into()))
    }
}

fn damaged(error: &std::io::Error) -> Cause {
    Cause::Undecodable(format!("its compressed body is damaged ({error})"))
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

    const PATIENCE: Duration = Duration::from_secs(30);

    /// A body that counts what is taken out of it.
    struct Counted {
        left: usize,
        taken: Arc<AtomicUsize>,
    }

    impl Body for Counted {
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
            self.taken.fetch_add(1, Ordering::Relaxed);
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[7; 1024])))))
        }
    }

    fn opened(body: IncomingBody, headers: HeaderMap) -> Opened {
        Opened { status: StatusCode::OK, headers, url: "https://files.example.com/a".parse().unwrap(), body }
    }

    fn packed(bytes: Vec<u8>) -> Pieces {
        let body = Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync();
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, "gzip".parse().unwrap())]);
        opened(body, headers).stream(PATIENCE, Instant::now() + PATIENCE).unwrap()
    }

    #[tokio::test]
    async fn no_more_is_taken_than_was_given_on() {
        let taken = Arc::new(AtomicUsize::new(0));
        let body = Counted { left: 100_000, taken: taken.clone() }.boxed_unsync();
        let mut pieces = opened(body, HeaderMap::new()).stream(PATIENCE, Instant::now() + PATIENCE).unwrap();
        for given in 1..=100_000 {
            assert_eq!(pieces.next().await.unwrap().unwrap().len(), 1024);
            assert_eq!(taken.load(Ordering::Relaxed), given);
        }
        assert!(pieces.next().await.is_none());
    }

    #[tokio::test]
    async fn a_bomb_comes_in_bounded_pieces() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..1024 {
            encoder.write_all(&vec![0; 64 * 1024]).unwrap();
        }
        let mut pieces = packed(encoder.finish().unwrap());
        let mut total = 0;
        while let Some(piece) = pieces.next().await {
            let piece = piece.unwrap();
            assert!(piece.len() <= PACKED_PART * 1100, "{}", piece.len());
            total += piece.len();
        }
        assert_eq!(total, 64 * 1024 * 1024);
    }

    #[tokio::test]
    async fn a_packed_body_that_is_cut_is_told() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&(0..200_000_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()).unwrap();
        let mut bytes = encoder.finish().unwrap();
        bytes.truncate(bytes.len() - 100);
        let mut pieces = packed(bytes);
        let mut last = Ok(Bytes::new());
        while let Some(piece) = pieces.next().await {
            last = piece;
        }
        assert!(matches!(last, Err(Failure { cause: Cause::Undecodable(_), .. })), "{last:?}");
        let other = HeaderMap::from_iter([(header::CONTENT_ENCODING, "zstd".parse().unwrap())]);
        let body = Full::default().map_err(|never: std::convert::Infallible| match never {}).boxed_unsync();
        assert!(opened(body, other).stream(PATIENCE, Instant::now()).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_stops_in_the_middle_is_given_up() {
        let body = http_body_util::StreamBody::new(futures_util::stream::pending::<
            Result<Frame<Bytes>, Box<dyn std::error::Error + Send + Sync>>,
        >());
        let mut pieces =
            opened(body.boxed_unsync(), HeaderMap::new()).stream(PATIENCE, Instant::now() + PATIENCE).unwrap();
        assert!(matches!(pieces.next().await, Some(Err(Failure { cause: Cause::TooSlow, .. }))));
        assert!(pieces.next().await.is_none());
    }
}
