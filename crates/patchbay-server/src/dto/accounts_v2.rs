//! Linked accounts under the wire's newer names (`connector`, `owner_id`, `connector_profile_id`).

use patchbay_engine::AccountView;
use patchbay_model::{Account, ExpiryCause, Metadata, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    account_status::AccountStatusOut,
    shared::{AccountKindOut, AlarmOut, JsonObject, StatusReasonOut},
};

/// A linked account. It never contains secrets.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountV2 {
    /// The account's ID.
    #[schema(example = "V1StGXR8z5jdHi6BmyT1x")]
    id: String,
    /// The connector's key.
    #[schema(example = "spotdraft")]
    connector: String,
    /// The connector's name; null if the connector is not installed.
    #[schema(required, example = "SpotDraft")]
    connector_name: Option<String>,
    #[schema(required, format = "uri")]
    logo_url: Option<String>,
    #[schema(format = "uuid")]
    connector_profile_id: String,
    #[schema(required, example = "SpotDraft")]
    connector_profile_name: Option<String>,
    /// Your customer's ID in your system.
    #[schema(example = "customer-123")]
    owner_id: String,
    /// Your customer's name.
    #[schema(example = "Acme")]
    owner_name: String,
    /// The person who linked the account, for example an email address.
    #[schema(required, example = "jo@acme.example")]
    owner_username: Option<String>,
    status: AccountStatusOut,
    /// The reasons for the state, newest last; null if there are none.
    #[schema(required)]
    status_reasons: Option<Vec<StatusReasonOut>>,
    #[schema(required, example = "Main workspace")]
    label: Option<String>,
    #[serde(rename = "type")]
    kind: AccountKindOut,
    /// The values of its fields that are not secret, by the field's key.
    #[schema(value_type = JsonObject)]
    setup_information: Metadata,
    /// The metadata that you attached to the account.
    #[schema(value_type = JsonObject)]
    metadata: Metadata,
    /// Whether all users of the owner may use it.
    shared: bool,
    /// The provider's environment.
    #[schema(example = "production")]
    environment: String,
    /// The key of the authentication method.
    #[schema(example = "custom")]
    authentication_config_key: String,
    /// The connector's version when the account was last linked.
    #[schema(example = "1.0.0")]
    connector_version: String,
    /// The account's token; null if the account works without one.
    #[schema(required)]
    token: Option<TokenOut>,
    /// The deadline for reconnecting the account; null if no expiry is known.
    #[schema(required)]
    relink: Option<ReconnectOut>,
    /// The scopes that actions need and that the provider did not grant. These actions respond with 412 until the account
    /// is reconnected.
    missing_scopes: Vec<String>,
    /// The alarm of the connector profile; null if there is none.
    #[schema(required)]
    profile_alarm: Option<AlarmOut>,
    /// When it was linked first.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// The data about a token; never the token itself.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct TokenOut {
    #[schema(value_type = String, format = DateTime)]
    issued_at: Timestamp,
    /// Its expiry; null if the provider does not name one.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it is refreshed; null if it cannot be refreshed.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    renews_at: Option<Timestamp>,
    /// The expiry of the refresh token; null if there is none or the provider does not name one.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    refresh_expires_at: Option<Timestamp>,
    /// The scopes that the provider granted; empty if it did not name them.
    scopes: Vec<String>,
    /// The connector profile whose client obtained it.
    #[schema(format = "uuid")]
    connector_profile_id: String,
    /// The last change of that connector profile before the token was obtained.
    #[schema(value_type = String, format = DateTime)]
    profile_changed_at: Timestamp,
    /// The client ID; null if the client is the account's own.
    #[schema(required)]
    client_id: Option<String>,
    /// Whether it belongs to a client that the connector profile had before. It is refreshed with that client until the
    /// account is reconnected.
    is_of_earlier_app: bool,
}

/// An expiry after which the account does not work until it is reconnected.
#[derive(Serialize, ToSchema)]
#[schema(as = Reconnect)]
pub(crate) struct ReconnectOut {
    /// The account must be reconnected before this time. A refresh may move it.
    #[schema(value_type = String, format = DateTime)]
    before: Timestamp,
    /// When notices begin: two weeks before, or for the last tenth of a shorter lifetime.
    #[schema(value_type = String, format = DateTime)]
    due_from: Timestamp,
    cause: ExpiryCauseOut,
    /// What to do, for a person.
    message: String,
}

/// What expires. `access_token`: an access token that cannot be refreshed.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExpiryCause)]
pub(crate) enum ExpiryCauseOut {
    RefreshToken,
    AccessToken,
    ClientCertificate,
}

impl From<ExpiryCause> for ExpiryCauseOut {
    fn from(cause: ExpiryCause) -> Self {
        match cause {
            ExpiryCause::RefreshToken => Self::RefreshToken,
            ExpiryCause::AccessToken => Self::AccessToken,
            ExpiryCause::ClientCertificate => Self::ClientCertificate,
        }
    }
}

impl AccountV2 {
    pub(crate) fn new(view: &AccountView) -> Self {
        let account = &view.account;
        Self {
            id: account.id.to_string(),
            connector: account.connector.clone(),
            connector_name: view.connector_title.clone(),
            logo_url: view.logo_url.clone(),
            connector_profile_id: account.profile_id.to_string(),
            connector_profile_name: view.profile_name.clone(),
            owner_id: account.owner.id.clone(),
            owner_name: account.owner.name.clone(),
            owner_username: account.owner.username.clone(),
            status: view.status().into(),
            status_reasons: StatusReasonOut::list(&account.status_reasons),
            label: account.label.clone(),
            kind: account.kind.into(),
            setup_information: account.setup_information.clone(),
            metadata: account.metadata.clone(),
            shared: account.shared,
            environment: account.environment.clone(),
            authentication_config_key: account.auth_config_key.clone(),
            connector_version: account.connector_version.clone(),
            token: TokenOut::new(view),
            relink: account.next_expiry().zip(view.expiry_notice.as_ref()).map(|(expiry, message)| ReconnectOut {
                before: expiry.at,
                due_from: expiry.notify_from,
                cause: expiry.cause.into(),
                message: message.clone(),
            }),
            missing_scopes: view.missing_scopes.clone(),
            profile_alarm: view.profile_alarm.as_ref().map(AlarmOut::new),
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

impl TokenOut {
    fn new(view: &AccountView) -> Option<Self> {
        let token = view.account.token.as_ref()?;
        Some(Self {
            issued_at: token.issued_at,
            expires_at: token.expires_at,
            renews_at: view.account.refresh_at.filter(|_| !expires_for_good(&view.account)),
            refresh_expires_at: token.refresh_expires_at,
            scopes: token.scopes.clone(),
            connector_profile_id: token.profile_id.to_string(),
            profile_changed_at: token.profile_changed_at,
            client_id: token.client_id.clone(),
            is_of_earlier_app: view.uses_previous_client,
        })
    }
}

/// Returns true if nothing can refresh the account's token.
fn expires_for_good(account: &Account) -> bool {
    account.expiries.iter().any(|expiry| expiry.cause == ExpiryCause::AccessToken)
}

/// A page of linked accounts.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountPageV2 {
    #[schema(minimum = 1)]
    pub(crate) page: u32,
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) page_size: u32,
    /// The number of accounts on all pages.
    pub(crate) total: u64,
    #[schema(max_items = 100)]
    pub(crate) data: Vec<AccountV2>,
}
