//! Verifies the signature of a request (RFC 5849, sections 3.2 to 3.4).

use std::fmt::Write as _;

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, Method, Uri, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use url::form_urlencoded;

pub(super) type Pairs = Vec<(String, String)>;

/// A parsed signed request.
pub(super) struct Signed {
    /// The protocol parameters in the header.
    pub(super) protocol: Pairs,
    /// All signed parameters, without `realm` and the signature.
    covered: Pairs,
    method: String,
    path: String,
}

impl Signed {
    /// Parses a request. Returns `None` if it has no `OAuth` authorization header.
    pub(super) fn read(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let proof = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let protocol = proof.strip_prefix("OAuth ")?.split(',').filter_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            Some((decoded(name)?, decoded(value.strip_prefix('"')?.strip_suffix('"')?)?))
        });
        let protocol = protocol.filter(|(name, _)| name != "realm").collect::<Pairs>();
        let mut covered = protocol.iter().filter(|(name, _)| name != "oauth_signature").cloned().collect::<Pairs>();
        let form = |bytes: &[u8]| form_urlencoded::parse(bytes).into_owned().collect::<Pairs>();
        covered.extend(form(uri.query().unwrap_or_default().as_bytes()));
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("application/x-www-form-urlencoded") {
            covered.extend(form(body));
        }
        Some(Self { protocol, covered, method: method.as_str().to_owned(), path: uri.path().to_owned() })
    }

    /// Returns a protocol parameter. Returns `None` if it is missing or duplicated.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.protocol.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        match (found.next(), found.next()) {
            (Some(value), None) => Some(value),
            _ => None,
        }
    }

    /// Returns true if the signature is valid for these secrets and this URL.
    pub(super) fn is_by(&self, base_url: &str, consumer_secret: &str, token_secret: &str) -> bool {
        let algorithm = match self.get("oauth_signature_method") {
            Some("HMAC-SHA1") => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Some("HMAC-SHA256") => hmac::HMAC_SHA256,
            Some("HMAC-SHA512") => hmac::HMAC_SHA512,
            _ => return false,
        };
        let key = format!("{}&{}", encoded(consumer_secret), encoded(token_secret));
        let signature = self.get("oauth_signature").and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
        let key = hmac::Key::new(algorithm, key.as_bytes());
        hmac::verify(&key, self.base_string(base_url).as_bytes(), &signature).is_ok()
    }

    /// Returns the signature base string (section 3.4.1.1).
    fn base_string(&self, base_url: &str) -> String {
        let mut pairs = self.covered.iter().map(|(name, value)| (encoded(name), encoded(value))).collect::<Vec<_>>();
        pairs.sort();
        let mut normal = String::new();
        for (name, value) in pairs {
            let separator = if normal.is_empty() { "" } else { "&" };
            let _ = write!(normal, "{separator}{name}={value}");
        }
        let address = format!("{base_url}{}", self.path);
        format!("{}&{}&{}", self.method.to_ascii_uppercase(), encoded(&address), encoded(&normal))
    }
}

/// Percent-encodes a string (section 3.6).
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Percent-decodes a string. Returns `None` if it is not encoded correctly.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &Method, uri: &str, proof: &str, body: &str) -> Signed {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, proof.parse().unwrap());
        headers.insert(header::CONTENT_TYPE, "application/x-www-form-urlencoded".parse().unwrap());
        Signed::read(method, &uri.parse().unwrap(), &headers, body.as_bytes()).unwrap()
    }

    /// RFC 5849, section 1.2: the three requests of the example that are signed by HMAC.
    #[test]
    fn the_example_of_the_rfc_is_verified() {
        let photo = read(
            &Method::GET,
            "/photos?file=vacation.jpg&size=original",
            "OAuth realm=\"Photos\", oauth_consumer_key=\"dpf43f3p2l4k3l03\", oauth_token=\"nnch734d00sl2jdk\", \
             oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"137131202\", oauth_nonce=\"chapoH\", \
             oauth_signature=\"MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D\"",
            "",
        );
        let at = "http://photos.example.net";
        assert!(photo.is_by(at, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00"));
        assert!(!photo.is_by(at, "kd94hf93k423kf44", ""), "the token's secret counts");
        assert!(!photo.is_by("https://photos.example.net", "kd94hf93k423kf44", "pfkkdhi9sl3r4s00"));
        let initiate = read(
            &Method::POST,
            "/initiate",
            "OAuth realm=\"Photos\", oauth_consumer_key=\"dpf43f3p2l4k3l03\", oauth_signature_method=\"HMAC-SHA1\", \
             oauth_timestamp=\"137131200\", oauth_nonce=\"wIjqoS\", \
             oauth_callback=\"http%3A%2F%2Fprinter.example.com%2Fready\", \
             oauth_signature=\"74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D\"",
            "",
        );
        assert!(initiate.is_by("https://photos.example.net", "kd94hf93k423kf44", ""));
        let token = read(
            &Method::POST,
            "/token",
            "OAuth realm=\"Photos\", oauth_consumer_key=\"dpf43f3p2l4k3l03\", oauth_token=\"hh5s93j4hdidpola\", \
             oauth_signature_method=\"HMAC-SHA1\", oauth_timestamp=\"137131201\", oauth_nonce=\"walatlh\", \
             oauth_verifier=\"hfdp7dh39dks9884\", oauth_signature=\"gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D\"",
            "",
        );
        assert!(token.is_by("https://photos.example.net", "kd94hf93k423kf44", "hdhd0244k9j7ao03"));
    }

    #[test]
    fn what_stands_twice_is_not_there() {
        let twice = read(&Method::GET, "/x", "OAuth oauth_nonce=\"a\", oauth_nonce=\"b\", oauth_version=\"1.0\"", "");
        assert_eq!((twice.get("oauth_nonce"), twice.get("oauth_version")), (None, Some("1.0")));
    }
}
