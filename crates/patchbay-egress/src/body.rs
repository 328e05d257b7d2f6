//! Reads response bodies: bounded in the bytes that are received and in the bytes that they decompress to.
//!
//! Requests offer gzip and brotli: the header costs nothing, large JSON shrinks many times, and an uncompressed
//! response is passed on without a copy. Decompression counts its output, so a small body that decompresses to
//! gigabytes (a decompression bomb) costs at most the limit.

use std::io::Read;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use crate::{
    body_observer::{BodyObserver, ReadAll},
    failure::FailureCause,
    transport::ResponseBody,
};

/// The content codings that requests offer in `Accept-Encoding`.
pub(crate) const ACCEPT_ENCODING: &str = "gzip, br";
/// Larger compressed bodies are decompressed on a blocking thread.
const MAX_INLINE_DECOMPRESSION_BYTES: usize = 64 * 1024;
/// The size of the brotli decoder's input buffer.
const BROTLI_BUFFER_BYTES: usize = 8 * 1024;

/// Returns the body, decompressed. Reading an uncompressed body ends as soon as the observer has enough of it.
///
/// # Errors
///
/// [`FailureCause::ResponseTooLarge`] if the body has more than `max_bytes` bytes, compressed or not;
/// [`FailureCause::ConnectionLost`] if it ends early; [`FailureCause::InvalidResponse`] if it cannot be decompressed;
/// and the errors of the observer.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: ResponseBody,
    max_bytes: usize,
    observer: &mut dyn BodyObserver,
) -> Result<Bytes, FailureCause> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max_bytes as u64) {
        return Err(FailureCause::ResponseTooLarge(max_bytes));
    }
    let Some(coding) = content_coding(headers)? else { return collect(body, max_bytes, observer).await };
    let compressed = collect(body, max_bytes, &mut ReadAll).await?;
    if compressed.is_empty() {
        return Ok(compressed);
    }
    if compressed.len() <= MAX_INLINE_DECOMPRESSION_BYTES {
        return decompress(coding, &compressed, max_bytes);
    }
    tokio::task::spawn_blocking(move || decompress(coding, &compressed, max_bytes))
        .await
        .map_err(|_| FailureCause::InvalidResponse("the body could not be decompressed".into()))?
}

async fn collect(
    mut body: ResponseBody,
    max_bytes: usize,
    observer: &mut dyn BodyObserver,
) -> Result<Bytes, FailureCause> {
    let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| FailureCause::ConnectionLost(root_cause(&*error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > max_bytes {
            return Err(FailureCause::ResponseTooLarge(max_bytes));
        }
        let flow = observer.observe(&data)?;
        if first.is_empty() && rest.is_empty() {
            // Most responses are one frame, which is returned without a copy.
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
        if flow.is_break() {
            break;
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

/// Returns the message of the innermost source of an error.
pub(crate) fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// A content coding (RFC 9110 section 8.4.1; brotli: RFC 7932).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ContentCoding {
    Gzip,
    Deflate,
    Brotli,
}

/// Returns the content coding of a body; `None` if it is not compressed.
fn content_coding(headers: &HeaderMap) -> Result<Option<ContentCoding>, FailureCause> {
    let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(None) };
    let name = value.to_str().unwrap_or("?").trim().to_ascii_lowercase();
    Ok(Some(match name.as_str() {
        "" | "identity" => return Ok(None),
        "gzip" | "x-gzip" => ContentCoding::Gzip,
        "deflate" => ContentCoding::Deflate,
        "br" => ContentCoding::Brotli,
        _ => return Err(unsupported_coding(&name)),
    }))
}

/// Returns the failure of a response in a content coding that the request did not offer.
pub(crate) fn unsupported_coding(name: &str) -> FailureCause {
    FailureCause::InvalidResponse(format!("its content encoding `{name}` was not requested"))
}

/// Returns the failure of a response whose compressed body is damaged.
pub(crate) fn damaged(error: &std::io::Error) -> FailureCause {
    FailureCause::InvalidResponse(format!("its compressed body is damaged ({error})"))
}

fn decompress(coding: ContentCoding, compressed: &[u8], max_bytes: usize) -> Result<Bytes, FailureCause> {
    let mut output = Vec::new();
    // One more byte than allowed, so that a body above the limit is detected.
    let most = max_bytes as u64 + 1;
    let outcome = match coding {
        ContentCoding::Gzip => flate2::read::MultiGzDecoder::new(compressed).take(most).read_to_end(&mut output),
        // "deflate" is the zlib format (RFC 9110 section 8.4.1.2); some servers send it without the zlib header.
        ContentCoding::Deflate if has_zlib_header(compressed) => {
            flate2::read::ZlibDecoder::new(compressed).take(most).read_to_end(&mut output)
        }
        ContentCoding::Deflate => flate2::read::DeflateDecoder::new(compressed).take(most).read_to_end(&mut output),
        ContentCoding::Brotli => {
            brotli_decompressor::Decompressor::new(compressed, BROTLI_BUFFER_BYTES).take(most).read_to_end(&mut output)
        }
    };
    if output.len() > max_bytes {
        return Err(FailureCause::ResponseTooLarge(max_bytes));
    }
    outcome.map_err(|error| damaged(&error))?;
    Ok(output.into())
}

/// Returns true if the bytes begin with a zlib header (RFC 1950 section 2.2).
fn has_zlib_header(compressed: &[u8]) -> bool {
    matches!(compressed, [first, second, ..] if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };
    use http_body_util::Full;

    use super::*;

    /// `{"results":[1,2,3]}` as brotli's reference encoder writes it.
    const BROTLI: &[u8] = &[
        0x0b, 0x09, 0x80, 0x7b, 0x22, 0x72, 0x65, 0x73, 0x75, 0x6c, 0x74, 0x73, 0x22, 0x3a, 0x5b, 0x31, 0x2c, 0x32,
        0x2c, 0x33, 0x5d, 0x7d, 0x03,
    ];

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    async fn read_compressed(
        coding: &'static str,
        compressed: Vec<u8>,
        max_bytes: usize,
    ) -> Result<Bytes, FailureCause> {
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, coding.parse().unwrap())]);
        let body = Full::new(Bytes::from(compressed)).map_err(|never| match never {}).boxed_unsync();
        read(&headers, body, max_bytes, &mut ReadAll).await
    }

    #[tokio::test]
    async fn every_content_coding_is_decompressed() {
        let plain = br#"{"results":[1,2,3]}"#.as_slice();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(plain).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(plain).unwrap();
        for (coding, compressed) in [
            ("gzip", gzip(plain)),
            ("x-gzip", gzip(plain)),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", raw.finish().unwrap()),
            ("br", BROTLI.to_vec()),
            ("identity", plain.to_vec()),
        ] {
            assert_eq!(read_compressed(coding, compressed, 1024).await.unwrap(), plain, "{coding}");
        }
    }

    #[tokio::test]
    async fn a_decompression_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 8 * 1024 * 1024]);
        assert!(bomb.len() < 16 * 1024);
        assert_eq!(read_compressed("gzip", bomb, 64 * 1024).await, Err(FailureCause::ResponseTooLarge(64 * 1024)));
    }

    #[tokio::test]
    async fn an_undecodable_body_is_an_invalid_response() {
        for (coding, compressed) in [("gzip", b"not gzip".to_vec()), ("br", vec![0xff; 32]), ("zstd", b"x".to_vec())] {
            let error = read_compressed(coding, compressed, 1024).await.unwrap_err();
            assert!(matches!(error, FailureCause::InvalidResponse(_)), "{coding}: {error:?}");
        }
        let mut truncated = gzip(&[b'x'; 4096]);
        truncated.truncate(truncated.len() - 9);
        assert!(matches!(read_compressed("gzip", truncated, 65536).await, Err(FailureCause::InvalidResponse(_))));
    }
}
