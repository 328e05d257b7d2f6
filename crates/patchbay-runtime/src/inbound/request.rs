//! A request of a provider, and what expressions read of it.

use std::{collections::BTreeMap, sync::OnceLock};

use bytes::Bytes;
use http::{HeaderMap, Method, header};
use patchbay_connector::expr::Template;
use serde_json::{Map, Value, json};

/// The maximum number of parameters of a query or form that are read.
const MAX_PARAMETERS: usize = 1000;

/// A request as received.
#[derive(Clone, Debug)]
pub struct InboundRequest {
    /// The method.
    pub method: Method,
    /// The public URL, with the path and query as received: `https://HOST/webhooks/in/TOKEN?a=%2F`.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The bytes of the body.
    pub body: Bytes,
}

/// A request with what expressions read of it: `body`, `headers`, `query`, `path`, `method` and `url`.
///
/// - `headers` has the names in lower case; a repeated header is joined with `, `.
/// - `query` has decoded values, the first of each name.
/// - `url` is the public URL without the query.
/// - `body` is the value of JSON, an object of strings for a form (`application/x-www-form-urlencoded`), otherwise the text.
///   It is read when an expression first needs it.
#[derive(Debug)]
pub struct Delivery<'r> {
    /// The request.
    pub request: &'r InboundRequest,
    headers: Value,
    query: Value,
    path: Value,
    method: Value,
    url: Value,
    body: OnceLock<Value>,
}

impl<'r> Delivery<'r> {
    /// Reads the request, except the body.
    pub fn new(request: &'r InboundRequest) -> Self {
        let (url, query) = request.url.split_once('?').unwrap_or((&request.url, ""));
        let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
        let mut headers: BTreeMap<&str, String> = BTreeMap::new();
        for (name, value) in &request.headers {
            let Ok(value) = value.to_str() else { continue };
            let known = headers.entry(name.as_str()).or_default();
            if !known.is_empty() {
                known.push_str(", ");
            }
            known.push_str(value);
        }
        Self {
            request,
            headers: Value::Object(
                headers.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect(),
            ),
            query: parameters(query.as_bytes()),
            path: json!(path),
            method: json!(request.method.as_str()),
            url: json!(url),
            body: OnceLock::new(),
        }
    }

    /// Returns the body as expressions read it.
    pub fn body(&self) -> &Value {
        self.body.get_or_init(|| {
            let kind = self.request.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
            let kind = kind.unwrap_or_default().to_ascii_lowercase();
            let bytes = &self.request.body;
            if kind.starts_with("application/x-www-form-urlencoded") {
                return parameters(bytes);
            }
            serde_json::from_slice(bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
        })
    }

    /// Returns the only value of a header; an error if it is repeated or not text, `None` if it is absent.
    pub(super) fn header(&self, name: &str) -> Result<Option<&str>, NotSingle> {
        let mut values = self.request.headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(only), None) => only.to_str().map(Some).map_err(|_| NotSingle),
            (Some(_), Some(_)) => Err(NotSingle),
        }
    }

    /// Returns the first value of a query parameter, decoded.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name)?.as_str()
    }

    /// Returns what expressions read; `body` has a value if a template reads it.
    pub(super) fn roots<'a>(&'a self, templates: &[&Template]) -> Vec<(&'a str, &'a Value)> {
        let reads_body = |template: &&Template| template.references().iter().any(|(root, _)| root == "body");
        let mut roots = self.roots_without_body();
        if templates.iter().any(reads_body) {
            roots.push(("body", self.body()));
        }
        roots
    }

    /// Returns what expressions read, without the body.
    pub(super) fn roots_without_body(&self) -> Vec<(&str, &Value)> {
        vec![
            ("headers", &self.headers),
            ("query", &self.query),
            ("path", &self.path),
            ("method", &self.method),
            ("url", &self.url),
        ]
    }
}

/// The error of a header that must be there once.
#[derive(Debug)]
pub(super) struct NotSingle;

/// Returns the parameters of a query or form, decoded; the first of each name.
fn parameters(encoded: &[u8]) -> Value {
    let mut found = Map::new();
    for (name, value) in url::form_urlencoded::parse(encoded).take(MAX_PARAMETERS) {
        if !name.is_empty() && !found.contains_key(&*name) {
            found.insert(name.into_owned(), Value::String(value.into_owned()));
        }
    }
    Value::Object(found)
}
