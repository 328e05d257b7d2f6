//! Reading a response's body: bounded in what is received and in what it unpacks to.
//!
//! We offer gzip and brotli: a static header costs nothing, providers' large JSON shrinks many times,
//! and an answer that comes plain is passed on without a copy. Unpacking counts as it goes, so a small
//! body that unpacks to gigabytes costs no more than the limit.

use std::io::Read;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use crate::{
    failure::Cause,
    transport::IncomingBody,
    watch::{Watch, Whole},
};

/// What we offer.
pub(super) const ACCEPT_ENCODING: &str = "gzip, br";
/// Packed bodies above this are unpacked away from the async threads.
const UNPACK_INLINE: usize = 64 * 1024;

/// The whole body, unpacked, at most `limit` bytes; of one that comes plain no more than `watch` wants.
pub(super) async fn read(
    headers: &HeaderMap,
    body: IncomingBody,
    limit: usize,
    watch: &mut dyn Watch,
) -> Result<Bytes, Cause> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(Cause::TooLarge(limit));
    }
    let Some(coding) = coding(headers)? else { return collect(body, limit, watch).await };
    let packed = collect(body, limit, &mut Whole).await?;
    if packed.is_empty() {
        return Ok(packed);
    }
    if packed.len() <= UNPACK_INLINE {
        return unpack(coding, &packed, limit);
    }
    tokio::task::spawn_blocking(move || unpack(coding, &packed, limit))
        .await
        .map_err(|_| Cause::Undecodable("the body could not be unpacked".into()))?
}

async fn collect(mut body: IncomingBody, limit: usize, watch: &mut dyn Watch) -> Result<Bytes, Cause> {
    let (mut first, mut rest) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Cause::Cut(innermost(&*error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > limit {
            return Err(Cause::TooLarge(limit));
        }
        let is_enough = watch.see(&data)?;
        if first.is_empty() && rest.is_empty() {
            // Most answers come as one frame, which is passed on as it is.
            first = data;
        } else {
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
        if is_enough {
            break;
        }
    }
    Ok(if rest.is_empty() { first } else { rest.freeze() })
}

pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

fn coding(headers: &HeaderMap) -> Result<Option<Coding>, Cause> {
    let Some(value) = headers.get(header::CONTENT_ENCODING) else { return Ok(None) };
    let name = value.to_str().unwrap_or("?").trim().to_ascii_lowercase();
    Ok(Some(match name.as_str() {
        "" | "identity" => return Ok(None),
        "gzip" | "x-gzip" => Coding::Gzip,
        "deflate" => Coding::Deflate,
        "br" => Coding::Brotli,
        _ => return Err(Cause::Undecodable(format!("its content encoding `{name}` was not asked for"))),
    }))
}

fn unpack(coding: Coding, packed: &[u8], limit: usize) -> Result<Bytes, Cause> {
    let mut unpacked = Vec::new();
    let most = limit as u64 + 1;
    let outcome = match coding {
        Coding::Gzip => flate2::read::MultiGzDecoder::new(packed).take(most).read_to_end(&mut unpacked),
        // RFC 9110 means zlib by "deflate"; some servers send it bare.
        Coding::Deflate if is_zlib(packed) => {
            flate2::read::ZlibDecoder::new(packed).take(most).read_to_end(&mut unpacked)
        }
        Coding::Deflate => flate2::read::DeflateDecoder::new(packed).take(most).read_to_end(&mut unpacked),
        Coding::Brotli => {
            brotli_decompressor::Decompressor::new(packed, 8 * 1024).take(most).read_to_end(&mut unpacked)
        }
    };
    if unpacked.len() > limit {
        return Err(Cause::TooLarge(limit));
    }
    outcome.map_err(|error| Cause::Undecodable(format!("its compressed body is damaged ({error})")))?;
    Ok(unpacked.into())
}

fn is_zlib(packed: &[u8]) -> bool {
    matches!(packed, [first, second, ..] if first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0)
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

    async fn read_packed(coding: &'static str, packed: Vec<u8>, limit: usize) -> Result<Bytes, Cause> {
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, coding.parse().unwrap())]);
        let body = Full::new(Bytes::from(packed)).map_err(|never| match never {}).boxed_unsync();
        read(&headers, body, limit, &mut Whole).await
    }

    #[tokio::test]
    async fn every_coding_unpacks() {
        let plain = br#"{"results":[1,2,3]}"#.as_slice();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(plain).unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::fast());
        bare.write_all(plain).unwrap();
        for (coding, packed) in [
            ("gzip", gzip(plain)),
            ("x-gzip", gzip(plain)),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", bare.finish().unwrap()),
            ("br", BROTLI.to_vec()),
            ("identity", plain.to_vec()),
        ] {
            assert_eq!(read_packed(coding, packed, 1024).await.unwrap(), plain, "{coding}");
        }
    }

    #[tokio::test]
    async fn a_bomb_stops_at_the_limit() {
        let bomb = gzip(&vec![0; 8 * 1024 * 1024]);
        assert!(bomb.len() < 16 * 1024);
        assert_eq!(read_packed("gzip", bomb, 64 * 1024).await, Err(Cause::TooLarge(64 * 1024)));
    }

    #[tokio::test]
    async fn what_cannot_be_unpacked_is_said() {
        for (coding, packed) in [("gzip", b"not gzip".to_vec()), ("br", vec![0xff; 32]), ("zstd", b"x".to_vec())] {
            let error = read_packed(coding, packed, 1024).await.unwrap_err();
            assert!(matches!(error, Cause::Undecodable(_)), "{coding}: {error:?}");
        }
        let mut cut = gzip(&[b'x'; 4096]);
        cut.truncate(cut.len() - 9);
        assert!(matches!(read_packed("gzip", cut, 65536).await, Err(Cause::Undecodable(_))));
    }
}
