//! Signs requests with OAuth 1.0a (RFC 5849, section 3). The signature covers the method, the URL and the parameters.
//!
//! Servers accept a nonce only once (section 3.3), so that a signed request is never retried.

use aws_lc_rs::{rand::SystemRandom, signature::RSA_PKCS1_SHA256};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderValue, header};
use patchbay_connector::definition::{HmacAlgorithm, OAuth1Method};
use patchbay_egress::OutboundRequest;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::{mac, percent_encode};
use crate::private_keys;

/// The client and token credentials of a signature (RFC 5849, section 1.1).
pub(super) struct OAuth1Credentials {
    pub(super) method: OAuth1Method,
    pub(super) realm: Option<String>,
    pub(super) consumer_key: String,
    /// The consumer's secret, or its private key if the method is RSA.
    pub(super) consumer_secret: Zeroizing<String>,
    /// The token; `None` in the request for temporary credentials.
    pub(super) token: Option<String>,
    pub(super) token_secret: Zeroizing<String>,
    /// An additional protocol parameter (`oauth_callback`, `oauth_verifier`): name and value.
    pub(super) extra_parameter: Option<(&'static str, String)>,
}

/// The reason for which a request was not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OAuth1Error {
    /// The private key is not valid, or cannot sign.
    Key,
    /// A value contains a character that headers do not allow.
    Header,
}

type SignaturePairs = Vec<(String, String)>;

/// Signs a request at `now` (seconds since 1970) with a nonce that was never used.
///
/// # Errors
///
/// [`OAuth1Error::Key`] or [`OAuth1Error::Header`].
pub(super) fn sign(
    keys: &OAuth1Credentials,
    request: &mut OutboundRequest,
    now: i64,
    nonce: &str,
) -> Result<(), OAuth1Error> {
    let mut parameters: SignaturePairs = vec![
        ("oauth_consumer_key".to_owned(), keys.consumer_key.clone()),
        ("oauth_nonce".to_owned(), nonce.to_owned()),
        ("oauth_signature_method".to_owned(), keys.method.as_str().to_owned()),
        ("oauth_timestamp".to_owned(), now.to_string()),
    ];
    parameters.extend(keys.token.clone().map(|token| ("oauth_token".to_owned(), token)));
    parameters.push(("oauth_version".to_owned(), "1.0".to_owned()));
    parameters.extend(keys.extra_parameter.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let mut all = parameters.clone();
    all.extend(request.url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())));
    all.extend(form_parameters(request));
    let text = base_string(request.method.as_str(), &request.url, &all);
    parameters.push(("oauth_signature".to_owned(), signature(keys, &text)?));
    let realm = keys.realm.as_ref().map(|realm| format!("realm=\"{}\"", percent_encode(realm)));
    let parameters = parameters.iter().map(|(name, value)| format!("{name}=\"{}\"", percent_encode(value)));
    let value = format!("OAuth {}", realm.into_iter().chain(parameters).collect::<Vec<_>>().join(", "));
    let mut value = HeaderValue::try_from(value).map_err(|_| OAuth1Error::Header)?;
    value.set_sensitive(true);
    request.headers.insert(header::AUTHORIZATION, value);
    request.idempotent = false;
    Ok(())
}

/// Returns the parameters of a form body (section 3.4.1.3.1).
fn form_parameters(request: &OutboundRequest) -> SignaturePairs {
    let kind = request.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Vec::new();
    }
    form_urlencoded::parse(&request.body).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Returns the signature base string (section 3.4.1).
fn base_string(method: &str, url: &Url, parameters: &[(String, String)]) -> String {
    let base_uri = format!("{}{}", url.origin().ascii_serialization(), url.path());
    let mut pairs =
        parameters.iter().map(|(name, value)| (percent_encode(name), percent_encode(value))).collect::<Vec<_>>();
    pairs.sort();
    let pairs = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    format!("{method}&{}&{}", percent_encode(&base_uri), percent_encode(&pairs))
}

/// Returns the signature of a base string (sections 3.4.2 and 3.4.3).
fn signature(keys: &OAuth1Credentials, text: &str) -> Result<String, OAuth1Error> {
    let secret =
        || Zeroizing::new(format!("{}&{}", percent_encode(&keys.consumer_secret), percent_encode(&keys.token_secret)));
    let by = |algorithm| mac(algorithm, secret().as_bytes(), text.as_bytes());
    let bytes = match keys.method {
        OAuth1Method::HmacSha1 => by(HmacAlgorithm::Sha1),
        OAuth1Method::HmacSha256 => by(HmacAlgorithm::Sha256),
        OAuth1Method::HmacSha512 => by(HmacAlgorithm::Sha512),
        OAuth1Method::RsaSha256 => {
            let pair = private_keys::rsa(&keys.consumer_secret).ok_or(OAuth1Error::Key)?;
            let mut value = vec![0; pair.public_modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut value)
                .map_err(|_| OAuth1Error::Key)?;
            value
        }
    };
    Ok(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    use super::*;

    fn keys(method: OAuth1Method) -> OAuth1Credentials {
        OAuth1Credentials {
            method,
            realm: None,
            consumer_key: "dpf43f3p2l4k3l03".to_owned(),
            consumer_secret: "kd94hf93k423kf44".to_owned().into(),
            token: Some("nnch734d00sl2jdk".to_owned()),
            token_secret: "pfkkdhi9sl3r4s00".to_owned().into(),
            extra_parameter: None,
        }
    }

    fn request(method: Method, url: &str, body: &'static str) -> OutboundRequest {
        let mut headers = HeaderMap::new();
        if !body.is_empty() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        }
        let (url, body) = (Url::parse(url).unwrap(), Bytes::from_static(body.as_bytes()));
        OutboundRequest { method, url, headers, body, idempotent: true, certificate: None }
    }

    fn pairs(pairs: &[(&str, &str)]) -> SignaturePairs {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// RFC 5849, section 1.2: the request for the photo.
    #[test]
    fn the_request_of_the_standards_example() {
        let parameters = pairs(&[
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "nnch734d00sl2jdk"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131202"),
            ("oauth_nonce", "chapoH"),
            ("file", "vacation.jpg"),
            ("size", "original"),
        ]);
        let url = Url::parse("http://photos.example.net/photos?file=vacation.jpg&size=original").unwrap();
        let text = base_string("GET", &url, &parameters);
        assert_eq!(signature(&keys(OAuth1Method::HmacSha1), &text).unwrap(), "MdpQcU8iPSUjWoN/UDMsK2sui9I=");
    }

    /// RFC 5849, section 3.4.1.1, with a form, repeated names and encoded characters.
    #[test]
    fn the_base_string_of_the_standards_example() {
        let request =
            request(Method::POST, "http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", "c2&a3=2+q");
        let mut parameters = pairs(&[
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
        ]);
        parameters.extend(request.url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())));
        parameters.extend(form_parameters(&request));
        let expected = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7";
        assert_eq!(base_string("POST", &request.url, &parameters), expected);
    }

    /// Signatures of `oauthlib` (Python) for the same requests.
    #[test]
    fn signatures_equal_those_of_oauthlib() {
        let url = "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/query/v1/suiteql?limit=5&q=a%20b%2Bc%2F%C3%A9%27";
        for (method, body, expected) in VECTORS {
            let mut request = request(Method::POST, url, body);
            let secret = match method {
                OAuth1Method::RsaSha256 => private_keys::testing::RSA.to_owned(),
                _ => "secret of & consumer".to_owned(),
            };
            let keys = OAuth1Credentials {
                realm: Some("1234567_SB1".to_owned()),
                consumer_secret: secret.into(),
                ..keys(*method)
            };
            sign(&keys, &mut request, 1_768_473_000, "0123456789abcdef").unwrap();
            let value = request.headers[header::AUTHORIZATION].to_str().unwrap();
            assert!(
                value.starts_with("OAuth realm=\"1234567_SB1\", oauth_consumer_key=\"dpf43f3p2l4k3l03\", "),
                "{value}"
            );
            let found = value.split("oauth_signature=\"").nth(1).unwrap().trim_end_matches('"');
            assert_eq!(found, percent_encode(expected), "{}", method.as_str());
            assert!(!request.idempotent, "servers accept a nonce only once");
        }
    }

    const VECTORS: &[(OAuth1Method, &str, &str)] = &[
        (OAuth1Method::HmacSha1, "", "hcf+Rjv5cIAQ5zDKR/EHxENrsiU="),
        (OAuth1Method::HmacSha1, "name=J%C3%B6rg+Smith&limit=5&empty=", "Gxy2b+AdDyPQRA3NSMABig2nhr4="),
        (OAuth1Method::HmacSha256, "", "uK9JbINPv8XRifIMRcuL5ysg1CMzi6QOGyLdC4x3M6k="),
        (
            OAuth1Method::HmacSha256,
            "name=J%C3%B6rg+Smith&limit=5&empty=",
            "/Y1FLzgR8JaI/Csemrl/SBHHcIQMHrkPEA2HtvLkoqA=",
        ),
        (
            OAuth1Method::HmacSha512,
            "",
            "yhZVw3eNR6WJYsS/nQ4fV2fC2ZNdCm3N8jCyBNLim+BvcBKvpF7Sc/xSAjvrCyzRfpSvG4kvkyYpOPU44maU4g==",
        ),
        (
            OAuth1Method::HmacSha512,
            "name=J%C3%B6rg+Smith&limit=5&empty=",
            "Z9nfjw+60KFkbiIbQCfbvTPcCfHBhomzhZeTO8wzesCErZXHxOiOjVzIR+WjpR5KCDAt9YOMjqgaQOLRF3+HTg==",
        ),
        (
            OAuth1Method::RsaSha256,
            "",
            "HeoRWI4sFDA6TX0ZNeF4MC0kLd4zEMTSOy59An1D/1kmHrPrF+VrOTkwXrBUFNgavSYZONKUkFK8llOJPP7dyL/x7Mmik1T8xhy5i/UUFcXwQYjq9sLZPqYiONzwOI2/Okn0OOUMO3P9kJtGw/0U5Von+YagxaAyrDd29yLUTRbUpvAIYH2KbX/xgCeJr1z8Y/BjCb3ee5HM0jdJ8Q2YfWx5gKoOnfoExLIvFM475s/4w/AHEEeMdF3elFZe93IwFkNGWabXzOfL5PCyMPgED2wkZBaoxEWiIEFwGhZniosHxDGP9coB9exqK645d3iSyt+uy2Q4k4dlcyBOpr7fBw==",
        ),
        (
            OAuth1Method::RsaSha256,
            "name=J%C3%B6rg+Smith&limit=5&empty=",
            "kAnecJKj3SYuos2h7Vxw8ne8hB3zYiqKUAcU23HATVICia6IXN2W64CCf0eOBl38yiSqS2SSERbq3O88C65BiIUsL32dXyUtxT9uYEk099Bci1laRkN0zrxRLfbLkhPRFleaRas3Fo0/1zysFoSfSK8VDJDX3bMnz39KePHc28hr/JIvajwjX0wYyn248odnl/NqJXo5RXq2ivNsd0HS1/CHoQcZNYbRyzk6iah8Sfal2x5yPw14pOux5fXn6hfgB6vMQ0MzWxsLHq/3H+Krh08UiE4eLVWepry7bNBQeQj/LG4s4CKMk6CROJX0c0NgwNmh1BipiXHkd04gO+jEEw==",
        ),
    ];

    #[test]
    fn a_request_without_a_token_has_no_token_parameter() {
        let keys =
            OAuth1Credentials { token: None, token_secret: Zeroizing::default(), ..keys(OAuth1Method::HmacSha1) };
        let mut request = request(Method::POST, "https://provider.example/request_token", "");
        sign(&keys, &mut request, 1, "n").unwrap();
        assert!(!request.headers[header::AUTHORIZATION].to_str().unwrap().contains("oauth_token"));
    }

    /// RFC 5849, section 1.2: the requests for temporary and for token credentials.
    #[test]
    fn the_handshake_of_the_standards_example() {
        let parameters = pairs(&[
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131200"),
            ("oauth_nonce", "wIjqoS"),
            ("oauth_callback", "http://printer.example.com/ready"),
        ]);
        let text = base_string("POST", &Url::parse("https://photos.example.net/initiate").unwrap(), &parameters);
        let keys =
            OAuth1Credentials { token: None, token_secret: Zeroizing::default(), ..keys(OAuth1Method::HmacSha1) };
        assert_eq!(signature(&keys, &text).unwrap(), "74KNZJeDHnMBp0EMJ9ZHt/XKycU=");
        let parameters = pairs(&[
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "hh5s93j4hdidpola"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "walatlh"),
            ("oauth_verifier", "hfdp7dh39dks9884"),
        ]);
        let text = base_string("POST", &Url::parse("https://photos.example.net/token").unwrap(), &parameters);
        let keys = OAuth1Credentials { token_secret: "hdhd0244k9j7ao03".to_owned().into(), ..keys };
        assert_eq!(signature(&keys, &text).unwrap(), "gKgrFCywp7rO0OXSjdot/IHF7IU=");
    }

    #[test]
    fn an_extra_parameter_is_signed_and_sent() {
        let callback = "https://patchbay.example/connect/oauth2/x/callback?state=a b".to_owned();
        let keys =
            OAuth1Credentials { extra_parameter: Some(("oauth_callback", callback)), ..keys(OAuth1Method::HmacSha1) };
        let sent = |keys: &OAuth1Credentials| {
            let mut request = request(Method::POST, "https://provider.example/request_token", "");
            sign(keys, &mut request, 1, "n").unwrap();
            request.headers[header::AUTHORIZATION].to_str().unwrap().to_owned()
        };
        let with = sent(&keys);
        let escaped =
            "oauth_callback=\"https%3A%2F%2Fpatchbay.example%2Fconnect%2Foauth2%2Fx%2Fcallback%3Fstate%3Da%20b\"";
        assert!(with.contains(escaped), "{with}");
        let without = sent(&OAuth1Credentials { extra_parameter: None, ..keys });
        let signature = |value: &str| value.split("oauth_signature=").nth(1).unwrap().to_owned();
        assert_ne!(signature(&with), signature(&without));
    }

    #[test]
    fn an_invalid_private_key_is_rejected() {
        let mut request = request(Method::GET, "https://provider.example/", "");
        assert_eq!(sign(&keys(OAuth1Method::RsaSha256), &mut request, 1, "n"), Err(OAuth1Error::Key));
    }
}
