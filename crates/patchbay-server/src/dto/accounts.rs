//! Linked accounts under the wire's older names (`provider`, `origin_owner_id`, `integration_id`).

#![expect(clippy::option_option, reason = "a patch distinguishes null, which clears, from absence")]

use patchbay_engine::{AccountPatch, AccountView, Error, Revocation};
use patchbay_model::{Metadata, ProfileId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    account_status::{AccountStatusOut, stored_status},
    patch::nullable,
    problems::invalid,
    secrets::SecretFields,
    shared::{AccountKindOut, EmptyObject, JsonObject, StatusReasonOut, account_kind},
};

/// A linked account. It never contains secrets.
#[derive(Serialize, ToSchema)]
#[schema(as = Account)]
pub(crate) struct AccountOut {
    /// The account's ID.
    #[schema(example = "V1StGXR8z5jdHi6BmyT1x")]
    id: String,
    /// The connector's key.
    #[schema(example = "spotdraft")]
    provider: String,
    /// The connector's name; null if the connector is not installed.
    #[schema(required, example = "SpotDraft")]
    provider_name: Option<String>,
    status: AccountStatusOut,
    /// The reasons for the state, newest last; null if there are none.
    #[schema(required)]
    status_reasons: Option<Vec<StatusReasonOut>>,
    /// Your customer's ID in your system.
    #[schema(example = "customer-123")]
    origin_owner_id: String,
    /// Your customer's name.
    #[schema(example = "Acme")]
    origin_owner_name: String,
    /// The person who linked the account, for example an email address.
    #[schema(required, example = "jo@acme.example")]
    origin_username: Option<String>,
    /// The values of its fields that are not secret, by the field's key.
    #[schema(value_type = JsonObject)]
    setup_information: Metadata,
    #[schema(required, example = "Main workspace")]
    label: Option<String>,
    /// The metadata that you attached to the account.
    #[schema(value_type = JsonObject)]
    metadata: Metadata,
    /// Whether all users of the owner may use it.
    shared: bool,
    #[serde(rename = "type")]
    kind: AccountKindOut,
    /// The connector profile's ID.
    #[schema(format = "uuid")]
    integration_id: String,
    /// The key of the authentication method.
    #[schema(example = "custom")]
    authentication_config_key: String,
    /// The provider's environment.
    #[schema(example = "production")]
    environment: String,
    /// When it was linked first.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl AccountOut {
    pub(crate) fn new(view: &AccountView) -> Self {
        let account = &*view.account;
        Self {
            id: account.id.to_string(),
            provider: account.connector.clone(),
            provider_name: view.connector_title.clone(),
            status: view.status().into(),
            status_reasons: StatusReasonOut::list(&account.status_reasons),
            origin_owner_id: account.owner.id.clone(),
            origin_owner_name: account.owner.name.clone(),
            origin_username: account.owner.username.clone(),
            setup_information: account.setup_information.clone(),
            label: account.label.clone(),
            metadata: account.metadata.clone(),
            shared: account.shared,
            kind: account.kind.into(),
            integration_id: account.profile_id.to_string(),
            authentication_config_key: account.auth_config_key.clone(),
            environment: account.environment.clone(),
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

/// The changes to an account; absent members leave their value as it is. The provider verifies new field values before
/// they are stored.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PatchAccount {
    /// Your customer's ID in your system. `owner_id` is another name.
    #[serde(default, alias = "owner_id")]
    #[schema(min_length = 1, max_length = 512)]
    origin_owner_id: Option<String>,
    /// Your customer's name. `owner_name` is another name.
    #[serde(default, alias = "owner_name")]
    #[schema(min_length = 1, max_length = 255)]
    origin_owner_name: Option<String>,
    /// The person who linked the account; null clears it. `owner_username` is another name.
    #[serde(default, alias = "owner_username", deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 512)]
    origin_username: Option<Option<String>>,
    /// Cannot be changed; older clients send it.
    #[serde(default, alias = "connector")]
    provider: Option<String>,
    /// Field values, secret or not.
    #[serde(default)]
    #[schema(value_type = Option<SecretFields>)]
    credentials: Option<SecretFields>,
    /// Field values that are not secret.
    #[serde(default)]
    #[schema(value_type = Option<SecretFields>)]
    setup_information: Option<SecretFields>,
    /// Field values that are secret.
    #[serde(default)]
    #[schema(value_type = Option<SecretFields>)]
    secrets: Option<SecretFields>,
    /// Cannot be changed.
    #[serde(default)]
    authentication_config_key: Option<String>,
    /// The provider's environment.
    #[serde(default)]
    environment: Option<String>,
    /// Null clears it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 255)]
    label: Option<Option<String>>,
    /// Replaces the metadata: at most 16 KiB as JSON, 16 levels deep. Null clears it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<JsonObject>)]
    metadata: Option<Option<Metadata>>,
    /// `production` or `test`, in upper or lower case.
    #[serde(default, rename = "type")]
    #[schema(value_type = Option<AccountKindOut>)]
    kind: Option<String>,
    /// Moves the account to another profile of the same connector. `connector_profile_id` and `auth_config_id` are other
    /// names.
    #[serde(default, alias = "connector_profile_id", alias = "auth_config_id")]
    #[schema(format = "uuid")]
    integration_id: Option<String>,
    /// Whether all users of the owner may use it.
    #[serde(default)]
    shared: Option<bool>,
    /// `suspended` pauses calls, `active` resumes them; in upper or lower case.
    #[serde(default)]
    #[schema(value_type = Option<SettableStatus>)]
    status: Option<String>,
}

/// The state that a change can set.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema of a member that is read in any case")]
pub(crate) enum SettableStatus {
    Active,
    Suspended,
}

impl PatchAccount {
    /// Returns the engine's patch.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a type or a status that does not exist and for a field value that is not a string.
    pub(crate) fn into_patch(self) -> Result<AccountPatch, Error> {
        let mut credentials = Vec::new();
        for (values, path) in [
            (self.credentials, "credentials"),
            (self.setup_information, "setup_information"),
            (self.secrets, "secrets"),
        ] {
            credentials.extend(values.unwrap_or_default().into_values(path)?);
        }
        let status = self.status.as_deref().map(|status| {
            stored_status(status).ok_or_else(|| invalid("status", "status can be set to active or suspended"))
        });
        Ok(AccountPatch {
            connector: self.provider,
            auth_config_key: self.authentication_config_key,
            owner_id: self.origin_owner_id,
            owner_name: self.origin_owner_name,
            owner_username: self.origin_username,
            label: self.label,
            metadata: self.metadata.map(Option::unwrap_or_default),
            kind: account_kind(self.kind.as_deref())?,
            shared: self.shared,
            status: status.transpose()?,
            environment: self.environment,
            profile_id: self.integration_id.map(ProfileId::new),
            credentials,
        })
    }
}

/// An account as it was before it was deleted, and the outcome of the revocation at its provider.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletedAccount)]
pub(crate) struct DeletedAccountOut {
    #[serde(flatten)]
    pub(crate) account: AccountOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) revocation: Option<RevocationOut>,
}

impl DeletedAccountOut {
    pub(crate) fn new(view: &AccountView) -> Self {
        let provider = view.connector_title.as_deref().unwrap_or(&view.account.connector);
        let revocation = view.revocation.as_ref().map(|revocation| RevocationOut::new(revocation, provider));
        Self { account: AccountOut::new(view), revocation }
    }
}

/// The outcome of the revocation of an account's credentials at its provider.
#[derive(Serialize, ToSchema)]
#[schema(as = Revocation)]
pub(crate) struct RevocationOut {
    status: RevocationStatus,
    /// What it means and what to do, for a person.
    message: String,
}

impl RevocationOut {
    fn new(revocation: &Revocation, provider: &str) -> Self {
        Self { status: revocation.into(), message: revocation.message(provider) }
    }
}

/// Whether the provider revoked the credentials. `unsupported`: the provider has no way to revoke them. `nothing`: the
/// account had no token. `failed`: the provider did not confirm.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RevocationStatus {
    Confirmed,
    Unsupported,
    Nothing,
    Failed,
}

impl From<&Revocation> for RevocationStatus {
    fn from(revocation: &Revocation) -> Self {
        match revocation {
            Revocation::Confirmed => Self::Confirmed,
            Revocation::Unsupported => Self::Unsupported,
            Revocation::Nothing => Self::Nothing,
            Revocation::Failed { .. } => Self::Failed,
        }
    }
}

/// What an account can do.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountMeta)]
pub(crate) struct AccountMetaOut {
    /// The connector's key.
    #[schema(example = "spotdraft")]
    provider: String,
    /// The connector's first category; null if it has none or is not installed.
    #[schema(required, example = "documents")]
    category: Option<String>,
    /// Always empty; older clients expect it.
    models: EmptyObject,
    /// How many actions the account's connector profile allows.
    #[schema(example = 42)]
    actions: usize,
}

impl AccountMetaOut {
    pub(crate) fn new(view: &AccountView) -> Self {
        Self {
            provider: view.account.connector.clone(),
            category: view.connector.as_ref().and_then(|connector| connector.categories.first().cloned()),
            models: EmptyObject {},
            actions: view.allowed_actions,
        }
    }
}
