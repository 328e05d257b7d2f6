//! Connect sessions.

use patchbay_engine::{ConfirmedAuthorization, CreatedSession, Error, NewSession};
use patchbay_model::{AccountId, ConnectSession, Metadata, OrganizationId, Owner, ProfileId, Timestamp};
use patchbay_vault::Secret;
use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, SchemaType, Type},
    },
};

use super::{
    hub::{AttemptErrorOut, AttemptOut, AttemptStatusOut, LinkedAccountRef},
    secrets::secret,
    shared::{AccountKindOut, JsonObject, account_kind},
};
use crate::extract::UserAgent;

/// A new connect session.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CreateSession {
    /// Your customer's ID in your system. `owner_id` is another name.
    #[serde(alias = "owner_id")]
    #[schema(min_length = 1, max_length = 512, example = "customer-123")]
    origin_owner_id: String,
    /// Your customer's name. `owner_name` is another name.
    #[serde(alias = "owner_name")]
    #[schema(min_length = 1, max_length = 255, example = "Acme")]
    origin_owner_name: String,
    /// The person who links the account, for example an email address. `owner_username` is another name.
    #[serde(default, alias = "owner_username")]
    #[schema(max_length = 512, example = "jo@acme.example")]
    origin_username: Option<String>,
    /// Opens the Hub with this connector. `connector` is another name.
    #[serde(default, alias = "connector")]
    #[schema(example = "spotdraft")]
    provider: Option<String>,
    /// Deprecated and ignored: the pin of the connector profile decides.
    #[serde(default)]
    #[schema(deprecated)]
    #[expect(dead_code, reason = "older clients send it")]
    provider_version: Option<String>,
    /// Shows only connectors of these categories.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["documents"]))]
    categories: Option<Vec<String>>,
    /// Opens the Hub to edit this account.
    #[serde(default)]
    account_id: Option<String>,
    /// Opens the Hub with this connector profile. `connector_profile_id` and `auth_config_id` are other names.
    #[serde(default, alias = "connector_profile_id", alias = "auth_config_id")]
    #[schema(format = "uuid")]
    integration_id: Option<String>,
    /// The lifetime of the session in seconds; 1800 if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 31_536_000, example = 1800)]
    expires_in: Option<i64>,
    /// The metadata of the account: at most 16 KiB as JSON, 16 levels deep.
    #[serde(default)]
    #[schema(value_type = Option<JsonObject>)]
    metadata: Option<Metadata>,
    /// Links another account even if the owner has one with this connector, and any number of them: the session is not used
    /// up.
    #[serde(default)]
    multiple: Option<bool>,
    /// The account's label.
    #[serde(default)]
    #[schema(max_length = 255, example = "Main workspace")]
    label: Option<String>,
    /// The origins of your pages that may embed the Hub with this session in a frame.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["https://app.example.com"]))]
    allowed_origins: Vec<String>,
    /// The URL of your product to which a browser that returns from the provider is sent with `?confirmation=…`. Your
    /// product then says who uses this browser (`POST /connect_sessions/confirm`) before the account is linked. `https`,
    /// or `http` on localhost.
    #[serde(default)]
    #[schema(format = "uri", max_length = 2000, example = "https://app.example.com/integrations/confirm")]
    confirm_url: Option<String>,
    /// `production` or `test`, in upper or lower case.
    #[serde(default, rename = "type")]
    #[schema(value_type = Option<AccountKindOut>)]
    kind: Option<String>,
}

impl CreateSession {
    /// Returns the engine's new session.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a type that does not exist.
    pub(crate) fn into_new_session(self) -> Result<NewSession, Error> {
        Ok(NewSession {
            kind: account_kind(self.kind.as_deref())?.unwrap_or_default(),
            owner: Owner { id: self.origin_owner_id, name: self.origin_owner_name, username: self.origin_username },
            categories: self.categories.unwrap_or_default(),
            connector: self.provider.filter(|provider| !provider.is_empty()),
            profile_id: self.integration_id.map(ProfileId::new),
            account_id: self.account_id.map(AccountId::new),
            label: self.label,
            metadata: self.metadata.unwrap_or_default(),
            multiple: self.multiple.unwrap_or(false),
            allowed_origins: self.allowed_origins,
            confirm_url: self.confirm_url.filter(|url| !url.is_empty()),
            expires_in: self.expires_in,
        })
    }
}

/// The number of the organization, in the type that the client reads: SDKs before 4.34 refuse a string, later ones a
/// number.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum OrganizationIdOut {
    Number(u64),
    Text(String),
}

impl OrganizationIdOut {
    fn new(id: &OrganizationId, agent: &UserAgent) -> Self {
        let number = id.number();
        if agent.expects_numeric_organization() { Self::Number(number) } else { Self::Text(number.to_string()) }
    }
}

impl PartialSchema for OrganizationIdOut {
    fn schema() -> RefOr<Schema> {
        let types = [Type::String, Type::Integer];
        let description = "The number of your organization: a string of digits. Existing SDKs before version 4.34 get a JSON \
                           number, because they refuse a string.";
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter(types))
            .description(Some(description))
            .examples(["2843571935871042"])
            .into()
    }
}

impl ToSchema for OrganizationIdOut {
    fn name() -> std::borrow::Cow<'static, str> {
        "OrganizationId".into()
    }
}

/// A connect session. `token` and `auth_link_url` are shown once, when it is created.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectSession)]
pub(crate) struct ConnectSessionOut {
    id: i64,
    organization_id: OrganizationIdOut,
    #[schema(example = "default-10001")]
    project_id: String,
    #[schema(example = "customer-123")]
    origin_owner_id: String,
    #[schema(example = "Acme")]
    origin_owner_name: String,
    #[schema(required, example = "jo@acme.example")]
    origin_username: Option<String>,
    categories: Vec<String>,
    #[schema(required, example = "spotdraft")]
    provider: Option<String>,
    /// The account that the session edits.
    #[schema(required)]
    account_id: Option<String>,
    #[schema(required, format = "uuid")]
    integration_id: Option<String>,
    #[schema(required)]
    label: Option<String>,
    #[schema(value_type = JsonObject)]
    metadata: Metadata,
    #[serde(rename = "type")]
    kind: AccountKindOut,
    /// The origins that may embed the Hub with this session in a frame.
    allowed_origins: Vec<String>,
    /// The URL to which a browser that returns from the provider is sent to be confirmed.
    #[schema(required, format = "uri")]
    confirm_url: Option<String>,
    /// The value of the read-only field of that name.
    #[schema(format = "uuid")]
    external_trigger_token: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The session's expiry.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The token with which the Hub opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    token: Option<String>,
    /// The URL of the Hub's page with the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri")]
    auth_link_url: Option<String>,
}

impl ConnectSessionOut {
    /// Returns a session without its token.
    pub(crate) fn new(session: ConnectSession, agent: &UserAgent) -> Self {
        Self {
            id: session.id.0,
            organization_id: OrganizationIdOut::new(&session.organization_id, agent),
            project_id: session.project_id.into(),
            origin_owner_id: session.owner.id,
            origin_owner_name: session.owner.name,
            origin_username: session.owner.username,
            categories: session.categories,
            provider: session.connector,
            account_id: session.account_id.map(Into::into),
            integration_id: session.profile_id.map(Into::into),
            label: session.label,
            metadata: session.metadata,
            kind: session.kind.into(),
            allowed_origins: session.allowed_origins,
            confirm_url: session.confirm_url,
            external_trigger_token: session.external_trigger_token,
            created_at: session.created_at,
            expires_at: session.expires_at,
            token: None,
            auth_link_url: None,
        }
    }

    /// Returns a session with its token.
    pub(crate) fn created(created: CreatedSession, agent: &UserAgent) -> Self {
        Self {
            token: Some(created.token.expose().to_owned()),
            auth_link_url: Some(created.auth_link_url.expose().to_owned()),
            ..Self::new(created.session, agent)
        }
    }
}

/// The token of a connect session.
#[derive(Deserialize, ToSchema)]
pub(crate) struct AuthenticateSession {
    /// The token.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password)]
    pub(crate) token: Secret,
}

/// Who uses the browser that has returned from a provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmSession {
    /// The value with which the browser came to your `confirm_url`.
    #[serde(deserialize_with = "secret")]
    #[schema(value_type = String, format = Password)]
    pub(crate) confirmation: Secret,
    /// The customer who is logged in to your product in that browser.
    #[schema(example = "customer-123")]
    pub(crate) origin_owner_id: String,
}

/// The outcome of a confirmed authorization.
#[derive(Serialize, ToSchema)]
#[schema(as = Confirmation)]
pub(crate) struct ConfirmationOut {
    status: AttemptStatusOut,
    /// The account that was linked.
    #[schema(required)]
    account: Option<LinkedAccountRef>,
    /// Why no account was linked. The Hub shows it too.
    #[schema(required)]
    error: Option<AttemptErrorOut>,
    /// The URL to which to send the browser now, whatever the outcome is.
    #[schema(format = "uri")]
    redirect_uri: String,
}

impl ConfirmationOut {
    pub(crate) fn new(confirmed: ConfirmedAuthorization) -> Self {
        let AttemptOut { status, account, error } = AttemptOut::new(&confirmed.attempt);
        Self { status, account, error, redirect_uri: confirmed.return_url }
    }
}
