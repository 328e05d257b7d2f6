//! Compares a request with its operation: path, query, headers, credentials. `body` compares the body.

use std::collections::HashSet;

use serde_json::Value;
use url::Url;

use super::{
    Contract, Finding, FindingKind, OperationIndex, nested,
    paths::Found,
    schema::{self, accepts, find},
    value::{Checker, listed},
};
use crate::{
    import::model::{
        Api, ApiOperation, ApiParameter, KeyLocation, ParameterLocation, ParameterStyle, SecurityRequirement,
        SecurityScheme,
    },
    nearest,
};

/// The maximum number of parameters of a query that are compared.
const MAX_PAIRS: usize = 2_000;
/// The headers that belong to HTTP, not to an API.
const PLAIN_HEADERS: [&str; 15] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "host",
    "if-match",
    "if-none-match",
    "traceparent",
    "transfer-encoding",
    "user-agent",
];

/// The schemes of OAuth 1.0a and AWS Signature Version 4 in the header `authorization`.
const SIGNATURES: [&str; 2] = ["OAuth ", "AWS4-HMAC-SHA256 "];

/// A request as it is sent.
#[derive(Clone, Debug)]
pub struct SentRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The URL.
    pub url: &'a Url,
    /// The headers, with names in lower case; `None` if they are not known, as in a recorded case.
    pub headers: Option<&'a [(String, String)]>,
    /// The media type of the body; `None` if it is not known.
    pub content_type: Option<&'a str>,
    /// The body; `None` if it is not known.
    pub body: Option<&'a [u8]>,
}

/// The operation of a request and the differences.
#[derive(Debug)]
pub struct CheckedRequest {
    /// The operation; `None` if the description does not have it.
    pub operation: Option<OperationIndex>,
    /// The differences.
    pub findings: Vec<Finding>,
    /// The base path of the request, if the description does not have it.
    pub foreign_base: Option<String>,
}

/// Where the description's security schemes put credentials.
#[derive(Debug, Default)]
pub(super) struct SecurityNames {
    /// Query parameters.
    query: HashSet<String>,
    /// Headers, in lower case.
    headers: HashSet<String>,
}

impl SecurityNames {
    pub(super) fn of(api: &Api<'_>) -> Self {
        let mut names = Self::default();
        for (_, scheme) in &api.schemes {
            if let SecurityScheme::Key { name, place, .. } = scheme {
                match place {
                    KeyLocation::Query => _ = names.query.insert(name.clone()),
                    KeyLocation::Header => _ = names.headers.insert(name.to_ascii_lowercase()),
                    KeyLocation::Cookie => {}
                }
            }
        }
        names
    }
}

impl<'d> Contract<'d> {
    /// Compares a request with the operation of its method and path.
    pub fn check_request(&self, request: &SentRequest<'_>) -> CheckedRequest {
        let Found { index, values, foreign_base } = match self.find(request.method, request.url) {
            Ok(found) => found,
            Err(finding) => return CheckedRequest { operation: None, findings: vec![*finding], foreign_base: None },
        };
        let operation = self.operation(index);
        let mut findings = Vec::new();
        for (name, value) in values {
            let param =
                operation.params.iter().find(|param| param.location == ParameterLocation::Path && param.name == name);
            if let Some(param) = param {
                let checker = Checker::of_text(self.api.document);
                findings.extend(checker.check(param.schema, &Value::String(value), &format!("path.{name}")));
            }
        }
        self.check_query(operation, request.url, &mut findings);
        if let Some(headers) = request.headers {
            self.check_headers(operation, headers, &mut findings);
            self.check_credentials(operation, request.url, headers, &mut findings);
        }
        if let Some(body) = request.body {
            self.check_body(operation, request.content_type, body, &mut findings);
        }
        CheckedRequest { operation: Some(index), findings, foreign_base }
    }

    fn check_query(&self, operation: &ApiOperation<'d>, url: &Url, findings: &mut Vec<Finding>) {
        let document = self.api.document;
        let pairs = url
            .query_pairs()
            .take(MAX_PAIRS)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect::<Vec<_>>();
        let params =
            operation.params.iter().filter(|param| param.location == ParameterLocation::Query).collect::<Vec<_>>();
        let mut sent = HashSet::new();
        for (place, (name, _)) in pairs.iter().enumerate() {
            if pairs[..place].iter().any(|(earlier, _)| earlier == name) {
                continue;
            }
            let head = nested::keys(name)[0];
            let at = format!("query.{name}");
            if let Some(param) = params.iter().find(|param| param.name == *name) {
                sent.insert(param.name.as_str());
                let values = pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
                findings.extend(self.check_values(param, &values.collect::<Vec<_>>(), &at));
            } else if let Some(param) = params.iter().find(|param| param.name == head && head != name) {
                // A member of an object, once for all of its members.
                if !sent.insert(param.name.as_str()) {
                    continue;
                }
                let is_deep = param.style == ParameterStyle::Deep
                    || (accepts(document, param.schema, "object") && !accepts(document, param.schema, "array"));
                if is_deep {
                    let own =
                        pairs.iter().filter(|(other, _)| nested::keys(other)[0] == head).cloned().collect::<Vec<_>>();
                    if let Some(value) = nested::object(&own).get(head) {
                        findings.extend(Checker::of_text(document).check(
                            param.schema,
                            value,
                            &format!("query.{head}"),
                        ));
                    }
                } else {
                    let message = format!("`{name}` is sent; the description writes the list as `{head}=a&{head}=b`");
                    findings.push(Finding::new(FindingKind::Parameter, at, message));
                }
            } else if !self.is_known_elsewhere(name, &params) {
                let names = params.iter().map(|param| param.name.as_str()).collect::<Vec<_>>();
                let hint = match nearest(name, names.iter().copied()) {
                    Some(near) => format!("; did you mean `{near}`?"),
                    None if names.is_empty() => "; it has none".to_owned(),
                    None => format!("; it has {}", listed(&names)),
                };
                let message = format!("the description has no query parameter `{name}`{hint}");
                findings.push(Finding::new(FindingKind::Parameter, at, message));
            }
        }
        let is_exploded = |param: &ApiParameter<'_>| {
            param.style == ParameterStyle::Repeat && accepts(document, param.schema, "object")
        };
        for param in params.iter().filter(|param| param.required && !sent.contains(param.name.as_str())) {
            if !is_exploded(param) {
                findings.push(Finding::missing(format!("query.{}", param.name)));
            }
        }
    }

    /// Returns true for the members of an exploded object, a key in the query, and the parameters of every operation of a
    /// discovery document.
    fn is_known_elsewhere(&self, name: &str, params: &[&ApiParameter<'d>]) -> bool {
        let document = self.api.document;
        let is_member = params.iter().filter(|param| param.style == ParameterStyle::Repeat).any(|param| {
            accepts(document, param.schema, "object") && {
                let known = schema::members(document, param.schema);
                known.is_open || known.names.contains(name)
            }
        });
        let is_of_all = document.root.get("parameters").and_then(|all| all.get(name)).is_some_and(|param| {
            // In Swagger, these are definitions that an operation must refer to.
            param.get("location").is_some()
        });
        is_member || is_of_all || self.security.query.contains(name)
    }

    fn check_values(&self, param: &ApiParameter<'d>, values: &[&str], place: &str) -> Vec<Finding> {
        let document = self.api.document;
        let text = |value: &str| Value::String(value.to_owned());
        let is_list = accepts(document, param.schema, "array");
        let split = |by: char| values.iter().flat_map(|value| value.split(by)).map(text).collect::<Vec<_>>();
        let value = match (param.style, values) {
            (ParameterStyle::Json, [one]) => match serde_json::from_str(one) {
                Ok(value) => {
                    return Checker::new(document, super::sample::Direction::Request).check(
                        param.schema,
                        &value,
                        place,
                    );
                }
                Err(_) => text(one),
            },
            (ParameterStyle::Comma, _) if is_list => Value::Array(split(',')),
            (ParameterStyle::Space, _) if is_list => Value::Array(split(' ')),
            (ParameterStyle::Pipe, _) if is_list => Value::Array(split('|')),
            (_, [one]) => {
                // One item of a list, or a value that can also be a list.
                let is_single = !is_list || !schema::alternatives(document, param.schema).is_empty();
                if is_single { text(one) } else { Value::Array(vec![text(one)]) }
            }
            (_, several) if is_list => Value::Array(several.iter().map(|value| text(value)).collect()),
            (_, several) => {
                let is_repeated = find(document, param.schema, "repeated").and_then(Value::as_bool) == Some(true);
                if !is_repeated {
                    let message = format!("it is sent {} times; the description has one value", several.len());
                    return vec![Finding::new(FindingKind::Type, place, message)];
                }
                Value::Array(several.iter().map(|value| text(value)).collect())
            }
        };
        Checker::of_text(document).check(param.schema, &value, place)
    }

    fn check_headers(&self, operation: &ApiOperation<'d>, headers: &[(String, String)], findings: &mut Vec<Finding>) {
        let params = || operation.params.iter().filter(|param| param.location == ParameterLocation::Header);
        for param in params() {
            let sent = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(&param.name));
            let place = format!("headers.{}", param.name.to_ascii_lowercase());
            match sent {
                Some((_, value)) => findings.extend(self.check_values(param, &[value], &place)),
                None if param.required => findings.push(Finding::missing(place)),
                None => {}
            }
        }
        for (name, _) in headers {
            let is_known = PLAIN_HEADERS.contains(&name.as_str())
                || self.security.headers.contains(name)
                || params().any(|param| param.name.eq_ignore_ascii_case(name));
            if !is_known {
                let message = format!("the description has no header `{name}`");
                findings.push(Finding::new(FindingKind::Header, format!("headers.{name}"), message));
            }
        }
    }

    fn check_credentials(
        &self,
        operation: &ApiOperation<'d>,
        url: &Url,
        headers: &[(String, String)],
        findings: &mut Vec<Finding>,
    ) {
        let required = operation.security.as_ref().unwrap_or(&self.api.security);
        // Descriptions have no scheme for signed requests.
        let is_signed = headers
            .iter()
            .any(|(name, value)| name == "authorization" && SIGNATURES.iter().any(|scheme| value.starts_with(scheme)));
        let has_header = |wanted: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let is_met = |(name, _): &(String, Vec<String>)| {
            let scheme = self.api.schemes.iter().find(|(known, _)| known == name).map(|(_, scheme)| scheme);
            match scheme {
                Some(SecurityScheme::Key { name, place: KeyLocation::Header, .. }) => has_header(name),
                Some(SecurityScheme::Key { name, place: KeyLocation::Query, .. }) => {
                    url.query_pairs().any(|(sent, _)| sent == *name)
                }
                Some(
                    SecurityScheme::Basic
                    | SecurityScheme::Bearer
                    | SecurityScheme::Http(_)
                    | SecurityScheme::OAuth2(_)
                    | SecurityScheme::OpenId(_),
                ) => has_header("authorization"),
                _ => true,
            }
        };
        let met = |requirement: &SecurityRequirement| requirement.0.iter().all(is_met);
        if is_signed || required.is_empty() || required.iter().any(met) {
            return;
        }
        let place = |(name, _): &(String, Vec<String>)| {
            let scheme = self.api.schemes.iter().find(|(known, _)| known == name).map(|(_, scheme)| scheme);
            match scheme {
                Some(SecurityScheme::Key { name, place: KeyLocation::Query, .. }) => {
                    format!("the query parameter `{name}`")
                }
                Some(SecurityScheme::Key { name, .. }) => format!("the header `{name}`"),
                _ => "the header `authorization`".to_owned(),
            }
        };
        let mut places = Vec::new();
        for requirement in required {
            let all = requirement.0.iter().map(place).collect::<Vec<_>>().join(" and ");
            if !places.contains(&all) {
                places.push(all);
            }
        }
        let message = format!("no credentials where the description has them: {}", places.join(", or "));
        findings.push(Finding::new(FindingKind::Credentials, "credentials", message));
    }
}
