//! The cookies of this server: this is the only place that names, writes and reads them.
//!
//! A cookie has one name. If browsers reach the server over https, the name begins with `__Host-` (RFC 6265bis section
//! 4.1.3.2): only this host can set such a cookie, over https, for all paths. Any other host of the same domain, and a forged
//! response to `http://` in the network, can set a cookie without the prefix. It is therefore ignored: otherwise a planted
//! cookie would log a browser in, complete an authorization of another browser, or log the operator out. Over
//! http, on a developer's machine, browsers reject the prefix, and the names have none.
//!
//! Cookies are compared as bytes, and each pair for itself: a planted value that is not text hides no other cookie. If
//! several cookies have the name, each of them is tried, because their order says nothing about their origin.

use axum::http::{HeaderMap, HeaderValue, header};
use patchbay_vault::Secret;

use crate::urls::RouteUrls;

/// The prefix of every name over https.
const SECURE_PREFIX: &str = "__Host-";
/// A kind of cookie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CookieKind {
    /// The name, without the prefix.
    name: &'static str,
    /// True if a suffix follows the name, which tells the cookies of this kind apart.
    has_suffix: bool,
    /// Which requests from other sites carry it (`SameSite`).
    same_site: &'static str,
    /// The maximum number of cookies that are read. Each of them may cost a query.
    max_read: usize,
}

/// The login of a browser to the dashboard.
pub(crate) const LOGIN: CookieKind =
    CookieKind { name: "patchbay_session", has_suffix: false, same_site: "Strict", max_read: 8 };

/// The mark of a browser that has logged in before, for a counter of wrong passwords of its own.
pub(crate) const DEVICE: CookieKind =
    CookieKind { name: "patchbay_device", has_suffix: false, same_site: "Strict", max_read: 8 };

/// The browser that started an authorization. A suffix follows: each authorization has its own cookie, so that several
/// windows of a browser do not overwrite each other's. The navigation from the provider must carry it, and no other request
/// from another site.
pub(crate) const AUTHORIZATION: CookieKind =
    CookieKind { name: "patchbay_sign_in_", has_suffix: true, same_site: "Lax", max_read: 200 };

impl CookieKind {
    /// Returns the `Set-Cookie` value. An empty value with the age 0 removes the cookie.
    pub(crate) fn header(self, urls: &RouteUrls, suffix: &str, value: &str, max_age_secs: u64) -> HeaderValue {
        let (prefix, secure) = if urls.is_https() { (SECURE_PREFIX, "; Secure") } else { ("", "") };
        let Self { name, same_site, .. } = self;
        let attributes = format!("Path=/; Max-Age={max_age_secs}; HttpOnly; SameSite={same_site}{secure}");
        let text = format!("{prefix}{name}{suffix}={value}; {attributes}");
        let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }

    /// Returns the suffixes and the values of the cookies of this kind that are not empty.
    pub(crate) fn read(self, urls: &RouteUrls, headers: &HeaderMap) -> Vec<(String, Secret)> {
        let prefix = if urls.is_https() { SECURE_PREFIX } else { "" };
        let pairs = headers.get_all(header::COOKIE).into_iter().flat_map(|line| line.as_bytes().split(|b| *b == b';'));
        let found = pairs.filter_map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            let (name, value) = pair.trim_matches([' ', '\t']).split_once('=')?;
            let suffix = name.strip_prefix(prefix)?.strip_prefix(self.name)?;
            (!value.is_empty() && (self.has_suffix || suffix.is_empty()))
                .then(|| (suffix.to_owned(), Secret::new(value)))
        });
        found.take(self.max_read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTPS: &str = "https://pb.example";
    const HTTP: &str = "http://127.0.0.1:8080";

    fn read(kind: CookieKind, url: &str, lines: &[&[u8]]) -> Vec<(String, String)> {
        let lines = lines.iter().map(|line| (header::COOKIE, HeaderValue::from_bytes(line).unwrap()));
        let found = kind.read(&RouteUrls::new(url), &lines.collect());
        found.into_iter().map(|(suffix, value)| (suffix, value.expose().to_owned())).collect()
    }

    fn values(kind: CookieKind, url: &str, line: &str) -> Vec<String> {
        read(kind, url, &[line.as_bytes()]).into_iter().map(|(suffix, value)| format!("{suffix}:{value}")).collect()
    }

    #[test]
    fn over_https_only_the_prefixed_name_is_read() {
        let line = "patchbay_session=planted; __Host-patchbay_session=own; patchbay_session=planted";
        assert_eq!(values(LOGIN, HTTPS, line), [":own"]);
        assert_eq!(values(LOGIN, HTTP, "__Host-patchbay_session=x; patchbay_session=own"), [":own"]);
        let line = "patchbay_sign_in_ab=planted; __Host-patchbay_sign_in_ab=own; __Host-patchbay_session=other";
        assert_eq!(values(AUTHORIZATION, HTTPS, line), ["ab:own"]);
        assert_eq!(values(AUTHORIZATION, HTTP, line), ["ab:planted"]);
        for other in [
            "",
            "patchbay_session=x",
            "__host-patchbay_session=x",
            "__Secure-patchbay_session=x",
            "x__Host-patchbay_session=x",
            "=__Host-patchbay_session",
            "__Host-patchbay_session",
            "__Host-patchbay_session=",
            "__Host- patchbay_session=x",
            "__Host-patchbay_session_2=x",
            "__Host-__Host-patchbay_session=x",
            "a=__Host-patchbay_session=x",
        ] {
            assert_eq!(values(LOGIN, HTTPS, other), Vec::<String>::new(), "{other}");
        }
        // White space of Unicode is not removed: with it, a browser does not see the prefix.
        assert_eq!(values(LOGIN, HTTPS, "\u{2000}__Host-patchbay_session=x"), Vec::<String>::new());
    }

    #[test]
    fn a_planted_value_hides_no_other_cookie() {
        let lines: [&[u8]; 3] = [b"a=\xff\xfe; =; ;;patchbay_session", b"b=\x80", b"c=d; patchbay_session=own"];
        assert_eq!(read(LOGIN, HTTP, &lines), [(String::new(), "own".to_owned())]);
        let line: &[u8] = b"x=\xff; patchbay_session=\xff; patchbay_session=own; patchbay_session=late";
        let found = read(LOGIN, HTTP, &[line]);
        assert_eq!(found.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["own", "late"]);
        let many = "patchbay_session=x; ".repeat(1_000);
        assert_eq!(read(LOGIN, HTTP, &[many.as_bytes()]).len(), LOGIN.max_read);
    }

    #[test]
    fn a_cookie_stays_on_its_host() {
        let header = |kind: CookieKind, url, suffix, value, seconds| {
            kind.header(&RouteUrls::new(url), suffix, value, seconds).to_str().unwrap().to_owned()
        };
        assert_eq!(
            header(LOGIN, HTTPS, "", "t", 60),
            "__Host-patchbay_session=t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        assert_eq!(header(LOGIN, HTTP, "", "", 0), "patchbay_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
        assert_eq!(
            header(AUTHORIZATION, "HTTPS://pb.example/", "ab", "v", 600),
            "__Host-patchbay_sign_in_ab=v; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"
        );
    }
}
