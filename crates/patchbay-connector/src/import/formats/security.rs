//! Reads security schemes and requirements, which are similar in OpenAPI and Swagger.

use serde_json::Value;

use super::common::{flag, members, text};
use crate::import::{
    model::{KeyLocation, OAuthFlow, OAuthFlowKind, SecurityRequirement, SecurityScheme},
    refs::ApiDocument,
};

/// The maximum number of security schemes.
const MAX_SCHEMES: usize = 200;

/// Returns the alternatives of a `security` list.
pub(super) fn requirements(list: &Value) -> Vec<SecurityRequirement> {
    let one = |requirement: &Value| {
        let scopes = |scopes: &Value| {
            scopes.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let all = requirement.as_object().into_iter().flatten();
        SecurityRequirement(all.map(|(name, named)| (name.clone(), scopes(named))).collect())
    };
    list.as_array().into_iter().flatten().map(one).collect()
}

/// Returns the security schemes of a key, in order.
pub(super) fn schemes(document: ApiDocument<'_>, holder: &Value, key: &str) -> Vec<(String, SecurityScheme)> {
    let schemes = holder.get(key).and_then(Value::as_object).into_iter().flatten();
    schemes
        .take(MAX_SCHEMES)
        .map(|(name, described)| {
            let described = described
                .get("$ref")
                .and_then(Value::as_str)
                .map_or(Some(described), |reference| document.target(reference));
            (name.clone(), described.map_or(SecurityScheme::Undefined, |described| scheme(name, described)))
        })
        .collect()
}

fn scheme(name: &str, described: &Value) -> SecurityScheme {
    let kind = text(described, "type");
    match kind.as_str() {
        "apiKey" => SecurityScheme::Key {
            name: text(described, "name"),
            place: match text(described, "in").as_str() {
                "query" => KeyLocation::Query,
                "cookie" => KeyLocation::Cookie,
                _ => KeyLocation::Header,
            },
            description: text(described, "description"),
            prefix: prefix(name, described),
        },
        // The name in Swagger.
        "basic" => SecurityScheme::Basic,
        "http" => match text(described, "scheme").to_ascii_lowercase().as_str() {
            "basic" => SecurityScheme::Basic,
            "bearer" => SecurityScheme::Bearer,
            _ => SecurityScheme::Http(text(described, "scheme")),
        },
        "oauth2" => {
            let flows = members(described, "flows").filter_map(|(name, flow)| Some(read_flow(flow_kind(name)?, flow)));
            let mut flows = flows.collect::<Vec<_>>();
            // In Swagger, the scheme is its only flow.
            flows.extend(flow_kind(&text(described, "flow")).map(|kind| read_flow(kind, described)));
            SecurityScheme::OAuth2(flows)
        }
        "openIdConnect" => SecurityScheme::OpenId(text(described, "openIdConnectUrl")),
        "mutualTLS" => SecurityScheme::MutualTls,
        _ => SecurityScheme::Unknown(kind),
    }
}

/// Returns the word before the key in an `Authorization` header, with the space after it. OpenAPI 3.1, section 4.8.27, has
/// no member for it, so descriptions write it in their text: `Authorization: SSWS {token}`.
fn prefix(scheme: &str, described: &Value) -> Option<String> {
    if !text(described, "name").eq_ignore_ascii_case("authorization") {
        return None;
    }
    let about = text(described, "description");
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    // A word with a placeholder behind it.
    let before_placeholder = |text: &str| {
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || "`\"'*:".contains(c));
        let word =
            text.split(|c| !is_word(c)).next().filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()))?;
        let rest = text[word.len()..].strip_prefix(' ')?;
        if rest.starts_with("token=") {
            return Some(format!("{word} token="));
        }
        let lower = rest.to_ascii_lowercase();
        let is_placeholder = rest.starts_with(['{', '<', '[', '$', '%'])
            || ["your", "token", "api", "key", "xxx", "..."].iter().any(|start| lower.starts_with(start));
        is_placeholder.then(|| format!("{word} "))
    };
    for mark in ["Authorization:", "header to", "format", "authorization:"] {
        if let Some(found) = about.split_once(mark).and_then(|(_, rest)| before_placeholder(rest)) {
            return Some(found);
        }
    }
    let after_prefix = about.split_once("prefix").and_then(|(_, rest)| {
        let rest = rest.split_once(['`', '"', '\'']).map_or(rest, |(_, rest)| rest);
        rest.split(|c| !is_word(c)).find(|word| !word.is_empty()).map(str::to_owned)
    });
    let after_prefix =
        after_prefix.filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()) && word.len() <= 40);
    let words = [("bot", "Bot "), ("ssws", "SSWS "), ("bearer", "Bearer ")];
    let scheme = scheme.to_ascii_lowercase();
    let by_name = words.iter().find(|(word, _)| scheme.contains(word)).map(|(_, prefix)| (*prefix).to_owned());
    after_prefix.map(|word| format!("{word} ")).or(by_name)
}

fn flow_kind(name: &str) -> Option<OAuthFlowKind> {
    Some(match name {
        "authorizationCode" | "accessCode" => OAuthFlowKind::Code,
        "clientCredentials" | "application" => OAuthFlowKind::Client,
        "password" => OAuthFlowKind::Password,
        "implicit" => OAuthFlowKind::Implicit,
        _ => return None,
    })
}

fn read_flow(kind: OAuthFlowKind, described: &Value) -> OAuthFlow {
    let url = |key| Some(text(described, key).trim().to_owned()).filter(|url| !url.is_empty());
    let scopes = members(described, "scopes").filter(|(name, _)| !name.starts_with("x-"));
    OAuthFlow {
        kind,
        authorization_url: url("authorizationUrl"),
        token_url: url("tokenUrl"),
        scopes: scopes.map(|(name, about)| (name.to_owned(), about.as_str().unwrap_or_default().to_owned())).collect(),
        params: Vec::new(),
        issuer: None,
        // An extension of several vendors.
        pkce: flag(described, "x-usePkce"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_word_before_a_key_is_read_from_the_text() {
        for (scheme, about, expected) in [
            ("apiToken", "Send the token prefixed with SSWS: `Authorization: SSWS {API Token}`", Some("SSWS ")),
            ("key", "Set the `Authorization` header to `Acme-Key your-private-key`<br>", Some("Acme-Key ")),
            ("key", "The key with format `Token token=<API_KEY>`", Some("Token token=")),
            ("key", "The value should be prefixed with `API-Key` followed by a space.", Some("API-Key ")),
            ("BotToken", "", Some("Bot ")),
            ("key", "The key that people find in their settings.", None),
            ("key", "The prefix is up to you.", None),
        ] {
            let described = json!({ "type": "apiKey", "in": "header", "name": "Authorization", "description": about });
            assert_eq!(prefix(scheme, &described).as_deref(), expected, "{about}");
        }
        let other = json!({ "name": "X-Key", "description": "`Authorization: SSWS {x}`" });
        assert_eq!(prefix("key", &other), None);
    }
}
