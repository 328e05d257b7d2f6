//! The Hub API.

use std::collections::BTreeMap;

use patchbay_connector::{
    Connector,
    definition::{AuthKind, GrantType, Notice, NoticeKind, NoticePosition},
};
use patchbay_engine::{AuthorizationDraft, Error, HubAccount, HubProfile, LinkRequest};
use patchbay_model::{
    Account, AttemptError, AttemptStatus, ConnectSession, ConnectionAttempt, Metadata, ProfileId, Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    error_code::ErrorCodeOut,
    failure_reason::FailureReasonOut,
    fields::{FieldOut, SECRET_PLACEHOLDER},
    guides::HubGuideOut,
    secrets::SecretFields,
    shared::{AuthTypeOut, EmptyObject, GrantTypeOut, JsonObject},
};
use crate::config::SandboxInfo;

/// What the Hub shows for a session.
#[derive(Serialize, ToSchema)]
#[schema(as = HubSettings)]
pub(crate) struct HubSettingsOut {
    /// Always empty; existing Hubs expect it.
    enabled_features: Vec<String>,
    session: HubSessionOut,
    /// The origins of other sites that may embed the Hub in a frame, and that learn which account was linked.
    #[schema(example = json!(["https://app.example.com"]))]
    allowed_origins: Vec<String>,
    /// The account to edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    existing_account_id: Option<String>,
}

/// What the Hub shows of its session.
#[derive(Serialize, ToSchema)]
#[schema(as = HubSession)]
pub(crate) struct HubSessionOut {
    #[schema(example = "Acme")]
    owner_name: String,
    #[schema(required)]
    label: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// True if a link has used the session up: it links no further account.
    used: bool,
}

impl HubSettingsOut {
    /// Returns the settings; `allowed_origins` are the operator's.
    pub(crate) fn new(session: &ConnectSession, allowed_origins: &[String]) -> Self {
        Self {
            enabled_features: Vec::new(),
            allowed_origins: session.allowed_origins.iter().chain(allowed_origins).cloned().collect(),
            session: HubSessionOut {
                owner_name: session.owner.name.clone(),
                label: session.label.clone(),
                expires_at: session.expires_at,
                used: session.is_used(),
            },
            existing_account_id: session.account_id.as_ref().map(ToString::to_string),
        }
    }
}

/// The connector profiles that a session can link.
#[derive(Serialize, ToSchema)]
#[schema(as = HubCatalog)]
pub(crate) struct HubCatalogOut {
    integrations: Vec<IntegrationOut>,
    /// The value of the read-only field of that name.
    #[schema(format = "uuid")]
    external_trigger_token: String,
}

impl HubCatalogOut {
    pub(crate) fn new(profiles: &[HubProfile], session: &ConnectSession) -> Self {
        Self {
            integrations: profiles.iter().map(IntegrationOut::new).collect(),
            external_trigger_token: session.external_trigger_token.clone(),
        }
    }
}

/// A connector profile that a session can link.
#[derive(Serialize, ToSchema)]
#[schema(as = Integration)]
pub(crate) struct IntegrationOut {
    /// Always true: disabled profiles are not listed.
    active: bool,
    /// The connector's name.
    #[schema(example = "SpotDraft")]
    name: String,
    /// The connector's key.
    #[schema(example = "spotdraft")]
    provider: String,
    /// The connector's first category.
    #[serde(rename = "type")]
    #[schema(required, example = "documents")]
    category: Option<String>,
    description: String,
    /// The connector's version.
    #[schema(example = "1.0.0")]
    version: String,
    /// The key of the authentication method.
    #[schema(example = "custom")]
    authentication_config_key: String,
    #[schema(required, example = "Client Credentials")]
    authentication_config_label: Option<String>,
    /// The provider's environment.
    #[schema(example = "production")]
    environment: String,
    /// The connector profile's ID.
    #[schema(format = "uuid")]
    integration_id: String,
    /// The connector profile's name.
    integration_name: String,
    #[schema(format = "uri")]
    logo_url: String,
}

impl IntegrationOut {
    fn new(found: &HubProfile) -> Self {
        let HubProfile { profile, connector, .. } = found;
        Self {
            active: profile.active,
            name: connector.title.clone(),
            provider: connector.key.clone(),
            category: connector.categories.first().cloned(),
            description: connector.description.clone(),
            version: connector.version.to_string(),
            authentication_config_key: profile.auth_config_key.clone(),
            authentication_config_label: connector
                .auth_method(&profile.auth_config_key)
                .map(|method| method.label.clone()),
            environment: profile.environment.clone(),
            integration_id: profile.id.to_string(),
            integration_name: profile.name.clone(),
            logo_url: connector.icon.clone(),
        }
    }
}

/// The form of a connector profile.
#[derive(Serialize, ToSchema)]
#[schema(as = HubConnector)]
pub(crate) struct HubConnectorOut {
    pub(crate) config: HubConfigOut,
    pub(crate) hub_settings: HubConnectorSettingsOut,
}

/// Always empty; existing Hubs expect it.
#[derive(Serialize, ToSchema)]
#[schema(as = HubConnectorSettings)]
pub(crate) struct HubConnectorSettingsOut {
    configured_webhook_events: EmptyObject,
    project_settings: EmptyObject,
}

impl HubConnectorSettingsOut {
    pub(crate) const EMPTY: Self = Self { configured_webhook_events: EmptyObject {}, project_settings: EmptyObject {} };
}

/// The form with which a customer links an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HubConfig)]
pub(crate) struct HubConfigOut {
    /// The connector's key.
    #[schema(example = "spotdraft")]
    key: String,
    /// The connector's name.
    #[schema(example = "SpotDraft")]
    name: String,
    /// How the account is linked. A method by OAuth 1.0a is an `oauth2` here: the Hub opens the same window for both.
    #[serde(rename = "type")]
    kind: AuthTypeOut,
    config_fields: Vec<FieldOut>,
    config_notices: Vec<NoticeOut>,
    assets: HubAssetsOut,
    /// A link to help; null if there is none.
    #[schema(required)]
    support: Option<HubSupportOut>,
    /// The connection guide; null if the connector has none.
    #[schema(required)]
    guide: Option<HubGuideOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    sandbox: Option<HubSandboxOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    grant_type: Option<GrantTypeOut>,
}

/// The parts of a form that depend on the server.
pub(crate) struct HubConfigParts<'a> {
    /// The help link.
    pub(crate) support_link: Option<String>,
    pub(crate) guide: Option<HubGuideOut>,
    /// The sandbox, if it simulates the connector's provider.
    pub(crate) sandbox: Option<&'a SandboxInfo>,
}

impl HubConfigOut {
    /// Returns the form of one of a connector's authentication methods.
    pub(crate) fn new(connector: &Connector, method_key: &str, parts: HubConfigParts<'_>) -> Self {
        let method = connector.auth_method(method_key);
        let (kind, grant_type) = method.map_or((AuthTypeOut::Custom, None), |method| link_method(method.kind));
        let support = method.and_then(|method| method.support.as_ref());
        let notices = method.map(|method| method.config_notices.as_slice()).unwrap_or_default();
        Self {
            key: connector.key.clone(),
            name: connector.title.clone(),
            kind,
            config_fields: FieldOut::list_with_placeholders(
                method.map(|method| method.config_fields.as_slice()).unwrap_or_default(),
                connector.address_fields(method_key),
            ),
            config_notices: notices.iter().map(NoticeOut::new).collect(),
            assets: HubAssetsOut { icon: connector.icon.clone() },
            support: parts.support_link.map(|link| HubSupportOut {
                link,
                description: support.and_then(|support| support.description.clone()),
            }),
            guide: parts.guide,
            sandbox: parts.sandbox.map(|sandbox| HubSandboxOut { credentials: sandbox.credentials() }),
            grant_type,
        }
    }
}

/// Returns how a Hub links. OAuth 1.0a is shown as OAuth 2.0, because it opens the same window and every Hub has that type.
fn link_method(kind: AuthKind) -> (AuthTypeOut, Option<GrantTypeOut>) {
    match kind {
        AuthKind::OAuth1 => (AuthTypeOut::OAuth2, Some(GrantType::AuthorizationCode.into())),
        AuthKind::OAuth2(grant) => (kind.into(), Some(grant.into())),
        AuthKind::Custom | AuthKind::Mcp => (kind.into(), None),
    }
}

/// The pictures of a connector.
#[derive(Serialize, ToSchema)]
#[schema(as = HubAssets)]
pub(crate) struct HubAssetsOut {
    #[schema(format = "uri")]
    icon: String,
}

/// A link to help.
#[derive(Serialize, ToSchema)]
#[schema(as = HubSupport)]
pub(crate) struct HubSupportOut {
    #[schema(format = "uri")]
    link: String,
    #[schema(required)]
    description: Option<String>,
}

/// The sandbox's credentials, if it is on and simulates the connector's provider.
#[derive(Serialize, ToSchema)]
#[schema(as = HubSandbox)]
pub(crate) struct HubSandboxOut {
    /// Field values by the field's key.
    credentials: BTreeMap<&'static str, String>,
}

/// A notice in a form.
#[derive(Serialize, ToSchema)]
#[schema(as = Notice)]
pub(crate) struct NoticeOut {
    key: String,
    #[serde(rename = "type")]
    kind: NoticeKindOut,
    /// Markdown.
    description: String,
    position: NoticePositionOut,
    /// The key of the field before which it is shown, instead of the position.
    #[schema(required)]
    anchor: Option<String>,
}

/// How urgent a notice is.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NoticeKind)]
pub(crate) enum NoticeKindOut {
    Warning,
    Info,
}

/// Whether a notice is shown above or below the fields.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = NoticePosition)]
pub(crate) enum NoticePositionOut {
    Top,
    Bottom,
}

impl NoticeOut {
    fn new(notice: &Notice) -> Self {
        Self {
            key: notice.key.clone(),
            kind: match notice.kind {
                NoticeKind::Warning => NoticeKindOut::Warning,
                NoticeKind::Info => NoticeKindOut::Info,
            },
            description: notice.description.clone(),
            position: match notice.position {
                NoticePosition::Top => NoticePositionOut::Top,
                NoticePosition::Bottom => NoticePositionOut::Bottom,
            },
            anchor: notice.anchor.clone(),
        }
    }
}

/// What the customer entered.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LinkAccount {
    /// The connector profile; the account's own if absent in an edit. `connector_profile_id` is another name.
    #[serde(default, alias = "connector_profile_id")]
    #[schema(format = "uuid")]
    integration_id: Option<String>,
    /// Field values, secret or not. In an edit, absent fields and placeholders keep their value.
    #[serde(default)]
    #[schema(value_type = SecretFields)]
    credentials: SecretFields,
}

impl LinkAccount {
    /// Returns the engine's request.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a field value that is not a string.
    pub(crate) fn into_request(self) -> Result<LinkRequest, Error> {
        let credentials = self.credentials.into_values("credentials")?;
        Ok(LinkRequest { profile_id: self.integration_id.map(ProfileId::new), credentials })
    }
}

/// An account that was linked or edited.
#[derive(Serialize, ToSchema)]
#[schema(as = LinkedAccount)]
pub(crate) struct LinkedAccountOut {
    /// The account's ID.
    #[schema(example = "V1StGXR8z5jdHi6BmyT1x")]
    id: String,
    /// The connector's key.
    #[schema(example = "spotdraft")]
    provider: String,
}

impl LinkedAccountOut {
    pub(crate) fn new(account: &Account) -> Self {
        Self { id: account.id.to_string(), provider: account.connector.clone() }
    }
}

/// The values of an account's form.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HubAccount)]
pub(crate) struct HubAccountOut {
    /// The account's ID.
    #[schema(example = "V1StGXR8z5jdHi6BmyT1x")]
    secure_id: String,
    /// The connector's key.
    #[schema(example = "spotdraft")]
    provider: String,
    /// The values of the fields that are not secret.
    #[schema(value_type = JsonObject)]
    setup_information: Metadata,
    /// A placeholder for each secret field that has a value.
    secrets: BTreeMap<String, &'static str>,
    /// The connector's version when the account was last linked.
    #[schema(example = "1.0.0")]
    version: String,
    /// The key of the authentication method.
    #[schema(example = "custom")]
    auth_config_key: String,
    /// The provider's environment.
    #[schema(example = "production")]
    environment: String,
    /// The connector profile's ID.
    #[schema(format = "uuid")]
    integration_id: String,
}

impl HubAccountOut {
    pub(crate) fn new(found: HubAccount) -> Self {
        let account = &found.account;
        Self {
            secure_id: account.id.to_string(),
            provider: account.connector.clone(),
            setup_information: account.setup_information.clone(),
            version: account.connector_version.clone(),
            auth_config_key: account.auth_config_key.clone(),
            environment: account.environment.clone(),
            integration_id: account.profile_id.to_string(),
            secrets: found.secret_keys.into_iter().map(|key| (key, SECRET_PLACEHOLDER)).collect(),
        }
    }
}

/// The start of an attempt. Existing Hubs send none of these values, and put them in the URL of the window.
#[derive(Deserialize, ToSchema)]
pub(crate) struct StartAttempt {
    /// The connector profile to link. `connector_profile_id` is another name.
    #[serde(default, alias = "connector_profile_id")]
    #[schema(format = "uuid")]
    integration_id: Option<String>,
    /// Field values, secret or not.
    #[serde(default)]
    #[schema(value_type = SecretFields)]
    credentials: SecretFields,
    /// The final URL of the window: a URL of this server, or of an origin that the session or the operator allows.
    #[serde(default)]
    #[schema(format = "uri", max_length = 2000)]
    redirect_uri: Option<String>,
}

impl StartAttempt {
    /// Returns the authorization to prepare, or `None` if the body names no connector profile.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a field value that is not a string.
    pub(crate) fn into_draft(self) -> Result<Option<AuthorizationDraft>, Error> {
        let Some(integration) = self.integration_id else { return Ok(None) };
        Ok(Some(AuthorizationDraft {
            profile_id: ProfileId::new(integration),
            return_url: self.redirect_uri,
            fields: self.credentials.into_values("credentials")?,
        }))
    }
}

/// An attempt that has started.
#[derive(Serialize, ToSchema)]
#[schema(as = StartedAttempt)]
pub(crate) struct StartedAttemptOut {
    /// The attempt's ID.
    #[schema(format = "uuid")]
    pub(crate) id: String,
    /// The path on this server to open in the window; only for a prepared authorization.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "uri-reference")]
    pub(crate) url: Option<String>,
}

/// The state of an attempt. All but `pending` are final.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AttemptStatus)]
pub(crate) enum AttemptStatusOut {
    Pending,
    Authenticated,
    Error,
    Cancelled,
    Expired,
}

impl From<AttemptStatus> for AttemptStatusOut {
    fn from(status: AttemptStatus) -> Self {
        match status {
            AttemptStatus::Pending => Self::Pending,
            AttemptStatus::Authenticated => Self::Authenticated,
            AttemptStatus::Error => Self::Error,
            AttemptStatus::Cancelled => Self::Cancelled,
            AttemptStatus::Expired => Self::Expired,
        }
    }
}

/// A connection attempt.
#[derive(Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptOut {
    pub(crate) status: AttemptStatusOut,
    /// The account that was linked; null otherwise.
    #[schema(required)]
    pub(crate) account: Option<LinkedAccountRef>,
    /// Why it failed; null otherwise.
    #[schema(required)]
    pub(crate) error: Option<AttemptErrorOut>,
}

/// A linked account's ID.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkedAccountRef {
    #[schema(example = "V1StGXR8z5jdHi6BmyT1x")]
    id: String,
}

/// Why an attempt failed.
#[derive(Serialize, ToSchema)]
#[schema(as = AttemptError)]
pub(crate) struct AttemptErrorOut {
    #[schema(value_type = ErrorCodeOut)]
    code: String,
    /// What happened and what to do, for a person.
    description: String,
    /// Why the request to the provider failed; absent if no provider has a part in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<FailureReasonOut>,
}

impl AttemptOut {
    pub(crate) fn new(attempt: &ConnectionAttempt) -> Self {
        let error = |error: &AttemptError| AttemptErrorOut {
            code: error.code.clone(),
            description: error.description.clone(),
            reason: error.reason.map(Into::into),
        };
        Self {
            status: attempt.status.into(),
            account: attempt.account_id.as_ref().map(|id| LinkedAccountRef { id: id.to_string() }),
            error: attempt.error.as_ref().map(error),
        }
    }
}
