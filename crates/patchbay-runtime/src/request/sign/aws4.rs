//! Signs requests with AWS Signature Version 4
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).

use http::{HeaderName, HeaderValue, header};
use patchbay_connector::definition::HmacAlgorithm;
use patchbay_egress::OutboundRequest;
use patchbay_model::Timestamp;
use url::Url;

use super::{hex, mac, percent_encode, sha256};

/// The credentials and the scope of a signature.
pub(super) struct AwsCredentials {
    pub(super) id: String,
    pub(super) secret: String,
    /// The session token of temporary credentials.
    pub(super) session_token: Option<String>,
    pub(super) region: String,
    pub(super) service: String,
}

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Signs a request: its method, path, query, host, `x-amz-*` headers, content type and body. Returns `None` if a
/// credential contains a character that headers do not allow.
pub(super) fn sign(keys: &AwsCredentials, request: &mut OutboundRequest, now: Timestamp) -> Option<()> {
    let timestamp = now.to_rfc3339();
    // 2026-01-15T10:30:00.000Z as 20260115T103000Z.
    let stamp: String = timestamp.chars().take(19).filter(|c| !matches!(c, '-' | ':')).chain(['Z']).collect();
    let day = &stamp[..8];
    let body = sha256(&request.body);
    request.headers.insert(DATE, HeaderValue::from_str(&stamp).ok()?);
    if keys.service == "s3" {
        request.headers.insert(CONTENT_SHA256, HeaderValue::from_str(&body).ok()?);
    }
    if let Some(session) = &keys.session_token {
        let mut value = HeaderValue::from_str(session).ok()?;
        value.set_sensitive(true);
        request.headers.insert(SECURITY_TOKEN, value);
    }
    let mut signed_headers = vec![("host".to_owned(), host_header(&request.url)?)];
    for (name, value) in &request.headers {
        if name.as_str().starts_with("x-amz-") || name == header::CONTENT_TYPE {
            let value = value.to_str().ok()?.split_whitespace().collect::<Vec<_>>().join(" ");
            signed_headers.push((name.as_str().to_owned(), value));
        }
    }
    signed_headers.sort();
    let names = signed_headers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let lines: String = signed_headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let canonical = format!(
        "{}\n{}\n{}\n{lines}\n{names}\n{body}",
        request.method,
        canonical_path(&request.url, keys.service != "s3"),
        canonical_query(&request.url)
    );
    let scope = format!("{day}/{}/{}/aws4_request", keys.region, keys.service);
    let to_sign = format!("AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let mut key = format!("AWS4{}", keys.secret).into_bytes();
    for part in [day, &keys.region, &keys.service, "aws4_request"] {
        key = mac(HmacAlgorithm::Sha256, &key, part.as_bytes());
    }
    let signature = hex(&mac(HmacAlgorithm::Sha256, &key, to_sign.as_bytes()));
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", keys.id);
    let mut authorization = HeaderValue::try_from(authorization).ok()?;
    authorization.set_sensitive(true);
    request.headers.insert(header::AUTHORIZATION, authorization);
    Some(())
}

/// Returns the value of the `Host` header.
fn host_header(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Returns the canonical path. Its segments are encoded once, and a second time (`twice`) for every service but S3.
fn canonical_path(url: &Url, twice: bool) -> String {
    let sent = url.path();
    if !twice {
        return sent.to_owned();
    }
    sent.split('/').map(percent_encode).collect::<Vec<_>>().join("/")
}

/// Returns the canonical query: sorted by name and value, encoded by RFC 3986, section 2.1.
fn canonical_query(url: &Url) -> String {
    let mut pairs =
        url.query_pairs().map(|(name, value)| (percent_encode(&name), percent_encode(&value))).collect::<Vec<_>>();
    pairs.sort();
    pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    use super::*;

    fn request(method: Method, url: &str) -> OutboundRequest {
        let url = Url::parse(url).unwrap();
        OutboundRequest {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            idempotent: false,
            certificate: None,
        }
    }

    fn keys(service: &str) -> AwsCredentials {
        AwsCredentials {
            id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
            region: "us-east-1".to_owned(),
            service: service.to_owned(),
        }
    }

    fn signature(keys: &AwsCredentials, request: &mut OutboundRequest, now: &str) -> String {
        sign(keys, request, now.parse().unwrap()).unwrap();
        request.headers[header::AUTHORIZATION].to_str().unwrap().rsplit('=').next().unwrap().to_owned()
    }

    /// Cases of AWS's test suite (`aws-sig-v4-test-suite`): 30 August 2015, 12:36.
    #[test]
    fn the_cases_of_the_aws_test_suite() {
        const NOW: &str = "2015-08-30T12:36:00Z";
        for (method, url, expected) in [
            (
                Method::GET,
                "https://example.amazonaws.com/",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                Method::GET,
                "https://example.amazonaws.com/?Param2=value2&Param1=value1",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                Method::POST,
                "https://example.amazonaws.com/",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
        ] {
            assert_eq!(signature(&keys("service"), &mut request(method.clone(), url), NOW), expected, "{method} {url}");
        }
    }

    /// The example of the S3 documentation: `GET Bucket (List Objects)`.
    #[test]
    fn the_example_of_s3() {
        let keys = AwsCredentials {
            id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            ..keys("s3")
        };
        let mut request = request(Method::GET, "https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J");
        let signature = signature(&keys, &mut request, "2013-05-24T00:00:00Z");
        assert_eq!(signature, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    }

    #[test]
    fn temporary_credentials_send_their_session_token() {
        let keys = AwsCredentials { session_token: Some("session-token".to_owned()), ..keys("sts") };
        let mut request = request(Method::GET, "https://sts.amazonaws.com/");
        sign(&keys, &mut request, "2015-08-30T12:36:00Z".parse().unwrap()).unwrap();
        assert_eq!(request.headers["x-amz-security-token"], "session-token");
        let authorization = request.headers[header::AUTHORIZATION].to_str().unwrap();
        assert!(authorization.contains("SignedHeaders=host;x-amz-date;x-amz-security-token"), "{authorization}");
        let broken = AwsCredentials { session_token: Some("a\nb".to_owned()), ..keys };
        assert!(sign(&broken, &mut request, "2015-08-30T12:36:00Z".parse().unwrap()).is_none());
    }
}
