//! Parses `Bearer` challenges in `WWW-Authenticate`: how a server requests a token (RFC 9110 section 11.6.1, RFC 6750
//! section 3, RFC 9728 section 5.1).

use http::{HeaderMap, StatusCode, header};

use crate::header_values::split_value;

/// The longest scope value that is accepted, in bytes.
const MAX_SCOPE_BYTES: usize = 1000;

/// The most URLs of metadata that count.
const MAX_METADATA_URLS: usize = 4;

/// The parameters of a `Bearer` challenge that the callers use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BearerChallenge {
    /// The URLs of the protected resource's metadata (RFC 9728 section 5.1), in the order in which the server names them.
    pub resource_metadata: Vec<String>,
    /// The scopes that the request needs, separated by spaces.
    pub scope: Option<String>,
    /// The error code of the token that was sent, for example `invalid_token`.
    pub error: Option<String>,
}

/// Returns the scopes that a 403 with `insufficient_scope` names, possibly none; `None` if the response was refused for
/// another reason.
///
/// Sources: RFC 6750 section 3.1; Model Context Protocol, authorization, scope challenge handling.
pub fn insufficient_scopes(status: StatusCode, headers: &HeaderMap) -> Option<Vec<String>> {
    if status != StatusCode::FORBIDDEN {
        return None;
    }
    let challenge = bearer_challenge(headers);
    if challenge.error.as_deref() != Some("insufficient_scope") {
        return None;
    }
    let scope = challenge.scope.as_deref().and_then(parse_scope).unwrap_or_default();
    Some(scope.split_whitespace().map(str::to_owned).collect())
}

/// Returns the scope value, trimmed, if it has the form of RFC 6749 section 3.3 and at most 1000 bytes.
pub fn parse_scope(text: &str) -> Option<String> {
    let is_allowed = |c: char| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
    let is_scope = !text.trim().is_empty() && text.len() <= MAX_SCOPE_BYTES && text.chars().all(is_allowed);
    is_scope.then(|| text.trim().to_owned())
}

/// Returns the parameters of a response's `Bearer` challenges. The first value of a parameter counts, except that servers may
/// name several URLs of metadata.
pub fn bearer_challenge(headers: &HeaderMap) -> BearerChallenge {
    let values = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let mut challenge = BearerChallenge::default();
    for (scheme, name, value) in values.flat_map(parameters) {
        if !scheme.eq_ignore_ascii_case("bearer") {
            continue;
        }
        match name.to_ascii_lowercase().as_str() {
            "resource_metadata" => {
                let found = &mut challenge.resource_metadata;
                if found.len() < MAX_METADATA_URLS && !found.contains(&value) {
                    found.push(value);
                }
            }
            "scope" => _ = challenge.scope.get_or_insert(value),
            "error" => _ = challenge.error.get_or_insert(value),
            _ => {}
        }
    }
    challenge
}

/// Returns every parameter of every challenge in a header value: scheme, name, value.
fn parameters(header: &str) -> Vec<(String, String, String)> {
    let (mut rest, mut scheme, mut found) = (header, String::new(), Vec::new());
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=', '"']).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        if token.is_empty() {
            // Neither a scheme nor a parameter: skip one character.
            let Some(skipped) = after.chars().next() else { return found };
            rest = &after[skipped.len_utf8()..];
            continue;
        }
        let Some(value) = after.trim_start_matches([' ', '\t']).strip_prefix('=') else {
            token.clone_into(&mut scheme);
            rest = after;
            continue;
        };
        let (value, after) = split_value(value, &[' ', '\t', ','], |_| true);
        found.push((scheme.clone(), token.to_owned(), value));
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(header: &str) -> (Vec<String>, Option<String>) {
        let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, header.parse().unwrap())]);
        let BearerChallenge { resource_metadata, scope, .. } = bearer_challenge(&headers);
        (resource_metadata, scope)
    }

    #[test]
    fn the_bearer_challenge_is_found_among_other_schemes() {
        let url = vec!["https://a.example/.well-known/oauth-protected-resource".to_owned()];
        for (header, scope) in [
            ("Bearer resource_metadata=\"https://a.example/.well-known/oauth-protected-resource\"", None),
            (
                "bearer error=\"invalid_token\", RESOURCE_METADATA = \"https://a.example/.well-known/oauth-protected-resource\" , scope=\"a b\"",
                Some("a b"),
            ),
            (
                "Basic realm=\"x, Bearer scope=no\", Bearer scope=a,resource_metadata=https://a.example/.well-known/oauth-protected-resource",
                Some("a"),
            ),
            (
                "Negotiate abc==, Bearer scope=\"a \\\"b\\\"\", resource_metadata=\"https://a.example/.well-known/oauth-protected-resource\"",
                Some("a \"b\""),
            ),
        ] {
            assert_eq!(parse(header), (url.clone(), scope.map(str::to_owned)), "{header}");
        }
        assert_eq!(parse("Basic resource_metadata=\"https://evil.example\""), (Vec::new(), None));
        assert_eq!(parse("Bearer"), (Vec::new(), None));
        let several =
            "Bearer resource_metadata=x, error=e, resource_metadata=y, resource_metadata=x, Bearer resource_metadata=z";
        assert_eq!(parse(several).0, ["x", "y", "z"]);
        let endless = (0..50).map(|number| format!("Bearer resource_metadata={number}")).collect::<Vec<_>>().join(", ");
        assert_eq!(parse(&endless).0.len(), MAX_METADATA_URLS);
    }

    #[test]
    fn only_insufficient_scope_names_scopes() {
        let scopes = |status: u16, header: &str| {
            let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, header.parse().unwrap())]);
            insufficient_scopes(StatusCode::from_u16(status).unwrap(), &headers)
        };
        let named = |names: &[&str]| Some(names.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>());
        for (status, header, expected) in [
            (403, "Bearer error=\"insufficient_scope\", scope=\"a:read  a:write\"", named(&["a:read", "a:write"])),
            (403, "Bearer realm=\"x\", error=insufficient_scope", named(&[])),
            (403, "Bearer error=\"insufficient_scope\", scope=\"a\\\\b\"", named(&[])),
            (403, "Bearer error=\"invalid_token\", scope=\"a\"", None),
            (403, "Basic error=\"insufficient_scope\"", None),
            (401, "Bearer error=\"insufficient_scope\", scope=\"a\"", None),
        ] {
            assert_eq!(scopes(status, header), expected, "{status} {header}");
        }
        assert_eq!(insufficient_scopes(StatusCode::FORBIDDEN, &HeaderMap::new()), None);
    }

    #[test]
    fn only_scope_characters_are_accepted() {
        assert_eq!(parse_scope("a:read  b").as_deref(), Some("a:read  b"));
        for invalid in ["", "  ", "a\nb", "a\"b", "ü", &"x".repeat(1001)] {
            assert_eq!(parse_scope(invalid), None, "{invalid:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(text in "[ -~]{0,200}") {
            let _ = parse(&text);
        }
    }
}
