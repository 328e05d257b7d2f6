//! From a step's parameters to a request: URL, authorization, headers, body.
//!
//! Promises: inputs never change a URL's host or its number of path segments; a trailing slash stays as
//! the file has it; a URL that came out of data and leads to another origin gets no credential and no certificate.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Method, header};
use patchbay_connector::{
    Connector,
    definition::{ArrayFormat, Authorization, HttpMethod, PageLocation, Request, SoapRequest},
    expr::{Escape, EvalError, Scope, Template},
};
use serde_json::{Map, Value};
use url::Url;

use super::{
    Run,
    args::{self, Parts},
    origin,
};
use crate::{
    Error, ErrorKind, Problem,
    http::{Outgoing, is_repeatable},
    saml, soap, xml,
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ACCEPT_JSON: &str = "application/json, */*;q=0.5";
const ACCEPT_XML: &str = "application/xml, text/xml, */*;q=0.5";

/// The parameter that asks for a page.
pub(crate) struct PageArg<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: Value,
    pub(crate) location: PageLocation,
}

/// Where a request goes, and whether the credentials may go with it.
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) with_credentials: bool,
}

/// A request before it is signed.
pub(super) struct Unsigned {
    pub(super) outgoing: Outgoing,
    with_credentials: bool,
}

/// Builds the request of a step; of a SOAP call when `soap` is there.
pub(super) fn request(
    run: &Run<'_>,
    request: &Request,
    soap: Option<&SoapRequest>,
    page: Option<&PageArg<'_>>,
) -> Result<Outgoing, Error> {
    sign(run, request, unsigned(run, request, soap, page)?)
}

/// The same but for a signature of the whole.
pub(super) fn unsigned(
    run: &Run<'_>,
    request: &Request,
    soap: Option<&SoapRequest>,
    page: Option<&PageArg<'_>>,
) -> Result<Unsigned, Error> {
    let roots = run.roots();
    let scope = Scope { roots: &roots };
    let connector = run.ctx.connector;
    let base = request.base_url.as_ref().or(connector.base_url.as_ref());
    let Target { mut url, with_credentials } = target(connector, &run.action.id, base, &request.url, &scope)?;

    let mut parts = Parts::default();
    let broken = |error: EvalError| run.broken(&error);
    let authorization = if with_credentials {
        request.authorization.as_ref().unwrap_or(&run.ctx.method.authorization)
    } else {
        &Authorization::None
    };
    if with_credentials {
        authorize(authorization, &scope, &mut parts).map_err(broken)?;
        // The authorization's arguments are no body arguments of the step.
        parts.has_body_args = false;
        args::apply(&request.args, &scope, &mut parts).map_err(broken)?;
    } else {
        args::apply_to_strangers(&request.args, &scope, &mut parts).map_err(broken)?;
    }
    if let Some(saml) = request.saml.as_ref().filter(|_| with_credentials) {
        let moment = (run.host.http.clock().now(), run.host.http.entropy());
        let put = saml::put(saml, &connector.title, &url, &scope, moment, &mut parts.body);
        let assertion = put.map_err(|failure| match failure {
            saml::Failure::Expression(error) => broken(error),
            saml::Failure::Account(error) => error,
        })?;
        run.learn(&assertion);
    }
    if let Some(page) = page {
        match page.location {
            PageLocation::Query => {
                parts.query.retain(|(name, _)| name != page.key);
                args::write_pairs(page.key, &page.value, ArrayFormat::Repeat, &mut parts.query);
            }
            // What a SOAP operation is asked for lies deeper than its first elements.
            PageLocation::Body if soap.is_some() => put(&mut parts.body, page.key, page.value.clone()),
            PageLocation::Body => {
                parts.body.insert(page.key.to_owned(), page.value.clone());
            }
        }
    }
    if request.encode_query && !parts.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&parts.query);
    } else if !parts.query.is_empty() {
        plain_query(&mut url, &parts.query);
    }
    if let Some(soap) = soap {
        let (now, entropy) = (run.host.http.clock().now(), run.host.http.entropy());
        soap::wrap(soap, authorization, &scope, now, entropy, &mut parts).map_err(broken)?;
    }
    let method = http_method(request.method);
    let body = body(&method, &mut parts)?;
    if !parts.headers.contains_key(header::ACCEPT) {
        let accepts = if parts.is_xml() { ACCEPT_XML } else { ACCEPT_JSON };
        parts.headers.insert(header::ACCEPT, HeaderValue::from_static(accepts));
    }
    let hints = &run.action.annotations;
    let repeatable = match hints.idempotent {
        Some(true) => true,
        // The author knows better than the method, but not better than a key.
        Some(false) if !method.is_safe() => is_repeatable(&Method::POST, &parts.headers),
        _ => hints.read_only == Some(true) || is_repeatable(&method, &parts.headers),
    };
    let certificate = if with_credentials { super::certificate(run.ctx, Some(request), &scope)? } else { None };
    let outgoing = Outgoing { method, url, headers: parts.headers, body, repeatable, certificate };
    Ok(Unsigned { outgoing, with_credentials })
}

/// Signs a request where the authorization does.
pub(super) fn sign(run: &Run<'_>, request: &Request, unsigned: Unsigned) -> Result<Outgoing, Error> {
    let Unsigned { mut outgoing, with_credentials } = unsigned;
    if with_credentials {
        let authorization = request.authorization.as_ref().unwrap_or(&run.ctx.method.authorization);
        let (now, entropy) = (run.host.http.clock().now(), run.host.http.entropy());
        super::sign(authorization, &Scope { roots: &run.roots() }, &mut outgoing, now, entropy)
            .map_err(|error| run.broken(&error))?;
    }
    Ok(outgoing)
}

/// The request for a file at an address that an answer named, with what proves who asks where it may go along.
pub(super) fn fetch(run: &Run<'_>, request: &Request, url: Url, with_credentials: bool) -> Result<Outgoing, Error> {
    let roots = run.roots();
    let scope = Scope { roots: &roots };
    let broken = |error: EvalError| run.broken(&error);
    let authorization = request.authorization.as_ref().unwrap_or(&run.ctx.method.authorization);
    let (mut parts, mut url) = (Parts::default(), url);
    if with_credentials {
        authorize(authorization, &scope, &mut parts).map_err(broken)?;
    }
    if !parts.query.is_empty() {
        url.query_pairs_mut().extend_pairs(&parts.query);
    }
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    let certificate = if with_credentials { super::certificate(run.ctx, Some(request), &scope)? } else { None };
    let (headers, body) = (parts.headers, Bytes::new());
    let mut outgoing = Outgoing { method: Method::GET, url, headers, body, repeatable: true, certificate };
    if with_credentials {
        let (now, entropy) = (run.host.http.clock().now(), run.host.http.entropy());
        super::sign(authorization, &scope, &mut outgoing, now, entropy).map_err(broken)?;
    }
    Ok(outgoing)
}

/// Puts a value at a dotted path, making the objects on the way.
fn put(members: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => _ = members.insert(path.to_owned(), value),
        Some((first, rest)) => {
            let inner = members.entry(first.to_owned()).or_insert(Value::Null);
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// Where a step speaks a protocol of its own.
pub(super) fn endpoint(run: &Run<'_>, base: Option<&Template>, path: Option<&Template>) -> Result<Target, Error> {
    let (connector, roots) = (run.ctx.connector, run.roots());
    let scope = Scope { roots: &roots };
    let server = run.ctx.method.mcp.as_ref().map(|flow| &flow.server_url);
    let base = base.or(connector.base_url.as_ref()).or(server);
    match (path, base) {
        (Some(path), base) => target(connector, &run.action.id, base, path, &scope),
        (None, Some(base)) => {
            let url = parse(&base_url(connector, base, &scope)?)?;
            let with_credentials = origin::is_named(base) || is_own(connector, &url, &scope);
            Ok(Target { url, with_credentials })
        }
        (None, None) => Err(Error::new(
            ErrorKind::Internal,
            "ConnectorError",
            format!("{}: `{}` has no URL and the connector no baseUrl", connector.title, run.action.id),
        )),
    }
}

/// A request to such a place with what proves who asks, where the credentials may go there.
pub(super) fn prove(
    run: &Run<'_>,
    target: &Target,
    authorization: Option<&Authorization>,
    mut outgoing: Outgoing,
) -> Result<Outgoing, Error> {
    if !target.with_credentials {
        return Ok(outgoing);
    }
    let roots = run.roots();
    let (scope, mut parts) = (Scope { roots: &roots }, Parts::default());
    let broken = |error: EvalError| run.broken(&error);
    let authorization = authorization.unwrap_or(&run.ctx.method.authorization);
    authorize(authorization, &scope, &mut parts).map_err(broken)?;
    outgoing.headers.extend(parts.headers);
    if !parts.query.is_empty() {
        outgoing.url.query_pairs_mut().extend_pairs(&parts.query);
    }
    outgoing.certificate = super::certificate(run.ctx, None, &scope)?;
    let (now, entropy) = (run.host.http.clock().now(), run.host.http.entropy());
    super::sign(authorization, &scope, &mut outgoing, now, entropy).map_err(broken)?;
    Ok(outgoing)
}

/// Puts pairs into the query as they stand, for providers that decode nothing. What would begin another parameter
/// or end the query is encoded all the same, and so is what no URL may hold.
fn plain_query(url: &mut Url, pairs: &[(String, String)]) {
    let mut query = url.query().map(str::to_owned).unwrap_or_default();
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        plain(name, true, &mut query);
        query.push('=');
        plain(value, false, &mut query);
    }
    url.set_query(Some(&query));
}

fn plain(text: &str, is_name: bool, into: &mut String) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("%26"),
            '#' => into.push_str("%23"),
            '=' if is_name => into.push_str("%3D"),
            // URL parsers drop these where they stand.
            character if character.is_control() => {
                let mut bytes = [0; 4];
                let bytes = character.encode_utf8(&mut bytes).bytes();
                // Writing to a text does not fail.
                bytes.for_each(|byte| _ = write!(into, "%{byte:02X}"));
            }
            character => into.push(character),
        }
    }
}

/// The connector's base URL, without a trailing slash.
pub(crate) fn base_url(connector: &Connector, base: &Template, scope: &Scope<'_>) -> Result<String, Error> {
    let broken = |error: &EvalError| super::expression_error(&connector.title, "baseUrl", error);
    let text = base
        .eval_text(scope, Escape::Host)
        .map_err(|error| broken(&error))?
        .ok_or_else(|| broken(&EvalError::Missing { path: base.source().to_owned() }))?;
    Ok(text.trim_end_matches('/').to_owned())
}

fn target(
    connector: &Connector,
    action: &str,
    base: Option<&Template>,
    path: &Template,
    scope: &Scope<'_>,
) -> Result<Target, Error> {
    let broken = |error: &EvalError| super::expression_error(&connector.title, action, error);
    let text = path
        .eval_text(scope, Escape::PathSegment)
        .map_err(|error| broken(&error))?
        .ok_or_else(|| broken(&EvalError::Missing { path: path.source().to_owned() }))?;
    let is_absolute = text.starts_with("https://") || text.starts_with("http://");
    let base_is_named = base.is_none_or(origin::is_named);
    let text_of_base = base.map(|base| base_url(connector, base, scope)).transpose()?;
    if is_absolute {
        let url = parse(&text)?;
        let same = || text_of_base.as_deref().and_then(|base| Url::parse(base).ok()).map(|base| base.origin());
        // Written out in the file, the origin is the author's choice; otherwise data chose it.
        let is_written = path.source().trim_start().starts_with("http") && origin::is_named(path);
        let with_credentials =
            is_written || (base_is_named && same() == Some(url.origin())) || is_own(connector, &url, scope);
        return Ok(Target { url, with_credentials });
    }
    let base = text_of_base.ok_or_else(|| {
        Error::new(
            ErrorKind::Internal,
            "ConnectorError",
            format!("{}: `{action}` has a relative URL and the connector no baseUrl", connector.title),
        )
    })?;
    if has_dot_segment(&text) {
        return Err(invalid_url("its path holds `.` or `..`, which would change where it leads"));
    }
    let slash = if text.is_empty() || text.starts_with(['/', '?']) { "" } else { "/" };
    let url = parse(&format!("{base}{slash}{text}"))?;
    let with_credentials = base_is_named || is_own(connector, &url, scope);
    Ok(Target { url, with_credentials })
}

/// Whether a URL is at the connector's own base URL.
fn is_own(connector: &Connector, url: &Url, scope: &Scope<'_>) -> bool {
    let own = connector.base_url.as_ref().and_then(|base| base_url(connector, base, scope).ok());
    own.and_then(|own| Url::parse(&own).ok()).is_some_and(|own| own.origin() == url.origin())
}

fn parse(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|error| invalid_url(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid_url("it holds a user name or password"));
    }
    Ok(url)
}

fn invalid_url(why: &str) -> Error {
    Error::new(
        ErrorKind::Invalid,
        "ValidationError",
        format!("the inputs and the account's fields make no URL that can be called: {why}"),
    )
}

/// Whether a path has a segment that URL parsers take as "here" or "up", in any spelling.
pub(crate) fn has_dot_segment(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(|segment| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        plain == "." || plain == ".."
    })
}

/// Adds what proves who asks.
pub(crate) fn authorize(authorization: &Authorization, scope: &Scope<'_>, parts: &mut Parts) -> Result<(), EvalError> {
    let value = match authorization {
        // A signature is put on when the request is whole; a SOAP header, when there is an envelope.
        Authorization::None
        | Authorization::Signed(_)
        | Authorization::OAuth1(_)
        | Authorization::WsSecurity { .. } => None,
        Authorization::Basic { .. } => basic(authorization, scope)?.map(|encoded| format!("Basic {encoded}")),
        Authorization::Bearer { token, include_bearer } => Some(bearer(token, *include_bearer, scope)?),
        Authorization::Custom { args } => return args::apply(args, scope, parts),
        Authorization::OAuth2(oauth2) => Some(bearer(&oauth2.token, oauth2.include_bearer, scope)?),
    };
    if let Some(value) = value {
        let mut value = HeaderValue::try_from(value).map_err(|_| EvalError::Refused {
            path: "authorization".to_owned(),
            reason: "holds a character that a header cannot carry".to_owned(),
        })?;
        value.set_sensitive(true);
        parts.headers.insert(header::AUTHORIZATION, value);
    }
    Ok(())
}

/// The value of a header that carries a token (RFC 6750).
fn bearer(token: &Template, include_bearer: bool, scope: &Scope<'_>) -> Result<String, EvalError> {
    let missing = || EvalError::Missing { path: token.source().to_owned() };
    let token = super::header_text(token, scope)?.ok_or_else(missing)?;
    Ok(if include_bearer { format!("Bearer {token}") } else { token })
}

/// The value of a Basic header (RFC 7617), without its scheme.
pub(super) fn basic(authorization: &Authorization, scope: &Scope<'_>) -> Result<Option<String>, EvalError> {
    let Authorization::Basic { username, password } = authorization else { return Ok(None) };
    let part = |template: &Option<Template>| match template {
        Some(template) => super::header_text(template, scope).map(Option::unwrap_or_default),
        None => Ok(String::new()),
    };
    Ok(Some(STANDARD.encode(format!("{}:{}", part(username)?, part(password)?))))
}

fn body(method: &Method, parts: &mut Parts) -> Result<Bytes, Error> {
    let value = match parts.whole_body.take() {
        Some(value) => value,
        None if !parts.body.is_empty() => Value::Object(std::mem::take(&mut parts.body)),
        // An endpoint with optional members still expects an object.
        None if parts.has_body_args && matches!(*method, Method::POST | Method::PUT | Method::PATCH) => {
            Value::Object(serde_json::Map::new())
        }
        None => return Ok(Bytes::new()),
    };
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        let mut pairs = Vec::new();
        match &value {
            Value::Object(members) => {
                members
                    .iter()
                    .for_each(|(name, value)| args::write_pairs(name, value, ArrayFormat::Indexed, &mut pairs));
            }
            Value::String(text) => return Ok(Bytes::from(text.clone())),
            _ => return Err(Error::new(ErrorKind::Invalid, "ValidationError", "a form needs an object as its body")),
        }
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        return Ok(form.into());
    }
    match value {
        Value::String(text) if !kind.is_empty() && !kind.contains("json") => Ok(text.into()),
        Value::Object(members) if members.is_empty() && parts.is_xml() => Ok(Bytes::new()),
        value if parts.is_xml() => xml::document(&value).map(Bytes::from).map_err(|error| no_xml(&error)),
        value => {
            if kind.is_empty() {
                parts.headers.insert(header::CONTENT_TYPE, JSON);
            }
            Ok(value.to_string().into())
        }
    }
}

fn no_xml(error: &xml::XmlError) -> Error {
    Error::new(ErrorKind::Invalid, "ValidationError", format!("the arguments make no body in XML: {error}"))
}

/// The method in hyper's terms.
pub(crate) fn http_method(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
    }
}

/// A problem with the inputs found while the request was built.
pub(super) fn input_problem(path: &str, message: String) -> Error {
    let problem = Problem { path: path.to_owned(), code: "refused", message: message.clone() };
    Error::new(ErrorKind::Invalid, "ValidationError", message).with_problems(vec![problem])
}

#[cfg(test)]
mod tests {
    use patchbay_connector::{SourceFile, load};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn demo() -> Connector {
        let text = include_str!("../../tests/fixtures/demo/demo.connector.yaml").to_owned();
        load(&[SourceFile { name: "demo.connector.yaml".into(), text }]).connector.unwrap()
    }

    fn built(connector: &Connector, path: &str, region: &str, id: &Value) -> Result<Target, Error> {
        let (inputs, credentials) = (json!({ "id": id }), json!({ "region": region, "key": "k" }));
        let roots = [("inputs", &inputs), ("credentials", &credentials)];
        let template = Template::parse(path).unwrap();
        target(connector, "demo", connector.base_url.as_ref(), &template, &Scope { roots: &roots })
    }

    #[test]
    fn slashes_stay_as_the_file_has_them() {
        let connector = demo();
        let url = |path: &str| built(&connector, path, "eu", &json!(7)).unwrap().url.to_string();
        assert_eq!(url("/things/"), "https://eu.demo.example.com/api/things/");
        assert_eq!(url("/things"), "https://eu.demo.example.com/api/things");
        assert_eq!(url("things/${inputs.id}/"), "https://eu.demo.example.com/api/things/7/");
        assert_eq!(url("/things?x=${inputs.id}"), "https://eu.demo.example.com/api/things?x=7");
        assert_eq!(url(""), "https://eu.demo.example.com/api");
    }

    #[test]
    fn an_expression_that_makes_a_whole_path_cannot_climb() {
        let connector = demo();
        for id in ["/../../admin", "/a/%2e%2e/b", "/a/..\\b", "/."] {
            assert!(built(&connector, "$.inputs.id", "eu", &json!(id)).is_err(), "{id}");
        }
    }

    #[test]
    fn data_that_lead_elsewhere_take_no_credentials_along() {
        let connector = demo();
        let goes = |path: &str, id: &str| built(&connector, path, "eu", &json!(id)).unwrap().with_credentials;
        assert!(goes("$.inputs.id", "https://eu.demo.example.com/next?page=2"));
        assert!(!goes("$.inputs.id", "https://evil.example/next"));
        assert!(!goes("$.inputs.id", "http://eu.demo.example.com/next"));
        assert!(goes("https://upload.demo.example.com/x", ""), "an origin that the file names is the author's choice");
        assert!(goes("https://${inputs.id}.example.com/x", "a"));
        assert!(!goes("https://${inputs.id}/x", "evil.example"), "a scheme is no origin");
        assert!(goes("https://${inputs.id}/x", "eu.demo.example.com"), "it is the provider's own");
        let (inputs, credentials) = (json!({ "id": "evil.example" }), json!({ "region": "eu" }));
        let scope = Scope { roots: &[("inputs", &inputs), ("credentials", &credentials)] };
        let at = |base: &str| {
            let (base, path) = (Template::parse(base).unwrap(), Template::parse("/x").unwrap());
            target(&connector, "demo", Some(&base), &path, &scope).unwrap().with_credentials
        };
        assert!(at("https://other.example.com") && at("https://${inputs.id}.example.com"));
        assert!(!at("https://${inputs.id}"));
    }

    #[test]
    fn a_plain_query_stays_as_it_is_and_within_its_parameter() {
        let query = |name: &str, value: &str| {
            let mut url = Url::parse("https://x.example/a?b=1").unwrap();
            plain_query(&mut url, &[(name.to_owned(), value.to_owned())]);
            url.query().unwrap().to_owned()
        };
        assert_eq!(query("$filter", "a(b),c:d|e/f=g;%20+"), "b=1&$filter=a(b),c:d|e/f=g;%20+");
        assert_eq!(query("a=b&c", "d&e=f#g"), "b=1&a%3Db%26c=d%26e=f%23g");
        assert_eq!(query("q", "two words\r\n\tü"), "b=1&q=two%20words%0D%0A%09%C3%BC");
        let mut url = Url::parse("https://x.example/a").unwrap();
        plain_query(&mut url, &[("a".into(), "1".into()), ("b".into(), String::new())]);
        assert_eq!(url.as_str(), "https://x.example/a?a=1&b=");
    }

    proptest! {
        #[test]
        fn a_plain_value_begins_no_other_parameter(value in any::<String>()) {
            let mut url = Url::parse("https://x.example/a").unwrap();
            plain_query(&mut url, &[("q".to_owned(), value.clone())]);
            prop_assert!(url.fragment().is_none());
            let pairs = url.query_pairs().collect::<Vec<_>>();
            prop_assert_eq!(pairs.len(), 1, "{}", url);
            prop_assert_eq!(&pairs[0].0, "q");
        }

        #[test]
        fn an_input_stays_one_segment(id in any::<String>()) {
            let connector = demo();
            if let Ok(Target { url, .. }) = built(&connector, "/things/${inputs.id}/sub/", "eu", &json!(id)) {
                let segments = url.path_segments().unwrap().collect::<Vec<_>>();
                prop_assert_eq!(url.host_str(), Some("eu.demo.example.com"));
                prop_assert_eq!(segments.len(), 5, "{}", url);
                prop_assert_eq!((segments[1], segments[3], segments[4]), ("things", "sub", ""));
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            } else {
                prop_assert!(matches!(id.as_str(), "" | "." | ".."), "{:?} was refused", id);
            }
        }

        #[test]
        fn a_field_never_changes_whose_host_it_is(region in any::<String>()) {
            let connector = demo();
            if let Ok(Target { url, .. }) = built(&connector, "/things", &region, &json!(1)) {
                prop_assert!(url.host_str().unwrap().ends_with(".demo.example.com"), "{}", url);
                prop_assert_eq!(url.path(), "/api/things");
                prop_assert_eq!(url.port(), None);
                prop_assert_eq!(url.scheme(), "https");
            }
        }
    }
}
