//! Encodes the body of a raw request in the form that its content type declares.
//!
//! | Content type | A string | An object | Another value |
//! |---|---|---|---|
//! | none, or one with `json` | JSON | JSON | JSON |
//! | `application/x-www-form-urlencoded` | as it is | form-encoded | error |
//! | `multipart/form-data` | as it is | a field per member, with a new boundary | error |
//! | another | as it is | error for text and XML, otherwise JSON | a list as an object; JSON |
//!
//! A string under a type of JSON lines (`application/x-ndjson`) is sent as it is too: it is not one JSON value.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
use patchbay_connector::definition::ArrayFormat;
use patchbay_egress::content_type;
use patchbay_model::Entropy;
use serde_json::Value;

use super::{args::write_pairs, form::form_encoded, multipart::MultipartForm};
use crate::{Error, ErrorCode, Problem};

/// Types whose content is a sequence of JSON values, or something else than one JSON value, despite their name.
const JSON_SEQUENCES: [&str; 7] =
    ["ndjson", "jsonl", "jsonlines", "json-lines", "json-seq", "jsonlines+json", "json-stream"];

/// Returns the bytes of a JSON body in the form that the content type declares. Sets the content type if there is none, and
/// the boundary of a form that is encoded here.
///
/// # Errors
///
/// 400 `ValidationError` if the content type cannot express the value.
pub fn declared_body(json: Bytes, headers: &mut HeaderMap, entropy: &dyn Entropy) -> Result<Bytes, Error> {
    let media_type = content_type(headers).media_type;
    let subtype = media_type.split_once('/').map_or("", |(_, subtype)| subtype);
    let is_sequence = JSON_SEQUENCES.contains(&subtype.trim_start_matches("x-"));
    if media_type.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    // JSON is sent byte for byte.
    if media_type.is_empty() || (subtype.contains("json") && !is_sequence) {
        return Ok(json);
    }
    let parse = || serde_json::from_slice::<Value>(&json).map_err(|_| invalid("`body` is not valid JSON"));
    let is_xml = subtype == "xml" || subtype.ends_with("+xml");
    match json.trim_ascii_start().first() {
        Some(b'"') => match parse()? {
            Value::String(text) => Ok(text.into()),
            _ => Ok(json),
        },
        Some(b'{') if media_type == "application/x-www-form-urlencoded" => Ok(form_encoded(&pairs(&parse()?)).into()),
        Some(b'{') if media_type == "multipart/form-data" => {
            let mut form = MultipartForm::new(format!("patchbay-{}", entropy.token()));
            pairs(&parse()?).iter().for_each(|(name, value)| form.field(name, None, value));
            let (content_type, body) = form.finish();
            let content_type = HeaderValue::try_from(content_type).map_err(|_| invalid("the boundary is not valid"))?;
            headers.insert(CONTENT_TYPE, content_type);
            Ok(body.into())
        }
        _ if media_type == "application/x-www-form-urlencoded" || media_type == "multipart/form-data" => {
            Err(invalid(&format!("`body` must be an object or a string, because the content type is {media_type}")))
        }
        Some(b'{' | b'[') if is_xml || media_type.starts_with("text/") || media_type.starts_with("multipart/") => {
            Err(invalid(&format!("`body` must be a string, because the content type is {media_type}")))
        }
        _ => Ok(json),
    }
}

/// Returns the members of an object as pairs of a form. Lists and objects have indexed names, as in a connector.
fn pairs(value: &Value) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        write_pairs(name, value, ArrayFormat::Indexed, &mut pairs);
    }
    pairs
}

fn invalid(message: &str) -> Error {
    let problem = Problem { path: "body".into(), code: "type", message: message.to_owned() };
    Error::new(ErrorCode::Validation, message).with_problems(vec![problem])
}

#[cfg(test)]
mod tests {
    use patchbay_model::testing::SeededEntropy;

    use super::*;

    fn encoded(content_type: &str, json: &str) -> Result<(String, String), Error> {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
        }
        let body = declared_body(Bytes::copy_from_slice(json.as_bytes()), &mut headers, &SeededEntropy::new(1))?;
        let sent = headers[CONTENT_TYPE].to_str().unwrap().to_owned();
        Ok((String::from_utf8(body.to_vec()).unwrap(), sent))
    }

    #[test]
    fn the_content_type_decides_the_form_of_the_body() {
        const FORM: &str = "application/x-www-form-urlencoded";
        for (content_type, json, expected) in [
            ("", r#"{"a": 1.10}"#, r#"{"a": 1.10}"#),
            ("application/json; charset=utf-8", r#""text""#, r#""text""#),
            ("application/merge-patch+json", r#"{"a":null}"#, r#"{"a":null}"#),
            ("application/x-amz-json-1.1", "{}", "{}"),
            ("application/x-ndjson", r#""{\"a\":1}\n{\"a\":2}\n""#, "{\"a\":1}\n{\"a\":2}\n"),
            (
                FORM,
                r#"{"amount": 5, "note": "a b&c", "list": ["x", {"y": true}], "none": null, "exact": 1.50}"#,
                "amount=5&note=a+b%26c&list%5B0%5D=x&list%5B1%5D%5By%5D=true&exact=1.5",
            ),
            ("application/x-www-form-urlencoded; charset=utf-8", r#""a=1&b=c+d""#, "a=1&b=c+d"),
            (FORM, "{}", ""),
            ("text/plain", r#""line\none \u00fc""#, "line\none \u{fc}"),
            ("text/csv", r#""a,b""#, "a,b"),
            ("application/xml", r#""<a/>""#, "<a/>"),
            ("application/graphql", r#""{ viewer { id } }""#, "{ viewer { id } }"),
            ("application/octet-stream", r#"{"a":1}"#, r#"{"a":1}"#),
            ("text/plain", "5", "5"),
        ] {
            let (body, sent) = encoded(content_type, json).unwrap();
            assert_eq!(body, expected, "{content_type} {json}");
            assert_eq!(sent, if content_type.is_empty() { "application/json" } else { content_type });
        }
        for (content_type, json) in
            [(FORM, "[1]"), (FORM, "5"), ("multipart/form-data", "true"), ("text/xml", "{}"), ("text/plain", "[1]")]
        {
            let error = encoded(content_type, json).unwrap_err();
            assert_eq!((error.status(), error.code), (400, ErrorCode::Validation), "{content_type} {json}");
            assert!(error.message.contains(content_type), "{error}");
        }
    }

    #[test]
    fn an_object_becomes_a_multipart_form_with_its_own_boundary() {
        let (body, sent) = encoded("multipart/form-data; boundary=old", r#"{"a":"x","b":["y"]}"#).unwrap();
        let boundary = sent.strip_prefix("multipart/form-data; boundary=").unwrap();
        assert_ne!(boundary, "old");
        let part = |name: &str, value: &str| {
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        assert_eq!(body, format!("{}{}--{boundary}--\r\n", part("a", "x"), part("b[0]", "y")));
        let text = "--old\r\n\r\n--old--\r\n";
        let (body, sent) = encoded("multipart/form-data; boundary=old", &Value::from(text).to_string()).unwrap();
        assert_eq!((body.as_str(), sent.as_str()), (text, "multipart/form-data; boundary=old"));
    }
}
