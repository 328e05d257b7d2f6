//! What a server says in `WWW-Authenticate` when it wants a token (RFC 9110 section 11.6.1, RFC 6750 section 3,
//! RFC 9728 section 5.1).

use http::{HeaderMap, StatusCode, header};

/// The most of a list of scopes that is read, in bytes.
const MAX_SCOPES: usize = 1000;

/// The parameters of a `Bearer` challenge that matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Challenge {
    /// Where the resource's metadata are.
    pub resource_metadata: Option<String>,
    /// The scopes that are wanted.
    pub scope: Option<String>,
    /// What was wrong with the token that was sent.
    pub error: Option<String>,
}

/// Which scopes a refusal is for want of (`insufficient_scope`: RFC 6750 section 3.1; Model Context Protocol,
/// authorization, scope challenge handling): as the provider names them, perhaps none. None where the refusal is for
/// another reason, or for none that is told.
pub fn wanted_scopes(status: StatusCode, headers: &HeaderMap) -> Option<Vec<String>> {
    if status != StatusCode::FORBIDDEN {
        return None;
    }
    let challenge = bearer(headers);
    if challenge.error.as_deref() != Some("insufficient_scope") {
        return None;
    }
    let named = challenge.scope.as_deref().and_then(plain_scopes).unwrap_or_default();
    Some(named.split_whitespace().map(str::to_owned).collect())
}

/// Scopes as RFC 6749 section 3.3 writes them; none where they are anything else.
pub fn plain_scopes(text: &str) -> Option<String> {
    let is_scope = |c: char| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
    (!text.trim().is_empty() && text.len() <= MAX_SCOPES && text.chars().all(is_scope)).then(|| text.trim().to_owned())
}

/// The first `Bearer` challenge of an answer.
pub fn bearer(headers: &HeaderMap) -> Challenge {
    let texts = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    let mut challenge = Challenge::default();
    for (scheme, name, value) in texts.flat_map(parameters) {
        if !scheme.eq_ignore_ascii_case("bearer") {
            continue;
        }
        match name.to_ascii_lowercase().as_str() {
            "resource_metadata" => challenge.resource_metadata.get_or_insert(value),
            "scope" => challenge.scope.get_or_insert(value),
            "error" => challenge.error.get_or_insert(value),
            _ => continue,
        };
    }
    challenge
}

/// Every parameter of every challenge in a header: scheme, name, value.
fn parameters(header: &str) -> Vec<(String, String, String)> {
    let (mut rest, mut scheme, mut found) = (header, String::new(), Vec::new());
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let end = rest.find([' ', '\t', ',', '=', '"']).unwrap_or(rest.len());
        let (token, after) = rest.split_at(end);
        if token.is_empty() {
            // Something that is neither a scheme nor a parameter.
            let Some(skipped) = after.chars().next() else { return found };
            rest = &after[skipped.len_utf8()..];
            continue;
        }
        let Some(value) = after.trim_start_matches([' ', '\t']).strip_prefix('=') else {
            token.clone_into(&mut scheme);
            rest = after;
            continue;
        };
        let (value, after) = value_of(value.trim_start_matches([' ', '\t']));
        found.push((scheme.clone(), token.to_owned(), value));
        rest = after;
    }
}

/// A value, quoted or not, and what comes after it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ',']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let (mut value, mut is_escaped) = (String::new(), false);
    for (place, c) in quoted.char_indices() {
        match c {
            '\\' if !is_escaped => is_escaped = true,
            '"' if !is_escaped => return (value, &quoted[place + 1..]),
            c => {
                value.push(c);
                is_escaped = false;
            }
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(header: &str) -> (Option<String>, Option<String>) {
        let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, header.parse().unwrap())]);
        let Challenge { resource_metadata, scope, .. } = bearer(&headers);
        (resource_metadata, scope)
    }

    #[test]
    fn the_bearer_challenge_is_found_among_others() {
        let place = Some("https://a.example/.well-known/oauth-protected-resource".to_owned());
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
            assert_eq!(of(header), (place.clone(), scope.map(str::to_owned)), "{header}");
        }
        assert_eq!(of("Basic resource_metadata=\"https://evil.example\""), (None, None));
        assert_eq!(of("Bearer"), (None, None));
    }

    #[test]
    fn a_refusal_for_want_of_scopes_is_told_from_others() {
        let wanted = |status: u16, header: &str| {
            let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, header.parse().unwrap())]);
            wanted_scopes(StatusCode::from_u16(status).unwrap(), &headers)
        };
        let named = |scopes: &[&str]| Some(scopes.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>());
        for (status, header, expected) in [
            (403, "Bearer error=\"insufficient_scope\", scope=\"a:read  a:write\"", named(&["a:read", "a:write"])),
            (403, "Bearer realm=\"x\", error=insufficient_scope", named(&[])),
            (403, "Bearer error=\"insufficient_scope\", scope=\"a\\\\b\"", named(&[])),
            (403, "Bearer error=\"invalid_token\", scope=\"a\"", None),
            (403, "Basic error=\"insufficient_scope\"", None),
            (401, "Bearer error=\"insufficient_scope\", scope=\"a\"", None),
        ] {
            assert_eq!(wanted(status, header), expected, "{status} {header}");
        }
        assert_eq!(wanted_scopes(StatusCode::FORBIDDEN, &HeaderMap::new()), None);
    }

    #[test]
    fn scopes_hold_nothing_but_scopes() {
        assert_eq!(plain_scopes("a:read  b").as_deref(), Some("a:read  b"));
        for odd in ["", "  ", "a\nb", "a\"b", "ü", &"x".repeat(1001)] {
            assert_eq!(plain_scopes(odd), None, "{odd:?}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_borne(text in "[ -~]{0,200}") {
            let _ = of(&text);
        }
    }
}
