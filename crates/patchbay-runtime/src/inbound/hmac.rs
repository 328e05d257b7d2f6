//! Verifies a keyed hash over the bytes of a request (RFC 2104).

use std::borrow::Cow;

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    hmac::{Context, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, HMAC_SHA512, Key},
};
use patchbay_connector::definition::{
    ContentPiece, HmacAlgorithm, HmacVerification, TimestampFormat, TimestampRule, TimestampSource, ValueSource,
};
use patchbay_model::Timestamp;

use super::{
    InboundSecrets, Refusal,
    request::{Delivery, NotSingle},
    signature::{pick, signature_values},
};

/// The escapes that are decoded before a URL is signed (`HubSpot`).
///
/// <https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation>
const DECODED: [(&str, char); 12] = [
    ("%3A", ':'),
    ("%2F", '/'),
    ("%3F", '?'),
    ("%40", '@'),
    ("%21", '!'),
    ("%24", '$'),
    ("%27", '\''),
    ("%28", '('),
    ("%29", ')'),
    ("%2A", '*'),
    ("%2C", ','),
    ("%3B", ';'),
];

/// Verifies the signature and its time.
pub(super) fn verify(
    rule: &HmacVerification,
    delivery: &Delivery<'_>,
    secrets: &InboundSecrets<'_>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let text = value(&rule.signature.source, delivery)?.ok_or(Refusal::SignatureMissing)?;
    let signatures = signature_values(text, &rule.signature)?;
    let signed_at = rule.timestamp.as_ref().map(|time| signed_at(time, rule, text, delivery)).transpose()?;
    let content = content(rule, text, delivery)?;
    let keys = secrets.keys(delivery, &rule.secrets, rule.secret_encoding);
    if keys.is_empty() {
        return Err(Refusal::SecretMissing);
    }
    let is_signed = keys.iter().any(|key| {
        let tag = tag(rule.algorithm, key, &content);
        signatures.iter().any(|signature| verify_slices_are_equal(tag.as_ref(), signature).is_ok())
    });
    if !is_signed {
        return Err(Refusal::SignatureWrong);
    }
    match (signed_at, &rule.timestamp) {
        (Some(at), Some(time)) => {
            let distance = at.as_micros().abs_diff(now.as_micros());
            let is_near = distance <= u64::from(time.tolerance_seconds) * 1_000_000;
            if is_near { Ok(()) } else { Err(Refusal::TimestampOutside) }
        }
        _ => Ok(()),
    }
}

fn tag(algorithm: HmacAlgorithm, key: &[u8], content: &[Cow<'_, [u8]>]) -> aws_lc_rs::hmac::Tag {
    let algorithm = match algorithm {
        HmacAlgorithm::Sha1 => HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        HmacAlgorithm::Sha256 => HMAC_SHA256,
        HmacAlgorithm::Sha512 => HMAC_SHA512,
    };
    let mut context = Context::with_key(&Key::new(algorithm, key));
    content.iter().for_each(|piece| context.update(piece));
    context.sign()
}

/// Returns the value of a header or query parameter.
pub(super) fn value<'d>(source: &ValueSource, delivery: &'d Delivery<'_>) -> Result<Option<&'d str>, Refusal> {
    match source {
        ValueSource::Header(name) => delivery.header(name).map_err(|NotSingle| Refusal::SignatureMalformed),
        ValueSource::Query(name) => Ok(delivery.query(name)),
    }
}

/// Returns what the provider hashed.
fn content<'d>(
    rule: &'d HmacVerification,
    signature: &'d str,
    delivery: &'d Delivery<'_>,
) -> Result<Vec<Cow<'d, [u8]>>, Refusal> {
    let text = |text: Option<&'d str>| text.map(|text| Cow::Borrowed(text.as_bytes())).ok_or(Refusal::SignatureMissing);
    let piece = |piece: &'d ContentPiece| match piece {
        ContentPiece::Text(literal) => Ok(Cow::Borrowed(literal.as_bytes())),
        ContentPiece::Header(name) => text(delivery.header(name).map_err(|NotSingle| Refusal::SignatureMalformed)?),
        ContentPiece::Query(name) => text(delivery.query(name)),
        ContentPiece::Pick(key) => pick(signature, &rule.signature, key).map(|text| Cow::Borrowed(text.as_bytes())),
        ContentPiece::Method => Ok(Cow::Borrowed(delivery.request.method.as_str().as_bytes())),
        ContentPiece::Url if rule.url_decode => Ok(Cow::Owned(decoded(&delivery.request.url).into_bytes())),
        ContentPiece::Url => Ok(Cow::Borrowed(delivery.request.url.as_bytes())),
        ContentPiece::Body => Ok(Cow::Borrowed(&delivery.request.body[..])),
    };
    rule.content.iter().map(piece).collect()
}

/// Decodes the escapes of [`DECODED`], in any case, and no others.
fn decoded(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let escape = rest.get(at..at + 3);
        let known = escape.and_then(|escape| DECODED.iter().find(|(known, _)| known.eq_ignore_ascii_case(escape)));
        match known {
            Some((escape, character)) => {
                out.push(*character);
                rest = &rest[at + escape.len()..];
            }
            None => {
                out.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Returns the time at which the request was signed.
fn signed_at(
    time: &TimestampRule,
    rule: &HmacVerification,
    signature: &str,
    delivery: &Delivery<'_>,
) -> Result<Timestamp, Refusal> {
    let text = match &time.source {
        TimestampSource::Header(name) => {
            delivery.header(name).map_err(|NotSingle| Refusal::SignatureMalformed)?.ok_or(Refusal::SignatureMissing)?
        }
        TimestampSource::Pick(key) => pick(signature, &rule.signature, key)?,
    };
    let whole = |unit: i64| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<i64>().ok().filter(|_| is_number)?;
        number.checked_mul(unit).map(Timestamp::from_micros)
    };
    let at = match time.format {
        TimestampFormat::Seconds => whole(1_000_000),
        TimestampFormat::Millis => whole(1_000),
        TimestampFormat::Iso => text.parse().ok(),
    };
    at.ok_or(Refusal::SignatureMalformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_declared_escapes_of_a_url_are_decoded() {
        let url = "https://a.example/x%2fy%20z?at=12%3A30%2C&mail=a%40b.example&half=%2&percent=%25%";
        let expected = "https://a.example/x/y%20z?at=12:30,&mail=a@b.example&half=%2&percent=%25%";
        assert_eq!(decoded(url), expected);
    }
}
