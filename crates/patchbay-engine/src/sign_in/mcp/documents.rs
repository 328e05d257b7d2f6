//! The two documents by which a stranger says where one signs in: the resource's (RFC 9728) and the authorization
//! server's (RFC 8414, OIDC Discovery 1.0). Both are checked to speak of who was asked, and to name web
//! addresses alone.

use serde_json::{Map, Value};
use url::Url;

/// The most authorization servers of a resource that are looked at.
const MAX_SERVERS: usize = 3;

/// Where the metadata of a resource may be, likeliest first.
pub(super) fn resource_places(server: &Url) -> Vec<Url> {
    let mut places = Vec::new();
    let path = server.path().trim_end_matches('/');
    if !path.is_empty() {
        places.push(at(server, &format!("/.well-known/oauth-protected-resource{path}")));
    }
    places.push(at(server, "/.well-known/oauth-protected-resource"));
    places
}

/// Where the metadata of an issuer may be, in the order that MCP prescribes.
pub(super) fn issuer_places(issuer: &Url) -> Vec<Url> {
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

/// A web address that someone else names: `https`, a host, no user, no fragment.
pub(super) fn web_address(text: &str, what: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| format!("{what} is no URL"))?;
    if url.scheme() != "https" {
        return Err(format!("{what} is no https address"));
    }
    if url.host().is_none() || !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(format!("{what} has no host, or a user or fragment that it must not have"));
    }
    Ok(url)
}

/// What is read of a resource's metadata.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resource {
    /// Its identifier, for `resource` (RFC 8707).
    pub(super) id: String,
    /// Its authorization servers' identifiers.
    pub(super) servers: Vec<String>,
    pub(super) scopes: Option<String>,
}

impl Resource {
    /// Reads a document about the server at `server`. It must speak of that server, or of one above it on the same
    /// origin: else any server could have tokens made out for another.
    pub(super) fn read(document: &Map<String, Value>, server: &Url) -> Result<Self, String> {
        let resource = text(document, "resource").ok_or("the resource's metadata name no `resource`")?;
        let url = web_address(resource, "the `resource` of the resource's metadata")?;
        let (above, path) = (url.path().trim_end_matches('/'), server.path());
        let is_above = path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && url.query().is_none();
        if url.origin() != server.origin() || !(is_above || url == *server) {
            return Err("the resource's metadata speak of another server than the one that was asked".to_owned());
        }
        let servers = document.get("authorization_servers").and_then(Value::as_array);
        let servers = servers.into_iter().flatten().filter_map(Value::as_str).take(MAX_SERVERS);
        let servers = servers.map(str::to_owned).collect::<Vec<_>>();
        if servers.is_empty() {
            return Err("the resource's metadata name no `authorization_servers`".to_owned());
        }
        Ok(Self { id: resource.to_owned(), servers, scopes: scopes(document) })
    }
}

/// What is read of an authorization server's metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// Its identifier, character by character as it gives it.
    pub(crate) issuer: String,
    /// Where the browser goes.
    pub(crate) authorization: Url,
    /// Where the code is traded.
    pub(crate) token: Url,
    /// Where tokens are taken back (RFC 7009).
    pub(crate) revocation: Option<Url>,
    /// Where clients become known (RFC 7591).
    pub(crate) registration: Option<Url>,
    /// Whether a client's own document makes it known.
    pub(crate) takes_documents: bool,
    /// Whether the way back names the issuer (RFC 9207).
    pub(crate) names_itself: bool,
    /// How clients prove themselves at the token endpoint.
    pub(crate) token_auth: Vec<String>,
    /// Whether a scope for refresh tokens is known.
    pub(crate) knows_offline_access: bool,
}

impl Server {
    /// Reads the document of `issuer`.
    pub(super) fn read(document: &Map<String, Value>, issuer: &str) -> Result<Self, String> {
        // RFC 8414 section 3.3: identical, not alike.
        if text(document, "issuer") != Some(issuer) {
            return Err(
                "the authorization server's metadata speak of another issuer than the one that was asked".to_owned()
            );
        }
        let address = |key: &str| match text(document, key) {
            Some(text) => web_address(text, &format!("`{key}` of the authorization server's metadata")),
            None => Err(format!("the authorization server's metadata have no `{key}`")),
        };
        let list = |key: &str| {
            let list = document.get(key).and_then(Value::as_array)?;
            Some(list.iter().filter_map(Value::as_str).take(32).map(str::to_owned).collect::<Vec<_>>())
        };
        let flag = |key: &str| document.get(key).and_then(Value::as_bool).unwrap_or(false);
        if list("response_types_supported").is_some_and(|types| !types.iter().any(|one| one == "code")) {
            return Err("the authorization server gives no codes (`response_types_supported`)".to_owned());
        }
        if !list("code_challenge_methods_supported").is_some_and(|methods| methods.iter().any(|one| one == "S256")) {
            return Err("the authorization server does not say that it checks code challenges by S256".to_owned());
        }
        let optional = |key: &str| document.get(key).filter(|place| !place.is_null()).map(|_| address(key)).transpose();
        Ok(Self {
            issuer: issuer.to_owned(),
            authorization: address("authorization_endpoint")?,
            token: address("token_endpoint")?,
            revocation: optional("revocation_endpoint")?,
            registration: optional("registration_endpoint")?,
            takes_documents: flag("client_id_metadata_document_supported"),
            names_itself: flag("authorization_response_iss_parameter_supported"),
            // RFC 8414 section 2: what it means to say nothing.
            token_auth: list("token_endpoint_auth_methods_supported")
                .unwrap_or_else(|| vec!["client_secret_basic".to_owned()]),
            knows_offline_access: list("scopes_supported")
                .is_some_and(|all| all.iter().any(|one| one == "offline_access")),
        })
    }
}

fn text<'d>(document: &'d Map<String, Value>, key: &str) -> Option<&'d str> {
    document.get(key).and_then(Value::as_str)
}

fn scopes(document: &Map<String, Value>) -> Option<String> {
    let list = document.get("scopes_supported")?.as_array()?;
    crate::http::parse_scope(&list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
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

    fn places(urls: &[Url]) -> Vec<&str> {
        urls.iter().map(Url::as_str).collect()
    }

    #[test]
    fn metadata_are_looked_for_where_the_standards_have_them() {
        assert_eq!(
            places(&resource_places(&url("https://a.example:8443/x/mcp/?q=1"))),
            [
                "https://a.example:8443/.well-known/oauth-protected-resource/x/mcp",
                "https://a.example:8443/.well-known/oauth-protected-resource"
            ]
        );
        assert_eq!(
            places(&issuer_places(&url("https://i.example/t1"))),
            [
                "https://i.example/.well-known/oauth-authorization-server/t1",
                "https://i.example/.well-known/openid-configuration/t1",
                "https://i.example/t1/.well-known/openid-configuration"
            ]
        );
        assert_eq!(issuer_places(&url("https://i.example")).len(), 2);
    }

    #[test]
    fn a_resource_speaks_of_itself_alone() {
        let server = url("https://a.example/x/mcp");
        let read = |resource: &str| {
            Resource::read(
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
    fn a_servers_document_is_not_believed_blindly() {
        assert!(Server::read(&server_document(json!({})), "https://i.example").is_ok());
        for wrong in [
            json!({ "issuer": "https://i.example/" }),
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
            assert!(Server::read(&server_document(wrong.clone()), "https://i.example").is_err(), "{wrong}");
        }
    }
}
