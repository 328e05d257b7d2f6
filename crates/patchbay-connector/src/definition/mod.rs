//! The definition of a connector, checked and compiled: the types that the runtime executes.

mod action;
mod auth;
mod events;
mod guide;
mod input;
mod letter_icon;
mod step;
mod sync;
mod verification;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, OnceLock},
};

pub use action::{
    Action, ActionCursor, ActionResult, ActionType, Annotations, CompositeId, CompositeIds, Effect, Example,
    SchemaType, ValidationRule,
};
pub use auth::{
    AuthMethod, Environment, FieldOption, FieldType, FieldValidation, FormField, Notice, NoticeKind, NoticePosition,
    Refresh, Support, TestAction,
};
pub use events::{
    Acknowledgement, Capture, EventDefinitions, EventHandshake, EventRouter, EventRule, EventSetup,
    HandshakeContentType, Polling, Renewal,
};
pub use guide::{Guide, GuideSection, GuideStep, Guides, Image};
pub use input::{FilterField, FilterOperator, Filters, Input, InputLocation, InputRules};
pub(crate) use letter_icon::letter_icon;
pub use step::{OnConditionError, Step, StepDependencies};
pub use sync::{DataSync, SyncIncremental, SyncPages, SyncPagination, SyncParameter, TimeFormat};
pub use verification::{
    ContentPiece, HmacVerification, JwtKeys, JwtVerification, SecretEncoding, SignatureEncoding, SignatureSource,
    TimestampFormat, TimestampRule, TimestampSource, TokenSource, TokenVerification, ValueSource, Verification,
};

pub use crate::{
    authorization::*,
    expr::ValueTemplate,
    field_mapping::{EnumMatcher, FieldMapping},
    http::{Arg, ArgLocation, ArrayFormat, Certificates, HttpMethod},
    input_type::InputType,
    step_functions::*,
};

pub(crate) use crate::authorization::HMAC_ALGORITHMS;
use crate::{
    evidence::{Evidence, EvidenceLevel},
    expr::Template,
};

/// The release stage of a connector or an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseStage {
    /// Only for early testers.
    Preview,
    /// Complete, but may still change.
    Beta,
    /// Generally available.
    Ga,
    /// Deprecated.
    Deprecated,
    /// Never shown to customers.
    Internal,
}

/// An OAuth scope that actions can require.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeDefinition {
    /// The scope's name at the provider, or a name of the connector's own.
    pub name: String,
    /// What the scope permits.
    pub description: String,
    /// The scopes that it includes.
    pub includes: Vec<String>,
}

/// What shapes the addresses of an authentication method.
#[derive(Clone, Debug)]
pub(crate) struct AddressSources {
    /// The fields whose values are free, and the parts of `context` that a change of an account can replace.
    pub(crate) fields: Vec<String>,
    /// The fields whose values the file lists.
    pub(crate) choices: Vec<String>,
    /// The values that no form has a field for: those of a token response.
    pub(crate) issued: Vec<String>,
    /// Whether the environment does.
    pub(crate) has_environment: bool,
}

/// A link to the provider's documentation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The title.
    pub title: String,
    /// The URL.
    pub url: String,
    /// The description.
    pub description: Option<String>,
}

/// What changed in a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changelog {
    /// The summary, one sentence.
    pub summary: Option<String>,
    /// The labels: `auth`, `downstream-change`, `bug-fix`, `new-actions`.
    pub labels: Vec<String>,
}

/// A connector: how an account of a provider is authenticated, how it is set up, and which actions it has.
#[derive(Debug)]
pub struct Connector {
    /// The key, unique, in lower case; the prefix of the actions' public ids.
    pub key: String,
    /// The display name.
    pub title: String,
    /// The version of the connector.
    pub version: semver::Version,
    /// The description, one sentence.
    pub description: String,
    /// The URL of the logo; by default an image of the title's first letter.
    pub icon: String,
    /// A longer description.
    pub details: Option<String>,
    /// The categories, such as `documents`.
    pub categories: Vec<String>,
    /// The release stage.
    pub release_stage: ReleaseStage,
    /// The base URL of the steps' requests.
    pub base_url: Option<Template>,
    /// The requests per second that the provider permits for one account (`rateLimit.mainRatelimit`).
    pub rate_limit_per_second: Option<f64>,
    /// Documentation URLs.
    pub resources: Vec<String>,
    /// Documentation links with titles.
    pub references: Vec<Reference>,
    /// The scopes that actions can require.
    pub scopes: Vec<ScopeDefinition>,
    /// The authentication methods, in the file's order.
    pub authentication: Vec<AuthMethod>,
    /// The actions, in the file's order.
    pub actions: Vec<Arc<Action>>,
    /// How the provider's events are handled.
    pub events: Option<EventDefinitions>,
    /// The concurrent requests that the provider permits for one account (`concurrency`).
    pub max_concurrency: Option<u64>,
    /// The instructions for MCP clients, sent with `initialize` (`mcp.instructions`).
    pub mcp_instructions: Option<String>,
    /// What changed in this version.
    pub changelog: Option<Changelog>,
    /// The local ids of the actions that are synchronized.
    pub synced_actions: Vec<String>,
    /// The connector that this one was forked from.
    pub forked_from: Option<String>,
    /// The owner.
    pub owner: Option<String>,
    /// What shows that the actions do what the provider describes; it is not in the connector's own files.
    pub evidence: Option<Evidence>,
    /// The index in `actions`, by public id and by local id.
    pub(crate) by_id: HashMap<String, usize>,
    /// What [`Connector::address_fields`] is made of, for each authentication method.
    pub(crate) address_sources: OnceLock<Vec<AddressSources>>,
}

impl Connector {
    /// Returns the action with this public id (`spotdraft_list_contracts`) or local id (`list_contracts`).
    pub fn action(&self, id: &str) -> Option<&Arc<Action>> {
        self.by_id.get(id).map(|place| &self.actions[*place])
    }

    /// Returns how sure it is that an action does what the provider describes.
    pub fn evidence_level(&self, action: &Action) -> EvidenceLevel {
        self.evidence.as_ref().map_or(EvidenceLevel::Declared, |evidence| evidence.level(&action.id))
    }

    /// Returns the number of actions of each level.
    pub fn evidence_counts(&self) -> BTreeMap<EvidenceLevel, usize> {
        let mut counts = EvidenceLevel::ALL.map(|level| (level, 0)).into_iter().collect::<BTreeMap<_, _>>();
        for action in &self.actions {
            *counts.entry(self.evidence_level(action)).or_default() += 1;
        }
        counts
    }

    /// Returns the authentication method with this key.
    pub fn auth_method(&self, key: &str) -> Option<&AuthMethod> {
        self.authentication.iter().find(|method| method.key == key)
    }
}
