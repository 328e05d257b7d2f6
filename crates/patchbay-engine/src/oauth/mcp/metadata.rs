//! The two metadata documents of discovery: the protected resource's (RFC 9728) and the authorization server's (RFC 8414,
//! `OpenID` Connect Discovery 1.0). Both must describe the server that was asked, and contain only https URLs.

use serde_json::{Map, Value};
use url::Url;

/// The most authorization servers of a resource that are tried.
const MAX_SERVERS: usize = 3;

/// Returns the well-known URLs of a resource's metadata, most likely first (RFC 9728, section 3.1).
pub(super) fn resource_metadata_urls(server: &Url) -> Vec<Url> {
    let mut urls = Vec::new();
    let path = server.path().trim_end_matches('/');
    if !path.is_empty() {
        urls.push(at(server, &format!("/.well-known/oauth-protected-resource{path}")));
    }
    urls.push(at(server, "/.well-known/oauth-protected-resource"));
    urls
}

/// Returns the well-known URLs of an issuer's metadata, in the order that MCP prescribes (RFC 8414, section 3.1).
pub(super) fn issuer_metadata_urls(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/');
    if path.is_empty() {
        return ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]
            .map(|place| at(issuer, place))
            .to_vec();
    }
    vec![
        at(issuer, &format!("/.well-known/oauth-authorization-server{path}")),
        at(issuer, &format!("/.well-known/openid-configuration{path}")),
        at(issuer, &format!("{path}/.well-known/openid-configuration")),
    ]
}

fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// Parses a URL from a document: `https`, a host, no user, no fragment.
pub(super) fn https_url(text: &str, what: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| format!("{what} is not a URL"))?;
    if url.scheme() != "https" {
        return Err(format!("{what} is not an https URL"));
    }
    if url.host().is_none() || !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(format!("{what} has no host, or has a user or a fragment"));
    }
    Ok(url)
}

/// Parses a URL of a resource's metadata that the challenge of `server` names. It must be on the server's own origin.
pub(super) fn own_metadata_url(text: &str, server: &Url) -> Result<Url, String> {
    let url = https_url(text, "`resource_metadata`")?;
    if url.origin() == server.origin() {
        Ok(url)
    } else {
        Err("`resource_metadata` is on another origin than the server".to_owned())
    }
}

/// Checks whether two issuers are one: identical (RFC 8414, section 3.3), or a host without a path that differs only by the
/// slash at its end. RFC 3986, section 6.2.3, makes those one URL, and servers write both.
pub(crate) fn is_same_issuer(one: &str, other: &str) -> bool {
    let host_of = |issuer: &'_ str| -> Option<String> {
        let bare = issuer.strip_suffix('/').unwrap_or(issuer);
        let (_, authority) = bare.split_once("://")?;
        (!authority.contains(['/', '?', '#'])).then(|| bare.to_owned())
    };
    one == other || host_of(one).is_some_and(|host| host_of(other) == Some(host))
}

/// The metadata of a protected resource (RFC 9728, section 2).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProtectedResourceMetadata {
    /// The resource identifier, for the parameter `resource` (RFC 8707).
    pub(super) id: String,
    /// The issuers of its authorization servers.
    pub(super) servers: Vec<String>,
    pub(super) scopes: Option<String>,
}

impl ProtectedResourceMetadata {
    /// Reads the metadata of `server`. They must describe that server, or a parent path on the same origin: otherwise a
    /// server could obtain tokens for another one.
    pub(super) fn read(document: &Map<String, Value>, server: &Url) -> Result<Self, String> {
        let resource = text(document, "resource").ok_or("the resource's metadata have no `resource`")?;
        let url = https_url(resource, "the `resource` of the resource's metadata")?;
        let (above, path) = (url.path().trim_end_matches('/'), server.path());
        let is_above = path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && url.query().is_none();
        if url.origin() != server.origin() || !(is_above || url == *server) {
            return Err("the resource's metadata describe another server".to_owned());
        }
        let servers = document.get("authorization_servers").and_then(Value::as_array);
        let servers = servers.into_iter().flatten().filter_map(Value::as_str).take(MAX_SERVERS);
        let servers = servers.map(str::to_owned).collect::<Vec<_>>();
        if servers.is_empty() {
            return Err("the resource's metadata have no `authorization_servers`".to_owned());
        }
        Ok(Self { id: resource.to_owned(), servers, scopes: scopes(document) })
    }
}

/// The metadata of an authorization server (RFC 8414, section 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthorizationServerMetadata {
    /// The issuer, character by character as the document has it.
    pub(crate) issuer: String,
    /// The authorization endpoint.
    pub(crate) authorization: Url,
    /// The token endpoint.
    pub(crate) token: Url,
    /// The revocation endpoint (RFC 7009).
    pub(crate) revocation: Option<Url>,
    /// The registration endpoint (RFC 7591).
    pub(crate) registration: Option<Url>,
    /// Whether it supports client ID metadata documents.
    pub(crate) supports_client_metadata_documents: bool,
    /// Whether callbacks contain `iss` (RFC 9207).
    pub(crate) sends_iss: bool,
    /// The client authentication methods of the token endpoint.
    pub(crate) token_endpoint_auth_methods: Vec<String>,
    /// Whether it supports the scope `offline_access`, which refresh tokens need.
    pub(crate) supports_offline_access: bool,
}

impl AuthorizationServerMetadata {
    /// Reads the metadata of `issuer`.
    pub(super) fn read(document: &Map<String, Value>, issuer: &str) -> Result<Self, String> {
        let Some(issuer) = text(document, "issuer").filter(|named| is_same_issuer(named, issuer)) else {
            return Err("the authorization server's metadata describe another issuer".to_owned());
        };
        let address = |key: &str| match text(document, key) {
            Some(text) => https_url(text, &format!("`{key}` of the authorization server's metadata")),
            None => Err(format!("the authorization server's metadata have no `{key}`")),
        };
        let list = |key: &str| {
            let list = document.get(key).and_then(Value::as_array)?;
            Some(list.iter().filter_map(Value::as_str).take(32).map(str::to_owned).collect::<Vec<_>>())
        };
        let flag = |key: &str| document.get(key).and_then(Value::as_bool).unwrap_or(false);
        if list("response_types_supported").is_some_and(|types| !types.iter().any(|one| one == "code")) {
            return Err("the authorization server does not support the response type `code`".to_owned());
        }
        if !list("code_challenge_methods_supported").is_some_and(|methods| methods.iter().any(|one| one == "S256")) {
            return Err("the authorization server's metadata do not announce PKCE with S256".to_owned());
        }
        let optional = |key: &str| document.get(key).filter(|place| !place.is_null()).map(|_| address(key)).transpose();
        Ok(Self {
            issuer: issuer.to_owned(),
            authorization: address("authorization_endpoint")?,
            token: address("token_endpoint")?,
            revocation: optional("revocation_endpoint")?,
            registration: optional("registration_endpoint")?,
            supports_client_metadata_documents: flag("client_id_metadata_document_supported"),
            sends_iss: flag("authorization_response_iss_parameter_supported"),
            // RFC 8414, section 2: the default.
            token_endpoint_auth_methods: list("token_endpoint_auth_methods_supported")
                .unwrap_or_else(|| vec!["client_secret_basic".to_owned()]),
            supports_offline_access: list("scopes_supported")
                .is_some_and(|all| all.iter().any(|one| one == "offline_access")),
        })
    }
}

fn text<'d>(document: &'d Map<String, Value>, key: &str) -> Option<&'d str> {
    document.get(key).and_then(Value::as_str)
}

fn scopes(document: &Map<String, Value>) -> Option<String> {
    let list = document.get("scopes_supported")?.as_array()?;
    patchbay_egress::parse_scope(&list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(members) => members,
            other => panic!("{other}"),
        }
    }

    fn strings(urls: &[Url]) -> Vec<&str> {
        urls.iter().map(Url::as_str).collect()
    }

    #[test]
    fn metadata_urls_follow_the_rfcs() {
        assert_eq!(
            strings(&resource_metadata_urls(&url("https://a.example:8443/x/mcp/?q=1"))),
            [
                "https://a.example:8443/.well-known/oauth-protected-resource/x/mcp",
                "https://a.example:8443/.well-known/oauth-protected-resource"
            ]
        );
        assert_eq!(
            strings(&issuer_metadata_urls(&url("https://i.example/t1"))),
            [
                "https://i.example/.well-known/oauth-authorization-server/t1",
                "https://i.example/.well-known/openid-configuration/t1",
                "https://i.example/t1/.well-known/openid-configuration"
            ]
        );
        assert_eq!(issuer_metadata_urls(&url("https://i.example")).len(), 2);
    }

    #[test]
    fn a_resource_may_describe_only_itself() {
        let server = url("https://a.example/x/mcp");
        let read = |resource: &str| {
            ProtectedResourceMetadata::read(
                &map(json!({ "resource": resource, "authorization_servers": ["https://i.example"] })),
                &server,
            )
        };
        for own in ["https://a.example/x/mcp", "https://a.example/x", "https://a.example", "https://a.example/x/"] {
            assert_eq!(read(own).unwrap().id, own);
        }
        for foreign in [
            "https://b.example/x/mcp",
            "https://a.example:8443/x/mcp",
            "http://a.example/x/mcp",
            "https://a.example/x/mcp/deeper",
            "https://a.example/x/mc",
            "https://a.example/x?tenant=1",
            "https://user@a.example/x",
            "javascript:alert(1)",
        ] {
            assert!(read(foreign).is_err(), "{foreign}");
        }
    }

    #[test]
    fn issuers_of_a_host_may_differ_by_the_last_slash() {
        for (one, other) in [
            ("https://i.example", "https://i.example/"),
            ("https://i.example:8443/", "https://i.example:8443"),
            ("https://i.example/t", "https://i.example/t"),
        ] {
            assert!(is_same_issuer(one, other) && is_same_issuer(other, one), "{one} {other}");
            assert!(is_same_issuer(one, one));
        }
        for (one, other) in [
            ("https://i.example/t", "https://i.example/t/"),
            ("https://i.example", "https://i.example//"),
            ("https://i.example", "http://i.example/"),
            ("https://i.example", "https://j.example/"),
            ("https://i.example", "https://i.example:8443/"),
            ("https://i.example?a", "https://i.example?a/"),
            ("i.example", "i.example/"),
        ] {
            assert!(!is_same_issuer(one, other) && !is_same_issuer(other, one), "{one} {other}");
        }
    }

    #[test]
    fn metadata_keep_the_issuer_that_they_name() {
        let document = server_document(json!({ "issuer": "https://i.example/" }));
        assert_eq!(
            AuthorizationServerMetadata::read(&document, "https://i.example").unwrap().issuer,
            "https://i.example/"
        );
    }

    fn server_document(change: Value) -> Map<String, Value> {
        let mut document = map(json!({
            "issuer": "https://i.example",
            "authorization_endpoint": "https://i.example/authorize",
            "token_endpoint": "https://t.example/token",
            "registration_endpoint": "https://i.example/register",
            "code_challenge_methods_supported": ["plain", "S256"],
        }));
        document.extend(map(change));
        document
    }

    #[test]
    fn invalid_server_metadata_are_rejected() {
        assert!(AuthorizationServerMetadata::read(&server_document(json!({})), "https://i.example").is_ok());
        for wrong in [
            json!({ "issuer": "https://i.example//" }),
            json!({ "issuer": "https://i.example/?" }),
            json!({ "issuer": "https://other.example" }),
            json!({ "issuer": null }),
            json!({ "authorization_endpoint": "http://i.example/authorize" }),
            json!({ "authorization_endpoint": "javascript:alert(document.cookie)" }),
            json!({ "authorization_endpoint": "file:///etc/passwd" }),
            json!({ "authorization_endpoint": "https://u:p@i.example/authorize" }),
            json!({ "token_endpoint": "ftp://i.example/token" }),
            json!({ "token_endpoint": null }),
            json!({ "registration_endpoint": "data:text/html,x" }),
            json!({ "revocation_endpoint": "http://i.example/revoke" }),
            json!({ "revocation_endpoint": 5 }),
            json!({ "code_challenge_methods_supported": ["plain"] }),
            json!({ "code_challenge_methods_supported": null }),
            json!({ "response_types_supported": ["token"] }),
        ] {
            assert!(
                AuthorizationServerMetadata::read(&server_document(wrong.clone()), "https://i.example").is_err(),
                "{wrong}"
            );
        }
    }
}
