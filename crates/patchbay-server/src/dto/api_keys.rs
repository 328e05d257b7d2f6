//! API keys.

use std::collections::BTreeSet;

use patchbay_engine::{CreatedKey, Error, KeyPatch, NewKey};
use patchbay_model::{ApiKey, ApiScope, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problems::invalid;

/// An API key. Its text is shown once, when it is created.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyOut {
    #[schema(format = "uuid")]
    id: String,
    /// The key's label.
    #[schema(example = "Backend")]
    name: String,
    scopes: Vec<ApiScopeOut>,
    /// Whether the key is accepted.
    enabled: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The key itself; only in the response that creates it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key: Option<String>,
}

/// What an API key allows.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = ApiScope)]
pub(crate) enum ApiScopeOut {
    /// Read accounts, sessions and connector profiles.
    #[serde(rename = "platform:read")]
    PlatformRead,
    /// Create, change and delete them.
    #[serde(rename = "platform:write")]
    PlatformWrite,
    /// Run actions and the proxy.
    #[serde(rename = "actions:execute")]
    ActionsExecute,
    /// Read connectors and their actions.
    #[serde(rename = "connectors:read")]
    ConnectorsRead,
    /// Push and delete connectors.
    #[serde(rename = "connectors:write")]
    ConnectorsWrite,
    /// Export credentials; a key has it only if its creator names it.
    #[serde(rename = "credentials:read")]
    CredentialsRead,
}

impl From<ApiScope> for ApiScopeOut {
    fn from(scope: ApiScope) -> Self {
        match scope {
            ApiScope::PlatformRead => Self::PlatformRead,
            ApiScope::PlatformWrite => Self::PlatformWrite,
            ApiScope::ActionsExecute => Self::ActionsExecute,
            ApiScope::ConnectorsRead => Self::ConnectorsRead,
            ApiScope::ConnectorsWrite => Self::ConnectorsWrite,
            ApiScope::CredentialsRead => Self::CredentialsRead,
        }
    }
}

impl ApiKeyOut {
    pub(crate) fn new(key: ApiKey) -> Self {
        Self {
            id: key.id.into(),
            name: key.name,
            scopes: key.scopes.into_iter().map(ApiScopeOut::from).collect(),
            enabled: key.enabled,
            created_at: key.created_at,
            key: None,
        }
    }

    /// Returns a key with its text.
    pub(crate) fn created(created: CreatedKey) -> Self {
        let key = Some(created.text.expose().to_owned());
        Self { key, ..Self::new(created.key) }
    }
}

/// The API keys of a project.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKeyList)]
pub(crate) struct ApiKeyListOut {
    pub(crate) data: Vec<ApiKeyOut>,
}

/// A new API key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateApiKey {
    /// The key's label.
    #[schema(min_length = 1, max_length = 100, example = "Backend")]
    name: String,
    /// What it allows; if absent, all except `connectors:write` and `credentials:read`. The caller must have each of
    /// them.
    #[serde(default)]
    #[schema(value_type = Vec<ApiScopeOut>)]
    scopes: Vec<String>,
}

impl CreateApiKey {
    /// Returns the engine's new key.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a scope that does not exist.
    pub(crate) fn into_new_key(self) -> Result<NewKey, Error> {
        let scopes = self.scopes.iter().map(|text| text.parse::<ApiScope>()).collect::<Result<BTreeSet<_>, _>>();
        let scopes = scopes.map_err(|error| invalid("scopes", &error.to_string()))?;
        Ok(NewKey { name: self.name, scopes, text: None })
    }
}

/// The changes to an API key; absent members leave their value as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchApiKey {
    /// The key's label.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100, example = "Backend")]
    name: Option<String>,
    /// Whether the key is accepted.
    #[serde(default)]
    enabled: Option<bool>,
}

impl From<PatchApiKey> for KeyPatch {
    fn from(patch: PatchApiKey) -> Self {
        Self { name: patch.name, enabled: patch.enabled }
    }
}
