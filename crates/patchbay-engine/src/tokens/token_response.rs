//! Token responses (RFC 6749, section 5.1), and the many ways in which providers deviate.

use patchbay_connector::{
    definition::{OAuth1Flow, OAuth2},
    json_tree,
};
use patchbay_model::Timestamp;
use patchbay_vault::Secret;
use serde_json::{Map, Value};

use super::token_error::known_error;

/// The keys of tokens among an account's secrets; `credentials.KEY` in expressions.
pub(crate) const ACCESS_TOKEN: &str = "accessToken";
pub(crate) const REFRESH_TOKEN: &str = "refreshToken";
/// The key of the secret of an OAuth 1.0a token.
const TOKEN_SECRET: &str = "tokenSecret";

/// The tokens that a provider issued, with what came with them.
#[derive(Debug)]
pub(crate) struct TokenSet {
    /// The tokens and further values, by their key in expressions.
    pub(crate) secrets: Vec<(String, Secret)>,
    /// The expiry of the access token; none when the provider sends none.
    pub(crate) expires: Option<TokenExpiry>,
    /// The expiry of the refresh token.
    pub(crate) refresh_expires: Option<TokenExpiry>,
    /// The ID token (`OpenID` Connect). It is checked and then dropped.
    pub(crate) id_token: Option<Secret>,
    /// The granted scopes; empty when the provider does not report them.
    pub(crate) scopes: Vec<String>,
}

impl TokenSet {
    /// Merges a later token set into this one. Its values replace those of the same name.
    pub(crate) fn merged_with(mut self, later: Self) -> Self {
        self.secrets.retain(|(name, _)| later.secrets.iter().all(|(newer, _)| newer != name));
        let has_token = later.secrets.iter().any(|(name, _)| name == ACCESS_TOKEN);
        self.secrets.extend(later.secrets);
        if has_token || later.expires.is_some() {
            self.expires = later.expires;
        }
        self.refresh_expires = later.refresh_expires.or(self.refresh_expires);
        if !later.scopes.is_empty() {
            self.scopes = later.scopes;
        }
        self
    }
}

/// An expiry as a provider reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenExpiry {
    /// Seconds after the response, independent of both clocks.
    After(i64),
    /// A moment of the provider's clock.
    At(Timestamp),
}

impl TokenExpiry {
    /// Returns the moment of a response that arrives `now`.
    pub(crate) fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::After(seconds) => now.plus_seconds(seconds),
            Self::At(moment) => moment,
        }
    }
}

/// Parses the body of a token endpoint: a JSON object, or a form as GitHub sends it. Returns none for anything else.
pub(crate) fn parse_body(bytes: &[u8]) -> Option<Value> {
    if let Ok(value @ Value::Object(_)) = json_tree::from_slice(bytes) {
        return Some(value);
    }
    let text = std::str::from_utf8(bytes).ok()?;
    if !text.contains('=') || text.trim_start().starts_with(['<', '{', '[']) {
        return None;
    }
    let pairs = url::form_urlencoded::parse(bytes);
    Some(Value::Object(pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect()))
}

/// Reads the token set of a token endpoint's response. Returns none when it contains no usable access token, or an error
/// that OAuth defines beside it. Any other `error` beside a token (`false`, `0`, `{"code": "ok"}`) says that all is well.
///
/// If the token is nested in other objects, its expiry and its scopes are those beside it, otherwise those of the nearest
/// object around it.
pub(crate) fn from_endpoint(body: &Value, oauth2: &OAuth2) -> Option<TokenSet> {
    let paths = &oauth2.token_response;
    let accepted = &paths.accept_token_types;
    let access_path = paths.access_token.as_deref().unwrap_or("access_token");
    let refresh_path = paths.refresh_token.as_deref().unwrap_or("refresh_token");
    let around_access = objects_around(body, access_path);
    let around_refresh = objects_around(body, refresh_path);
    let nearest = |name: &str| around_access.iter().find_map(|object| object.get(name));
    // A sender-constrained token (RFC 9449) cannot be sent as a bearer token.
    let is_usable = match nearest("token_type").and_then(Value::as_str) {
        Some(kind) if !accepted.is_empty() => accepted.iter().any(|accepted| accepted.eq_ignore_ascii_case(kind)),
        Some(kind) => !["mac", "dpop", "pop"].iter().any(|other| kind.eq_ignore_ascii_case(other)),
        None => true,
    };
    let access = string_at(body, access_path).filter(|_| is_usable && known_error(body).is_none())?;
    let mut secrets = vec![(ACCESS_TOKEN.to_owned(), access)];
    let refresh = match &paths.refresh_token {
        Some(path) => string_at(body, path),
        None => nearest("refresh_token").and_then(secret),
    };
    if let Some(refresh) = refresh {
        secrets.push((REFRESH_TOKEN.to_owned(), refresh));
    }
    secrets.extend(additional_fields(body, &oauth2.additional_token_fields));
    let expiry_at = |path: &Option<String>| expiry_of(value_at(body, path.as_deref()?)?);
    let expires = expiry_at(&paths.expires_in)
        .or_else(|| around_access.iter().find_map(|object| expiry(object, &EXPIRY_MEMBERS)))
        .or_else(|| seconds(oauth2.token_expires_in));
    // An object that has only the refresh token contains its own expiry.
    let own_of_refresh =
        around_refresh.first().filter(|own| !around_access.iter().any(|other| std::ptr::eq(*other, **own)));
    let refresh_expires = expiry_at(&paths.refresh_expires_in)
        .or_else(|| own_of_refresh.and_then(|own| expiry(own, &EXPIRY_MEMBERS)))
        .or_else(|| {
            around_refresh.iter().chain(&around_access).find_map(|object| expiry(object, &REFRESH_EXPIRY_MEMBERS))
        })
        .or_else(|| seconds(oauth2.refresh_expires_in));
    let named_scopes = paths.scopes.as_deref().and_then(|path| value_at(body, path));
    let granted =
        named_scopes.or_else(|| around_access.iter().find_map(|object| object.get("scope").or(object.get("scopes"))));
    Some(TokenSet {
        secrets,
        expires,
        refresh_expires,
        id_token: nearest("id_token").and_then(secret),
        scopes: scopes(granted, oauth2.scope_delimiter.as_deref()),
    })
}

/// The members that contain the expiry of an access token, and of a refresh token.
const EXPIRY_MEMBERS: [&str; 3] = ["expires_in", "expires_at", "expires"];
const REFRESH_EXPIRY_MEMBERS: [&str; 3] =
    ["refresh_token_expires_in", "refresh_expires_in", "x_refresh_token_expires_in"];

/// Reads the token set of an OAuth 1.0a response (RFC 5849, section 2.3). Returns none when it contains no token. Such
/// tokens are valid until they are revoked, unless the response or the connector says otherwise.
pub(crate) fn from_oauth1(body: &Value, flow: &OAuth1Flow) -> Option<TokenSet> {
    let mut secrets = vec![(ACCESS_TOKEN.to_owned(), string_at(body, "oauth_token")?)];
    match string_at(body, "oauth_token_secret") {
        Some(secret) => secrets.push((TOKEN_SECRET.to_owned(), secret)),
        // A private key signs without the secret.
        None if flow.signing.method.is_by_key() => {}
        None => return None,
    }
    secrets.extend(additional_fields(body, &flow.additional_token_fields));
    Some(TokenSet {
        secrets,
        expires: expiry(body, &["oauth_expires_in"]).or_else(|| seconds(flow.token_expires_in)),
        refresh_expires: None,
        id_token: None,
        scopes: Vec::new(),
    })
}

/// Returns the further fields of a response that the connector declares.
fn additional_fields(body: &Value, fields: &[(String, String)]) -> Vec<(String, Secret)> {
    fields.iter().filter_map(|(name, path)| Some((name.clone(), string_at(body, path)?))).collect()
}

fn seconds(seconds: Option<u64>) -> Option<TokenExpiry> {
    seconds.and_then(|seconds| i64::try_from(seconds).ok()).map(TokenExpiry::After)
}

/// Reads the token set in the result of a `refreshAuthentication` action. Returns none when it is empty.
pub(crate) fn from_action(mut result: Map<String, Value>) -> Option<TokenSet> {
    let inner = match result.remove("data") {
        Some(Value::Object(inner)) => inner,
        _ => Map::new(),
    };
    result.remove("next");
    // The members of `data`, if the result has no other members.
    let members = if result.is_empty() { inner } else { result };
    let all = Value::Object(members);
    let expires = expiry(&all, &["expiresIn", "expiresAt"]);
    let refresh_expires = expiry(&all, &["refreshExpiresIn", "refreshExpiresAt"]);
    let scopes = scopes(all.get("scope"), None);
    let metadata = ["expiresIn", "expiresAt", "refreshExpiresIn", "refreshExpiresAt", "scope"];
    let Value::Object(members) = all else { return None };
    let secrets = members
        .into_iter()
        .filter(|(name, _)| !metadata.contains(&name.as_str()))
        .filter_map(|(name, value)| Some((name, secret(&value)?)))
        .collect::<Vec<_>>();
    (!secrets.is_empty()).then_some(TokenSet { secrets, expires, refresh_expires, id_token: None, scopes })
}

fn secret(value: &Value) -> Option<Secret> {
    match value {
        Value::String(text) if !text.is_empty() => Some(Secret::new(text.as_str())),
        Value::Number(number) => Some(Secret::new(number.to_string())),
        Value::Bool(truth) => Some(Secret::new(truth.to_string())),
        _ => None,
    }
}

/// Returns the string at a path such as `authed_user.access_token` or `$.data[0].token`.
fn string_at(body: &Value, path: &str) -> Option<Secret> {
    value_at(body, path).and_then(secret)
}

/// Returns the value at a path.
fn value_at<'a>(body: &'a Value, path: &str) -> Option<&'a Value> {
    steps(path).try_fold(body, step)
}

/// Returns the objects that contain the value at a path, the innermost first.
fn objects_around<'a>(body: &'a Value, path: &str) -> Vec<&'a Value> {
    let mut found = Vec::new();
    let mut at = Some(body);
    for name in steps(path) {
        found.extend(at.filter(|value| value.is_object()));
        at = at.and_then(|value| step(value, name));
    }
    found.reverse();
    found
}

fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.trim_start_matches('$').trim_start_matches('.').split(['.', '['])
}

fn step<'a>(at: &'a Value, name: &str) -> Option<&'a Value> {
    let name = name.trim_end_matches(']').trim_matches(['\'', '"']);
    match at {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        other => other.get(name),
    }
}

/// The longest lifetime, about 30 years in seconds. A larger number is a Unix time in the wrong member.
const MAX_LIFETIME_SECS: f64 = 1e9;
/// The smallest Unix time that is in milliseconds.
const MIN_UNIX_MILLIS: f64 = 1e11;

/// Returns the first expiry among these members.
fn expiry(body: &Value, names: &[&str]) -> Option<TokenExpiry> {
    names.iter().find_map(|name| expiry_of(body.get(name)?))
}

/// Reads an expiry. A number that is not positive counts as missing, not as expired: providers write 0 for a token that
/// does not expire. If a provider means that the token is about to expire, its next rejection (401) refreshes it.
fn expiry_of(value: &Value) -> Option<TokenExpiry> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) => number,
            Err(_) => return text.trim().parse().ok().map(TokenExpiry::At),
        },
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "lives and moments fit, and `as` saturates")]
    match number {
        number if !number.is_finite() || number <= 0.0 => None,
        number if number >= MIN_UNIX_MILLIS => Some(TokenExpiry::At(Timestamp::from_micros((number * 1e3) as i64))),
        number if number >= MAX_LIFETIME_SECS => Some(TokenExpiry::At(Timestamp::from_micros((number * 1e6) as i64))),
        number => Some(TokenExpiry::After(number as i64)),
    }
}

/// Returns the granted scopes of a list, or of a string that is split at spaces, commas or the connector's delimiter.
fn scopes(value: Option<&Value>, delimiter: Option<&str>) -> Vec<String> {
    let named = |text: &str| {
        let parts = text.split(|c: char| c.is_whitespace() || c == ',' || delimiter.is_some_and(|d| d.contains(c)));
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    match value {
        Some(Value::String(text)) => named(text),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).flat_map(named).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at_path(body: &Value, path: &str) -> Option<String> {
        string_at(body, path).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn an_expiry_is_read_in_every_form() {
        let at = |micros| Some(TokenExpiry::At(Timestamp::from_micros(micros)));
        for (value, expected) in [
            (json!(3600), Some(TokenExpiry::After(3600))),
            (json!("3600"), Some(TokenExpiry::After(3600))),
            (json!(3599.9), Some(TokenExpiry::After(3599))),
            (json!(1_900_000_000), at(1_900_000_000_000_000)),
            (json!(1_900_000_000_000_i64), at(1_900_000_000_000_000)),
            (json!("2030-03-17T17:46:40Z"), at(1_900_000_000_000_000)),
            (json!(0), None),
            (json!(-1), None),
            (json!("soon"), None),
            (json!(null), None),
            (json!({}), None),
        ] {
            assert_eq!(expiry(&json!({ "expires_in": value }), &["expires_in"]), expected, "{value}");
        }
        assert_eq!(expiry(&json!({}), &["expires_in"]), None);
    }

    #[test]
    fn tokens_are_found_at_configured_paths() {
        let slack = json!({ "authed_user": { "access_token": "xoxp" }, "list": [{ "token": 7 }] });
        assert_eq!(at_path(&slack, "authed_user.access_token").as_deref(), Some("xoxp"));
        assert_eq!(at_path(&slack, "$.authed_user['access_token']").as_deref(), Some("xoxp"));
        assert_eq!(at_path(&slack, "list[0].token").as_deref(), Some("7"));
        assert_eq!(at_path(&slack, "authed_user"), None);
        assert_eq!(at_path(&slack, "list[9].token"), None);
    }

    #[test]
    fn forms_are_parsed_and_pages_are_not() {
        let form = parse_body(b"access_token=gho_1&scope=repo%2Cgist&token_type=bearer").unwrap();
        assert_eq!((form["access_token"].as_str(), form["scope"].as_str()), (Some("gho_1"), Some("repo,gist")));
        assert_eq!(parse_body(b"<html><a href=\"?a=b\">sign in</a></html>"), None);
        assert_eq!(parse_body(b"[1]"), None);
        assert_eq!(parse_body(b"{\"a\":"), None);
        assert_eq!(parse_body(&[0xFF, b'=']), None);
    }

    #[test]
    fn the_result_of_an_action_is_read_in_both_places() {
        let members = |value: Value| match value {
            Value::Object(members) => members,
            other => panic!("{other}"),
        };
        let own = json!({ "data": null, "next": null, "accessToken": "a", "expiresIn": "60", "cloudId": 5 });
        let inner = json!({ "data": { "accessToken": "a", "expiresIn": 60, "cloudId": 5 }, "next": null });
        for result in [own, inner] {
            let mut token_set = from_action(members(result)).unwrap();
            token_set.secrets.sort_by(|a, b| a.0.cmp(&b.0));
            let secrets = token_set.secrets.iter().map(|(name, secret)| (name.as_str(), secret.expose()));
            assert_eq!(secrets.collect::<Vec<_>>(), [("accessToken", "a"), ("cloudId", "5")]);
            assert_eq!(token_set.expires, Some(TokenExpiry::After(60)));
        }
        assert!(from_action(members(json!({ "data": null, "next": null }))).is_none());
        assert!(from_action(members(json!({ "data": { "expiresIn": 5 }, "next": null }))).is_none());
    }

    #[test]
    fn scopes_are_split_at_every_delimiter() {
        assert_eq!(scopes(Some(&json!("a b,c")), None), ["a", "b", "c"]);
        assert_eq!(scopes(Some(&json!("a|b")), Some("|")), ["a", "b"]);
        assert_eq!(scopes(Some(&json!(["a", "b c"])), None), ["a", "b", "c"]);
        assert!(scopes(Some(&json!(5)), None).is_empty());
    }
}
