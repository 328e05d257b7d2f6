//! The address of the client, by which guesses are counted.
//!
//! It is the connection's address, unless that is a trusted proxy (`trustedProxies`). Then it is the last address of
//! `X-Forwarded-For`, or of `Forwarded` (RFC 7239), that is not a trusted proxy: each proxy appends the address of its own
//! client, and everything before the first trusted one may be invented. For IPv6 it is a /64, the smallest network that
//! providers assign: one machine can use each of its addresses.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
};

use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED: &str = "forwarded";
/// The largest number of addresses that are read, from the right.
const MAX_HOPS: usize = 32;

/// The address of a connection's other end, in the extensions of its requests.
#[derive(Clone, Copy, Debug)]
pub struct RemoteAddress(pub IpAddr);

/// The address of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl ClientAddress {
    /// Returns the client's address of a request.
    pub(crate) fn of(extensions: &Extensions, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        // Without a connection, as in tests of the router, all requests have one address.
        let remote = extensions.get::<RemoteAddress>().map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |remote| remote.0);
        Self(network(client(remote, headers, trusted)))
    }
}

fn client(remote: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut client = remote.to_canonical();
    if !is_trusted(client) {
        if headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED) {
            warn_once(client);
        }
        return client;
    }
    // The first address that is not a proxy ends the chain: what is left of it is that client's own text.
    for hop in hops(headers) {
        let Some(address) = hop else { break };
        client = address.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    client
}

/// Returns the addresses of the chain from right to left; `None` for what is not an address.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let list = |name: &str| -> Vec<String> {
        let lines = headers.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
        lines.flat_map(|line| line.rsplit(',').map(str::to_owned).rev().collect::<Vec<_>>()).collect()
    };
    let texts = if headers.contains_key(X_FORWARDED_FOR) {
        list(X_FORWARDED_FOR).into_iter().map(Some).collect::<Vec<_>>()
    } else {
        list(FORWARDED).iter().map(|element| forwarded_for(element)).collect()
    };
    texts.iter().rev().take(MAX_HOPS).map(|text| text.as_deref().and_then(address)).collect()
}

/// Returns the value of `for` in an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<String> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let value = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for")).map(|(_, value)| value).next()?;
    Some(value.trim().trim_matches('"').to_owned())
}

/// Parses an address with or without port or brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Returns what counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Tells the operator that a reverse proxy is not a trusted one.
fn warn_once(remote: IpAddr) {
    static WARNED: AtomicBool = AtomicBool::new(false);
    if !WARNED.load(Ordering::Relaxed) && !WARNED.swap(true, Ordering::Relaxed) {
        tracing::warn!(
            %remote,
            "a request names its client in a header that is ignored, because the sender is not in `trustedProxies`; if it is your reverse proxy, add it, otherwise all its clients count as one"
        );
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn of(remote: &str, lines: &[(&str, &str)]) -> String {
        let trusted: Vec<IpNet> =
            ["127.0.0.0/8", "10.0.0.0/8", "2001:db8:ffff::/48"].iter().map(|text| text.parse().unwrap()).collect();
        let headers = lines.iter().map(|(name, value)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        });
        let mut extensions = Extensions::new();
        extensions.insert(RemoteAddress(remote.parse().unwrap()));
        ClientAddress::of(&extensions, &headers.collect(), &trusted).0.to_string()
    }

    #[test]
    fn only_trusted_proxies_name_their_client() {
        for (remote, lines, expected) in [
            ("192.0.2.1", &[][..], "192.0.2.1"),
            ("192.0.2.1", &[("x-forwarded-for", "198.51.100.1")], "192.0.2.1"),
            ("192.0.2.1", &[("forwarded", "for=198.51.100.1")], "192.0.2.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
            ("127.0.0.1", &[("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
            ("::ffff:127.0.0.1", &[("x-forwarded-for", "::ffff:198.51.100.1")], "198.51.100.1"),
            // What the client itself wrote is left of what the proxy appended.
            ("127.0.0.1", &[("x-forwarded-for", "203.0.113.9, 198.51.100.1")], "198.51.100.1"),
            ("127.0.0.1", &[("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
            ("127.0.0.1", &[("x-forwarded-for", "203.0.113.9, 198.51.100.1, 10.1.2.3")], "198.51.100.1"),
            ("127.0.0.1", &[("x-forwarded-for", "10.1.2.3")], "10.1.2.3"),
            ("127.0.0.1", &[("x-forwarded-for", "203.0.113.9, unknown")], "127.0.0.1"),
            ("127.0.0.1", &[("x-forwarded-for", "203.0.113.9, unknown, 10.0.0.1")], "10.0.0.1"),
            ("127.0.0.1", &[("x-forwarded-for", "")], "127.0.0.1"),
            ("127.0.0.1", &[("x-forwarded-for", "198.51.100.1:4711")], "198.51.100.1"),
            ("127.0.0.1", &[("x-forwarded-for", "203.0.113.9\u{fc},198.51.100.1")], "198.51.100.1"),
            (
                "127.0.0.1",
                &[("forwarded", "for=203.0.113.9, proto=https;For=\"198.51.100.1:80\";by=x")],
                "198.51.100.1",
            ),
            ("127.0.0.1", &[("forwarded", "for=\"[2001:db8:1:2:3::4]:80\"")], "2001:db8:1:2::"),
            ("127.0.0.1", &[("forwarded", "for=203.0.113.9, for=_hidden")], "127.0.0.1"),
            ("127.0.0.1", &[("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "198.51.100.1")], "198.51.100.1"),
        ] {
            assert_eq!(of(remote, lines), expected, "{remote} {lines:?}");
        }
    }

    #[test]
    fn addresses_of_a_network_of_version_6_count_as_one() {
        assert_eq!(of("2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::");
        assert_eq!(of("2001:db8:1:2:ffff::1", &[]), "2001:db8:1:2::");
        assert_eq!(of("2001:db8:1:3::1", &[]), "2001:db8:1:3::");
        assert_eq!(of("2001:db8:ffff::1", &[("x-forwarded-for", "2001:db8:7:8:9::1")]), "2001:db8:7:8::");
    }

    #[test]
    fn a_long_chain_is_read_from_its_end_only() {
        let chain = format!("198.51.100.1{}", ", 10.0.0.1".repeat(1_000));
        assert_eq!(of("127.0.0.1", &[("x-forwarded-for", &chain)]), "10.0.0.1");
    }
}
