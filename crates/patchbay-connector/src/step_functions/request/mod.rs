//! `request`: one HTTP request; its parts are shared by all functions that send requests.

mod custom_error;
mod pagination;
mod saml;

pub use custom_error::CustomError;
pub use pagination::{Cursor, NextKeyIn, PageLocation, PageMode, Pagination};
pub use saml::Saml;

pub(super) use pagination::{PAGING_KEYS, paging_schemas, read_cursor, read_pagination};

use serde_json::{Value, json};

use super::{FunctionVersion, StepFunctionType};
use crate::{
    authorization::{self, Authorization},
    diagnostic::code,
    expr::Template,
    http::{self, Arg, Certificates, HttpMethod},
    json_schema::{boolean, choice, list, names, object, reference, whole},
    syntax::{Mapping, Reader},
};

/// The keys of `parameters`.
pub(super) const KEYS: [&str; 13] = [
    "baseUrl",
    "url",
    "method",
    "authorization",
    "args",
    "response",
    "customErrors",
    "encodeQueryParams",
    "cacheTTL",
    "certificates",
    "saml",
    "description",
    "context",
];
/// The keys of `response`, those of downloads and pages among them.
pub(super) const RESPONSE_KEYS: [&str; 11] = [
    "collection",
    "indexField",
    "dataKey",
    "nextKey",
    "nextKeyIn",
    "fileNameKey",
    "contentTypeKey",
    "contentType",
    "contentIsBase64",
    "urlKey",
    "forwardAuth",
];
/// Parameters that carry a file or an envelope; the request is a POST then, unless the file names a method.
const BODY_KEYS: [&str; 4] = ["file", "binaryContent", "soapOperation", "envelope"];

/// An HTTP request (RFC 9110).
#[derive(Debug)]
pub struct RequestSpec {
    /// Replaces the connector's base URL.
    pub base_url: Option<Template>,
    /// A path under the base URL, or a whole URL.
    pub url: Template,
    /// The method.
    pub method: HttpMethod,
    /// Replaces the authentication method's authorization.
    pub authorization: Option<Authorization>,
    /// Body, query parameters and headers.
    pub args: Vec<Arg>,
    /// Where the response contains the data.
    pub response: ResponseSpec,
    /// Statuses that are replaced.
    pub custom_errors: Vec<CustomError>,
    /// Whether query values are percent-encoded; false for providers that do not decode them.
    pub encode_query: bool,
    /// Seconds for which a response to the same request is cached; 0 never caches.
    pub cache_ttl: u64,
    /// The client certificate.
    pub certificates: Option<Certificates>,
    /// A SAML assertion that the request exchanges for a token.
    pub saml: Option<Saml>,
}

/// Where a response contains the data.
#[derive(Debug, Default)]
pub struct ResponseSpec {
    /// Whether a list is expected; any other value becomes a list with one element.
    pub collection: Option<bool>,
    /// The field that contains a record's id.
    pub index_field: Option<String>,
    /// Path of the data in the body (dots allowed).
    pub data_key: Option<String>,
}

/// The function `request`.
pub(super) struct RequestFunction;

impl StepFunctionType for RequestFunction {
    type Parameters = RequestSpec;
    const NAME: &'static str = "request";

    fn read(parameters: Reader<'_>, _: FunctionVersion) -> Option<RequestSpec> {
        RequestSpec::read(&parameters.parameters(&KEYS)?)
    }

    fn templates<'a>(request: &'a RequestSpec, found: &mut Vec<&'a Template>) {
        request.templates(found);
    }

    fn schema() -> Value {
        schema(&KEYS, &["url"], &[])
    }
}

impl RequestSpec {
    /// Reads the parameters that all requests share. All are read before an error ends it, so that every mistake is
    /// reported at once.
    pub(super) fn read(mapping: &Mapping<'_>) -> Option<Self> {
        let url = mapping.require("url").and_then(read_url);
        let method = mapping
            .get("method")
            .map_or_else(|| Some(default_method(mapping)), |method| method.choice(&HttpMethod::ALL));
        let response = mapping.get("response").map(read_response).unwrap_or_default();
        let base_url = mapping.template("baseUrl");
        let authorization = mapping.get("authorization").and_then(authorization::read);
        let args = mapping.each("args", |place| Arg::read(&place));
        let custom_errors = mapping.items("customErrors").into_iter().filter_map(CustomError::read).collect();
        let encode_query = mapping.flag("encodeQueryParams", true);
        let cache_ttl = mapping.get("cacheTTL").and_then(|seconds| seconds.whole()).unwrap_or(0);
        if let (Some(place), Some(method)) = (mapping.get("cacheTTL"), method)
            && method != HttpMethod::Get
        {
            let message = "only responses to `method: get` are cached; `cacheTTL` has no effect here";
            place.warning(code::UNUSED, message);
        }
        let certificates = mapping.get("certificates").and_then(Certificates::read);
        let saml = mapping.get("saml").and_then(Saml::read);
        if let (Some(place), Some(HttpMethod::Get | HttpMethod::Delete)) = (mapping.get("saml"), method) {
            let hint = "add `method: post`; the body carries the assertion";
            place.error_with_hint(code::INVALID, "`saml` belongs to a request that exchanges it for a token", hint);
        }
        Some(Self {
            base_url,
            url: url?,
            method: method?,
            authorization,
            args,
            response,
            custom_errors,
            encode_query,
            cache_ttl,
            certificates,
            saml,
        })
    }

    /// Adds every expression of the request.
    pub(super) fn templates<'a>(&'a self, found: &mut Vec<&'a Template>) {
        found.extend(&self.base_url);
        found.push(&self.url);
        if let Some(authorization) = &self.authorization {
            authorization.templates(found);
        }
        self.args.iter().for_each(|arg| arg.templates(found));
        if let Some(certificates) = &self.certificates {
            certificates.templates(found);
        }
        if let Some(saml) = &self.saml {
            saml.templates(found);
        }
        self.custom_errors.iter().for_each(|error| error.templates(found));
    }
}

fn read_url(place: Reader<'_>) -> Option<Template> {
    let url = place.template()?;
    if url.lets_through("inputs") {
        place.warning_with_hint(
            code::INVALID,
            "an expression puts an input into the URL without encoding it; the input can change the URL's target",
            "write the URL as text, for example /items/${inputs.id}, or use urlEncode(…)",
        );
    }
    if let Some((written, name)) = placeholder(url.source()) {
        place.warning_with_hint(
            code::UNUSED,
            format!("`{written}` in the URL is text; no value replaces it"),
            format!("write ${{inputs.{name}}}"),
        );
    }
    Some(url)
}

/// Returns a placeholder of other tools in a URL with its name: `{id}`, or a segment `:id`.
fn placeholder(url: &str) -> Option<(&str, &str)> {
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    if url.trim_start().starts_with("{{") {
        return None;
    }
    let braces = url.match_indices('{').filter(|(at, _)| !url[..*at].ends_with(['$', '{']));
    let in_braces = braces.filter_map(|(at, _)| {
        let name = url[at + 1..].split_once('}')?.0;
        is_name(name).then(|| (&url[at..at + name.len() + 2], name))
    });
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let segments = path.split('/').skip(1).filter_map(|segment| Some((segment, segment.strip_prefix(':')?)));
    in_braces.chain(segments.filter(|(_, name)| is_name(name))).next()
}

fn default_method(mapping: &Mapping<'_>) -> HttpMethod {
    let has_body = BODY_KEYS.iter().any(|key| mapping.get(key).is_some());
    if has_body { HttpMethod::Post } else { HttpMethod::Get }
}

fn read_response(reader: Reader<'_>) -> ResponseSpec {
    let Some(mapping) = reader.mapping("`response`", &RESPONSE_KEYS) else { return ResponseSpec::default() };
    ResponseSpec {
        collection: mapping.get("collection").and_then(|value| value.boolean()),
        index_field: mapping.text("indexField"),
        data_key: mapping.text("dataKey"),
    }
}

/// Returns the schema of parameters with these keys; `own` describes those that not all requests have.
pub(super) fn schema(keys: &[&str], required: &[&str], own: &[(&str, Value)]) -> Value {
    let response = object(
        &RESPONSE_KEYS,
        &[],
        &[
            ("collection", boolean()),
            ("nextKeyIn", names(&["headers", "data"])),
            ("contentIsBase64", boolean()),
            ("forwardAuth", boolean()),
        ],
    );
    let mut known = vec![
        ("method", choice(&HttpMethod::ALL)),
        ("authorization", reference("authorization")),
        ("args", list(&reference("argument"))),
        ("response", response),
        ("customErrors", list(&reference("customError"))),
        ("encodeQueryParams", boolean()),
        ("cacheTTL", whole()),
        ("certificates", reference("certificates")),
        ("saml", reference("saml")),
        ("description", json!(true)),
        ("context", json!(true)),
    ];
    known.extend(own.iter().cloned());
    object(keys, required, &known)
}

/// Adds the schemas of the parts that several functions refer to.
pub(crate) fn definitions(add: &mut dyn FnMut(&str, Value)) {
    add("argument", http::argument_schema());
    add("customError", custom_error::schema());
    add("saml", saml::schema());
    add("certificates", http::certificates_schema());
}
