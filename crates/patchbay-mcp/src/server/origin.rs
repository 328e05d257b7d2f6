//! Which hosts and origins requests may name.
//!
//! A page of another site can let a browser send requests to this server: directly, or through a host name of its own that leads to
//! this server's address (DNS rebinding). Browsers say in `Origin` which site sent a request, and in `Host` by which name they
//! reached the server. Other clients send no `Origin`.

use http::{HeaderMap, StatusCode, header, uri::Authority};

use super::response::McpResponse;
use crate::RpcError;

/// The hosts and origins that requests may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    /// Names or addresses of this server without ports, in lower case.
    hosts: Vec<String>,
    /// Origins whose pages may call this server, such as `https://app.example`, in lower case.
    origins: Vec<String>,
    /// Whether the names of the own machine are allowed, with any port.
    is_local: bool,
}

impl AllowedHosts {
    /// Creates a list. `is_local` allows the names of the own machine, for a server that only this machine reaches.
    pub fn new<'a>(
        hosts: impl IntoIterator<Item = &'a str>,
        origins: impl IntoIterator<Item = &'a str>,
        is_local: bool,
    ) -> Self {
        let lower = |text: &str| text.to_ascii_lowercase();
        Self {
            hosts: hosts.into_iter().map(lower).collect(),
            origins: origins.into_iter().map(lower).collect(),
            is_local,
        }
    }

    /// Checks the headers of a request. `authority` is that of its URI (HTTP/2), otherwise the header `Host` counts.
    ///
    /// # Errors
    ///
    /// The response 403 for another host or origin.
    pub fn check(&self, headers: &HeaderMap, authority: Option<&Authority>) -> Result<(), Box<McpResponse>> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        if !origins.all(|origin| origin.to_str().is_ok_and(|origin| self.allows_origin(origin))) {
            let message =
                "the origin of the request is not that of the public URL; only its own pages can call this endpoint";
            return Err(Box::new(forbidden(message)));
        }
        let named = headers.get(header::HOST).map(|host| host.to_str().unwrap_or_default());
        let is_allowed = match (authority, named) {
            (Some(authority), _) => self.allows_host(authority.host()),
            (None, Some(host)) => host.parse::<Authority>().is_ok_and(|host| self.allows_host(host.host())),
            (None, None) => false,
        };
        if is_allowed {
            return Ok(());
        }
        let message = "the host of the request is not the host of the public URL; send the request to the public URL";
        Err(Box::new(forbidden(message)))
    }

    fn allows_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.hosts.contains(&host) || (self.is_local && is_local(&host))
    }

    fn allows_origin(&self, origin: &str) -> bool {
        let origin = origin.to_ascii_lowercase();
        let host = origin.split_once("://").and_then(|(scheme, rest)| {
            let is_web = matches!(scheme, "http" | "https");
            rest.parse::<Authority>().ok().filter(|_| is_web)
        });
        self.origins.contains(&origin) || (self.is_local && host.is_some_and(|host| is_local(host.host())))
    }
}

/// Returns true for a name or address of the own machine.
pub fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]" | "::1")
}

fn forbidden(message: &str) -> McpResponse {
    let error = RpcError::new(RpcError::INVALID_REQUEST, message);
    McpResponse::error(StatusCode::FORBIDDEN, None, &error)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn is_allowed(allowed: &AllowedHosts, host: &'static str, origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
        headers.extend(origin.map(|origin| (header::ORIGIN, HeaderValue::from_static(origin))));
        allowed.check(&headers, None).is_ok()
    }

    #[test]
    fn only_the_public_host_and_its_origins_are_allowed() {
        let allowed = AllowedHosts::new(["Gateway.example"], ["https://gateway.example"], false);
        for (host, origin) in [
            ("gateway.example", None),
            ("GATEWAY.example:8443", None),
            ("gateway.example", Some("https://gateway.example")),
        ] {
            assert!(is_allowed(&allowed, host, origin), "{host} {origin:?}");
        }
        for (host, origin) in [
            ("evil.example", None),
            ("localhost", None),
            ("", None),
            ("gateway.example.evil.example", None),
            ("gateway.example@evil.example", None),
            ("gateway.example", Some("https://evil.example")),
            ("gateway.example", Some("http://gateway.example")),
            ("gateway.example", Some("https://gateway.example.evil.example")),
            ("gateway.example", Some("null")),
            ("gateway.example", Some("")),
        ] {
            assert!(!is_allowed(&allowed, host, origin), "{host} {origin:?}");
        }
        assert!(allowed.check(&HeaderMap::new(), None).is_err());
    }

    #[test]
    fn a_local_server_is_reached_by_the_names_of_the_machine() {
        let allowed = AllowedHosts::new([], [], true);
        for host in ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080"] {
            assert!(is_allowed(&allowed, host, None), "{host}");
        }
        assert!(is_allowed(&allowed, "localhost:1", Some("http://localhost:1")));
        assert!(is_allowed(&allowed, "localhost:1", Some("http://[::1]:5173")));
        for (host, origin) in [
            ("localhost.evil.example", None),
            ("evil.example", None),
            ("localhost", Some("http://evil.example")),
            ("localhost", Some("http://localhost.evil.example")),
            ("localhost", Some("file://localhost")),
        ] {
            assert!(!is_allowed(&allowed, host, origin), "{host} {origin:?}");
        }
    }
}
