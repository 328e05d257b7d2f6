//! The address ranges that are not part of the public internet. Each has a name, so that a refusal can say which
//! range it refused.
//!
//! Sources: the IANA special-purpose address registries (RFC 6890), RFC 6052 (NAT64), RFC 3056 (6to4), and the
//! metadata addresses of the cloud providers. IPv6 is closed by default: only `2000::/3` (RFC 4291 section 2.4,
//! global unicast) can be public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Returns the name of the special range that contains the address; `None` for an ordinary public address.
pub(crate) fn special_range(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => special_v6(v6),
    }
}

/// Returns true if a cloud machine's metadata service, which hands out the machine's credentials, has this address.
pub(crate) fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => matches!(
            v4.octets(),
            [169, 254, 169, 254 | 253]
                | [169, 254, 170, 2 | 23]
                | [100, 100, 100, 200]
                | [168, 63, 129, 16]
                | [192, 0, 0, 192]
        ),
        IpAddr::V6(v6) => {
            matches!(v6.segments(), [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254 | 0x23] | [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254])
                || embedded_v4(v6).is_some_and(|v4| is_metadata(IpAddr::V4(v4)))
        }
    }
}

/// Returns the IPv4 address that an IPv6 address embeds: IPv4-mapped (RFC 4291 section 2.5.5.2), NAT64 (RFC 6052), 6to4
/// (RFC 3056).
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some(v4(high, low))
        }
        _ => None,
    }
}

fn special_v4(v4: Ipv4Addr) -> Option<&'static str> {
    if is_metadata(IpAddr::V4(v4)) {
        return Some("a cloud metadata address");
    }
    Some(match v4.octets() {
        [0, ..] => "an unspecified address (0.0.0.0/8)",
        [127, ..] => "a loopback address",
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => "a private address",
        [100, 64..=127, ..] => "a carrier-grade NAT address (100.64.0.0/10)",
        [169, 254, ..] => "a link-local address",
        [192, 0, 0, _] => "an IETF protocol address (192.0.0.0/24)",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "a documentation address",
        [192, 88, 99, _] => "a 6to4 relay address",
        [198, 18 | 19, ..] => "a benchmarking address (198.18.0.0/15)",
        [224..=239, ..] => "a multicast address",
        [255, 255, 255, 255] => "the broadcast address",
        [240..=255, ..] => "a reserved address (240.0.0.0/4)",
        _ => return None,
    })
}

fn special_v6(v6: Ipv6Addr) -> Option<&'static str> {
    if is_metadata(IpAddr::V6(v6)) {
        return Some("a cloud metadata address");
    }
    if let Some(v4) = embedded_v4(v6) {
        return special_v4(v4);
    }
    Some(match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => "the unspecified address",
        [0, 0, 0, 0, 0, 0, 0, 1] => "the loopback address",
        [0, 0, 0, 0, 0, 0, ..] => "an IPv4-compatible address",
        [0xfc00..=0xfdff, ..] => "a unique local (private) address",
        [0xfe80..=0xfebf, ..] => "a link-local address",
        [0xfec0..=0xfeff, ..] => "a site-local address",
        [0xff00..=0xffff, ..] => "a multicast address",
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => "a documentation address",
        [0x2001, 0..=0x1ff, ..] => "an IETF protocol address (2001::/23)",
        [0x2000..=0x3fff, ..] => return None,
        _ => "a reserved address",
    })
}
