//! The catalog of connectors.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_connector::{
    Connector,
    definition::{Action, AuthMethod, Authorization, Environment},
    evidence::EvidenceLevel,
};
use patchbay_engine::{PublicUrls, scopes_to_set_up};
use patchbay_model::EnabledActions;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    fields::FieldOut,
    shared::{AuthTypeOut, EmptyObject, ReleaseStageOut, ScopeOut},
};
use crate::urls::{RouteUrls, guide_path};

/// A connector.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectorMeta)]
pub(crate) struct ConnectorMetaOut {
    /// Whether the project has an enabled connector profile for it.
    active: bool,
    /// The first category.
    #[schema(required, example = "documents")]
    category: Option<String>,
    /// Always empty; older clients expect it.
    models: EmptyObject,
    /// The connector's key.
    #[schema(example = "spotdraft")]
    provider: String,
    /// The connector's name.
    #[schema(example = "SpotDraft")]
    provider_name: String,
    description: String,
    #[schema(example = "1.0.0")]
    version: String,
    release_stage: ReleaseStageOut,
    categories: Vec<String>,
    /// The number of actions.
    #[schema(example = 42)]
    actions: usize,
    resources: ConnectorResourcesOut,
}

/// The pictures of a connector.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectorResources)]
pub(crate) struct ConnectorResourcesOut {
    images: ConnectorImagesOut,
}

/// The pictures of a connector.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectorImages)]
pub(crate) struct ConnectorImagesOut {
    #[schema(format = "uri")]
    logo_url: String,
    #[schema(format = "uri")]
    original_logo_horizontal_url: String,
}

impl ConnectorMetaOut {
    pub(crate) fn new(connector: &Connector, active: bool) -> Self {
        Self {
            active,
            category: connector.categories.first().cloned(),
            models: EmptyObject {},
            provider: connector.key.clone(),
            provider_name: connector.title.clone(),
            description: connector.description.clone(),
            version: connector.version.to_string(),
            release_stage: connector.release_stage.into(),
            categories: connector.categories.clone(),
            actions: connector.actions.len(),
            resources: ConnectorResourcesOut {
                images: ConnectorImagesOut {
                    logo_url: connector.icon.clone(),
                    original_logo_horizontal_url: connector.icon.clone(),
                },
            },
        }
    }
}

/// A connector with its authentication methods.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectorDetail)]
pub(crate) struct ConnectorDetailOut {
    #[serde(flatten)]
    meta: ConnectorMetaOut,
    authentication: Vec<AuthMethodDetailOut>,
    evidence: ConnectorEvidenceOut,
}

/// How sure it is that the connector's actions do what the provider describes.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectorEvidence)]
pub(crate) struct ConnectorEvidenceOut {
    /// The API description against which actions were proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "acme.json, OpenAPI 3.1, version 2")]
    description: Option<String>,
    /// The day of the proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = "date")]
    date: Option<String>,
    /// The level of each action, by its ID without the connector's key.
    actions: BTreeMap<String, EvidenceLevelOut>,
}

/// How sure it is that an action does what the provider describes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = EvidenceLevel)]
pub(crate) enum EvidenceLevelOut {
    /// Only the connector's file says so.
    Declared,
    /// The action ran against a simulator that is made of the provider's API description.
    ContractProven,
    /// A person compared the action with the provider's pages.
    Checked,
    /// The action ran at the provider.
    Live,
}

impl From<EvidenceLevel> for EvidenceLevelOut {
    fn from(level: EvidenceLevel) -> Self {
        match level {
            EvidenceLevel::Declared => Self::Declared,
            EvidenceLevel::ContractProven => Self::ContractProven,
            EvidenceLevel::Checked => Self::Checked,
            EvidenceLevel::Live => Self::Live,
        }
    }
}

impl ConnectorEvidenceOut {
    fn new(connector: &Connector) -> Self {
        let level = |action: &Arc<Action>| (action.id.clone(), connector.evidence_level(action).into());
        Self {
            description: connector.evidence.as_ref().map(|evidence| evidence.description.clone()),
            date: connector.evidence.as_ref().map(|evidence| evidence.date.clone()),
            actions: connector.actions.iter().map(level).collect(),
        }
    }
}

impl ConnectorDetailOut {
    /// Returns a connector, with the scopes that the enabled actions need.
    pub(crate) fn new(connector: &Connector, active: bool, enabled: &EnabledActions, urls: &RouteUrls) -> Self {
        let methods = connector.authentication.iter();
        Self {
            meta: ConnectorMetaOut::new(connector, active),
            authentication: methods.map(|method| AuthMethodDetailOut::new(connector, method, enabled, urls)).collect(),
            evidence: ConnectorEvidenceOut::new(connector),
        }
    }
}

/// An authentication method, with the operator's form and the customer's form.
#[derive(Serialize, ToSchema)]
#[schema(as = AuthMethodDetail)]
pub(crate) struct AuthMethodDetailOut {
    #[schema(example = "custom")]
    key: String,
    #[schema(example = "Client Credentials")]
    label: String,
    #[serde(rename = "type")]
    kind: AuthTypeOut,
    environments: Vec<EnvironmentOut>,
    /// The scopes that the method itself needs.
    required_scopes: Vec<String>,
    /// The scopes that the enabled actions need. Allow them in the OAuth app at the provider, or for the key.
    scopes: Vec<ScopeOut>,
    /// The delimiter of scopes in the provider's lists.
    #[schema(example = " ")]
    scope_delimiter: String,
    /// The fields that the operator fills in once, in the connector profile.
    setup_fields: Vec<FieldOut>,
    /// The fields that the customer fills in, in the Hub.
    config_fields: Vec<FieldOut>,
    /// The path of the connection guide on this server.
    #[schema(format = "uri-reference", example = "/docs/connectors/spotdraft/guides/custom")]
    guide_url: String,
    /// The callback URL to enter at the provider; null for a method without authorization at the provider.
    #[schema(required, format = "uri")]
    redirect_uri: Option<String>,
}

impl AuthMethodDetailOut {
    fn new(connector: &Connector, method: &AuthMethod, enabled: &EnabledActions, urls: &RouteUrls) -> Self {
        let scopes = scopes_to_set_up(connector, method, enabled).into_iter().map(|name| {
            let definition = connector.scopes.iter().find(|scope| scope.name == name);
            ScopeOut { description: definition.map(|scope| scope.description.clone()), name }
        });
        let delimiter = match &method.authorization {
            Authorization::OAuth2(oauth2) => oauth2.scope_delimiter.as_deref(),
            _ => None,
        };
        let address_fields = connector.address_fields(&method.key);
        Self {
            key: method.key.clone(),
            label: method.label.clone(),
            kind: method.kind.into(),
            environments: method.environments.iter().map(EnvironmentOut::new).collect(),
            required_scopes: method.required_scopes.clone(),
            scopes: scopes.collect(),
            scope_delimiter: delimiter.unwrap_or(" ").to_owned(),
            setup_fields: FieldOut::list(&method.setup_fields, address_fields),
            config_fields: FieldOut::list(&method.config_fields, address_fields),
            guide_url: guide_path(connector, method),
            redirect_uri: method.is_interactive().then(|| urls.callback(&connector.key)),
        }
    }
}

/// An environment of a provider, for example production or a sandbox.
#[derive(Serialize, ToSchema)]
#[schema(as = Environment)]
pub(crate) struct EnvironmentOut {
    #[schema(example = "production")]
    key: String,
    #[schema(example = "Production")]
    name: String,
}

impl EnvironmentOut {
    fn new(environment: &Environment) -> Self {
        Self { key: environment.key.clone(), name: environment.name.clone() }
    }
}
