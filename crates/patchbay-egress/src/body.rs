//! Reads response bodies: bounded in the bytes that are received and in the bytes that they decompress to.
//!
//! Requests offer gzip and brotli: the header costs nothing, large JSON shrinks many times, and an uncompressed
//! response is passed on without a copy. Decompression counts its output, so a small body that decompresses to
//! gigabytes (a decompression bomb) costs at most the limit. Large bodies reserve their memory from the budget of the
//! process.
//!
//! `Content-Encoding` is read as providers write it: words that are not content codings (`utf-8`, `none`,
//! `aws-chunked`) mean nothing, and with an unknown one a body that is plainly text is taken as it is. Bytes after the end
//! of a compressed body are ignored, as gzip does.

use std::io::{ErrorKind, Read};

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use crate::{
    body_observer::{BodyObserver, ReadAll},
    failure::FailureCause,
    header_values::header_text,
    reserved_buffer::{ReservedBuffer, reserved},
    transport::ResponseBody,
};

/// The content codings that requests offer in `Accept-Encoding`.
pub(crate) const ACCEPT_ENCODING: &str = "gzip, br";
/// Larger compressed bodies are decompressed on a blocking thread.
const MAX_INLINE_DECOMPRESSION_BYTES: usize = 64 * 1024;
/// The number of bytes that are decompressed at once.
const DECOMPRESSION_STEP_BYTES: usize = 64 * 1024;
/// The size of the brotli decoder's input buffer.
const BROTLI_BUFFER_BYTES: usize = 8 * 1024;

/// Returns the body, decompressed. Reading an uncompressed body ends as soon as the observer has enough of it.
///
/// # Errors
///
/// [`FailureCause::ResponseTooLarge`] if the body has more than `max_bytes` bytes, compressed or not;
/// [`FailureCause::MemorySpent`] if the budget of the process has no memory left for it;
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
    let codings = match ContentCodings::of(headers)? {
        ContentCodings::None => return collect(body, max_bytes, observer).await,
        ContentCodings::Unknown(name) => {
            let body = collect(body, max_bytes, &mut ReadAll).await?;
            return if is_plainly_text(&body) { Ok(body) } else { Err(unsupported_coding(&name)) };
        }
        ContentCodings::Known(codings) => codings,
    };
    let compressed = collect(body, max_bytes, &mut ReadAll).await?;
    if compressed.is_empty() {
        return Ok(compressed);
    }
    let is_small = compressed.len() <= MAX_INLINE_DECOMPRESSION_BYTES;
    let decompress_all = move || {
        // The last coding was applied last.
        codings.iter().rev().try_fold(compressed, |body, coding| decompress(*coding, &body, max_bytes))
    };
    if is_small {
        return decompress_all();
    }
    tokio::task::spawn_blocking(decompress_all)
        .await
        .map_err(|_| FailureCause::InvalidResponse("the body could not be decompressed".into()))?
}

async fn collect(
    mut body: ResponseBody,
    max_bytes: usize,
    observer: &mut dyn BodyObserver,
) -> Result<Bytes, FailureCause> {
    let (mut first, mut rest) = (Bytes::new(), ReservedBuffer::new(max_bytes));
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
                rest.extend(&std::mem::take(&mut first))?;
            }
            rest.extend(&data)?;
        }
        if flow.is_break() {
            break;
        }
    }
    if rest.is_empty() { Ok(reserved(first)?) } else { Ok(rest.into_bytes()) }
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
pub(crate) enum ContentCoding {
    Gzip,
    Deflate,
    Brotli,
}

/// The most content codings of one body. Nobody compresses more often.
const MAX_CODINGS: usize = 3;
/// Words in `Content-Encoding` that are not content codings. `aws-chunked` describes an upload to S3, which stores it.
const NO_CODINGS: [&str; 12] = [
    "",
    "identity",
    "none",
    "null",
    "utf-8",
    "utf8",
    "iso-8859-1",
    "us-ascii",
    "binary",
    "7bit",
    "8bit",
    "aws-chunked",
];

/// The content codings of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ContentCodings {
    /// The body is not compressed.
    None,
    /// These were applied, in this order.
    Known(Vec<ContentCoding>),
    /// A word is not known.
    Unknown(String),
}

impl ContentCodings {
    /// Returns the content codings of a body.
    ///
    /// # Errors
    ///
    /// [`FailureCause::InvalidResponse`] for more than three.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, FailureCause> {
        let mut found = Vec::new();
        for value in headers.get_all(header::CONTENT_ENCODING) {
            for name in header_text(value).split(',') {
                match name.trim().to_ascii_lowercase().as_str() {
                    name if NO_CODINGS.contains(&name) => {}
                    "gzip" | "x-gzip" => found.push(ContentCoding::Gzip),
                    "deflate" => found.push(ContentCoding::Deflate),
                    "br" => found.push(ContentCoding::Brotli),
                    name => return Ok(Self::Unknown(name.to_owned())),
                }
            }
        }
        match found.len() {
            0 => Ok(Self::None),
            1..=MAX_CODINGS => Ok(Self::Known(found)),
            _ => Err(FailureCause::InvalidResponse(format!("its body is compressed more than {MAX_CODINGS} times"))),
        }
    }
}

/// Returns true for text without control characters, which no compression produces.
fn is_plainly_text(body: &[u8]) -> bool {
    std::str::from_utf8(body).is_ok_and(|text| !text.chars().any(|c| c.is_control() && !c.is_ascii_whitespace()))
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
    let (mut output, mut step) = (ReservedBuffer::new(max_bytes), vec![0; DECOMPRESSION_STEP_BYTES]);
    match coding {
        ContentCoding::Gzip => gunzip(compressed, &mut step, max_bytes, &mut output)?,
        // "deflate" is the zlib format (RFC 9110 section 8.4.1.2); some servers send it without the zlib header.
        ContentCoding::Deflate if has_zlib_header(compressed) => {
            read_all(flate2::read::ZlibDecoder::new(compressed), &mut step, max_bytes, &mut output)?;
        }
        ContentCoding::Deflate => {
            read_all(flate2::read::DeflateDecoder::new(compressed), &mut step, max_bytes, &mut output)?;
        }
        ContentCoding::Brotli => {
            let decoder = brotli_decompressor::Decompressor::new(compressed, BROTLI_BUFFER_BYTES);
            read_all(decoder, &mut step, max_bytes, &mut output)?;
        }
    }
    Ok(output.into_bytes())
}

/// Appends what a decoder returns, through the buffer `step`, to `output`, which may have at most `max_bytes` bytes.
fn read_all(
    mut decoder: impl Read,
    step: &mut [u8],
    max_bytes: usize,
    output: &mut ReservedBuffer,
) -> Result<(), FailureCause> {
    loop {
        let length = match decoder.read(step) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(damaged(&error)),
        };
        if output.len() + length > max_bytes {
            return Err(FailureCause::ResponseTooLarge(max_bytes));
        }
        output.extend(&step[..length])?;
    }
}

/// Appends the content of every gzip member (RFC 1952 section 2.2) to `output`, which may have at most `max_bytes` bytes.
/// Bytes after the last member are ignored.
fn gunzip(
    compressed: &[u8],
    step: &mut [u8],
    max_bytes: usize,
    output: &mut ReservedBuffer,
) -> Result<(), FailureCause> {
    let (mut rest, mut members) = (compressed, GzipMembers::default());
    loop {
        let (before, produced) = (rest.len(), output.len());
        let mut member = flate2::bufread::GzDecoder::new(rest);
        read_all(&mut member, step, max_bytes, output)?;
        rest = member.into_inner();
        if !begins_gzip_member(rest) {
            return Ok(());
        }
        members.passed(before - rest.len() + output.len() - produced)?;
    }
}

/// The gzip members of a body, which can have any number of them.
///
/// Each member has a decoder of tens of kilobytes, however little is in it: a body of empty members would cost a thousand
/// times the work that its size suggests. So a body may have [`Self::FREE`] members, and one more for each
/// [`Self::BYTES_OF_MEMBER`] bytes, compressed and decompressed. Programs that write members have blocks of 32 KiB and more.
#[derive(Debug, Default)]
pub(crate) struct GzipMembers {
    count: usize,
    bytes: usize,
}

impl GzipMembers {
    const FREE: usize = 256;
    const BYTES_OF_MEMBER: usize = 4 * 1024;

    /// Adds bytes of the current member, compressed and decompressed.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// Counts a member with this many bytes, behind which another one begins.
    ///
    /// # Errors
    ///
    /// [`FailureCause::InvalidResponse`] if the body has too many members for its size.
    pub(crate) fn passed(&mut self, bytes: usize) -> Result<(), FailureCause> {
        self.add(bytes);
        self.count += 1;
        if self.count > Self::FREE + self.bytes / Self::BYTES_OF_MEMBER {
            return Err(FailureCause::InvalidResponse("its compressed body has too many parts for its size".into()));
        }
        Ok(())
    }
}

/// Returns true if the bytes begin as a gzip member does, as far as there are any.
pub(crate) fn begins_gzip_member(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().zip([0x1f, 0x8b, 8]).all(|(byte, magic)| *byte == magic)
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
    async fn words_that_are_not_codings_mean_nothing() {
        let plain = "{\"name\":\"\u{fc}\"}\n".as_bytes();
        for coding in ["utf-8", "UTF8", "none", "aws-chunked", "binary", "", "identity, utf-8", "made-up", "zstd"] {
            assert_eq!(read_compressed(coding, plain.to_vec(), 1024).await.unwrap(), plain, "{coding}");
        }
        let bytes = b"%PDF\x00\xff";
        assert_eq!(read_compressed("none", bytes.to_vec(), 1024).await.unwrap(), &bytes[..], "a file");
        assert_eq!(read_compressed("aws-chunked,gzip", gzip(plain), 1024).await.unwrap(), plain);
        assert_eq!(read_compressed("gzip, gzip", gzip(&gzip(plain)), 1024).await.unwrap(), plain);
        let inner = gzip(&vec![b'x'; 100_000]);
        let error = read_compressed("gzip, gzip", gzip(&inner), 1024).await.unwrap_err();
        assert_eq!(error, FailureCause::ResponseTooLarge(1024));
    }

    #[tokio::test]
    async fn bytes_after_the_end_of_a_compressed_body_are_ignored() {
        let plain = br#"{"results":[1,2,3]}"#.as_slice();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(plain).unwrap();
        let zlib = zlib.finish().unwrap();
        for tail in [&[0; 16][..], b"\n \n", b"x", &[0x1f], b"\x1fnot a member"] {
            for (coding, compressed) in [("gzip", gzip(plain)), ("deflate", zlib.clone()), ("br", BROTLI.to_vec())] {
                let body = [&compressed[..], tail].concat();
                let outcome = read_compressed(coding, body, 1024).await;
                // One byte of a further member is a truncated member.
                assert!(
                    outcome.as_deref() == Ok(plain) || (tail == [0x1f] && coding == "gzip"),
                    "{coding} {tail:?}: {outcome:?}"
                );
            }
        }
        let members = [gzip(b"one "), gzip(b"two"), vec![0; 7]].concat();
        assert_eq!(read_compressed("gzip", members, 1024).await.unwrap(), "one two");
    }

    #[tokio::test]
    async fn a_body_of_almost_empty_members_is_refused_and_one_of_blocks_is_read() {
        for content in [&b""[..], b"x", &[0; 1_000]] {
            for (count, is_read) in [(200, true), (100_000, false)] {
                let outcome = read_compressed("gzip", gzip(content).repeat(count), 1024 * 1024 * 1024).await;
                let is_refused =
                    matches!(&outcome, Err(FailureCause::InvalidResponse(reason)) if reason.contains("parts"));
                assert_eq!((outcome.is_ok(), is_refused), (is_read, !is_read), "{count} of {}", content.len());
            }
        }
        let blocks = gzip(&vec![0; 64 * 1024]).repeat(1_000);
        assert_eq!(read_compressed("gzip", blocks, 1024 * 1024 * 1024).await.unwrap().len(), 64_000 * 1024);
    }

    #[tokio::test]
    async fn a_decompression_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 8 * 1024 * 1024]);
        assert!(bomb.len() < 16 * 1024);
        assert_eq!(read_compressed("gzip", bomb, 64 * 1024).await, Err(FailureCause::ResponseTooLarge(64 * 1024)));
    }

    #[tokio::test]
    async fn an_undecodable_body_is_an_invalid_response() {
        let zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x09, 0x00, 0x00];
        let many = gzip(b"x");
        for (coding, compressed) in [
            ("gzip", b"not gzip".to_vec()),
            ("br", vec![0xff; 32]),
            ("zstd", zstd),
            ("compress", b"a\0b".to_vec()),
            ("gzip, gzip, gzip, gzip", many),
        ] {
            let error = read_compressed(coding, compressed, 1024).await.unwrap_err();
            assert!(matches!(error, FailureCause::InvalidResponse(_)), "{coding}: {error:?}");
        }
        let mut truncated = gzip(&[b'x'; 4096]);
        truncated.truncate(truncated.len() - 9);
        assert!(matches!(read_compressed("gzip", truncated, 65536).await, Err(FailureCause::InvalidResponse(_))));
    }
}
