//! Signs requests with an HMAC (RFC 2104). The signed text has one line each for the method, the host (optional), the
//! path with its query, the date, and the SHA-256 of the body in hexadecimal digits (optional).

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, header};
use jiff::fmt::rfc2822;
use patchbay_connector::definition::HmacAlgorithm;
use patchbay_egress::OutboundRequest;
use patchbay_model::Timestamp;

use super::{hex, mac};

/// The parts that are signed, and the header of the signature.
pub(super) struct HmacRule<'a> {
    pub(super) algorithm: HmacAlgorithm,
    pub(super) header: Option<&'a str>,
    pub(super) prefix: &'a str,
    pub(super) rfc2822_date: bool,
    pub(super) include_host: bool,
    pub(super) include_body_hash: bool,
    /// The user name, if the signature is the password of Basic authentication.
    pub(super) username: Option<String>,
    pub(super) secret: String,
}

/// Signs a request and sets its `Date` header. Returns `None` if a value contains a character that headers do not allow.
pub(super) fn sign(rule: &HmacRule<'_>, request: &mut OutboundRequest, now: Timestamp) -> Option<()> {
    let date = if rule.rfc2822_date {
        let timestamp = jiff::Timestamp::from_microsecond(now.as_micros()).ok()?;
        rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&timestamp).ok()?
    } else {
        now.to_rfc3339()
    };
    let url = &request.url;
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let host = rule.include_host.then(|| url.host_str().unwrap_or_default().to_owned());
    let body = rule.include_body_hash.then(|| hex(digest(&SHA256, &request.body).as_ref()));
    let parts = [Some(request.method.to_string()), host, Some(target), Some(date.clone()), body];
    let to_sign = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
    let signature = STANDARD.encode(mac(rule.algorithm, rule.secret.as_bytes(), to_sign.as_bytes()));
    let (name, value) = match &rule.username {
        Some(username) => {
            (header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(format!("{username}:{signature}"))))
        }
        None => {
            let name = HeaderName::try_from(rule.header.unwrap_or("authorization")).ok()?;
            (name, format!("{}{signature}", rule.prefix))
        }
    };
    let mut value = HeaderValue::try_from(value).ok()?;
    value.set_sensitive(true);
    request.headers.insert(name, value);
    request.headers.insert(header::DATE, HeaderValue::try_from(date).ok()?);
    Some(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method};
    use url::Url;

    use super::*;

    fn signed(change: impl FnOnce(&mut HmacRule<'_>)) -> HeaderMap {
        let mut rule = HmacRule {
            algorithm: HmacAlgorithm::Sha256,
            header: Some("x-signature"),
            prefix: "v1=",
            rfc2822_date: false,
            include_host: false,
            include_body_hash: false,
            username: None,
            secret: "key".to_owned(),
        };
        change(&mut rule);
        let mut request = OutboundRequest {
            method: Method::POST,
            url: Url::parse("https://api.example.com/v1/things?a=b").unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(b"{}"),
            idempotent: false,
            certificate: None,
        };
        sign(&rule, &mut request, "2026-01-15T10:30:00Z".parse().unwrap()).unwrap();
        request.headers
    }

    fn expected(algorithm: HmacAlgorithm, text: &str) -> String {
        STANDARD.encode(mac(algorithm, b"key", text.as_bytes()))
    }

    #[test]
    fn the_declared_parts_are_signed() {
        let plain = signed(|_| {});
        let text = "POST\n/v1/things?a=b\n2026-01-15T10:30:00.000Z";
        assert_eq!(plain["x-signature"], format!("v1={}", expected(HmacAlgorithm::Sha256, text)));
        assert_eq!(plain["date"], "2026-01-15T10:30:00.000Z");

        let whole = signed(|rule| (rule.include_host, rule.include_body_hash, rule.rfc2822_date) = (true, true, true));
        let body = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        let date = "Thu, 15 Jan 2026 10:30:00 GMT";
        let text = format!("POST\napi.example.com\n/v1/things?a=b\n{date}\n{body}");
        assert_eq!(whole["x-signature"], format!("v1={}", expected(HmacAlgorithm::Sha256, &text)));
        assert_eq!(whole["date"], date);
    }

    #[test]
    fn every_algorithm_and_header_works() {
        let text = "POST\n/v1/things?a=b\n2026-01-15T10:30:00.000Z";
        for algorithm in [HmacAlgorithm::Sha1, HmacAlgorithm::Sha512] {
            let headers = signed(|rule| rule.algorithm = algorithm);
            assert_eq!(headers["x-signature"], format!("v1={}", expected(algorithm, text)));
        }
        let basic = signed(|rule| rule.username = Some("me".to_owned()));
        let pair = format!("me:{}", expected(HmacAlgorithm::Sha256, text));
        assert_eq!(basic["authorization"], format!("Basic {}", STANDARD.encode(pair)));
        let own = signed(|rule| (rule.header, rule.prefix) = (None, "HMAC "));
        assert!(own["authorization"].to_str().unwrap().starts_with("HMAC "));
    }

    /// RFC 2202 and RFC 4231, test case 2.
    #[test]
    fn the_algorithms_are_those_of_the_standards() {
        let text = b"what do ya want for nothing?";
        for (algorithm, digits) in [
            (HmacAlgorithm::Sha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (HmacAlgorithm::Sha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        ] {
            assert_eq!(hex(&mac(algorithm, b"Jefe", text)), digits);
        }
    }
}
