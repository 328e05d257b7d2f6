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
            (name.clone(), described.map_or(SecurityScheme::Undefined, scheme))
        })
        .collect()
}

fn scheme(described: &Value) -> SecurityScheme {
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
    let url = |key| Some(text(described, key)).filter(|url| url.starts_with("https://") || url.starts_with("http://"));
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
