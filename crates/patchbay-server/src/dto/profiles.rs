//! Connector profiles, which the wire's paths call auth configs.

#![expect(clippy::option_option, reason = "a patch distinguishes null, which clears, from absence")]

use patchbay_engine::{Error, InstalledConnector, NewProfile, Origin, ProfilePatch};
use patchbay_model::{EnabledActions, Metadata, Profile, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    patch::nullable,
    secrets::SecretFields,
    shared::{AlarmOut, ConnectorOwner, JsonObject, ReleaseStageOut},
};

/// A connector profile: the settings with which a project uses a connector.
#[derive(Serialize, ToSchema)]
#[schema(as = Profile)]
pub(crate) struct ProfileOut {
    #[schema(format = "uuid")]
    id: String,
    #[schema(example = "SpotDraft")]
    name: String,
    #[schema(example = "spotdraft")]
    connector_key: String,
    /// The connector's name; null if the connector is not installed.
    #[schema(required, example = "SpotDraft")]
    connector_label: Option<String>,
    #[schema(required, format = "uri")]
    logo_url: Option<String>,
    /// The connector's categories.
    categories: Vec<String>,
    /// Whether it is enabled.
    active: bool,
    /// Whether sessions that name only the connector use it.
    default: bool,
    #[schema(required)]
    release_stage: Option<ReleaseStageOut>,
    /// The version that runs, by the pin; null if the connector is not installed.
    #[schema(required, example = "1.0.0")]
    connector_version: Option<String>,
    /// The pin: `latest`, `1.x.x`, `1.2.x` or one version. Null follows the latest version.
    #[schema(required, example = "1.x.x")]
    connector_pinned_version: Option<String>,
    connector_owner: ConnectorOwner,
    /// The provider's environment.
    #[schema(example = "production")]
    environment: String,
    /// The key of the authentication method.
    #[schema(example = "custom")]
    authentication_config_key: String,
    #[schema(required, example = "Client Credentials")]
    authentication_config_label: Option<String>,
    /// The IDs of the actions that it allows; null allows all.
    #[schema(required, example = json!(["spotdraft_list_contracts"]))]
    enabled_actions: Option<Vec<String>>,
    /// The values of the setup fields that are not secret, by the field's key.
    #[schema(value_type = JsonObject)]
    setup_information: Metadata,
    /// Null if there is none. It ends when the provider accepts the client again or the setup values change.
    #[schema(required)]
    alarm: Option<AlarmOut>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl ProfileOut {
    /// Returns a profile with the data of the connector that it runs.
    pub(crate) fn new(profile: &Profile, installed: Option<&InstalledConnector>) -> Self {
        let connector = installed.map(|installed| &installed.connector);
        let method = connector.and_then(|connector| connector.auth_method(&profile.auth_config_key));
        Self {
            id: profile.id.to_string(),
            name: profile.name.clone(),
            connector_key: profile.connector.clone(),
            connector_label: connector.map(|connector| connector.title.clone()),
            logo_url: connector.map(|connector| connector.icon.clone()),
            categories: connector.map(|connector| connector.categories.clone()).unwrap_or_default(),
            active: profile.active,
            default: profile.default,
            release_stage: connector.map(|connector| connector.release_stage.into()),
            connector_version: connector.map(|connector| connector.version.to_string()),
            connector_pinned_version: profile.version_pin.clone(),
            connector_owner: installed.map_or(Origin::Instance, |installed| installed.origin).into(),
            environment: profile.environment.clone(),
            authentication_config_key: profile.auth_config_key.clone(),
            authentication_config_label: method.map(|method| method.label.clone()),
            enabled_actions: match &profile.enabled_actions {
                EnabledActions::All => None,
                EnabledActions::Only(actions) => Some(actions.iter().cloned().collect()),
            },
            setup_information: profile.setup_information.clone(),
            alarm: profile.alarm.as_ref().map(AlarmOut::new),
            created_at: profile.created_at,
            updated_at: profile.updated_at,
        }
    }
}

/// A page of connector profiles.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfilePage)]
pub(crate) struct ProfilePageOut {
    #[schema(minimum = 1)]
    pub(crate) page: u32,
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) page_size: u32,
    /// The number of profiles on all pages.
    pub(crate) total: u64,
    #[schema(max_items = 100)]
    pub(crate) data: Vec<ProfileOut>,
}

/// The version that a profile is pinned to.
#[derive(Serialize, ToSchema)]
#[schema(as = PinnedVersion)]
pub(crate) struct PinOut {
    /// `latest`, `1.x.x`, `1.2.x` or one version; null follows the latest version.
    #[schema(required, example = "1.x.x")]
    pub(crate) pinned_version: Option<String>,
}

/// A new pin of a profile.
#[derive(Deserialize, ToSchema)]
#[schema(as = PinVersion)]
pub(crate) struct PinIn {
    /// `latest`, `1.x.x`, `1.2.x` or one version.
    #[serde(default)]
    #[schema(value_type = String, example = "1.x.x")]
    pub(crate) pinned_version: Option<String>,
}

/// A new connector profile.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateProfile {
    /// The connector's key. `connector` and `provider` are other names.
    #[serde(alias = "connector", alias = "provider")]
    #[schema(example = "spotdraft")]
    connector_key: String,
    /// The profile's name; the connector's if absent.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// The key of the authentication method; the connector's first if absent.
    #[serde(default)]
    #[schema(example = "custom")]
    authentication_config_key: Option<String>,
    /// The provider's environment; the method's first if absent.
    #[serde(default)]
    #[schema(example = "production")]
    environment: Option<String>,
    /// The pin: `latest`, `1.x.x`, `1.2.x` or one version. If absent, the latest version runs.
    #[serde(default)]
    #[schema(example = "1.x.x")]
    connector_pinned_version: Option<String>,
    /// Enabled unless false. `enabled` is another name.
    #[serde(default, alias = "enabled")]
    active: Option<bool>,
    /// Whether sessions that name only the connector use it.
    #[serde(default)]
    default: Option<bool>,
    /// The IDs of the actions that it allows; all if absent.
    #[serde(default)]
    #[schema(example = json!(["spotdraft_list_contracts"]))]
    enabled_actions: Option<Vec<String>>,
    /// The values of the setup fields, secret or not.
    #[serde(default)]
    #[schema(value_type = Option<SecretFields>)]
    setup_information: Option<SecretFields>,
}

impl CreateProfile {
    /// Returns the engine's new profile.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a setup value that is not a string.
    pub(crate) fn into_new_profile(self) -> Result<NewProfile, Error> {
        Ok(NewProfile {
            connector: self.connector_key,
            name: self.name,
            auth_config_key: self.authentication_config_key,
            environment: self.environment,
            version_pin: self.connector_pinned_version,
            active: self.active.unwrap_or(true),
            default: self.default.unwrap_or(false),
            enabled_actions: enabled_actions(self.enabled_actions),
            setup: self.setup_information.unwrap_or_default().into_values("setup_information")?,
        })
    }
}

/// The changes to a connector profile; absent members leave their value as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PatchProfile {
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Whether it is enabled. `enabled` is another name.
    #[serde(default, alias = "enabled")]
    active: Option<bool>,
    /// Whether sessions that name only the connector use it.
    #[serde(default)]
    default: Option<bool>,
    /// The provider's environment.
    #[serde(default)]
    environment: Option<String>,
    /// The pin: `latest`, `1.x.x`, `1.2.x` or one version. Null follows the latest version.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, example = "1.x.x")]
    connector_pinned_version: Option<Option<String>>,
    /// The IDs of the actions that it allows; null allows all.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<Vec<String>>, example = json!(["spotdraft_list_contracts"]))]
    enabled_actions: Option<Option<Vec<String>>>,
    /// The values of the setup fields to change, secret or not.
    #[serde(default)]
    #[schema(value_type = Option<SecretFields>)]
    setup_information: Option<SecretFields>,
}

impl PatchProfile {
    /// Returns the engine's patch.
    ///
    /// # Errors
    ///
    /// 400 `ValidationError` for a setup value that is not a string.
    pub(crate) fn into_patch(self) -> Result<ProfilePatch, Error> {
        Ok(ProfilePatch {
            name: self.name,
            active: self.active,
            default: self.default,
            environment: self.environment,
            version_pin: self.connector_pinned_version,
            enabled_actions: self.enabled_actions.map(enabled_actions),
            setup: self.setup_information.unwrap_or_default().into_values("setup_information")?,
        })
    }
}

fn enabled_actions(actions: Option<Vec<String>>) -> EnabledActions {
    actions.map_or(EnabledActions::All, |actions| EnabledActions::Only(actions.into_iter().collect()))
}
