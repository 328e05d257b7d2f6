//! Builds a request from a step's parameters: URL, authorization, headers, body.
//!
//! Guarantees: inputs never change a URL's host or its number of path segments; a trailing slash stays as the connector
//! file has it; a URL from data at another origin receives neither credentials nor a client certificate.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use patchbay_connector::{
    definition::{ArrayFormat, Authorization, HttpMethod, PageLocation, RequestSpec, SoapRequest},
    expr::{Bindings, EvalError},
};
use patchbay_egress::{OutboundRequest, extend_query, header_text, is_idempotent};
use patchbay_model::Entropy;
use serde_json::{Map, Value};
use url::Url;

use super::{
    args::{self, RequestParts},
    auth::authorize,
    certificates,
    form::form_encoded,
    multipart::MultipartForm,
    sign,
    target::{self, RequestTarget},
};
use crate::{
    Error, ErrorCode,
    context::Run,
    protocols::{saml, soap, xml},
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const ACCEPT_JSON: &str = "application/json, */*;q=0.5";
const ACCEPT_XML: &str = "application/xml, text/xml, */*;q=0.5";

/// The parameter that requests a page.
pub(crate) struct PageArg<'a> {
    pub(crate) key: &'a str,
    pub(crate) value: Value,
    pub(crate) location: PageLocation,
}

/// A request before it is signed.
pub(super) struct UnsignedRequest {
    pub(super) request: OutboundRequest,
    with_credentials: bool,
}

impl Run<'_> {
    /// Builds a step's request and signs it.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError`, 412 `AccountFieldError` or 500 `ConnectorError` for an expression or a value that cannot
    /// be sent.
    pub(crate) fn build(&self, spec: &RequestSpec, page: Option<&PageArg<'_>>) -> Result<OutboundRequest, Error> {
        sign_request(self, spec, build_unsigned(self, spec, None, page)?)
    }

    /// Builds the request of a SOAP step and signs it.
    ///
    /// # Errors
    ///
    /// The errors of [`Run::build`].
    pub(crate) fn build_soap(&self, soap: &SoapRequest, page: Option<&PageArg<'_>>) -> Result<OutboundRequest, Error> {
        sign_request(self, &soap.request, build_unsigned(self, &soap.request, Some(soap), page)?)
    }

    /// Builds the request for a file at a URL that a response contained. The account's credentials and certificate are
    /// added if `with_credentials` is true.
    ///
    /// # Errors
    ///
    /// The errors of [`Run::build`].
    pub(crate) fn build_file_request(
        &self,
        spec: &RequestSpec,
        url: Url,
        with_credentials: bool,
    ) -> Result<OutboundRequest, Error> {
        let roots = self.roots();
        let bindings = Bindings { roots: &roots };
        let to_error = |error: EvalError| self.expression_error(&error);
        let authorization = spec.authorization.as_ref().unwrap_or(&self.ctx.method.authorization);
        let (mut parts, mut url) = (RequestParts::default(), url);
        if with_credentials {
            authorize(authorization, &bindings, &mut parts).map_err(to_error)?;
        }
        if !parts.query.is_empty() {
            extend_query(&mut url, &parts.query);
        }
        parts.headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
        let certificate =
            if with_credentials { certificates::certificate(self.ctx, Some(spec), &bindings)? } else { None };
        let (headers, body) = (parts.headers, Bytes::new());
        let mut request = OutboundRequest { method: Method::GET, url, headers, body, idempotent: true, certificate };
        if with_credentials {
            let (now, entropy) = (self.host.clock().now(), self.host.entropy());
            sign::sign(authorization, &bindings, &mut request, now, entropy).map_err(to_error)?;
        }
        Ok(request)
    }

    /// Authenticates a request to `target` with the step's authorization, otherwise the method's. Nothing is added if the
    /// target may not receive credentials.
    ///
    /// # Errors
    ///
    /// The errors of [`Run::build`].
    pub(crate) fn authenticate(
        &self,
        target: &RequestTarget,
        authorization: Option<&Authorization>,
        mut request: OutboundRequest,
    ) -> Result<OutboundRequest, Error> {
        if !target.with_credentials {
            return Ok(request);
        }
        let roots = self.roots();
        let (bindings, mut parts) = (Bindings { roots: &roots }, RequestParts::default());
        let to_error = |error: EvalError| self.expression_error(&error);
        let authorization = authorization.unwrap_or(&self.ctx.method.authorization);
        authorize(authorization, &bindings, &mut parts).map_err(to_error)?;
        request.headers.extend(parts.headers);
        if !parts.query.is_empty() {
            extend_query(&mut request.url, &parts.query);
        }
        request.certificate = certificates::certificate(self.ctx, None, &bindings)?;
        let (now, entropy) = (self.host.clock().now(), self.host.entropy());
        sign::sign(authorization, &bindings, &mut request, now, entropy).map_err(to_error)?;
        Ok(request)
    }
}

/// Builds a step's request without a signature; a SOAP request if `soap` is given.
///
/// # Errors
///
/// The errors of [`Run::build`].
pub(super) fn build_unsigned(
    run: &Run<'_>,
    spec: &RequestSpec,
    soap: Option<&SoapRequest>,
    page: Option<&PageArg<'_>>,
) -> Result<UnsignedRequest, Error> {
    let roots = run.roots();
    let bindings = Bindings { roots: &roots };
    let connector = run.ctx.connector;
    let base = spec.base_url.as_ref().or(connector.base_url.as_ref());
    let RequestTarget { mut url, with_credentials } =
        target::resolve(connector, &run.action.id, base, &spec.url, &bindings)?;

    let mut parts = RequestParts::default();
    let to_error = |error: EvalError| run.expression_error(&error);
    let authorization = if with_credentials {
        spec.authorization.as_ref().unwrap_or(&run.ctx.method.authorization)
    } else {
        &Authorization::None
    };
    if with_credentials {
        authorize(authorization, &bindings, &mut parts).map_err(to_error)?;
        // The authorization's arguments do not count as body arguments of the step.
        parts.has_body_args = false;
        args::apply(&spec.args, &bindings, &mut parts).map_err(to_error)?;
    } else {
        args::apply_without_credentials(&spec.args, &bindings, &mut parts).map_err(to_error)?;
    }
    if let Some(saml) = spec.saml.as_ref().filter(|_| with_credentials) {
        let now_and_entropy = (run.host.clock().now(), run.host.entropy());
        let inserted =
            saml::insert_assertion(saml, &connector.title, &url, &bindings, now_and_entropy, &mut parts.body);
        let assertion = inserted.map_err(|error| match error {
            saml::SamlError::Expression(error) => to_error(error),
            saml::SamlError::Account(error) => error,
        })?;
        run.add_secret(&assertion);
    }
    if let Some(page) = page {
        match page.location {
            PageLocation::Query => {
                parts.query.retain(|(name, _)| name != page.key);
                args::write_pairs(page.key, &page.value, ArrayFormat::Repeat, &mut parts.query);
            }
            // A SOAP operation may expect the parameter within another element.
            PageLocation::Body if soap.is_some() => set_path(&mut parts.body, page.key, page.value.clone()),
            PageLocation::Body => {
                parts.body.insert(page.key.to_owned(), page.value.clone());
            }
        }
    }
    if spec.encode_query && !parts.query.is_empty() {
        extend_query(&mut url, &parts.query);
    } else if !parts.query.is_empty() {
        append_raw_query(&mut url, &parts.query);
    }
    if let Some(soap) = soap {
        let (now, entropy) = (run.host.clock().now(), run.host.entropy());
        soap::build_envelope(soap, authorization, &bindings, now, entropy, &mut parts).map_err(to_error)?;
    }
    let method = http_method(spec.method);
    let body = body(&method, &mut parts, run.host.entropy())?;
    if !parts.headers.contains_key(header::ACCEPT) {
        let accepts = if parts.is_xml() { ACCEPT_XML } else { ACCEPT_JSON };
        parts.headers.insert(header::ACCEPT, HeaderValue::from_static(accepts));
    }
    let hints = &run.action.annotations;
    let idempotent = match hints.idempotent {
        Some(true) => true,
        // The connector's annotation overrides the method, but not an idempotency key.
        Some(false) if !method.is_safe() => is_idempotent(&Method::POST, &parts.headers),
        _ => hints.read_only == Some(true) || is_idempotent(&method, &parts.headers),
    };
    let certificate = if with_credentials { certificates::certificate(run.ctx, Some(spec), &bindings)? } else { None };
    let request = OutboundRequest { method, url, headers: parts.headers, body, idempotent, certificate };
    Ok(UnsignedRequest { request, with_credentials })
}

/// Signs a request if its authorization is a signature.
///
/// # Errors
///
/// 412 `AccountFieldError` for a missing or invalid credential, otherwise the errors of [`Run::build`].
pub(super) fn sign_request(
    run: &Run<'_>,
    spec: &RequestSpec,
    unsigned: UnsignedRequest,
) -> Result<OutboundRequest, Error> {
    let UnsignedRequest { mut request, with_credentials } = unsigned;
    if with_credentials {
        let authorization = spec.authorization.as_ref().unwrap_or(&run.ctx.method.authorization);
        let (now, entropy) = (run.host.clock().now(), run.host.entropy());
        sign::sign(authorization, &Bindings { roots: &run.roots() }, &mut request, now, entropy)
            .map_err(|error| run.expression_error(&error))?;
    }
    Ok(request)
}

/// Sets the value at a dotted path and creates the objects on the path.
fn set_path(members: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => _ = members.insert(path.to_owned(), value),
        Some((first, rest)) => {
            let inner = members.entry(first.to_owned()).or_insert(Value::Null);
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                set_path(inner, rest, value);
            }
        }
    }
}

/// Appends pairs to the query without encoding them, for providers that do not decode. Characters that would start
/// another parameter, end the query or break the URL are encoded.
fn append_raw_query(url: &mut Url, pairs: &[(String, String)]) {
    let mut query = url.query().map(str::to_owned).unwrap_or_default();
    for (name, value) in pairs {
        if !query.is_empty() {
            query.push('&');
        }
        push_raw(name, true, &mut query);
        query.push('=');
        push_raw(value, false, &mut query);
    }
    url.set_query(Some(&query));
}

/// Appends a name or value to the query.
fn push_raw(text: &str, is_name: bool, into: &mut String) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("%26"),
            '#' => into.push_str("%23"),
            '=' if is_name => into.push_str("%3D"),
            // URL parsers remove control characters.
            character if character.is_control() => {
                let mut bytes = [0; 4];
                let bytes = character.encode_utf8(&mut bytes).bytes();
                // Writing to a string does not fail.
                bytes.for_each(|byte| _ = write!(into, "%{byte:02X}"));
            }
            character => into.push(character),
        }
    }
}

/// Serializes the body and sets its content type if the step has none. The boundary of a multipart form is set here.
fn body(method: &Method, parts: &mut RequestParts, entropy: &dyn Entropy) -> Result<Bytes, Error> {
    let value = match parts.whole_body.take() {
        Some(value) => value,
        None if !parts.body.is_empty() => Value::Object(std::mem::take(&mut parts.body)),
        // An endpoint whose members are all optional still expects an object.
        None if parts.has_body_args && matches!(*method, Method::POST | Method::PUT | Method::PATCH) => {
            Value::Object(serde_json::Map::new())
        }
        None => return Ok(Bytes::new()),
    };
    let content_type = parts.headers.get(header::CONTENT_TYPE).map(|kind| header_text(kind).into_owned());
    let content_type = content_type.unwrap_or_default();
    if content_type.starts_with("application/x-www-form-urlencoded") {
        let pairs = match &value {
            Value::Object(members) => parts.form_pairs(members),
            Value::String(text) => return Ok(Bytes::from(text.clone())),
            _ => return Err(Error::new(ErrorCode::Validation, "the body of a form must be an object")),
        };
        return Ok(form_encoded(&pairs).into());
    }
    if content_type.starts_with("multipart/form-data")
        && let Value::Object(members) = &value
    {
        let pairs = parts.form_pairs(members);
        let mut form = MultipartForm::new(format!("patchbay-{}", entropy.token()));
        pairs.iter().for_each(|(name, value)| form.field(name, None, value));
        let (content_type, body) = form.finish();
        let content_type = HeaderValue::try_from(content_type)
            .map_err(|_| Error::new(ErrorCode::Validation, "the form's boundary is not a valid header value"))?;
        parts.headers.insert(header::CONTENT_TYPE, content_type);
        return Ok(body.into());
    }
    match value {
        Value::String(text) if !content_type.is_empty() && !content_type.contains("json") => Ok(text.into()),
        Value::Object(members) if members.is_empty() && parts.is_xml() => Ok(Bytes::new()),
        value if parts.is_xml() => xml::write_document(&value).map(Bytes::from).map_err(|error| invalid_xml(&error)),
        value => {
            if content_type.is_empty() {
                parts.headers.insert(header::CONTENT_TYPE, JSON);
            }
            Ok(value.to_string().into())
        }
    }
}

fn invalid_xml(error: &xml::XmlError) -> Error {
    Error::new(ErrorCode::Validation, format!("the arguments cannot be written as XML: {error}"))
}

/// Converts a connector's method to the type of the HTTP client.
pub fn http_method(method: HttpMethod) -> Method {
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Delete => Method::DELETE,
    }
}

#[cfg(test)]
mod tests {
    use patchbay_connector::{
        definition::{Arg, ArgLocation, ValueTemplate},
        expr::Template,
    };
    use patchbay_model::testing::SeededEntropy;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_of_a_multipart_form_have_the_format_of_their_argument() {
        let arg = |name: &str, array_format| Arg {
            name: Template::literal(name),
            value: ValueTemplate::Literal(json!(["x", "y"])),
            location: ArgLocation::Body,
            condition: None,
            spread: false,
            inline: false,
            array_format,
        };
        let mut parts = RequestParts::default();
        let list = [arg("a", ArrayFormat::Repeat), arg("b", ArrayFormat::Comma), arg("c", ArrayFormat::default())];
        args::apply(&list, &Bindings { roots: &[] }, &mut parts).unwrap();
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("multipart/form-data"));
        let body = body(&Method::POST, &mut parts, &SeededEntropy::new(1)).unwrap();
        let text = std::str::from_utf8(&body).unwrap();
        let fields = text.split("name=\"").skip(1).map(|part| part.split("\r\n--").next().unwrap_or_default());
        let fields = fields.map(|part| part.replace("\"\r\n\r\n", "=")).collect::<Vec<_>>();
        assert_eq!(fields, ["a=x", "a=y", "b=x,y", "c[0]=x", "c[1]=y"]);
    }

    #[test]
    fn a_raw_query_is_not_encoded_and_cannot_leave_its_parameter() {
        let query = |name: &str, value: &str| {
            let mut url = Url::parse("https://x.example/a?b=1").unwrap();
            append_raw_query(&mut url, &[(name.to_owned(), value.to_owned())]);
            url.query().unwrap().to_owned()
        };
        assert_eq!(query("$filter", "a(b),c:d|e/f=g;%20+"), "b=1&$filter=a(b),c:d|e/f=g;%20+");
        assert_eq!(query("a=b&c", "d&e=f#g"), "b=1&a%3Db%26c=d%26e=f%23g");
        assert_eq!(query("q", "two words\r\n\tü"), "b=1&q=two%20words%0D%0A%09%C3%BC");
        let mut url = Url::parse("https://x.example/a").unwrap();
        append_raw_query(&mut url, &[("a".into(), "1".into()), ("b".into(), String::new())]);
        assert_eq!(url.as_str(), "https://x.example/a?a=1&b=");
    }

    proptest! {
        #[test]
        fn a_raw_value_cannot_start_another_parameter(value in any::<String>()) {
            let mut url = Url::parse("https://x.example/a").unwrap();
            append_raw_query(&mut url, &[("q".to_owned(), value.clone())]);
            prop_assert!(url.fragment().is_none());
            let pairs = url.query_pairs().collect::<Vec<_>>();
            prop_assert_eq!(pairs.len(), 1, "{}", url);
            prop_assert_eq!(&pairs[0].0, "q");
        }
    }
}
