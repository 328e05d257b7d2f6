//! Decides which URL a request goes to, and whether the account's credentials may go with it.
//!
//! Inputs never change a URL's host or its number of path segments; a trailing slash stays as the connector file has it.

use patchbay_connector::{
    Connector,
    expr::{Bindings, Escape, EvalError, Template},
};
use url::Url;

use super::origin_policy;
use crate::{Error, ErrorCode, context::Run, expression_error::expression_error};

/// The URL of a request.
pub(crate) struct RequestTarget {
    /// The URL.
    pub(crate) url: Url,
    /// True if the URL may receive the account's credentials.
    pub(crate) with_credentials: bool,
}

impl Run<'_> {
    /// Returns the target of a step with a protocol of its own: `path` under `base`, or `base` itself. Without `base` it
    /// is the connector's base URL, otherwise the MCP server that the authentication method declares.
    ///
    /// # Errors
    ///
    /// 500 `ConnectorError` without any URL, otherwise the errors of [`base_url`].
    pub(crate) fn target(&self, base: Option<&Template>, path: Option<&Template>) -> Result<RequestTarget, Error> {
        let (connector, roots) = (self.ctx.connector, self.roots());
        let bindings = Bindings { roots: &roots };
        let server = self.ctx.method.mcp.as_ref().map(|flow| &flow.server_url);
        let base = base.or(connector.base_url.as_ref()).or(server);
        match (path, base) {
            (Some(path), base) => resolve(connector, &self.action.id, base, path, &bindings),
            (None, Some(base)) => {
                let url = parse_url(&base_url(connector, base, &bindings)?)?;
                let with_credentials =
                    origin_policy::is_chosen_by_author(base) || is_own_origin(connector, &url, &bindings);
                Ok(RequestTarget { url, with_credentials })
            }
            (None, None) => Err(Error::new(
                ErrorCode::Connector,
                format!("{}: `{}` has no URL, and the connector has no baseUrl", connector.title, self.action.id),
            )),
        }
    }
}

/// Evaluates a base URL, without a trailing slash.
///
/// # Errors
///
/// 400 `ValidationError`, 412 `AccountFieldError` or 500 `ConnectorError` if the expression fails.
pub fn base_url(connector: &Connector, base: &Template, bindings: &Bindings<'_>) -> Result<String, Error> {
    let to_error = |error: &EvalError| expression_error(&connector.title, "baseUrl", error);
    let text = base
        .eval_text(bindings, Escape::Host)
        .map_err(|error| to_error(&error))?
        .ok_or_else(|| to_error(&EvalError::Missing { path: base.source().to_owned() }))?;
    Ok(text.trim_end_matches('/').to_owned())
}

/// Evaluates the URL of a request: `path` if it is absolute, otherwise `path` under `base`.
///
/// # Errors
///
/// 400 `ValidationError` for a URL that is not valid or whose path contains `.` or `..` segments, 500 `ConnectorError`
/// for a relative URL without a base, otherwise the errors of [`base_url`].
pub(super) fn resolve(
    connector: &Connector,
    action: &str,
    base: Option<&Template>,
    path: &Template,
    bindings: &Bindings<'_>,
) -> Result<RequestTarget, Error> {
    let to_error = |error: &EvalError| expression_error(&connector.title, action, error);
    let text = path
        .eval_text(bindings, Escape::PathSegment)
        .map_err(|error| to_error(&error))?
        .ok_or_else(|| to_error(&EvalError::Missing { path: path.source().to_owned() }))?;
    let is_absolute = text.starts_with("https://") || text.starts_with("http://");
    let author_chose_base = base.is_none_or(origin_policy::is_chosen_by_author);
    let base_text = base.map(|base| base_url(connector, base, bindings)).transpose()?;
    if is_absolute {
        let url = parse_url(&text)?;
        let base_origin = || base_text.as_deref().and_then(|base| Url::parse(base).ok()).map(|base| base.origin());
        // An origin that is literal in the connector file is the author's choice; otherwise data chose it.
        let author_chose_origin =
            path.source().trim_start().starts_with("http") && origin_policy::is_chosen_by_author(path);
        let with_credentials = author_chose_origin
            || (author_chose_base && base_origin() == Some(url.origin()))
            || is_own_origin(connector, &url, bindings);
        return Ok(RequestTarget { url, with_credentials });
    }
    let base = base_text.ok_or_else(|| {
        Error::new(
            ErrorCode::Connector,
            format!("{}: `{action}` has a relative URL, but the connector has no baseUrl", connector.title),
        )
    })?;
    if has_dot_segment(&text) {
        return Err(invalid_url("its path contains a `.` or `..` segment"));
    }
    let slash = if text.is_empty() || text.starts_with(['/', '?']) { "" } else { "/" };
    let url = parse_url(&format!("{base}{slash}{text}"))?;
    let with_credentials = author_chose_base || is_own_origin(connector, &url, bindings);
    Ok(RequestTarget { url, with_credentials })
}

/// Returns true if a URL has the origin of the connector's base URL.
fn is_own_origin(connector: &Connector, url: &Url, bindings: &Bindings<'_>) -> bool {
    let base = connector.base_url.as_ref().and_then(|base| base_url(connector, base, bindings).ok());
    base.and_then(|base| Url::parse(&base).ok()).is_some_and(|base| base.origin() == url.origin())
}

/// Parses a URL; user name and password are not allowed.
fn parse_url(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|error| invalid_url(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid_url("it contains a user name or password"));
    }
    Ok(url)
}

fn invalid_url(reason: &str) -> Error {
    Error::new(ErrorCode::Validation, format!("the inputs and the account's fields do not form a valid URL: {reason}"))
}

/// Returns true if a path has a dot segment (RFC 3986, section 3.3), also if its dots are percent-encoded.
pub fn has_dot_segment(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(|segment| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        plain == "." || plain == ".."
    })
}

#[cfg(test)]
mod tests {
    use patchbay_connector::{SourceFile, load};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn demo() -> Connector {
        let text = r"
Patchbay: 1.0.0
info: {title: Demo, key: demo, version: 1.0.0, description: For a test.}
categories: [documents]
baseUrl: https://${credentials.region}.demo.example.com/api
authentication:
  - key: {type: custom, label: Key, authorization: {type: none},
      configFields: [{key: region, label: Region, type: text, required: true, secret: false}],
      environments: [{key: production, name: Production}]}
actions:
  - {actionId: get_me, label: One, description: Does it., categories: [documents], actionType: get,
      steps: [{stepId: a, description: A., stepFunction: {functionName: request, parameters: {url: /me}}}]}
";
        load(&[SourceFile { name: "demo.connector.yaml".into(), text: text.to_owned() }]).connector.unwrap()
    }

    fn built(connector: &Connector, path: &str, region: &str, id: &Value) -> Result<RequestTarget, Error> {
        let (inputs, credentials) = (json!({ "id": id }), json!({ "region": region, "key": "k" }));
        let roots = [("inputs", &inputs), ("credentials", &credentials)];
        let template = Template::parse(path).unwrap();
        resolve(connector, "demo", connector.base_url.as_ref(), &template, &Bindings { roots: &roots })
    }

    #[test]
    fn slashes_do_not_change() {
        let connector = demo();
        let url = |path: &str| built(&connector, path, "eu", &json!(7)).unwrap().url.to_string();
        assert_eq!(url("/things/"), "https://eu.demo.example.com/api/things/");
        assert_eq!(url("/things"), "https://eu.demo.example.com/api/things");
        assert_eq!(url("things/${inputs.id}/"), "https://eu.demo.example.com/api/things/7/");
        assert_eq!(url("/things?x=${inputs.id}"), "https://eu.demo.example.com/api/things?x=7");
        assert_eq!(url(""), "https://eu.demo.example.com/api");
    }

    #[test]
    fn an_expression_for_a_whole_path_cannot_leave_the_base() {
        let connector = demo();
        for id in ["/../../admin", "/a/%2e%2e/b", "/a/..\\b", "/."] {
            assert!(built(&connector, "$.inputs.id", "eu", &json!(id)).is_err(), "{id}");
        }
    }

    #[test]
    fn an_origin_that_data_chose_receives_no_credentials() {
        let connector = demo();
        let receives_credentials =
            |path: &str, id: &str| built(&connector, path, "eu", &json!(id)).unwrap().with_credentials;
        assert!(receives_credentials("$.inputs.id", "https://eu.demo.example.com/next?page=2"));
        assert!(!receives_credentials("$.inputs.id", "https://evil.example/next"));
        assert!(!receives_credentials("$.inputs.id", "http://eu.demo.example.com/next"));
        assert!(
            receives_credentials("https://upload.demo.example.com/x", ""),
            "an origin in the connector file is the author's choice"
        );
        assert!(receives_credentials("https://${inputs.id}.example.com/x", "a"));
        assert!(!receives_credentials("https://${inputs.id}/x", "evil.example"), "a scheme is not an origin");
        assert!(
            receives_credentials("https://${inputs.id}/x", "eu.demo.example.com"),
            "it is the provider's own origin"
        );
        let (inputs, credentials) = (json!({ "id": "evil.example" }), json!({ "region": "eu" }));
        let bindings = Bindings { roots: &[("inputs", &inputs), ("credentials", &credentials)] };
        let at = |base: &str| {
            let (base, path) = (Template::parse(base).unwrap(), Template::parse("/x").unwrap());
            resolve(&connector, "demo", Some(&base), &path, &bindings).unwrap().with_credentials
        };
        assert!(at("https://other.example.com") && at("https://${inputs.id}.example.com"));
        assert!(!at("https://${inputs.id}"));
    }

    proptest! {
        #[test]
        fn an_input_stays_one_segment(id in any::<String>()) {
            let connector = demo();
            if let Ok(RequestTarget { url, .. }) = built(&connector, "/things/${inputs.id}/sub/", "eu", &json!(id)) {
                let segments = url.path_segments().unwrap().collect::<Vec<_>>();
                prop_assert_eq!(url.host_str(), Some("eu.demo.example.com"));
                prop_assert_eq!(segments.len(), 5, "{}", url);
                prop_assert_eq!((segments[1], segments[3], segments[4]), ("things", "sub", ""));
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            } else {
                prop_assert!(matches!(id.as_str(), "" | "." | ".."), "{:?} was rejected", id);
            }
        }

        #[test]
        fn a_field_never_changes_the_domain_of_the_host(region in any::<String>()) {
            let connector = demo();
            if let Ok(RequestTarget { url, .. }) = built(&connector, "/things", &region, &json!(1)) {
                prop_assert!(url.host_str().unwrap().ends_with(".demo.example.com"), "{}", url);
                prop_assert_eq!(url.path(), "/api/things");
                prop_assert_eq!(url.port(), None);
                prop_assert_eq!(url.scheme(), "https");
            }
        }
    }
}
