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

/// Where a request goes, and whether the credentials may go with it.
pub struct Target {
    pub url: Url,
    pub with_credentials: bool,
}

impl Run<'_> {
    /// Returns the target of a step that speaks a protocol of its own: `path` under `base`, or `base` itself. Without
    /// `base` it is the connector's base URL, otherwise the MCP server that the authentication method names.
    pub fn target(&self, base: Option<&Template>, path: Option<&Template>) -> Result<Target, Error> {
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
                Ok(Target { url, with_credentials })
            }
            (None, None) => Err(Error::new(
                ErrorCode::Connector,
                format!("{}: `{}` has no URL and the connector no baseUrl", connector.title, self.action.id),
            )),
        }
    }
}

/// The connector's base URL, without a trailing slash.
pub fn base_url(connector: &Connector, base: &Template, bindings: &Bindings<'_>) -> Result<String, Error> {
    let to_error = |error: &EvalError| expression_error(&connector.title, "baseUrl", error);
    let text = base
        .eval_text(bindings, Escape::Host)
        .map_err(|error| to_error(&error))?
        .ok_or_else(|| to_error(&EvalError::Missing { path: base.source().to_owned() }))?;
    Ok(text.trim_end_matches('/').to_owned())
}

pub(super) fn resolve(
    connector: &Connector,
    action: &str,
    base: Option<&Template>,
    path: &Template,
    bindings: &Bindings<'_>,
) -> Result<Target, Error> {
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
        // Written out in the file, the origin is the author's choice; otherwise data chose it.
        let author_chose_origin =
            path.source().trim_start().starts_with("http") && origin_policy::is_chosen_by_author(path);
        let with_credentials = author_chose_origin
            || (author_chose_base && base_origin() == Some(url.origin()))
            || is_own_origin(connector, &url, bindings);
        return Ok(Target { url, with_credentials });
    }
    let base = base_text.ok_or_else(|| {
        Error::new(
            ErrorCode::Connector,
            format!("{}: `{action}` has a relative URL and the connector no baseUrl", connector.title),
        )
    })?;
    if has_dot_segment(&text) {
        return Err(invalid_url("its path holds `.` or `..`, which would change where it leads"));
    }
    let slash = if text.is_empty() || text.starts_with(['/', '?']) { "" } else { "/" };
    let url = parse_url(&format!("{base}{slash}{text}"))?;
    let with_credentials = author_chose_base || is_own_origin(connector, &url, bindings);
    Ok(Target { url, with_credentials })
}

/// Whether a URL is at the connector's own base URL.
fn is_own_origin(connector: &Connector, url: &Url, bindings: &Bindings<'_>) -> bool {
    let own = connector.base_url.as_ref().and_then(|base| base_url(connector, base, bindings).ok());
    own.and_then(|own| Url::parse(&own).ok()).is_some_and(|own| own.origin() == url.origin())
}

fn parse_url(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|error| invalid_url(&error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid_url("it holds a user name or password"));
    }
    Ok(url)
}

fn invalid_url(why: &str) -> Error {
    Error::new(
        ErrorCode::Validation,
        format!("the inputs and the account's fields make no URL that can be called: {why}"),
    )
}

/// Whether a path has a segment that URL parsers take as "here" or "up", in any spelling.
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

    fn built(connector: &Connector, path: &str, region: &str, id: &Value) -> Result<Target, Error> {
        let (inputs, credentials) = (json!({ "id": id }), json!({ "region": region, "key": "k" }));
        let roots = [("inputs", &inputs), ("credentials", &credentials)];
        let template = Template::parse(path).unwrap();
        resolve(connector, "demo", connector.base_url.as_ref(), &template, &Bindings { roots: &roots })
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
