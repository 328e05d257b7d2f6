//! Names of a connector's properties, in words.

use patchbay_connector::definition::{Action, ActionType, AuthKind, AuthMethod, GrantType, ReleaseStage};

/// Returns how a customer signs in with a method, as a sentence.
pub(super) fn sign_in(method: &AuthMethod) -> &'static str {
    match method.kind {
        AuthKind::Custom => "The customer enters the credentials in the Hub.",
        AuthKind::OAuth2(GrantType::AuthorizationCode) => {
            "OAuth 2.0: the customer allows access at the provider, in a window."
        }
        AuthKind::OAuth2(GrantType::ClientCredentials) => {
            "OAuth 2.0 client credentials: the customer enters the ID and the secret of a client."
        }
        AuthKind::Mcp => {
            "The customer allows access at the authorization server of the provider's MCP server, in a window."
        }
        AuthKind::OAuth1 => "OAuth 1.0a: the customer allows access at the provider, in a window.",
    }
}

/// Returns what an action does to the provider's data, as a sentence.
pub(super) fn effect(action: &Action) -> &'static str {
    match (action.annotations.read_only, action.annotations.destructive) {
        (Some(true), _) => "Reads only.",
        (_, Some(true)) => "Changes data in a way that cannot be undone.",
        _ if matches!(action.kind, ActionType::List | ActionType::Get) => "Reads only.",
        _ => "Changes data.",
    }
}

/// Returns a release stage in words.
pub(super) fn stage(stage: ReleaseStage) -> &'static str {
    match stage {
        ReleaseStage::Preview => "preview: only for early testers",
        ReleaseStage::Beta => "beta: complete, but it may still change",
        ReleaseStage::Ga => "generally available",
        ReleaseStage::Deprecated => "deprecated: use another one",
        ReleaseStage::Internal => "internal",
    }
}

/// Returns a number with its noun.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
